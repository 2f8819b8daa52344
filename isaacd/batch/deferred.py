"""Batches that a provider works on by itself, at a lower price: handed over, looked after, and fetched."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import msgspec

from isaacd.ai.chat import Finish, TextDelta
from isaacd.ai.meter import Outcome as CallOutcome
from isaacd.ai.provider import BatchResult, BatchStatus
from isaacd.batch.cards import BatchCard, Form, JobCard, Wishes, plural
from isaacd.batch.doubtful import Doubtful
from isaacd.batch.handing import (
    NOT_SENT,
    Lent,
    Office,
    Sender,
    custom_id,
    maybe_taken,
    runs_batches,
)
from isaacd.batch.holds import hold_of
from isaacd.batch.jobs import Jobs, Result, Waiting
from isaacd.batch.journal import Run
from isaacd.batch.question import Row
from isaacd.batch.reader import Reader
from isaacd.batch.record import Failure, Outcome
from isaacd.batch.source import Source
from isaacd.batch.store import BatchStore, identify, rows_of
from isaacd.errors import InvalidParams, IsaacError, ProviderUnavailable

LONGEST_WAIT_FACTOR = 10
_RESULTS_AT_ONCE = 256
# Nobody will ask for the result, but the provider may have worked.
_GIVEN_UP = CallOutcome(outcome="cancelled", elapsed_ms=0.0)
_UNKNOWN = ("submitting", "unknown")
_OVER = ("ended", "failed", "cancelled", "expired")


class Deferred:
    """The deferred batches of a store, for one request."""

    def __init__(self, store: BatchStore, office: Office) -> None:
        self._store = store
        self._jobs: Jobs = store.jobs
        self._office = office
        self._doubtful = Doubtful(store, office)

    async def submit(
        self,
        source: Source,
        wishes: Wishes,
        *,
        form: Form | None = None,
        fresh: bool = False,
        retry_failed: bool = False,
        resubmit: bool = False,
    ) -> BatchCard:
        """Hand over the rows that no job has yet.

        A job is noted before it is handed over. If it was cut short then, the provider is asked whether it has it. Where
        that cannot be told, this raises ProviderUnavailable, and so does every later call, until `resubmit` says that
        its rows are to be handed over again.
        """
        form = form or source.form
        reader = Reader(form, template=wishes.template, system=wishes.system)
        async with aclosing(rows_of(source, reader)) as rows:
            first: list[Row] = await anext(rows, [])
            batch = identify(source, form, wishes, first, deferred=True)
            with self._store.only_one(batch):
                async with self._office.lend(wishes.provider, wishes.model) as lent:
                    runs_batches(lent)
                    await self._settle_unknown(batch, resubmit=resubmit, fresh=fresh)
                    run = await self._store.journal.begin(
                        batch,
                        source=source.name,
                        wishes=msgspec.msgpack.encode(wishes),
                        deferred=True,
                        fresh=fresh,
                    )
                    sender = Sender(self._jobs, self._office, lent, run, wishes)
                    some = first
                    while some:
                        await self._assign(some, run, sender, retry_failed=retry_failed)
                        some = await anext(rows, [])
                    await sender.flush()
                await self._jobs.state(batch, "submitted", reader.count)
        return await self._store.card(batch)

    async def _assign(self, rows: list[Row], run: Run, sender: "Sender", *, retry_failed: bool) -> None:
        bad = [row for row in rows if row.question is None]
        for row in bad:
            await self._office.say(f"line {row.line}: {row.problem}")
        if bad:
            await run.keep_bad(bad)
        claimed: set[int] = set()
        if run.has_past:
            claimed = await self._jobs.claim(run.batch, run.number, rows, retry_failed=retry_failed)
        for row in rows:
            if row.question is not None and row.index not in claimed:
                await sender.add(row)

    async def _settle_unknown(self, batch: str, *, resubmit: bool, fresh: bool) -> None:
        """Find out what became of jobs of which nobody was told; refuse to go on where that is not possible."""
        await self._doubtful.free_unsent(batch)
        for job in await self._jobs.of(batch):
            if job.state in _UNKNOWN:
                found = await self._doubtful.find(batch, job)
                if found not in ("there", "not there"):
                    if not resubmit:
                        raise maybe_taken(batch, job, found)
                    await self._give_up(batch, job)
                    await self._jobs.drop(batch, job.number)
        jobs = await self._jobs.of(batch)
        working = [job for job in jobs if job.state in ("working", "ended")]
        if fresh and working and not resubmit:
            are = "is" if len(working) == 1 else "are"
            raise InvalidParams(
                f"{plural(len(working), 'job')} of this batch {are} at the provider and will be charged",
                hint=f"isaacctl batch cancel {batch} asks for that to stop; --resubmit begins anew all the same",
            )
        if fresh:
            for job in jobs:
                await self._give_up(batch, job)

    async def look(self, batch: str) -> BatchCard:
        """Ask the providers how far the jobs of a batch are, and fetch the results of those that ended."""
        card = await self._store.card(batch)
        with self._store.only_one(card.id):
            await self._doubtful.free_unsent(card.id)
            for job in await self._jobs.of(card.id):
                if job.state in _UNKNOWN:
                    await self._doubtful.find(card.id, job)
            for job in await self._jobs.of(card.id):
                if job.state in ("working", "ended") and job.remote is not None:
                    await self._look_at(card.id, job, job.remote)
            jobs = await self._jobs.of(card.id)
            if card.state == "submitted" and all(job.state not in ("working", "ended") for job in jobs):
                await self._jobs.state(card.id, "finished", None)
        return await self._store.card(card.id)

    async def _look_at(self, batch: str, job: JobCard, remote: str) -> None:
        async with self._office.lend(job.provider, job.model) as lent:
            provider = runs_batches(lent)
            status = await provider.batch_status(remote)
            over = status.state in _OVER
            await self._jobs.seen(batch, job.number, "ended" if over else "working", status)
            if not over:
                return
            await self._fetch(batch, job, provider.batch_results(remote), lent)
            await self._close(batch, job, _no_result(status))
            state = "collected" if status.state == "ended" else status.state
            await self._jobs.set(batch, job.number, state, message=status.message)

    async def _fetch(self, batch: str, job: JobCard, results: AsyncIterator[BatchResult], lent: Lent) -> None:
        some: list[BatchResult] = []
        async for result in results:
            some.append(result)
            if len(some) == _RESULTS_AT_ONCE:
                await self._take(batch, job, some, lent)
                some = []
        if some:
            await self._take(batch, job, some, lent)

    async def _take(self, batch: str, job: JobCard, some: list[BatchResult], lent: Lent) -> None:
        """Charge and keep results that are new; those that are no rows of ours are left alone."""
        prefix = custom_id(batch, "")
        by_row = {
            int(item.custom_id.removeprefix(prefix)): item
            for item in some
            if item.custom_id.startswith(prefix) and item.custom_id.removeprefix(prefix).isdecimal()
        }
        if not by_row:
            return
        kept = []
        for waiting in await self._jobs.waiting(batch, job.number, list(by_row)):
            outcome = await self._outcome(by_row[waiting.row], waiting, job)
            kept.append(Result(waiting.row, outcome))
        await self._jobs.keep(batch, kept)

    async def _outcome(self, result: BatchResult, waiting: Waiting, job: JobCard) -> Outcome:
        finish = next((piece for piece in result.pieces if isinstance(piece, Finish)), None)
        text = "".join(piece.text for piece in result.pieces if isinstance(piece, TextDelta))
        failed = result.error is not None or finish is None
        cost_usd = await self._settle(
            waiting,
            job,
            CallOutcome(
                outcome=(result.error or "broken") if failed else "ok",
                elapsed_ms=0.0,
                usage=finish.usage if finish is not None else None,
                text=text,
                model=finish.model if finish is not None else "",
                sent=finish is not None,  # a row that failed is not charged
            ),
        )
        if failed or finish is None:
            failure = Failure(
                ProviderUnavailable.code,
                result.error or "broken",
                result.message or "the provider gave no answer",
            )
            return Outcome(error=failure, cost_usd=cost_usd, id=waiting.name)
        return Outcome(
            text=text,
            provider=job.provider,
            model=finish.model,
            finish_reason=finish.reason,
            usage=finish.usage,
            cost_usd=cost_usd,
            id=waiting.name,
        )

    async def _close(self, batch: str, job: JobCard, failure: Failure) -> None:
        """Give the rows that have no result, now that none will come, the reason why."""
        while some := await self._jobs.waiting(batch, job.number):
            for waiting in some:
                await self._settle(waiting, job, NOT_SENT)
            await self._jobs.keep(
                batch, [Result(item.row, Outcome(error=failure, id=item.name)) for item in some]
            )

    async def _settle(self, waiting: Waiting, job: JobCard, outcome: CallOutcome) -> float | None:
        hold = hold_of(waiting)
        return None if hold is None else await self._office.meter(job.discount).settle(hold, outcome)

    async def wait(self, batch: str, poll_s: float) -> BatchCard:
        """Look again and again until all jobs are done: less often while nothing changes."""
        delay_s = poll_s
        before: tuple[JobCard, ...] | None = None
        while True:
            try:
                card = await self.look(batch)
            except IsaacError as error:
                if not error.retryable:
                    raise
                await self._office.say(f"cannot look now: {error.message}")
                delay_s = min(2 * delay_s, LONGEST_WAIT_FACTOR * poll_s)
            else:
                done = sum(job.succeeded + job.failed for job in card.jobs)
                await self._office.show({"done": done, "total": card.total, "label": "deferred batch"})
                if all(job.state not in ("working", "ended") for job in card.jobs):
                    return card
                seen = tuple(msgspec.structs.replace(job, checked_at=None) for job in card.jobs)
                delay_s = poll_s if seen != before else min(1.5 * delay_s, LONGEST_WAIT_FACTOR * poll_s)
                before = seen
            await self._office.sleep(delay_s)

    async def forget(self, batch: str) -> None:
        """Delete what is kept of a batch; what its jobs may still cost counts as spent."""
        card = await self._store.card(batch)
        with self._store.only_one(card.id):
            await self._doubtful.free_unsent(card.id)
            for job in await self._jobs.of(card.id):
                await self._give_up(card.id, job)
        await self._store.forget(card.id)

    async def _give_up(self, batch: str, job: JobCard) -> None:
        """Count what a job may cost as spent, as far as that can be estimated: nobody will ask for its results."""
        while some := await self._jobs.waiting(batch, job.number):
            for waiting in some:
                await self._settle(waiting, job, _GIVEN_UP)
            await self._jobs.keep(batch, [Result(item.row, Outcome()) for item in some])

    async def cancel(self, batch: str) -> BatchCard:
        """Ask the providers to stop; what they have done already they keep and charge."""
        card = await self._store.card(batch)
        for job in card.jobs:
            if job.state == "working" and job.remote is not None:
                async with self._office.lend(job.provider, job.model) as lent:
                    await runs_batches(lent).cancel_batch(job.remote)
        return await self.look(card.id)


def _no_result(status: BatchStatus) -> Failure:
    name = status.state if status.state != "ended" else "missing"
    text = status.message or "the provider gave no result for this row"
    return Failure(ProviderUnavailable.code, name, text)
