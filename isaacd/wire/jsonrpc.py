"""JSON-RPC 2.0 messages, whatever separates one from the next."""

import re
from abc import abstractmethod
from itertools import accumulate
from typing import Annotated, Final, Literal, NoReturn, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from isaacd.errors import FrameTooLarge, InvalidParams, InvalidRequest, ParseError, PluginFailed
from isaacd.wire.codec import UNDECODABLE, UNENCODABLE, Codec
from isaacd.wire.messages import (
    MAX_DEPTH_IN,
    MAX_DEPTH_OUT,
    MAX_TEXT_ID_LENGTH,
    Batch,
    Message,
    Notification,
    Request,
    Response,
    WireError,
)
from isaacd.wire.values import decode_value, encode_value

T = TypeVar("T")

_JsonId = (
    Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
    | Annotated[str, msgspec.Meta(max_length=MAX_TEXT_ID_LENGTH)]
)
_NULL: Final = Raw(b"null")
MAX_BATCH: Final = 64


class _Envelope(msgspec.Struct, gc=False):
    """All members that any message may have; others are ignored."""

    jsonrpc: Literal["2.0"] = "2.0"
    id: _JsonId | UnsetType | None = UNSET
    method: str | UnsetType = UNSET
    params: Raw = Raw()
    result: Raw = Raw()
    error: Raw = Raw()


class _Head(msgspec.Struct, gc=False):
    """What tells whether a message that is none can be answered."""

    id: Raw = Raw()
    result: Raw = Raw()
    error: Raw = Raw()


_decode_envelope: Final = msgspec.json.Decoder(_Envelope).decode
_decode_head: Final = msgspec.json.Decoder(_Head).decode
_decode_items: Final = msgspec.json.Decoder(list[Raw]).decode
_decode_id: Final = msgspec.json.Decoder(_JsonId).decode
_encode: Final = msgspec.json.Encoder(enc_hook=encode_value).encode


class JsonCodec(Codec):
    """JSON-RPC 2.0; a subclass says how messages are separated."""

    __slots__ = ()

    format = "json"

    @abstractmethod
    def _next_frame(self) -> bytes | bytearray | None:
        """Return the bytes of the next object, or None until more have come."""

    @abstractmethod
    def _framed(self, body: bytes) -> bytes:
        """Return the object with what separates it from others."""

    def next_message(self) -> Message | None:
        """Return the next message, or None until more bytes have come."""
        if not self._data:
            return None
        frame = self._next_frame()
        return None if frame is None else self.decode_frame(frame)

    def decode_frame(self, frame: bytes | bytearray) -> Message:
        """Return the message that an object is, or the batch that an array is; raises as `next_message` does."""
        if not nests_within(frame, MAX_DEPTH_IN):
            self._break(FrameTooLarge(f"a message nests deeper than {MAX_DEPTH_IN} levels"))
        if self.takes_batches and frame.lstrip()[:1] == b"[":
            return self._batch(frame)
        return self.read(frame)

    def read(self, frame: bytes | bytearray | Raw) -> Message:
        """Return the one message that an object is; raise ParseError or InvalidRequest, and set `failed_id`."""
        try:
            return _read(_decode_envelope(frame))
        except InvalidRequest as error:
            self._refuse(bytes(frame), error)
        except msgspec.ValidationError as cause:
            self._refuse(frame, InvalidRequest(f"not a request, response or notification: {cause}"))
        except UNDECODABLE as cause:
            self.failed_id = None
            raise ParseError(f"not JSON: {cause}") from cause

    def _batch(self, frame: bytes | bytearray) -> Batch:
        self.failed_id = None
        try:
            items = _decode_items(frame)
        except UNDECODABLE as cause:
            raise ParseError(f"not JSON: {cause}") from cause
        if not 0 < len(items) <= MAX_BATCH:
            raise InvalidRequest(f"a batch holds at least 1 message and at most {MAX_BATCH}")
        return Batch(tuple(items))

    def _refuse(self, frame: bytes | bytearray, error: InvalidRequest) -> NoReturn:
        """Raise for well-formed JSON that is no message, with its id if it looks like a request."""
        self.failed_id = None
        if frame.lstrip()[:1] == b"[":
            raise InvalidRequest("an array is not a message: send one object at a time, without batches")
        try:
            head = _decode_head(frame)
        except msgspec.ValidationError:
            raise error from None
        except UNDECODABLE as cause:  # the rest of it is not even JSON
            raise ParseError(f"not JSON: {cause}") from cause
        if not bytes(head.result) and not bytes(head.error):  # a response is never answered
            self.failed_id = _readable_id(head.id)
        raise error

    def encode_result(self, request_id: int | str, result: object, /) -> bytes:
        """Return a response; raise PluginFailed when the result cannot be sent (its type, its size, its depth)."""
        try:
            return self._packed({"jsonrpc": "2.0", "id": request_id, "result": result})
        except UNENCODABLE as cause:
            raise PluginFailed(f"the result cannot be sent: {cause}") from cause

    def _pack_request(self, request_id: int | str, method: str, params: object) -> bytes:
        return self._packed({"jsonrpc": "2.0", "id": request_id, "method": method} | _as_member(params))

    def _pack_notification(self, method: str, params: object) -> bytes:
        return self._packed({"jsonrpc": "2.0", "method": method} | _as_member(params))

    def _pack_error(self, request_id: int | str | None, error: WireError) -> bytes:
        return self._packed({"jsonrpc": "2.0", "id": request_id, "error": error})

    def _packed(self, message: dict[str, object]) -> bytes:
        body = _encode(message)
        if len(body) > self._max_frame_bytes:
            raise ValueError(f"{len(body)} bytes are more than the {self._max_frame_bytes} of a message")
        if not nests_within(body, MAX_DEPTH_OUT):
            raise ValueError(f"it nests deeper than {MAX_DEPTH_OUT} levels")
        return self._framed(body)

    def decode(self, raw: Raw, wanted: type[T], /) -> T:
        """Return undecoded params or an undecoded result as the type wanted; raise InvalidParams if it is not one."""
        try:
            return msgspec.json.decode(raw, type=wanted, dec_hook=decode_value)
        except UNDECODABLE as cause:
            raise InvalidParams(str(cause)) from cause


def _read(found: _Envelope) -> Message:
    """Return the message that the members make; raise InvalidRequest when they make none."""
    if isinstance(found.method, str):
        if isinstance(found.id, UnsetType):
            return Notification(found.method, found.params)
        if found.id is None:
            raise InvalidRequest(
                "the id is null: leave it out of a notification, give a request a number or text"
            )
        return Request(found.id, found.method, found.params)
    if isinstance(found.id, UnsetType):
        raise InvalidRequest("neither a method nor an id")
    if not bytes(found.result) and not bytes(found.error):
        raise InvalidRequest("neither a method, a result nor an error")
    return Response(
        found.id, found.error if bytes(found.error) else _NULL, found.result if bytes(found.result) else _NULL
    )


def _readable_id(raw: Raw) -> int | str | None:
    try:
        found: int | str = _decode_id(raw)
    except UNDECODABLE:
        return None
    return found


def _as_member(params: object) -> dict[str, object]:
    return {} if params is None else {"params": params}


# An unterminated string counts as one to the end: nothing is then tried twice, so this stays linear.
_drop_strings: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL).sub
_NOT_BRACKETS: Final = bytes({*range(256)} - {*b"[]{}"})
_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def nests_within(frame: bytes | bytearray, depth: int) -> bool:
    """Tell whether arrays and objects nest at most `depth` levels; brackets in strings do not count."""
    if len(frame) <= depth or frame.count(b"[") + frame.count(b"{") <= depth:
        return True
    brackets = _drop_strings(b"", frame).translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) <= depth
