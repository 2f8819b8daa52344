"""The one writer of a ledger file: gathers what is to be written, and grants reservations, many in one transaction."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import aiosqlite
import msgspec

from isaacd.clock import Clock
from isaacd.database import Database
from isaacd.errors import BudgetExceeded, IsaacError, StorageUnavailable
from isaacd.ledger.budget import Account, Limit, exceeded, verdict
from isaacd.ledger.calendar import Calendar
from isaacd.ledger.record import Reservation, Row
from isaacd.ledger.statements import (
    account,
    add_hold,
    add_row_with_texts,
    add_rows,
    charge_the_dead,
    drop_hold,
)
from isaacd.log import Log
from isaacd.redact import redact_text

# How long a row may wait for others; kill -9 loses at most what ended in that time.
WRITE_BEHIND_S = 0.5
# How often to look whether another process has freed money that a call here waits for.
POLL_S = 0.1
# How often to try again when the file cannot be written.
RETRY_S = 5.0
# How many rows wait in memory while the file cannot be written; beyond, the oldest are lost, and that is said.
MAX_WAITING_ROWS = 10_000


class Entry(msgspec.Struct, frozen=True):
    """Something to be written: a row (None only frees a reservation), and question and answer if they are kept."""

    row: Row | None
    frees: str | None = None
    texts: tuple[str, str] | None = None


class Wish(msgspec.Struct, eq=False):
    """A reservation that waits to be granted; `limits` are those of a moment, since a day may end meanwhile."""

    item: Reservation
    limits: Callable[[float], list[Limit]]
    owner: str
    until: float
    done: "asyncio.Future[Reservation]"


Answer = Reservation | BudgetExceeded | None


class Book:
    """Writes to the ledger file from one task, which lives only while there is something to write."""

    def __init__(
        self,
        database: Database,
        calendar: Calendar,
        clock: Clock,
        log: Log,
        *,
        owner: str,
        is_gone: Callable[[str], bool],
        patience_s: float,
    ) -> None:
        self.database = database
        self.trouble: str | None = None
        self.lost = 0
        self._calendar = calendar
        self._clock = clock
        self._log = log
        self._owner = owner
        self._is_gone = is_gone
        self._patience_s = patience_s
        self._entries: deque[Entry] = deque()
        self._wishes: list[Wish] = []
        self._flushes: list[asyncio.Future[None]] = []
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._swept = False

    @property
    def waiting_rows(self) -> int:
        """How many rows are not on disk yet."""
        return len(self._entries)

    def write(self, entry: Entry) -> None:
        """Have something written soon; at once if it frees what others may wait for."""
        if len(self._entries) >= MAX_WAITING_ROWS:
            self._drop_oldest()
        self._entries.append(entry)
        self._begin(hurry=entry.frees is not None)

    async def hold(
        self, item: Reservation, limits: Callable[[float], list[Limit]], *, owner: str | None = None
    ) -> Reservation:
        """Set money aside, and return the reservation with the day that it counts for; it is on disk then.

        Waits a while if the call would fit as soon as others under way have cost less than was set aside for them.
        Raises BudgetExceeded, or StorageUnavailable when budgets cannot be kept now.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience_s
        wish = Wish(item, limits, self._owner if owner is None else owner, until, loop.create_future())
        self._wishes.append(wish)
        self._begin(hurry=True)
        try:
            return await wish.done
        except asyncio.CancelledError:
            if wish in self._wishes:
                self._wishes.remove(wish)  # if it is just being granted, `_tell` frees it again
            elif not wish.done.cancelled() and wish.done.exception() is None:
                self.write(Entry(None, item.id))
            raise

    async def flush(self) -> None:
        """Return when everything so far is on disk, or could not be written: then `trouble` says why."""
        if self._task is None and not self._entries:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._flushes.append(done)
        self._begin(hurry=True)
        await done

    async def aclose(self) -> None:
        """Write everything down and close the file."""
        await self.flush()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self._entries:
            self._log.error("calls could not be recorded", calls=len(self._entries), reason=self.trouble)
        await self.database.aclose()

    def _begin(self, *, hurry: bool) -> None:
        if hurry:
            self._hurry.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._entries or self._wishes or self._flushes:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pause()):
                        await self._hurry.wait()
                self._hurry.clear()
                await self._round()
        finally:
            self._task = None

    def _pause(self) -> float:
        if self._wishes:
            return POLL_S
        return RETRY_S if self.trouble is not None else WRITE_BEHIND_S

    async def _round(self) -> None:
        """Write what there is and decide all wishes, in one transaction."""
        entries, wishes, flushes = list(self._entries), list(self._wishes), self._flushes
        self._flushes = []
        try:
            if any(entry.texts for entry in entries):
                entries = await asyncio.to_thread(_masked, entries)
            if entries or wishes:
                decided = await self.database.write(lambda db: self._transact(db, entries, wishes))
                for _ in entries:
                    self._entries.popleft()
                self._tell(decided)
                self._recovered()
        except IsaacError as error:
            self._failed(error, wishes)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            self._log.exception("calls could not be recorded", calls=len(entries))
            for _ in entries:  # trying the same again for ever would keep out all that follow
                self._entries.popleft()
            self.lost += sum(entry.row is not None for entry in entries)
            self._failed(StorageUnavailable(f"the ledger failed: {type(error).__name__}"), wishes)
        finally:
            for done in flushes:
                if not done.done():
                    done.set_result(None)

    async def _transact(
        self, db: aiosqlite.Connection, entries: list[Entry], wishes: list[Wish]
    ) -> list[tuple[Wish, Answer]]:
        for entry in entries:
            if entry.frees is not None:
                await drop_hold(db, entry.frees)
            if entry.row is not None and entry.texts is not None:
                await add_row_with_texts(db, entry.row, entry.texts)
        rows = [entry.row for entry in entries if entry.row is not None and entry.texts is None]
        if rows:
            await add_rows(db, rows)
        if not self._swept:
            await charge_the_dead(db, self._owner, self._is_gone)
            self._swept = True
        accounts: dict[Limit, Account] = {}
        return [(wish, await self._decide(db, wish, accounts)) for wish in wishes]

    async def _decide(self, db: aiosqlite.Connection, wish: Wish, accounts: dict[Limit, Account]) -> Answer:
        """Grant a wish, refuse it, or leave it for later (None)."""
        now = self._clock.now()
        item = msgspec.structs.replace(wish.item, at=now, day=self._calendar.day(now), held=True)
        bound = item.bound or 0
        for limit in wish.limits(now):
            if limit not in accounts:
                accounts[limit] = await account(db, limit)
            outcome = verdict(limit, accounts[limit], bound)
            if outcome == "wait" and await charge_the_dead(db, self._owner, self._is_gone):
                accounts.clear()
                return await self._decide(db, wish, accounts)
            if outcome == "wait" and asyncio.get_running_loop().time() < wish.until:
                return None
            if outcome != "fits":
                return exceeded(limit, accounts[limit], bound, self._calendar)
        await add_hold(db, item, wish.owner)
        for limit, found in accounts.items():
            if limit.first <= item.day <= limit.last and limit.caller in (None, item.caller):
                found.held += bound
                found.under_way += 1
        return item

    def _tell(self, decided: list[tuple[Wish, Answer]]) -> None:
        """Tell those who wait what is now on disk; what was granted to one who has left is freed again."""
        for wish, answer in decided:
            if answer is None:
                continue
            waits = wish in self._wishes
            if waits:
                self._wishes.remove(wish)
            if not waits or wish.done.done():
                if isinstance(answer, Reservation):
                    self.write(Entry(None, answer.id))
            elif isinstance(answer, Reservation):
                wish.done.set_result(answer)
            else:
                wish.done.set_exception(answer)

    def _failed(self, error: IsaacError, wishes: list[Wish]) -> None:
        if self.trouble is None:
            self._log.error("the ledger cannot be written", reason=error.message, calls=len(self._entries))
        self.trouble = error.message
        for wish in wishes:
            if wish in self._wishes:
                self._wishes.remove(wish)
            if not wish.done.done():
                wish.done.set_exception(_no_budgets(error))

    def _recovered(self) -> None:
        if self.trouble is not None:
            self._log.info("the ledger can be written again", lost=self.lost)
            self.trouble = None

    def _drop_oldest(self) -> None:
        for index, entry in enumerate(self._entries):
            if entry.frees is None:
                del self._entries[index]
                self.lost += 1
                return


def _masked(entries: list[Entry]) -> list[Entry]:
    """Take secrets out of questions and answers, which for long ones takes its time."""
    return [
        msgspec.structs.replace(entry, texts=(redact_text(entry.texts[0]), redact_text(entry.texts[1])))
        if entry.texts is not None
        else entry
        for entry in entries
    ]


def _no_budgets(error: IsaacError) -> StorageUnavailable:
    found = StorageUnavailable(
        f"a budget is set, and it cannot be kept: {error.message}",
        hint=error.hint or "without a budget, calls are made all the same",
    )
    found.retryable = False
    return found
