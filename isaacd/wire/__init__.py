"""The language on the socket: messages, codecs and their limits, with no I/O."""

from typing import TYPE_CHECKING

from isaacd.wire.codec import Codec
from isaacd.wire.detect import detect, is_http, named
from isaacd.wire.failure import has_error, read_error, to_wire_error
from isaacd.wire.messages import (
    MAX_DEPTH_IN,
    MAX_DEPTH_OUT,
    MAX_FRAME_BYTES,
    Batch,
    Format,
    Message,
    Notification,
    Request,
    Response,
    WireError,
)
from isaacd.wire.native import NativeCodec
from isaacd.wire.params import Shape, params_shape
from isaacd.wire.values import decode_value, encode_value

if TYPE_CHECKING:
    from isaacd.wire.content_length import ContentLengthCodec
    from isaacd.wire.jsonlines import JsonLinesCodec
    from isaacd.wire.jsonrpc import JsonCodec

__all__ = [
    "MAX_DEPTH_IN",
    "MAX_DEPTH_OUT",
    "MAX_FRAME_BYTES",
    "Batch",
    "Codec",
    "ContentLengthCodec",
    "Format",
    "JsonCodec",
    "JsonLinesCodec",
    "Message",
    "NativeCodec",
    "Notification",
    "Request",
    "Response",
    "Shape",
    "WireError",
    "decode_value",
    "detect",
    "encode_value",
    "has_error",
    "is_http",
    "named",
    "params_shape",
    "read_error",
    "to_wire_error",
]

# Imported when somebody speaks them: a daemon is ready without, and most people never need them.
_JSON = {"ContentLengthCodec": "content_length", "JsonCodec": "jsonrpc", "JsonLinesCodec": "jsonlines"}


def __getattr__(name: str) -> object:
    if name not in _JSON:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_JSON[name]}"), name)
