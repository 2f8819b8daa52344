"""Many questions under way at once: each is asked once, kept as soon as it is answered, and written in its turn."""

from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from contextlib import suppress

import anyio
import anyio.abc
import anyio.lowlevel
import msgspec

from isaacd.ai.chat import Answer
from isaacd.batch.cards import Running, plural
from isaacd.batch.journal import Entry, Run
from isaacd.batch.outlet import Finished, Outlet
from isaacd.batch.question import Ask, Question, Row
from isaacd.batch.record import Outcome
from isaacd.batch.tally import Tally
from isaacd.errors import BudgetExceeded, ConfigInvalid, IsaacError, PermissionDenied, ShuttingDown

# Every row to come would meet the same: they are left for a later run instead of failing one by one.
_STOPPING = (BudgetExceeded, ConfigInvalid, PermissionDenied)

_PROBLEMS_SAID = 10

# Shows how far the batch is, and says a line about it.
Show = Callable[[dict[str, object]], Awaitable[None]]
Say = Callable[[str], Awaitable[None]]


class Runner:
    """Runs one batch.

    A row holds one of `concurrency` places from being read until the outlet has taken it, so that neither a slow
    journal nor a slow reader of the output lets anything pile up. Three tasks pass rows on: the reader to the
    askers, the askers to the keeper (all that has come since its last transaction goes into the next), and the
    keeper to the outlet.
    """

    def __init__(
        self,
        ask: Ask,
        run: Run,
        outlet: Outlet,
        tally: Tally,
        *,
        show: Show,
        say: Say,
        running: Running,
        grace_s: float,
        leaving: Callable[[], Awaitable[None]] = anyio.sleep_forever,
    ) -> None:
        self._ask = ask
        self._run = run
        self._outlet = outlet
        self._tally = tally
        self._show = show
        self._say = say
        self._running = running
        self._places = anyio.Semaphore(running.concurrency, fast_acquire=True)
        self._answered: list[Entry] = []
        self._kept: list[Finished] = []
        self._news = anyio.Event()
        self._kept_news = anyio.Event()
        self._all_answered = False
        self._all_kept = False
        self._problems = 0
        self._grace_s = grace_s
        self._leaving = leaving
        self._asking: set[anyio.CancelScope] = set()
        self._parking = anyio.CancelScope()
        self._under_way = 0
        self._none_asked = anyio.Event()
        self._broken = False
        self.stopped: IsaacError | None = None

    async def main(self, rows: AsyncIterable[Sequence[Row]]) -> None:
        """Ask all rows; whatever ends this, what was answered is kept.

        If this is cancelled, rows under way may end for `grace_s`: they are paid for, and would be asked again. Once
        `leaving` has come back, no row is begun any more, those under way end, and the others are left for a later run.
        Raises what reading, the journal and the outlet raise; what a row raises is its outcome.
        """
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._guarded, self._keep)
                group.start_soon(self._guarded, self._write)
                group.start_soon(self._park)
                await self._show(self._tally.progress())
                async with anyio.create_task_group() as askers:
                    try:
                        await self._read(rows, askers)
                        await self._until_all_are_answered()
                    except BaseException as error:
                        await self._let_end(isinstance(error, anyio.get_cancelled_exc_class()))
                        raise
                self._all_answered = True
                self._news.set()
                self._parking.cancel()
        except BaseExceptionGroup as several:
            await self._keep_the_last()
            raise _first_cause(several) from None
        except BaseException:
            await self._keep_the_last()
            raise

    async def _park(self) -> None:
        """Begin nothing any more as soon as the daemon leaves."""
        with self._parking:
            await self._leaving()
            hint = "the same command goes on where this one has stopped"
            self.stopped = self.stopped or ShuttingDown(
                "the daemon is stopping", hint=hint, retry_after_ms=1000
            )

    async def _guarded(self, task: Callable[[], Awaitable[None]]) -> None:
        try:
            await task()
        except Exception:
            self._broken = True
            raise

    async def _until_all_are_answered(self) -> None:
        while self._under_way:
            self._none_asked = anyio.Event()
            await self._none_asked.wait()

    async def _let_end(self, cancelled: bool) -> None:
        """Let the rows under way end for a while; not if this very batch has failed, as then nobody keeps them."""
        with anyio.CancelScope(shield=True):
            parked = isinstance(self.stopped, ShuttingDown)  # then they have had their time
            if cancelled and not (parked or self._broken) and self._under_way and self._grace_s:
                with anyio.move_on_after(self._grace_s):
                    rows = plural(self._under_way, "row")
                    await self._say(f"finishing {rows} under way; Ctrl-C again leaves at once")
                    await self._until_all_are_answered()
        for scope in self._asking:
            scope.cancel()

    async def _read(self, rows: AsyncIterable[Sequence[Row]], askers: anyio.abc.TaskGroup) -> None:
        async for some in rows:
            known = await self._run.claim(some, retry_failed=self._running.retry_failed)
            for row in some:
                await self._places.acquire()
                if self.stopped is not None:
                    self._places.release()
                    return
                if row.question is None:
                    await self._complain(row)
                    self._finish(row, None, Outcome.bad(row))
                elif row.index in known:
                    self._resume(row, known[row.index])
                else:
                    self._under_way += 1
                    askers.start_soon(self._one, row)
                    # So that this question is on its way before the next one is prepared.
                    await anyio.lowlevel.checkpoint()

    async def _complain(self, row: Row) -> None:
        self._problems += 1
        if self._problems <= _PROBLEMS_SAID:
            await self._say(f"line {row.line}: {row.problem}")
        elif self._problems == _PROBLEMS_SAID + 1:
            await self._say("more lines are bad; their rows say why")

    async def _one(self, row: Row) -> None:
        assert row.question is not None
        prompt = row.prompt if self._running.echo else None
        try:
            answer = await self._asked(row.question)
        except _STOPPING as error:
            if row.question.model is None:
                self.stopped = self.stopped or error
                self._places.release()
                return
            outcome = Outcome.failed(error, row, prompt)
        except IsaacError as error:
            outcome = Outcome.failed(error, row, prompt)
        else:
            outcome = Outcome.of(answer, row, prompt)
        self._finish(row, row.question.key, outcome)

    async def _asked(self, question: Question) -> Answer:
        """Ask; once that has begun, only `_let_end` cuts it short."""
        with anyio.CancelScope() as scope:
            self._asking.add(scope)
            try:
                await anyio.lowlevel.checkpoint_if_cancelled()
                scope.shield = True
                return await self._ask(question)
            finally:
                self._asking.discard(scope)
                self._under_way -= 1
                if not self._under_way:
                    self._none_asked.set()
        await anyio.sleep_forever()  # until the cancellation around us arrives
        raise AssertionError

    def _finish(self, row: Row, key: bytes | None, outcome: Outcome) -> None:
        self._answered.append(Entry(row.index, key, outcome))
        self._news.set()

    def _resume(self, row: Row, outcome: Outcome) -> None:
        prompt = row.prompt if self._running.echo else None
        if (outcome.id, outcome.prompt) != (row.id, prompt):
            outcome = msgspec.structs.replace(outcome, id=row.id, prompt=prompt)
        self._kept.append(Finished(row.index, outcome, resumed=True))
        self._kept_news.set()

    async def _keep(self) -> None:
        """Put what has been answered on disk, and pass it on."""
        while True:
            if not self._answered:
                if self._all_answered:
                    break
                self._news = anyio.Event()
                await self._news.wait()
                continue
            entries = self._answered.copy()
            with anyio.CancelScope(shield=True):  # else nobody would know whether they are kept
                await self._run.keep(entries)
                del self._answered[: len(entries)]
            self._kept += [Finished(item.position, item.outcome) for item in entries]
            self._kept_news.set()
        self._all_kept = True
        self._kept_news.set()

    async def _keep_the_last(self) -> None:
        """Keep what had come when the batch was stopped; if it was the disk that failed, it may do so again."""
        if self._answered:
            with anyio.CancelScope(shield=True), suppress(IsaacError):
                await self._run.keep(self._answered)

    async def _write(self) -> None:
        """Write what is on disk, and give its places free."""
        await self._outlet.begin()
        while True:
            if not self._kept:
                if self._all_kept:
                    break
                self._kept_news = anyio.Event()
                await self._kept_news.wait()
                continue
            rows, self._kept = self._kept, []
            for row in rows:
                self._tally.count(row.outcome, resumed=row.resumed)
            await self._outlet.put(rows)
            for _ in rows:
                self._places.release()
            if self._tally.is_due():
                await self._show(self._tally.progress())
        await self._outlet.end()


def _first_cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error itself: one of several tasks has failed, and the others were stopped."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
