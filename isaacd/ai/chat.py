"""What goes into a provider and what comes out of it, in the field's own terms."""

from typing import Literal

import msgspec


class Message(msgspec.Struct, frozen=True):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation to be continued; None leaves a parameter to the provider."""

    messages: tuple[Message, ...]
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None


class Usage(msgspec.Struct, frozen=True):
    """Tokens counted by the provider; `cached_tokens` are a part of `input_tokens`."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A command that may do what was asked; `confidence` lies between 0 and 1."""

    command: str
    description: str
    source: str
    confidence: float


class TextDelta(msgspec.Struct, frozen=True, tag_field="kind", tag="text"):
    """The next characters of the answer."""

    text: str


class ReasoningDelta(msgspec.Struct, frozen=True, tag_field="kind", tag="reasoning"):
    """The next characters of what the model thought aloud, which is no part of the answer."""

    text: str


class Finish(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="finish"):
    """The last piece of a whole answer; a stream that ends without one was broken off.

    `reason` is stop, length, content_filter, tool_calls or what the provider said. `offline` marks an answer
    that no model gave; then `candidates` holds what was found, best first.
    """

    reason: str
    model: str
    usage: Usage | None = None
    offline: bool = False
    candidates: tuple[Candidate, ...] = ()


Piece = TextDelta | ReasoningDelta | Finish


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer came without asking for it: kind is exact, slot or knowledge.

    `saved_usd` is None when the price of asking is not known; `saved_ms` and `saved_tokens` are what the first time
    took.
    """

    kind: str
    age_s: float = 0.0
    saved_usd: float | None = None
    saved_ms: float = 0.0
    saved_tokens: int = 0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer: its text, who gave it, and what it took.

    `chosen` says why this provider was asked, `finish_reason` is that of Finish. `elapsed_ms` counts from the request
    to the end. `hit` is there when the answer had been kept.
    """

    text: str
    provider: str
    model: str
    chosen: str
    finish_reason: str
    elapsed_ms: float
    offline: bool = False
    usage: Usage | None = None
    candidates: tuple[Candidate, ...] = ()
    hit: Hit | None = None
