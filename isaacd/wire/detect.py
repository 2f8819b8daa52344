"""The first byte of a connection picks its language."""

from isaacd.wire.codec import Codec
from isaacd.wire.content_length import ContentLengthCodec
from isaacd.wire.jsonlines import JsonLinesCodec
from isaacd.wire.native import NativeCodec
from isaacd.wire.scanner import ARRAY_BYTES

_BY_NAME: dict[str, type[Codec]] = {
    codec.name: codec for codec in (NativeCodec, JsonLinesCodec, ContentLengthCodec)
}


# The capital letters with which methods begin. CONNECT is for proxies, and its letter is that of Content-Length.
_HTTP_BYTES = frozenset(b"GPHDOT")


def detect(first_byte: int) -> type[Codec] | None:
    """Return the codec for a connection that begins with this byte, or None: close it."""
    if first_byte in ARRAY_BYTES:
        return NativeCodec
    if first_byte == ord("{"):
        return JsonLinesCodec
    if first_byte == ord("C"):
        return ContentLengthCodec
    return None


def named(name: str) -> type[Codec] | None:
    """Return the codec that calls itself so, or None."""
    return _BY_NAME.get(name)


def is_http(first_byte: int) -> bool:
    """Tell whether a connection that begins with this byte speaks HTTP: GET, POST, HEAD, DELETE, OPTIONS and others."""
    return first_byte in _HTTP_BYTES
