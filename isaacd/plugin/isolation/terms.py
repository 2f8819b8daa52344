"""What daemon and child say to each other, beside what the wire itself has: the shapes of their requests."""

from typing import Any, Literal

import msgspec

from isaacd.ai.chat import Answer, Piece
from isaacd.context import Event, Meta
from isaacd.plugin.isolation.fence import Fence, InForce
from isaacd.plugin.manifest import Manifest
from isaacd.wire.messages import Format

# How a child ends that has no memory left, not even to say so.
EXIT_MEMORY = 71
# What the detail of an error says of a process that had none left, and goes on with what it got back.
OUT_OF_MEMORY = "out of memory"


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """The first request to a child: who it is, where its code is, and what it is fenced in by."""

    name: str
    origin: str
    module: str
    attribute: str
    fence: Fence
    folder: str
    temporary: str


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A child's first answer: what holds it, what the plugin declares, and how long its import took."""

    in_force: InForce
    manifest: Manifest
    import_ms: float


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a request to run something says beside its arguments: `call` is what it is called in requests back.

    `view` asks for the text for people too. `settings` are the plugin's own, as they are configured.
    """

    call: int
    meta: Meta
    view: bool = False
    wants_json: bool = False
    settings: dict[str, Any] = {}


class Arguments(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of a command as they came."""

    format: Format
    raw: bytes


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a command: plain data, or what the client is to carry out; `text` is how people see it.

    `unshown` says why there is no text although there is a view.
    """

    value: msgspec.Raw = msgspec.Raw(b"\xc0")
    handover: bool = False
    text: str | None = None
    unshown: str | None = None


Hook = Literal["setup", "teardown"]


class Happened(msgspec.Struct, frozen=True):
    """An event, and which handler of the plugin is to have it."""

    handler: str
    event: Event


class Pieces(msgspec.Struct, frozen=True, kw_only=True):
    """The next pieces of an answer, and at its end the whole of it."""

    pieces: tuple[Piece, ...] = ()
    answer: Answer | None = None
