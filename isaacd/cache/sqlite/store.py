"""The store that the cache sees: reads on the loop, everything else behind it."""

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from isaacd.cache.backlog import UNKNOWN, Wipe
from isaacd.cache.entry import PENDING, Entry, Pending, StoreStats, settled
from isaacd.cache.glob import literal_prefix
from isaacd.cache.row import Damaged, entry_of, key_bytes
from isaacd.cache.sqlite.collect import Collected
from isaacd.cache.sqlite.keeper import Keeper
from isaacd.cache.sqlite.limits import Limits
from isaacd.cache.sqlite.scan import read_large, rows_of
from isaacd.clock import Clock
from isaacd.database.fault import Fault, classify
from isaacd.log import Log

_READS_A_TURN = 64


class SQLiteStore:
    """Keeps entries in one SQLite file (WAL), which any number of processes may share.

    A write waits in memory for a moment, where reads find it, and goes to the file in a batch. Trouble with the file
    never reaches the caller: the store says so once in the log and in `stats`, misses, and comes back by itself.
    """

    name = "disk"

    def __init__(
        self,
        file: Path,
        *,
        clock: Clock,
        log: Log | None = None,
        limits: Limits | None = None,
        randbits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        self._clock = clock
        self._keeper = Keeper(file, clock, log, limits or Limits(), randbits)
        self._reads = self._hits = self._damaged_rows = 0

    async def open(self) -> None:
        """Open or make the file; raises UnsupportedVersion for one that a newer Isaac wrote, which is left alone."""
        await self._keeper.open()

    def peek(self, key: str) -> Entry | Pending | None:
        """Read without waiting; PENDING for a large value."""
        self._reads += 1
        return self._peek(key)

    def _peek(self, key: str) -> Entry | Pending | None:
        keeper = self._keeper
        backlog = keeper.backlog
        if backlog:
            waiting = backlog.latest(key)
            if waiting is not UNKNOWN:
                return None if waiting is None else self._served(waiting, None)
        link = keeper.link
        if link is None:
            return None
        raw = key_bytes(key)
        try:
            row = link.reader.point(raw)
        except sqlite3.Error as error:
            keeper.suffer_reading(error)
            return None
        if row is None:
            return None
        row_id, crc, body = row
        return PENDING if body is None else self._decoded(key, raw, crc, body, row_id)

    async def get(self, key: str) -> Entry | None:
        """Read one entry, however large."""
        self._reads += 1
        return await self._get(key)

    async def _get(self, key: str) -> Entry | None:
        found = self._peek(key)
        if found is not PENDING:
            return found
        link = self._keeper.link
        raw = key_bytes(key)
        try:
            row = None if link is None else await read_large(link, raw)
        except (sqlite3.Error, ValueError) as error:
            self._keeper.suffer_reading(error)
            return None
        waiting = self._keeper.backlog.latest(key)
        if waiting is not UNKNOWN:
            return None if waiting is None else self._served(waiting, None)
        return None if row is None else self._decoded(key, raw, *row)

    async def get_many(self, keys: Sequence[str]) -> dict[str, Entry]:
        """Read several entries."""
        found: dict[str, Entry] = {}
        for number, key in enumerate(keys, 1):
            entry = await self.get(key)
            if entry is not None:
                found[key] = entry
            if number % _READS_A_TURN == 0:
                await asyncio.sleep(0)
        return found

    def put(self, entry: Entry) -> None:
        """Keep an entry; on disk soon, and for certain after `flush`."""
        if not _can_be_written(entry):
            self.delete(entry.key)
            return
        batch = self._keeper.backlog.put(entry, self._keeper.is_absent)
        if batch is not None:
            self._keeper.behind.wake(batch)

    def delete(self, key: str) -> None:
        """Forget an entry."""
        self._keeper.behind.wake(self._keeper.backlog.delete(key))

    async def delete_prefix(self, prefix: str) -> int:
        """Forget all keys that begin with `prefix`."""
        return await self._wipe(Wipe("prefix", prefix))

    async def delete_glob(self, glob: str) -> int:
        """Forget all keys that match."""
        prefix = literal_prefix(glob)
        return await self._wipe(Wipe("glob", glob) if prefix is None else Wipe("prefix", prefix))

    async def delete_tag(self, tag: str) -> int:
        """Forget all entries that carry `tag`."""
        return await self._wipe(Wipe("tag", tag))

    async def clear(self) -> int:
        """Forget everything."""
        return await self._wipe(Wipe("all"))

    async def _wipe(self, wipe: Wipe) -> int:
        # Hidden from reads from here on, removed from the file when the writes before it are there.
        self._keeper.backlog.wipe(wipe)
        await self._keeper.flush(notes=False)
        return wipe.removed

    @property
    def crowded(self) -> bool:
        """Whether writes come faster than the disk takes them; who can wait should `flush`."""
        return self._keeper.condition.writable and self._keeper.backlog.crowded

    async def flush(self) -> None:
        """Return when all earlier writes are in the file; `stats().writable` is false if they cannot be."""
        await self._keeper.flush()

    async def scan(self, glob: str | None = None) -> AsyncIterator[Entry]:
        """Iterate over the entries, in no special order; what changes meanwhile may or may not be seen."""
        keeper = self._keeper
        await keeper.flush(notes=False)
        wanted = Wipe("glob", "*" if glob is None else glob)
        given: set[str] = set()
        for key in list(keeper.backlog.keys()):
            given.add(key)
            waiting = keeper.backlog.latest(key)
            served = self._served(waiting, None) if isinstance(waiting, Entry) else None
            if served is not None and wanted.covers(served):
                yield served
        if keeper.link is None:
            return
        try:
            async for key, raw, crc, body in rows_of(keeper.link, "" if glob is None else glob):
                if key in given or keeper.backlog.latest(key) is None:
                    continue
                found = self._decoded(key, raw, crc, body)
                if found is not None and wanted.covers(found):
                    yield found
        except sqlite3.Error as error:
            keeper.suffer_reading(error)

    def changes(self) -> tuple[str, ...] | None:
        """Return keys that other processes changed since the last call, for memory to forget; None is all keys.

        Costs about as much as a point read. Own writes are not among them.
        """
        keeper = self._keeper
        missed, keeper.missed_changes = keeper.missed_changes, False
        if keeper.link is None:
            return None if missed else ()
        try:
            keys = keeper.link.reader.changes(self._keeper.writer)
        except (sqlite3.Error, ValueError) as error:
            if isinstance(error, sqlite3.Error) and classify(error) is not Fault.LOCKED:
                keeper.suffer_reading(error)
            return None
        return None if missed else keys

    async def collect(self) -> Collected:
        """Remove what is expired and, above the limit, what is worth least."""
        return await self._keeper.collect()

    async def check(self) -> str | None:
        """Return what is wrong with the file, or None; a damaged one has then been replaced."""
        return await self._keeper.check()

    def stats(self) -> StoreStats:
        """Return the state of the store."""
        keeper = self._keeper
        entries = size_bytes = 0
        if keeper.link is not None:
            try:
                entries, size_bytes = keeper.link.reader.totals()
            except sqlite3.Error as error:
                keeper.suffer_reading(error)
        return StoreStats(
            self.name,
            entries=entries,
            size_bytes=size_bytes,
            writable=keeper.condition.writable,
            state=keeper.condition.state,
            reads=self._reads,
            hits=self._hits,
            writes=keeper.writes,
            errors=keeper.condition.errors,
            evictions=keeper.evictions,
        )

    async def aclose(self) -> None:
        """Write what waits and let go of the file."""
        await self._keeper.aclose()

    def _decoded(
        self, key: str, raw: bytes, crc: object, body: object, row_id: int | None = None
    ) -> Entry | None:
        try:
            entry = entry_of(key, raw, crc, body)
        except Damaged:
            self._damaged(key)
            return None
        keeper = self._keeper
        return None if keeper.backlog and keeper.backlog.hides(entry) else self._served(entry, row_id)

    def _served(self, entry: Entry, row_id: int | None) -> Entry | None:
        now = self._clock.now()
        if entry.stored_at > now:
            entry = settled(entry, now)
            self.put(entry)
        if entry.is_gone(now):
            return None
        self._hits += 1
        if row_id is not None:
            self._keeper.touch(row_id)
        return entry

    def _damaged(self, key: str) -> None:
        self._damaged_rows += 1
        self._keeper.condition.errors += 1
        if self._damaged_rows == 1:
            self._keeper.condition.row_damaged()
        self.delete(key)
        self._keeper.check_soon()


def _can_be_written(entry: Entry) -> bool:
    """Tell whether msgpack can hold all texts of an entry: it knows no lone surrogates."""
    try:
        "".join((entry.kind, *entry.tags)).encode()
    except UnicodeEncodeError:
        return False
    return True
