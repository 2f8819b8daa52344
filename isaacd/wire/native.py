"""The native language: MessagePack-RPC, as Neovim and other msgpack-rpc libraries speak it."""

from typing import Final, NoReturn, TypeVar

import msgspec

from isaacd.errors import FrameTooLarge, InvalidParams, InvalidRequest, IsaacError, ParseError, PluginFailed
from isaacd.wire.codec import UNDECODABLE, UNENCODABLE, Codec
from isaacd.wire.failure import neovim_error
from isaacd.wire.messages import (
    MAX_DEPTH_IN,
    MAX_DEPTH_OUT,
    MAX_FRAME_BYTES,
    Message,
    MessageId,
    Notification,
    Request,
    Response,
    WireError,
)
from isaacd.wire.scanner import ARRAY_BYTES, BoundaryScanner, surely_shallow
from isaacd.wire.values import decode_value, encode_value

T = TypeVar("T")

_REQUEST: Final = 0
_RESPONSE: Final = 1
_NOTIFICATION: Final = 2

_decode: Final = msgspec.msgpack.Decoder(Request | Response | Notification).decode
_encode: Final = msgspec.msgpack.Encoder(enc_hook=encode_value).encode


class _Head(msgspec.Struct, array_like=True):
    """The beginning of a message that is none: enough to answer it."""

    kind: int
    id: MessageId


_decode_head: Final = msgspec.msgpack.Decoder(_Head).decode


class NativeCodec(Codec):
    """MessagePack-RPC without length prefixes.

    A chunk is usually one message, so it is decoded as if it were; only when it is not, the scanner looks for the
    boundary. Whatever the scanner would refuse is refused on both ways.
    """

    __slots__ = ("_scanner", "_surely_small_bytes", "_tried")

    name = "msgpack-rpc"
    format = "msgpack"

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        super().__init__(max_frame_bytes=max_frame_bytes)
        self._scanner = BoundaryScanner(max_frame_bytes)
        self._surely_small_bytes = min(MAX_DEPTH_IN, max_frame_bytes)
        self._tried = False  # whether the data has been seen not to be exactly one message

    def whole_message(self, data: bytes) -> Message | None:
        """Return the message that `data` is, if it is exactly one and nothing waits before it."""
        if self._data or self.broken:
            return None
        try:
            message: Message = _decode(data)
        except UNDECODABLE:
            return None
        return message if len(data) <= self._surely_small_bytes or self._within_limits(data) else None

    def next_message(self) -> Message | None:
        """Return the next message, or None until more bytes have come."""
        data = self._data
        if not data:
            return None
        if not self._tried:
            try:
                message: Message = _decode(data)
            except UNDECODABLE:
                pass  # one message and no more it is not; the scanner finds out what it is
            else:
                if len(data) <= self._surely_small_bytes or self._within_limits(data):
                    self._data = b""
                    return message
            self._tried = True
        return self._next_scanned()

    def _within_limits(self, data: bytes | bytearray) -> bool:
        return len(data) <= self._max_frame_bytes and surely_shallow(data, MAX_DEPTH_IN)

    def _next_scanned(self) -> Message | None:
        data, start = self._data, self._start
        if not self._scanner.position and data[start] not in ARRAY_BYTES:
            self._break(ParseError(f"not a message: none begins with the byte 0x{data[start]:02x}"))
        try:
            size = self._scanner.find_end(data, start)
        except IsaacError as error:
            self._break(error)
        if not size:
            return None
        frame = self._take(size)
        self._tried = bool(self._data)
        try:
            message: Message = _decode(frame)
        except UNDECODABLE as cause:
            self._refuse(frame, cause)
        return message

    def _refuse(self, frame: bytes | bytearray, cause: Exception) -> NoReturn:
        self.failed_id = None
        try:
            head = _decode_head(frame)
        except UNDECODABLE:
            pass
        else:
            if head.kind == _REQUEST:  # a response is never answered, and nothing else has an id
                self.failed_id = head.id
        raise InvalidRequest(f"not a request, response or notification: {cause}") from cause

    def encode_result(self, request_id: int | str, result: object, /) -> bytes:
        """Return a response; raise PluginFailed when the result cannot be sent (its type, its size, its depth)."""
        try:
            frame = _encode((_RESPONSE, request_id, None, result))
            return frame if len(frame) <= MAX_DEPTH_OUT else self._checked(frame)
        except UNENCODABLE as cause:
            raise PluginFailed(f"the result cannot be sent: {cause}") from cause

    def _pack_request(self, request_id: int | str, method: str, params: object) -> bytes:
        return self._checked(_encode((_REQUEST, request_id, method, _as_arguments(params))))

    def _pack_notification(self, method: str, params: object) -> bytes:
        return self._checked(_encode((_NOTIFICATION, method, _as_arguments(params))))

    def _pack_error(self, request_id: int | str | None, error: WireError) -> bytes:
        value = error if self.error_maps else neovim_error(error)
        return self._checked(_encode((_RESPONSE, request_id, value, None)))

    def _checked(self, frame: bytes) -> bytes:
        if len(frame) > self._max_frame_bytes:
            raise ValueError(f"{len(frame)} bytes are more than the {self._max_frame_bytes} of a message")
        if not surely_shallow(frame, MAX_DEPTH_OUT):
            try:
                BoundaryScanner(self._max_frame_bytes, MAX_DEPTH_OUT).find_end(frame)
            except FrameTooLarge as error:
                raise ValueError(f"it nests deeper than {MAX_DEPTH_OUT} levels") from error
        return frame

    def decode(self, raw: msgspec.Raw, wanted: type[T], /) -> T:
        """Return undecoded params or an undecoded result as the type wanted; raise InvalidParams if it is not one."""
        try:
            return msgspec.msgpack.decode(raw, type=wanted, dec_hook=decode_value)
        except UNDECODABLE as cause:
            raise InvalidParams(str(cause)) from cause


def _as_arguments(params: object) -> object:
    """Return the array of arguments that params always are here; named ones are its only element."""
    if params is None:
        return ()
    return params if isinstance(params, (list, tuple, msgspec.Raw)) else (params,)
