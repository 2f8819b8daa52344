"""Values as bytes: msgpack, and deflate above a size where it helps."""

import zlib

import msgspec

from isaacd.cache.entry import Entry

PACK_FROM_BYTES = 4096
# Compression that saves less than an eighth is not worth its time when reading.
_WORTH_IT = 0.875
# Reading is what counts: codes that are fixed need no tables, and without the header of zlib there is no second
# checksum (every store has its own). It is read in 60 % of the time of zlib's usual form, and takes a fifth more room.
_LEVEL = 1
_NO_HEADER = -zlib.MAX_WBITS
_LENGTH_BYTES = 4
# No byte of deflate stands for more; a length that is damaged must not reserve memory for nothing.
_MOST_DENSE = 1032


def encode(value: object) -> tuple[bytes, bool]:
    """Return the bytes of a value and whether they are compressed; raises TypeError for what msgpack cannot hold."""
    try:
        raw = msgspec.msgpack.encode(value)
    except (OverflowError, ValueError) as error:
        raise TypeError(f"cannot be cached: {error}") from error
    if PACK_FROM_BYTES < len(raw) < 1 << (8 * _LENGTH_BYTES):
        packed = _pack(raw)
        if len(packed) < len(raw) * _WORTH_IT:
            return packed, True
    return raw, False


def _pack(raw: bytes) -> bytes:
    """Return the length of the bytes, which makes them faster to unpack, and then what they are packed to."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _NO_HEADER, 9, zlib.Z_FIXED)
    return b"".join((len(raw).to_bytes(_LENGTH_BYTES, "little"), packer.compress(raw), packer.flush()))


def raw_value(entry: Entry) -> bytes:
    """Return the msgpack of an entry; raises ValueError if its bytes are damaged."""
    return unpack(entry.value) if entry.packed else entry.value


def unpack(packed: bytes) -> bytes:
    """Return what was packed; raises ValueError if the bytes are damaged."""
    length = int.from_bytes(packed[:_LENGTH_BYTES], "little")
    try:
        raw = zlib.decompress(
            memoryview(packed)[_LENGTH_BYTES:], _NO_HEADER, min(length, len(packed) * _MOST_DENSE) or 1
        )
    except zlib.error as error:
        raise ValueError(f"damaged entry: {error}") from error
    if len(raw) != length:
        raise ValueError("damaged entry: its length differs")
    return raw
