"""What every codec is: bytes in, messages out, and the other way round, with no I/O."""

from abc import ABC, abstractmethod
from typing import ClassVar, Final, NoReturn, TypeVar

import msgspec

from isaacd.errors import InvalidParams, IsaacError, PluginFailed
from isaacd.wire.messages import MAX_FRAME_BYTES, Format, Message, WireError

T = TypeVar("T")

# Everything msgspec was seen to raise for a value that it cannot encode.
UNENCODABLE: Final = (TypeError, ValueError, OverflowError, RecursionError, AttributeError)
# Everything msgspec was seen to raise for bytes: DecodeError and UnicodeDecodeError are ValueErrors.
UNDECODABLE: Final = (ValueError, TypeError, OverflowError, RecursionError)

_MESSAGE_LENGTH_KEPT: Final = 1000


class Codec(ABC):
    """One connection's language.

    Give bytes to `receive_data`, then call `next_message` until it returns None. It raises ParseError, InvalidRequest
    and FrameTooLarge only. After that `broken` tells whether the connection must close (nothing more will be
    returned then; otherwise go on calling), and `failed_id` is the id to answer, as far as it could be read.
    """

    __slots__ = ("_data", "_max_frame_bytes", "_start", "broken", "error_maps", "failed_id", "takes_batches")

    name: ClassVar[str]
    format: ClassVar[Format]

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_frame_bytes = max_frame_bytes
        # What has come and is not taken yet, from `_start` on. `bytes` exactly as received while one chunk is all;
        # a bytearray of our own once a message goes over the edge of a chunk.
        self._data: bytes | bytearray = b""
        self._start = 0
        self.broken = False
        self.failed_id: int | str | None = None
        self.error_maps = False
        self.takes_batches = False

    @property
    def buffered(self) -> int:
        """The number of bytes that wait for more."""
        return len(self._data) - self._start

    def left(self) -> bytes:
        """Return what has come and is not taken yet; another codec of the kind that is given it goes on from there."""
        return bytes(memoryview(self._data)[self._start :])

    def receive_data(self, data: bytes) -> None:
        """Take what the connection has brought; `data` must never change afterwards."""
        if self.broken:
            return
        if not self._data:
            self._data = data
            return
        if isinstance(self._data, bytes):
            self._data = bytearray(memoryview(self._data)[self._start :])
        elif self._start:
            del self._data[: self._start]  # moves the start of the array, not its content
        self._start = 0
        self._data += data

    def receive_end(self) -> None:  # noqa: B027 - most languages mark the end of each message
        """Note that no more data will come; a message that only the end of the data completes can then be taken."""

    def whole_message(self, data: bytes) -> Message | None:
        """Return the message that `data` is, if it is exactly one and nothing waits before it.

        Otherwise return None and take nothing: what comes from `receive_data` and `next_message` is the same.
        """
        return None

    @abstractmethod
    def next_message(self) -> Message | None:
        """Return the next message, or None until more bytes have come."""

    def _take(self, size: int) -> bytes | bytearray:
        """Remove the next `size` bytes and return them; they belong to the receiver and never change."""
        start, end = self._start, self._start + size
        if end < len(self._data):
            self._start = end
            return self._data[start:end]
        whole, self._data, self._start = self._data, b"", 0
        return whole[start:] if start else whole

    def _break(self, error: IsaacError) -> NoReturn:
        """Give the connection up: what follows cannot be understood, or must not be read."""
        self.broken = True
        self.failed_id = None
        self._data, self._start = b"", 0
        raise error

    def encode_request(self, request_id: int | str, method: str, params: object = None, /) -> bytes:
        """Return a request; raise InvalidParams when `params` cannot be sent.

        `params` are a list or tuple of arguments, one map or Struct of named ones, or None.
        """
        try:
            return self._pack_request(request_id, method, params)
        except UNENCODABLE as cause:
            raise InvalidParams(f"the arguments of {method} cannot be sent: {cause}") from cause

    def encode_notification(self, method: str, params: object = None, /) -> bytes:
        """Return a notification; raise PluginFailed when `params` cannot be sent."""
        try:
            return self._pack_notification(method, params)
        except UNENCODABLE as cause:
            raise PluginFailed(f"the content of {method} cannot be sent: {cause}") from cause

    @abstractmethod
    def encode_result(self, request_id: int | str, result: object, /) -> bytes:
        """Return a response; raise PluginFailed when the result cannot be sent (its type, its size, its depth)."""

    def encode_error(self, request_id: int | str | None, error: WireError, /) -> bytes:
        """Return an error response; what cannot be sent is left out of it, so this never fails."""
        try:
            return self._pack_error(request_id, error)
        except UNENCODABLE:
            data: dict[str, object] = {
                key: error.data[key] for key in ("name", "retryable") if key in error.data
            }
            text = error.message[:_MESSAGE_LENGTH_KEPT].encode("utf-8", "backslashreplace").decode()
            return self._pack_error(request_id, WireError(error.code, text, data))

    # These three raise one of UNENCODABLE.

    @abstractmethod
    def _pack_request(self, request_id: int | str, method: str, params: object) -> bytes: ...

    @abstractmethod
    def _pack_notification(self, method: str, params: object) -> bytes: ...

    @abstractmethod
    def _pack_error(self, request_id: int | str | None, error: WireError) -> bytes: ...

    @abstractmethod
    def decode(self, raw: msgspec.Raw, wanted: type[T], /) -> T:
        """Return undecoded params or an undecoded result as the type wanted; raise InvalidParams if it is not one."""
