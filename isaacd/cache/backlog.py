"""Writes that have not reached their store yet, in order; reads look here first, so that a write is seen at once."""

import enum
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, Literal

from isaacd.cache.entry import Entry
from isaacd.cache.glob import matcher

# Large batches write each page of an index once for many keys.
MAX_BATCH_ENTRIES = 4000
MAX_BATCH_BYTES = 4 * 1024 * 1024
# What one removal or one entry without its value weighs here, roughly.
_CHANGE_BYTES = 200
# Every read looks through all of them.
_MAX_WRITES = 100


class Unknown(enum.Enum):
    """The type of `UNKNOWN`: nothing is waiting for this key, the store itself must be asked."""

    UNKNOWN = "unknown"


UNKNOWN: Final[Literal[Unknown.UNKNOWN]] = Unknown.UNKNOWN


class Batch:
    """The latest change of each of some keys; None is a removal. Closed once it is being written."""

    __slots__ = ("changes", "closed", "finished", "size_bytes")

    def __init__(self) -> None:
        self.changes: dict[str, Entry | None] = {}
        self.size_bytes = 0
        self.closed = False
        self.finished = False

    @property
    def full(self) -> bool:
        """Whether it should be written now."""
        return len(self.changes) >= MAX_BATCH_ENTRIES or self.size_bytes >= MAX_BATCH_BYTES


class Wipe:
    """The removal of all that was written before it and that it covers; `removed` counts once it is done."""

    __slots__ = ("_covers", "closed", "finished", "kind", "removed", "text")

    def __init__(self, kind: Literal["all", "prefix", "glob", "tag"], text: str = "") -> None:
        self.kind = kind
        self.text = text
        self.closed = False
        self.finished = False
        self.removed = 0
        self._covers = matcher(text) if kind == "glob" else None

    def covers(self, entry: Entry) -> bool:
        """Say whether the entry goes."""
        if self.kind == "prefix":
            return entry.key.startswith(self.text)
        if self.kind == "tag":
            return self.text in entry.tags
        return self._covers is None or self._covers(entry.key)


class Backlog:
    """An ordered list of batches and wipes, bounded in bytes and in keys.

    Above `max_bytes` a value is not kept any more, only that the one before it is out of date. Above `max_keys`
    everything is forgotten in favour of one wipe of all: what cannot be remembered must not come back as if it were
    still right.
    """

    def __init__(self, max_bytes: int, max_keys: int) -> None:
        self.size_bytes = 0
        self._max_bytes = max_bytes
        self._max_keys = max_keys
        self._keys = 0
        self._waiting: deque[Batch | Wipe] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def crowded(self) -> bool:
        """Whether a writer that can wait should do so."""
        return self.size_bytes > self._max_bytes // 2 or self._keys > self._max_keys // 2

    @property
    def last(self) -> Batch | Wipe | None:
        """The newest write."""
        return self._waiting[-1] if self._waiting else None

    def take(self) -> Batch | Wipe | None:
        """Close the oldest write and return it; it stays visible until `done`, and is taken again if that fails."""
        if not self._waiting:
            return None
        write = self._waiting[0]
        write.closed = True
        return write

    def put(self, entry: Entry, known_absent: Callable[[str], bool]) -> Batch | None:
        """Add an entry and return its batch; None if there is no room and there is no older value to hide either."""
        size_bytes = entry.size_bytes + _CHANGE_BYTES
        if self.size_bytes + size_bytes <= self._max_bytes:
            return self._change(entry.key, entry, size_bytes)
        if self.latest(entry.key) is UNKNOWN and known_absent(entry.key):
            return None
        return self._change(entry.key, None, _CHANGE_BYTES)

    def delete(self, key: str) -> Batch:
        """Add the removal of a key."""
        return self._change(key, None, _CHANGE_BYTES)

    def wipe(self, wipe: Wipe) -> None:
        """Add a removal of many."""
        self._waiting.append(wipe)
        if len(self._waiting) > _MAX_WRITES:
            self._give_up()

    def done(self, write: Batch | Wipe) -> None:
        """Forget a write that has reached the store."""
        if self._waiting and self._waiting[0] is write:
            self._forget(self._waiting.popleft())

    def give_up_values(self, known_absent: Callable[[str], bool]) -> None:
        """Keep of each waiting entry only that the one before it is out of date."""
        for write in self._waiting:
            if not isinstance(write, Batch):
                continue
            self._forget(write)
            gone = {key: entry for key, entry in write.changes.items() if entry is not None}
            for key in gone:
                write.changes[key] = None
            write.changes = {key: None for key in write.changes if not (key in gone and known_absent(key))}
            write.size_bytes = _CHANGE_BYTES * len(write.changes)
            write.finished = False
            self.size_bytes += write.size_bytes
            self._keys += len(write.changes)

    def latest(self, key: str) -> Entry | Unknown | None:
        """Return what the waiting writes make of a key: its entry, None if it is removed, or UNKNOWN."""
        wipes: list[Wipe] = []
        for write in reversed(self._waiting):
            if isinstance(write, Wipe):
                wipes.append(write)
            elif key in write.changes:
                entry = write.changes[key]
                return None if entry is None or any(wipe.covers(entry) for wipe in wipes) else entry
        return UNKNOWN

    def hides(self, entry: Entry) -> bool:
        """Say whether an entry that was just read from the store is removed by a waiting wipe."""
        return any(isinstance(write, Wipe) and write.covers(entry) for write in self._waiting)

    def keys(self) -> Iterator[str]:
        """Give every key that a batch changes, once."""
        seen: set[str] = set()
        for write in self._waiting:
            if isinstance(write, Batch):
                seen.update(write.changes)
        return iter(seen)

    def _change(self, key: str, entry: Entry | None, size_bytes: int) -> Batch:
        last = self._waiting[-1] if self._waiting else None
        if not isinstance(last, Batch) or last.closed or last.full:
            last = Batch()
            self._waiting.append(last)
        before = last.changes.get(key)
        if key in last.changes:
            freed_bytes = _CHANGE_BYTES + (before.size_bytes if before is not None else 0)
            last.size_bytes -= freed_bytes
            self.size_bytes -= freed_bytes
        else:
            self._keys += 1
        last.changes[key] = entry
        last.size_bytes += size_bytes
        self.size_bytes += size_bytes
        if self._keys > self._max_keys:
            self._give_up()
        return last

    def _forget(self, write: Batch | Wipe) -> None:
        write.finished = True
        if isinstance(write, Batch):
            self.size_bytes -= write.size_bytes
            self._keys -= len(write.changes)

    def _give_up(self) -> None:
        while self._waiting and not self._waiting[-1].closed:
            self._forget(self._waiting.pop())
        self._waiting.append(Wipe("all"))
