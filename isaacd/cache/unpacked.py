"""Values of L2 that were unpacked lately, within a number of bytes: unpacking is nearly all that a hit there costs."""

from isaacd.cache.entry import Entry
from isaacd.cache.packing import unpack

MAX_BYTES = 16 * 1024 * 1024
# One value must not push out all others.
_LARGEST = MAX_BYTES // 16


class Unpacked:
    """Bytes by key; the one that was not read for longest goes first."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.size_bytes = 0
        self._max_bytes = max_bytes
        self._kept: dict[str, bytes] = {}

    def raw(self, key: str, entry: Entry) -> bytes | None:
        """Return the msgpack of the entry that is in memory under `key`, or None if its bytes are damaged."""
        if not entry.packed:
            return entry.value
        raw = self._kept.pop(key, None)
        if raw is not None:
            self._kept[key] = raw
            return raw
        try:
            raw = unpack(entry.value)
        except ValueError:
            return None
        if len(raw) <= _LARGEST:
            self._keep(key, raw)
        return raw

    def forget(self, key: str) -> None:
        """Forget the bytes of a key; to be called when its entry is replaced or leaves."""
        raw = self._kept.pop(key, None)
        if raw is not None:
            self.size_bytes -= len(raw)

    def _keep(self, key: str, raw: bytes) -> None:
        self._kept[key] = raw
        self.size_bytes += len(raw)
        while self.size_bytes > self._max_bytes:
            self.forget(next(iter(self._kept)))
