"""How a question is asked, and whom."""

from collections.abc import Sequence
from typing import TypedDict

from isaacd.ai.chat import Effort, OutputSchema, Sampling, Tool
from isaacd.ai.meter import Lane
from isaacd.config import Strategy


class AnyOptions(TypedDict, total=False):
    """How a question is asked.

    `model` is a model, PROVIDER/MODEL or an alias. `cheap` False keeps `ai.cheap_model` out. `lane` batch stands back behind people who wait. `share` False makes a call of one's own.
    `stream` False asks the provider for the answer in one body. The answer has to be whole within `deadline_s`.
    The others are those of ChatRequest.
    """

    model: str | None
    provider: str | None
    strategy: Strategy | None
    temperature: float | None
    sampling: Sampling | None
    max_tokens: int | None
    stop: Sequence[str]
    tools: Sequence[Tool]
    tool_choice: str
    schema: OutputSchema | None
    effort: Effort | None
    conversation: str | None
    cheap: bool
    lane: Lane
    share: bool
    stream: bool
    deadline_s: float | None


class Options(AnyOptions, total=False):
    """How a question is asked, and whom; `providers` are asked as `strategy` says."""

    providers: Sequence[str] | None
