"""What every level keeps of one answer, and what the cache asks of a store below memory."""

import enum
from collections.abc import AsyncIterator, Sequence
from typing import Final, Literal, Protocol

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """One value as it is kept below L1; all times are wall seconds since the epoch.

    `value` is msgpack, compressed when `packed` (isaacd.cache.packing). From `expires_at` on the entry is no longer
    fresh; until `stale_until` it may still be served while a new value is computed. None as `expires_at` means never;
    None as `stale_until` means that it is not served stale. From `refresh_at` on, a reader that can compute the value
    does so early. `took_s` is how long the value took to compute, `cost` what that cost in USD, or 0 if unknown.
    `kind` only groups figures: "value", "exact", "slot", "knowledge", "error".
    """

    key: str
    value: bytes
    packed: bool
    stored_at: float
    expires_at: float | None = None
    stale_until: float | None = None
    cost: float = 0.0
    tags: tuple[str, ...] = ()
    kind: str = "value"
    refresh_at: float | None = None
    took_s: float = 0.0

    @property
    def size_bytes(self) -> int:
        """How much the entry weighs when it is stored."""
        return len(self.value) + len(self.key.encode("utf-8", "surrogatepass"))

    def gone_at(self) -> float | None:
        """Return when the entry is of no more use to anybody, stale serving included; None is never."""
        if self.expires_at is None or self.stale_until is None:
            return self.expires_at
        return max(self.expires_at, self.stale_until)

    def is_gone(self, now: float) -> bool:
        """Say whether nothing may be served from the entry at `now`; ask after `settled`."""
        gone_at = self.gone_at()
        return gone_at is not None and now >= gone_at


def settled(entry: Entry, now: float) -> Entry:
    """Return the entry as it counts at `now`: one that was stored in the future was stored now.

    A clock that was set back must not prolong life. The store that finds such an entry also keeps it settled,
    otherwise every read would count from anew. An entry that needs no change is returned as it is.
    """
    return entry if entry.stored_at <= now else shifted(entry, now - entry.stored_at)


def shifted(entry: Entry, by_s: float) -> Entry:
    """Return the entry with all its moments moved."""
    return msgspec.structs.replace(
        entry,
        stored_at=entry.stored_at + by_s,
        expires_at=_moved(entry.expires_at, by_s),
        stale_until=_moved(entry.stale_until, by_s),
        refresh_at=_moved(entry.refresh_at, by_s),
    )


def _moved(moment: float | None, by_s: float) -> float | None:
    return None if moment is None else moment + by_s


class Pending(enum.Enum):
    """The type of `PENDING`, so that type checkers can tell it from None."""

    PENDING = "pending"


PENDING: Final[Literal[Pending.PENDING]] = Pending.PENDING


class StoreStats(msgspec.Struct, frozen=True):
    """The state of one store; counters run since it was opened."""

    name: str
    entries: int = 0
    size_bytes: int = 0
    writable: bool = True
    state: str = "ok"  # one short sentence when something is wrong: "disk full", "away since 12:03"
    reads: int = 0
    hits: int = 0
    writes: int = 0
    errors: int = 0
    evictions: int = 0


class Store(Protocol):
    """A level below memory: L3 on disk, L4 shared by a team.

    A read returns what `settled` makes of the row, and never an entry that `is_gone`. A write is seen by the reads
    that follow it at once, and outlives the process when `flush` has returned. A store that fails answers as if it
    were empty, says so in `stats` and in the log, and never raises from here, `open` excepted.
    """

    name: str

    def peek(self, key: str) -> Entry | Pending | None:
        """Read without waiting; PENDING if the answer can only be had from `get`."""
        ...

    async def get(self, key: str) -> Entry | None:
        """Read one entry."""
        ...

    async def get_many(self, keys: Sequence[str]) -> dict[str, Entry]:
        """Read several entries; those that are not there are left out."""
        ...

    def put(self, entry: Entry) -> None:
        """Keep the entry in place of any other with its key."""
        ...

    def delete(self, key: str) -> None:
        """Forget the entry with this key, if there is one."""
        ...

    async def delete_prefix(self, prefix: str) -> int:
        """Forget all keys that begin with `prefix`; return how many there were."""
        ...

    async def delete_glob(self, glob: str) -> int:
        """Forget all keys that match a glob of `isaacd.cache.glob`; return how many there were."""
        ...

    async def delete_tag(self, tag: str) -> int:
        """Forget all entries that carry `tag`; return how many there were."""
        ...

    async def clear(self) -> int:
        """Forget everything; return how many entries there were."""
        ...

    async def flush(self) -> None:
        """Return when all earlier writes are as durable as they get here."""
        ...

    def scan(self, glob: str | None = None) -> AsyncIterator[Entry]:
        """Iterate over the entries that are there now, in no special order."""
        ...

    def stats(self) -> StoreStats:
        """Return the state of the store without waiting."""
        ...

    async def open(self) -> None:
        """Get ready; raises UnsupportedVersion if the store must be left alone, ConfigInvalid if it cannot be used."""
        ...

    async def aclose(self) -> None:
        """Flush and let go of everything."""
        ...
