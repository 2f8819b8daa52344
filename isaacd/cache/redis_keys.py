"""Names and bytes in the shared server: everything below one prefix, each value guarded by a checksum."""

import re

from isaacd.cache.entry import Entry
from isaacd.cache.glob import known_prefix
from isaacd.cache.row import Damaged, body_of, checksum, entry_of, key_bytes, key_text

_SPECIAL = re.compile(rb"[\\*?\[\]]")
_CRC_BYTES = 4


class Names:
    """Where this cache's things are in a server that others use too."""

    def __init__(self, prefix: str) -> None:
        self.changes = key_bytes(f"{prefix}:changes")
        self._entries = key_bytes(f"{prefix}:e:")
        self._tags = key_bytes(f"{prefix}:t:")
        self.all_tags = _SPECIAL.sub(rb"\\\g<0>", self._tags) + b"*"

    def entry(self, key: str) -> bytes:
        """Return the name of an entry."""
        return self._entries + key_bytes(key)

    def key(self, name: bytes) -> str:
        """Return the key of an entry's name; raises Damaged for one that this cache would not give."""
        return key_text(name[len(self._entries) :])

    def tag(self, tag: str) -> bytes:
        """Return the name of the set of keys that carry a tag."""
        return self._tags + key_bytes(tag)

    def pattern(self, glob: str) -> bytes:
        """Return what the server is asked for; its own patterns mean other things, so it only sees the beginning."""
        return self.beginning(known_prefix(glob))

    def beginning(self, prefix: str) -> bytes:
        """Return the server's pattern of all entries whose keys begin with `prefix`."""
        return _SPECIAL.sub(rb"\\\g<0>", self.entry(prefix)) + b"*"


def packed(entry: Entry) -> bytes:
    """Return an entry as the server keeps it."""
    body = body_of(entry)
    return checksum(key_bytes(entry.key), body).to_bytes(_CRC_BYTES, "little") + body


def unpacked(key: str, data: bytes) -> Entry | None:
    """Return the entry, or None if the bytes are not what was written; another version counts as absent too."""
    try:
        return entry_of(key, key_bytes(key), int.from_bytes(data[:_CRC_BYTES], "little"), data[_CRC_BYTES:])
    except Damaged:
        return None
