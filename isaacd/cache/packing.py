"""Values as bytes: msgpack, and zlib above a size where it helps."""

import zlib

import msgspec

from isaacd.cache.entry import Entry

PACK_FROM_BYTES = 4096
# Compression that saves less than an eighth is not worth its time when reading.
_WORTH_IT = 0.875
# zlib's fastest; the higher levels take three times as long for a few per cent.
_LEVEL = 1


def encode(value: object) -> tuple[bytes, bool]:
    """Return the bytes of a value and whether they are compressed; raises TypeError for what msgpack cannot hold."""
    try:
        raw = msgspec.msgpack.encode(value)
    except (OverflowError, ValueError) as error:
        raise TypeError(f"cannot be cached: {error}") from error
    if len(raw) > PACK_FROM_BYTES:
        packed = zlib.compress(raw, _LEVEL)
        if len(packed) < len(raw) * _WORTH_IT:
            return packed, True
    return raw, False


def raw_value(entry: Entry) -> bytes:
    """Return the msgpack of an entry; raises ValueError if its bytes are damaged."""
    if not entry.packed:
        return entry.value
    try:
        return zlib.decompress(entry.value)
    except zlib.error as error:
        raise ValueError(f"damaged entry: {error}") from error
