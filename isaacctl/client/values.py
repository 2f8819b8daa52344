"""What the daemon says about itself and about a request that is under way."""

from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True, array_like=True):
    """One thing that happened while a request was running, such as a piece of text of kind "delta"."""

    run: int | str
    seq: int
    kind: str
    data: Any = None


class Server(msgspec.Struct, frozen=True):
    """Which daemon answers."""

    name: str
    version: str
    pid: int


class Hello(msgspec.Struct, frozen=True):
    """What client and daemon agreed on when they met."""

    proto: int
    server: Server
    caps: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    limits: dict[str, int] = {}


class Pong(msgspec.Struct, frozen=True):
    """A sign of life."""

    pid: int
    version: str


class CommandCard(msgspec.Struct, frozen=True):
    """One command; `schema` is the JSON Schema of its arguments."""

    name: str
    summary: str
    mode: str
    plugin: str
    schema: dict[str, Any] = {}


class Usage(msgspec.Struct, frozen=True):
    """Tokens that an answer took; those that the provider had cached or wrote to its cache are parts of the input."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    cost_usd: float | None = None


class ToolCall(msgspec.Struct, frozen=True):
    """A tool that the model wants called; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str = "{}"


class Hit(msgspec.Struct, frozen=True):
    """How an answer came without asking for it: exact, slot or knowledge, and what that saved."""

    kind: str
    age_s: float = 0.0
    saved_usd: float | None = None
    saved_ms: float = 0.0
    saved_tokens: int = 0


class Attempt(msgspec.Struct, frozen=True):
    """One call that was made for an answer, and how it ended."""

    provider: str
    model: str | None
    outcome: str
    elapsed_ms: float


class Answer(msgspec.Struct, frozen=True):
    """A whole answer: its text, who gave it, and what it took; `cost_usd` is None if a price is not known."""

    text: str
    provider: str
    model: str
    chosen: str
    finish_reason: str
    elapsed_ms: float
    offline: bool = False
    usage: Usage | None = None
    hit: Hit | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    cost_usd: float | None = None
    attempts: tuple[Attempt, ...] = ()
