"""An entry as bytes in a store: a checksum guards every byte of it, its key included."""

import zlib
from hashlib import blake2b

import msgspec

from isaacd.cache.entry import Entry

_Body = tuple[
    bytes, bool, float, float | None, float | None, float, tuple[str, ...], str, float | None, float
]
# As many bytes of each key as the index of a store holds: enough for the name of a kind, such as `ai:exact`. With the
# hash behind it in the index, each new key would change a page of its own, and that would be a third of all work.
BEGINNING_BYTES = 8
# No key has a byte like this one.
BEHIND_ALL = b"\xff"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Body).decode


class Damaged(ValueError):
    """The bytes are not those that were written."""


def key_bytes(key: str) -> bytes:
    """Return a key as bytes that sort like its characters; any text goes, lone surrogates too."""
    return key.encode("utf-8", "surrogatepass")


def key_text(raw: bytes) -> str:
    """Return the key that `key_bytes` made into `raw`."""
    try:
        return raw.decode("utf-8", "surrogatepass")
    except (UnicodeDecodeError, AttributeError) as error:
        raise Damaged("not a key") from error


def key_id(raw: bytes) -> int:
    """Return a hash that fits a signed 64-bit row id; who uses it compares the key as well."""
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "little", signed=True)


def after_prefix(raw: bytes) -> bytes | None:
    """Return the least bytes that sort behind all that begin with `raw`; None if there are none."""
    stem = raw.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1]) if stem else None


def span_of(prefix: str) -> tuple[bytes, bytes, bytes, bytes]:
    """Return the bounds of all keys with a prefix: of their first bytes, as the index has them, then of the keys; the upper ones are out."""
    low = key_bytes(prefix)
    begin = low[:BEGINNING_BYTES]
    return begin, after_prefix(begin) or BEHIND_ALL, low, after_prefix(low) or BEHIND_ALL


def body_of(entry: Entry) -> bytes:
    """Return all of an entry but its key."""
    return _encode(
        (
            entry.value,
            entry.packed,
            entry.stored_at,
            entry.expires_at,
            entry.stale_until,
            entry.cost,
            entry.tags,
            entry.kind,
            entry.refresh_at,
            entry.took_s,
        )
    )


def checksum(raw_key: bytes, body: bytes) -> int:
    """Return the checksum of one row; it finds every single flipped bit and every burst up to 32."""
    return zlib.crc32(body, zlib.crc32(raw_key))


def entry_of(key: str, raw_key: bytes, crc: object, body: object) -> Entry:
    """Return the entry of a row; raises Damaged."""
    if not isinstance(body, bytes) or zlib.crc32(body, zlib.crc32(raw_key)) != crc:
        raise Damaged("the checksum differs")
    try:
        return Entry(key, *_decode(body))
    except msgspec.DecodeError as error:
        raise Damaged(str(error)) from error
