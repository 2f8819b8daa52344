"""Keeps the file: writes behind, collects, and gets over whatever befalls the disk."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import aiosqlite

from isaacd.cache.backlog import Backlog, Batch, Wipe
from isaacd.cache.behind import WriteBehind
from isaacd.cache.row import key_bytes
from isaacd.cache.sqlite.collect import Collected, collect
from isaacd.cache.sqlite.condition import Condition
from isaacd.cache.sqlite.limits import Limits
from isaacd.cache.sqlite.link import Link, connect, replace_damaged
from isaacd.cache.sqlite.notes import Notes
from isaacd.cache.sqlite.reader import connect_to_read, first_damage
from isaacd.cache.sqlite.statements import read_inflation, wipe, write_batch, write_touched
from isaacd.clock import Clock
from isaacd.database.fault import Fault, classify
from isaacd.database.files import identity, was_left_open
from isaacd.errors import UnsupportedVersion
from isaacd.log import Log

_MOST_REBUILDS = 3


class Keeper:
    """Owns the link to the file, the writes that wait for it, and the one task that writes."""

    def __init__(
        self, file: Path, clock: Clock, log: Log | None, limits: Limits, randbits: Callable[[int], int]
    ) -> None:
        self.link: Link | None = None
        self.backlog = Backlog(limits.max_waiting_bytes, limits.max_waiting_keys)
        self.condition = Condition(file, log)
        self.notes = Notes()
        self.behind = WriteBehind(self.backlog, self, limits.write_delay_s)
        self.missed_changes = False
        self.writes = self.evictions = 0
        self._file = file
        self._clock = clock
        self._limits = limits
        self._randbits = randbits
        self.writer = randbits(63)
        # Held by whatever writes, opens or closes the link.
        self._turn = asyncio.Lock()
        self._collect_timer: asyncio.TimerHandle | None = None
        self._checking: sqlite3.Connection | None = None
        self._collect_due = False
        self._collected = Collected()
        self._rebuilds = 0

    async def open(self) -> None:
        """Open or make the file; raises UnsupportedVersion, any other trouble is said and tried again later."""
        self.behind.begin()
        left_open = was_left_open(self._file)
        # The thread cannot be stopped: what it opens must find its way into `link` even if we are cancelled.
        await asyncio.shield(self.behind.start(self._open()))
        if left_open:
            self.check_soon()
        self._collect_later()
        if self.backlog:
            self.behind.wake()

    async def _open(self) -> None:
        try:
            async with self._turn:
                await self._linked()
        except UnsupportedVersion as error:
            self.behind.off = True
            self.condition.ill(error.message)
            raise
        except Exception as error:  # noqa: BLE001 - as for writes: it must not take the daemon along
            await self.suffer(error)

    def touch(self, row_id: int) -> None:
        """Note that a row was read; written with the next batch."""
        if self.notes.touch(row_id):
            if self.condition.writable:
                self.behind.due = True
                self.behind.wake()
            else:
                self.notes.touched.clear()

    def is_absent(self, key: str) -> bool:
        """Tell whether the file certainly has no such key."""
        try:
            return self.link is None or self.link.reader.point(key_bytes(key)) is None
        except sqlite3.Error:
            return False

    @property
    def writable(self) -> bool:
        """Whether the last attempt to write succeeded."""
        return self.condition.writable

    @property
    def retry_delay_s(self) -> float:
        """How long to wait after an attempt that failed."""
        return self.condition.retry_delay_s(self._limits.retry_delay_s)

    async def flush(self, *, notes: bool = True) -> None:
        """Return when all earlier writes have reached the file, or cannot at present."""
        self.behind.due |= notes and bool(self.notes)
        await self.behind.flush()

    async def collect(self) -> Collected:
        """Collect now; nothing is collected while the file cannot be written."""
        await self.flush()
        if self.behind.off or not self.condition.writable:
            return Collected()
        self._collected = Collected()
        self._collect_due = self.behind.due = True
        await asyncio.shield(self.behind.now())
        return self._collected

    def check_soon(self) -> None:
        """Look for damage in the background; what is damaged is moved aside."""
        if self._checking is None and self.behind.running:
            self.behind.start(self._check())

    async def check(self) -> str | None:
        """Return what is wrong with the structure of the file, or None; a damaged file is moved aside."""
        return await asyncio.shield(self.behind.start(self._check()))

    def suffer_reading(self, error: Exception) -> None:
        """Take note of an error of a point read."""
        self.condition.errors += 1
        if classify(error) is Fault.CORRUPT and self.behind.running:
            self.behind.start(self._rebuild(str(error), self.link))

    async def aclose(self) -> None:
        """Write what waits if that is possible, and let go of the file."""
        if self._checking is not None:
            with suppress(sqlite3.ProgrammingError):  # its thread may have closed it in this moment
                self._checking.interrupt()
        await self.flush()
        if self._collect_timer is not None:
            self._collect_timer.cancel()
        await self.behind.end()
        async with self._turn:
            await self._unlink()
        self.condition.state, self.condition.writable = "closed", False

    async def write(self, write: Batch | Wipe | None) -> None:
        """Write one thing in one transaction, and collect if that is due."""
        async with self._turn:
            link = await self._linked()
            await self._write(link, write)
            if self._collect_due:
                await self._collect(link)

    async def _write(self, link: Link, write: Batch | Wipe | None) -> None:
        touched = self.notes.take()

        async def step(connection: aiosqlite.Connection) -> None:
            inflation = await read_inflation(connection)
            if isinstance(write, Batch):
                max_age_s = self._limits.max_age_s
                await write_batch(connection, write, self.writer, inflation=inflation, max_age_s=max_age_s)
            elif isinstance(write, Wipe):
                write.removed = await wipe(connection, write, writer=self.writer, now=self._clock.now())
            if touched:
                await write_touched(connection, touched, inflation)

        await link.transaction(step)
        self.behind.due = False
        self.condition.well()
        if isinstance(write, Batch):
            self.writes += len(write.changes)
            link.written_bytes += write.size_bytes
            self._collect_due = self._collect_due or link.written_bytes * 64 > self._limits.max_bytes
        if write is not None:
            self.backlog.done(write)

    async def _collect(self, link: Link) -> None:
        link.written_bytes = 0
        self._collect_due = False
        now, max_bytes = self._clock.now(), self._limits.max_bytes
        self._collected = await collect(link, self._randbits, now=now, max_bytes=max_bytes)
        self.evictions += self._collected.evicted

    def _collect_later(self) -> None:
        if self.behind.running:
            later = asyncio.get_running_loop().call_later
            self._collect_timer = later(self._limits.collect_every_s, self._collect_by_time)

    def _collect_by_time(self) -> None:
        self._collect_later()
        self._collect_due = self.behind.due = True
        self.behind.now()

    async def _linked(self) -> Link:
        """Return the link, made anew if the file was moved or removed by somebody; call within `_turn`."""
        if self.link is not None and self.link.stale:
            await self._unlink()
            self.missed_changes = True
        if self.link is None:
            self.link = await asyncio.to_thread(connect, self._file)
            if self.link.read_only:
                self.condition.ill(Fault.READ_ONLY.value)
            else:
                self.condition.well()
        return self.link

    async def _unlink(self) -> None:
        link, self.link = self.link, None
        if link is not None:
            await link.aclose()

    async def suffer(self, error: Exception) -> bool:
        """Get over an error; tell whether the write may be tried again at once."""
        self.condition.errors += 1
        fault = classify(error)
        if isinstance(error, UnsupportedVersion):
            await self._refuse(error)
            return False
        if not isinstance(error, sqlite3.Error | OSError):
            fault = Fault.FAILING
            self.condition.defect()
        elif fault is Fault.CORRUPT:
            return await self._rebuild(str(error), self.link)
        elif fault is Fault.FULL and self.condition.failures:
            # What waits may itself be more than the room that there will be.
            self.backlog.give_up_values(self.is_absent)
        self.condition.ill(fault.value)
        self.behind.retry_later()
        return False

    async def _refuse(self, error: UnsupportedVersion) -> None:
        """Leave the file to the newer Isaac that has changed it under our hands."""
        self.behind.off = True
        self.missed_changes = True
        self.condition.ill(error.message)
        async with self._turn:
            await self._unlink()

    async def _check(self) -> str | None:
        link = self.link
        if link is None:
            return None
        try:
            connection, _ = await asyncio.to_thread(connect_to_read, self._file)
            self._checking = connection
            damage = await asyncio.to_thread(first_damage, connection)
        except sqlite3.Error as error:
            damage = str(error) if classify(error) is Fault.CORRUPT else None
        finally:
            self._checking = None
        if damage is not None:
            await self._rebuild(damage, link)
        return damage

    async def _rebuild(self, reason: str, damaged: Link | None) -> bool:
        """Move a damaged file aside and begin anew; tell whether that worked."""
        async with self._turn:
            if damaged is not self.link or self.behind.off:
                return self.link is not None
            found = None if damaged is not None and damaged.stale else identity(self._file)
            await self._unlink()
            self.missed_changes = True
            self._rebuilds += 1
            if self._rebuilds > _MOST_REBUILDS:
                self.behind.off = True
                self.condition.ill("the file was damaged again and again; nothing is kept on disk")
                return False
            try:
                aside = await asyncio.to_thread(replace_damaged, self._file, found, self._clock.now())
                await self._linked()
            except UnsupportedVersion as error:
                self.behind.off = True
                self.condition.ill(error.message)
                return False
            except (sqlite3.Error, OSError) as error:
                self.condition.ill(f"the file is damaged and cannot be replaced: {classify(error).value}")
                self.behind.retry_later()
                return False
            if aside is not None:
                self.condition.rebuilt(reason, aside)
            return True
