"""How a question is to be asked: of whom, how, and with how much memory."""

from typing import Literal

import msgspec

from isaacd.ai.chat import Effort, OutputSchema, Sampling, Tool
from isaacd.ai.meter import Lane
from isaacd.config import Strategy

Use = Literal["normal", "none", "refresh", "only"]


class Asking(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How one question is to be asked; None leaves a choice to the configuration, or to the provider.

    `model` is a model, PROVIDER/MODEL or an alias. `providers` are asked as `strategy` says. `use` of the cache: normal,
    none (neither read nor written), refresh (written only), only (nobody is asked). `ttl_s` is how long the answer is
    kept: 0 not at all, None as long as the configuration says. `cheap` False never takes the model for simple
    questions. `lane` batch stands back behind people who wait.
    """

    model: str | None = None
    provider: str | None = None
    providers: tuple[str, ...] | None = None
    strategy: Strategy | None = None
    temperature: float | None = None
    sampling: Sampling | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    schema: OutputSchema | None = None
    effort: Effort | None = None
    conversation: str | None = None
    cheap: bool = True
    lane: Lane = "interactive"
    use: Use = "normal"
    ttl_s: float | None = None
