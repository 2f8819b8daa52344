"""The first byte of a connection picks its language."""

from isaacd.wire.codec import Codec
from isaacd.wire.native import NativeCodec
from isaacd.wire.scanner import ARRAY_BYTES

# The capital letters with which methods begin. CONNECT is for proxies, and its letter is that of Content-Length.
_HTTP_BYTES = frozenset(b"GPHDOT")


def detect(first_byte: int) -> type[Codec] | None:
    """Return the codec for a connection that begins with this byte, or None: close it."""
    if first_byte in ARRAY_BYTES:
        return NativeCodec
    if first_byte == ord("{"):
        return _json_lines()
    if first_byte == ord("C"):
        return _content_length()
    return None


def named(name: str) -> type[Codec] | None:
    """Return the codec that calls itself so, or None."""
    codecs: tuple[type[Codec], ...] = (NativeCodec, _json_lines(), _content_length())
    return next((codec for codec in codecs if codec.name == name), None)


def is_http(first_byte: int) -> bool:
    """Tell whether a connection that begins with this byte speaks HTTP: GET, POST, HEAD, DELETE, OPTIONS and others."""
    return first_byte in _HTTP_BYTES


# Imported when somebody speaks them, as in `isaacd.wire`.


def _json_lines() -> type[Codec]:
    from isaacd.wire.jsonlines import JsonLinesCodec

    return JsonLinesCodec


def _content_length() -> type[Codec]:
    from isaacd.wire.content_length import ContentLengthCodec

    return ContentLengthCodec
