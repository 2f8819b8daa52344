"""The three kinds of message and the limits that hold for each of them, whatever the codec."""

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

MAX_FRAME_BYTES = 16 * 1024 * 1024
MAX_DEPTH_IN = 128
MAX_DEPTH_OUT = 32
MAX_NATIVE_ID = 2**32 - 1
MAX_TEXT_ID_LENGTH = 256

Format = Literal["msgpack", "json"]

if TYPE_CHECKING:
    MessageId = int | str
else:
    # What MessagePack-RPC allows, so that the native decoder refuses the rest at C speed.
    # JSON allows text and negative numbers too; its codec checks its own rule before it builds a message.
    MessageId = Annotated[int, msgspec.Meta(ge=0, le=MAX_NATIVE_ID)]


class Request(msgspec.Struct, frozen=True, array_like=True, tag=0, gc=False):
    """A call that is owed exactly one response; `params` stay undecoded until the handler is known."""

    id: MessageId
    method: str
    params: msgspec.Raw = msgspec.Raw()


class Response(msgspec.Struct, frozen=True, array_like=True, tag=1, gc=False):
    """The one answer to a request: `error` is nil or an error, `result` counts only without one."""

    id: MessageId | None
    error: msgspec.Raw
    result: msgspec.Raw


class Notification(msgspec.Struct, frozen=True, array_like=True, tag=2, gc=False):
    """A message that is never answered."""

    method: str
    params: msgspec.Raw = msgspec.Raw()


class Batch(msgspec.Struct, frozen=True, gc=False):
    """Several messages in one JSON array, undecoded; only a codec that `takes_batches` returns one."""

    items: tuple[msgspec.Raw, ...]


Message = Request | Response | Notification | Batch


class WireError(msgspec.Struct, frozen=True):
    """An error as JSON-RPC shapes it: `data` has name, retryable and, where known, retry_after_ms, hint, detail."""

    code: int
    message: str
    data: dict[str, object] = {}
