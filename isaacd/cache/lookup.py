"""Where a key is now: in memory or in a store, fresh or stale, and whether what was read may still be kept."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from isaacd.cache.below import Below, Found
from isaacd.cache.entry import PENDING, Pending
from isaacd.cache.failure import ERROR_KIND
from isaacd.cache.figures import Tally
from isaacd.cache.memory import Memory, Slot
from isaacd.cache.packing import raw_value
from isaacd.cache.values import MISSING, Missing, decode
from isaacd.clock import Clock


class Sweep:
    """Many keys being invalidated: by what is known of a key, and of its tags where they are known."""

    def __init__(self, keys: Callable[[str], bool], tag: str | None = None) -> None:
        self._keys = keys
        self._tag = tag

    def concerns(self, key: str, tags: Sequence[str]) -> bool:
        """Say whether an entry goes."""
        return self._keys(key) and (self._tag is None or self._tag in tags)

    def may_concern(self, key: str) -> bool:
        """Say whether an entry whose tags are not known may have to go."""
        return self._keys(key)


class Located:
    """An answer: its slot, whether in memory or not, and where it was found if not there."""

    __slots__ = ("found", "may_keep", "slot")

    def __init__(self, slot: Slot, found: Found | None, *, may_keep: bool = True) -> None:
        self.slot: Final = slot
        self.found: Final = found
        self.may_keep: Final = may_keep


class Lookup:
    """Reads through all levels; fresh is better than stale, and higher better than lower."""

    def __init__(self, memory: Memory, below: Below, clock: Clock, tally: Tally) -> None:
        self._memory = memory
        self._below = below
        self._clock = clock
        self._tally = tally
        # For each read under way, the keys whose entries may still be kept when it ends.
        self._readings: list[set[str]] = []
        self._sweeps: list[Sweep] = []

    def locate_now(self, key: str) -> Located | Pending | None:
        """Find a key without waiting; PENDING if a store must be waited for."""
        slot = self._memory.find(key)
        if slot is not None and self.is_fresh(slot):
            return Located(slot, None)
        found = self._below.peek(key)
        return PENDING if found is PENDING else self._better(slot, found)

    async def locate(self, key: str) -> Located | None:
        """Find a key."""
        located = self.locate_now(key)
        if located is PENDING:
            return (await self.locate_below((key,)))[key]
        return located

    async def locate_below(self, keys: Sequence[str]) -> dict[str, Located | None]:
        """Find keys that must be waited for; memory may have got them in the meantime."""
        reading = set(keys)
        self._readings.append(reading)
        try:
            found = await self._below.get_many(keys)
        finally:
            self._readings = [other for other in self._readings if other is not reading]
        return {
            key: self._better(self._memory.find(key), found.get(key), may_keep=key in reading) for key in keys
        }

    def is_fresh(self, slot: Slot) -> bool:
        """Say whether a slot may be served without a second thought."""
        return slot.expires_at > self._clock.monotonic()

    def take_fresh(self, key: str, located: Located | None, shape: Any) -> Any | Missing:
        """Count the request, and return the value if it is fresh and no error; else MISSING."""
        value: Any | Missing = MISSING
        if located is not None and located.slot.entry.kind != ERROR_KIND and self.is_fresh(located.slot):
            value = self.take(key, located, shape)
        if value is MISSING:
            self._tally.events["misses"] += 1
        return value

    def take(self, key: str, located: Located, shape: Any) -> Any | Missing:
        """Count a hit, bring the entry up, and return its value; MISSING and no hit if it is not a `shape`."""
        slot, found = located.slot, located.found
        if found is None:
            return self._memory.use(key, slot, shape)
        entry = found.entry
        try:
            raw = raw_value(entry)
        except ValueError:
            return MISSING
        value = decode(raw, shape)
        if value is not MISSING:
            self._tally.hit(self._below.stores[found.place].name, entry)
            if located.may_keep:
                self._below.copy_up(found)
                kept = self._memory.keep(entry, raw)
                if kept is not None:
                    self._memory.share(key, kept, value, shape)
        return value

    def void_key(self, key: str) -> None:
        """Let no read that is under way keep what it finds for a key."""
        for reading in self._readings:
            reading.discard(key)

    @asynccontextmanager
    async def sweeping(self, sweep: Sweep) -> AsyncIterator[int]:
        """Take what the sweep concerns out of memory, and hide it in the stores while they forget it."""
        self._void(sweep)
        doomed = [entry.key for entry in self._memory.entries() if sweep.concerns(entry.key, entry.tags)]
        for key in doomed:
            self._memory.drop(key)
        self._sweeps.append(sweep)
        try:
            yield len(doomed)
        finally:
            self._sweeps.remove(sweep)
            # A read that began while the stores were at it may hold what they have forgotten since.
            self._void(sweep)

    def _void(self, sweep: Sweep) -> None:
        for reading in self._readings:
            reading.difference_update([key for key in reading if sweep.may_concern(key)])

    def _better(self, slot: Slot | None, found: Found | None, *, may_keep: bool = True) -> Located | None:
        if found is not None and not self._is_swept(found):
            below = self._memory.slot_of(found.entry)
            if slot is None or (self.is_fresh(below) and not self.is_fresh(slot)):
                return Located(below, found, may_keep=may_keep)
        return None if slot is None else Located(slot, None)

    def _is_swept(self, found: Found) -> bool:
        return any(sweep.concerns(found.entry.key, found.entry.tags) for sweep in self._sweeps)
