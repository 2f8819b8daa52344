"""Batches as commands see them: run, looked up, forgotten; each is one at a time."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path

import anyio
import msgspec

from isaacd.batch.cards import BatchCard, BatchSummary, Form, JobCard, Layout, Running, Wishes
from isaacd.batch.jobs import Jobs
from isaacd.batch.journal import Journal, Run
from isaacd.batch.outlet import Emit, Finished, Outlet
from isaacd.batch.question import Ask, Row, digest
from isaacd.batch.reader import Reader
from isaacd.batch.record import Writer
from isaacd.batch.runner import Runner, Say, Show
from isaacd.batch.source import Source
from isaacd.batch.tally import Tally
from isaacd.clock import Clock
from isaacd.errors import IsaacError, NotFound, Overloaded, StorageUnavailable
from isaacd.log import Log

_ID_DIGITS = 10
_ROWS_AT_ONCE = 256
_FAREWELL_S = 2.0
# How long rows under way may go on after Ctrl-C; a daemon that stops gives cancelled commands about as long.
GRACE_S = 3.0
_TIDY_EVERY_S = 3600.0


class Ports(msgspec.Struct, frozen=True):
    """What a batch needs of the request that runs it: whom to ask, and where text, progress and notes go."""

    ask: Ask
    emit: Emit
    show: Show
    say: Say


class BatchStore:
    """All batches of one daemon."""

    def __init__(
        self,
        file: Path,
        clock: Clock,
        log: Log,
        *,
        grace_s: float = GRACE_S,
        leaving: Callable[[], Awaitable[None]] = anyio.sleep_forever,
    ) -> None:
        self._grace_s = grace_s
        self._leaving = leaving
        self.journal = Journal(file, clock, log)
        self.jobs = Jobs(self.journal.database, clock)
        self._clock = clock
        self._under_way: set[str] = set()
        self._tidied: float | None = None

    async def run(
        self,
        source: Source,
        wishes: Wishes,
        running: Running,
        ports: Ports,
        *,
        form: Form | None = None,
        keep_days: float = 30.0,
    ) -> BatchSummary:
        """Ask every row of `source` and write its answer; the same batch goes on where an earlier run ended.

        Raises InvalidParams for an input that cannot be used, Overloaded if the batch is under way already, and
        what stopped it: BudgetExceeded, PermissionDenied, ConfigInvalid, StorageUnavailable.
        """
        form = form or source.form
        reader = Reader(form, template=wishes.template, system=wishes.system)
        tally = Tally(self._clock)
        async with aclosing(rows_of(source, reader)) as rows:
            first: list[Row] = await anext(rows, [])
            batch = identify(source, form, wishes, first)
            with self.only_one(batch):
                run = await self.journal.begin(
                    batch, source=source.name, wishes=msgspec.msgpack.encode(wishes), fresh=running.fresh
                )
                for notice in self.journal.database.notices:
                    await ports.say(notice)
                outlet = Outlet(
                    Writer(running.layout, echo=running.echo), ports.emit, run, ordered=running.ordered
                )
                runner = Runner(
                    ports.ask,
                    run,
                    outlet,
                    tally,
                    show=ports.show,
                    say=ports.say,
                    running=running,
                    grace_s=self._grace_s,
                    leaving=self._leaving,
                )
                await self._to_the_end(runner, _chain(first, rows), run, tally, source, form, ports)
        await self._tidy(keep_days)
        if runner.stopped is not None:
            raise _stopped(runner.stopped, tally)
        return tally.summary(batch)

    async def _tidy(self, keep_days: float) -> None:
        """Forget old batches, now and then; that is no reason to fail."""
        now = self._clock.monotonic()
        if self._tidied is None or now - self._tidied >= _TIDY_EVERY_S:
            self._tidied = now
            with suppress(StorageUnavailable):
                await self.journal.forget_old(keep_days, self._under_way)

    async def _to_the_end(
        self,
        runner: Runner,
        rows: AsyncIterator[Sequence[Row]],
        run: Run,
        tally: Tally,
        source: Source,
        form: Form | None,
        ports: Ports,
    ) -> None:
        """Run it, and note how it ended, however that was."""

        async def count() -> None:
            tally.total = await source.count(form)

        state, total = "interrupted", None
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(count)
                await runner.main(rows)
                group.cancel_scope.cancel()
            if runner.stopped is None:
                state, total = "finished", tally.done
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(_FAREWELL_S, shield=True):
                await ports.say(_farewell(tally))
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await run.end(state, total)

    async def answers(self, batch: str, layout: Layout, emit: Emit) -> int:
        """Write what is kept of a batch once more, in the order of its rows; return how many rows that are."""
        card = await self.card(batch)
        outlet = Outlet(Writer(layout, echo=True), emit, ordered=False)
        await outlet.begin()
        count = 0
        async with aclosing(self.journal.outcomes(card.id)) as portions:
            async for kept in portions:
                await outlet.put([Finished(item.position, item.outcome) for item in kept])
                count += len(kept)
        return count

    async def cards(self) -> list[BatchCard]:
        """Describe the batches that are remembered, the newest first."""
        found = await self.journal.database.read(
            "SELECT id, state, source, wishes, deferred, total, cost_usd, created_at, updated_at, "
            "(SELECT count(*) FROM rows WHERE batch = batches.id AND run = batches.run AND outcome IS NOT NULL), "
            "(SELECT count(*) FROM rows WHERE batch = batches.id AND run = batches.run AND outcome IS NOT NULL AND failed) "
            "FROM batches ORDER BY updated_at DESC, id"
        )
        return [self._card(*row) for row in found]

    def _card(
        self,
        batch: str,
        state: str,
        source: str,
        wishes: bytes,
        deferred: int,
        total: int | None,
        cost_usd: float,
        created_at: float,
        updated_at: float,
        rows: int,
        failed: int,
    ) -> BatchCard:
        if state == "running" and batch not in self._under_way:
            state = "interrupted"  # by a kill, which leaves no time to note it
        return BatchCard(
            id=batch,
            state=state,
            source=source,
            rows=rows,
            failed=failed,
            total=total,
            deferred=bool(deferred),
            cost_usd=cost_usd,
            created_at=created_at,
            updated_at=updated_at,
            wishes=msgspec.msgpack.decode(wishes, type=Wishes),
        )

    async def card(self, batch: str) -> BatchCard:
        """Describe one batch; the beginning of its name is enough. Raises NotFound."""
        found = [card for card in await self.cards() if card.id.startswith(batch)] if batch else []
        if len(found) != 1:
            what = "no batch is called" if not found else "several batches begin with"
            raise NotFound(f"{what} {batch[:40]!r}", hint="isaacctl batch list shows them")
        card = found[0]
        jobs = await self.jobs.of(card.id) if card.deferred else ()
        if card.id not in self._under_way:  # then whoever handed them over is gone
            jobs = [
                msgspec.structs.replace(job, state="unknown") if job.state == "submitting" else job
                for job in jobs
            ]
        return msgspec.structs.replace(card, jobs=tuple(jobs))

    async def forget(self, batch: str) -> BatchCard:
        """Delete what is kept of a batch; raises NotFound, or Overloaded while it is under way."""
        card = await self.card(batch)
        with self.only_one(card.id):
            await self.journal.forget(card.id)
        return card

    async def aclose(self) -> None:
        """Let go of the file."""
        await self.journal.aclose()

    def is_under_way(self, batch: str) -> bool:
        """Tell whether somebody works on a batch just now."""
        return batch in self._under_way

    def age_s(self, job: JobCard) -> float:
        """Return how long ago a job was handed over."""
        return self._clock.now() - (job.submitted_at or 0.0)

    @contextmanager
    def only_one(self, batch: str) -> Iterator[None]:
        """Hold a batch alone; raises Overloaded while somebody else does."""
        if batch in self._under_way:
            raise Overloaded(
                f"this batch ({batch}) is under way already", hint="wait for its end, or stop it with Ctrl-C"
            )
        self._under_way.add(batch)
        try:
            yield
        finally:
            self._under_way.discard(batch)


def identify(
    source: Source, form: Form | None, wishes: Wishes, first: Sequence[Row], *, deferred: bool = False
) -> str:
    """Return a batch's name: the same for the same file and options; what is piped in is known by its first row."""
    name = source.identity or digest([row.question for row in first[:1]]).hex()
    return digest((name, form, wishes, deferred)).hex()[:_ID_DIGITS]


async def rows_of(source: Source, reader: Reader) -> AsyncGenerator[list[Row], None]:
    """Give the rows as they arrive, so many at once that the journal can be asked for all of them."""
    async with aclosing(source.chunks()) as chunks:
        async for chunk in chunks:
            for some in _portions(reader.feed(chunk)):
                yield some
    for some in _portions(reader.end()):
        yield some


def _portions(rows: Iterator[Row]) -> Iterator[list[Row]]:
    some: list[Row] = []
    for row in rows:
        some.append(row)
        if len(some) == _ROWS_AT_ONCE:
            yield some
            some = []
    if some:
        yield some


async def _chain(first: list[Row], rest: AsyncIterator[Sequence[Row]]) -> AsyncGenerator[Sequence[Row], None]:
    if first:
        yield first
    async for some in rest:
        yield some


def _farewell(tally: Tally) -> str:
    return f"interrupted: {tally.ok} answers are kept; the same command goes on from there"


def _stopped(error: IsaacError, tally: Tally) -> IsaacError:
    """Say that what stopped the batch did not spoil it."""
    hint = f"{tally.ok} answers are kept; the same command goes on from there"
    return type(error)(
        error.message,
        hint=f"{error.hint}\n{hint}" if error.hint else hint,
        detail=error.detail,
        retry_after_ms=error.retry_after_ms,
    )
