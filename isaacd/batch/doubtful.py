"""Jobs that were cut short on their way: those that were not sent are freed, others are looked for at their provider."""

from typing import Literal

from isaacd.ai.provider import BatchMark, FindsBatches
from isaacd.batch.cards import JobCard, plural
from isaacd.batch.handing import Office, custom_id, job_name
from isaacd.batch.holds import release
from isaacd.batch.store import BatchStore
from isaacd.errors import IsaacError

# A service may still be taking in what was sent a moment ago, so that one look is not enough.
FRESH_S = 600.0
SECOND_LOOK_S = 10.0

Found = Literal["there", "not there"]


class Doubtful:
    """Decides what became of the jobs of a store of which nobody was told."""

    def __init__(self, store: BatchStore, office: Office) -> None:
        self._store = store
        self._office = office

    async def free_unsent(self, held: str) -> None:
        """Free the money of all jobs that were certainly not sent; of batches under way only that of `held`, our own."""
        for batch, job in await self._store.jobs.not_sent():
            if batch == held or not self._store.is_under_way(batch):
                await release(self._store.jobs, self._office.meter(job.discount), batch, job.number)

    async def find(self, batch: str, job: JobCard) -> Found | str:
        """Look for a job at its provider and note what is found: "there", "not there", or why that cannot be told.

        One that is there goes on as if it had been handed over in peace; one that is not is forgotten.
        """
        try:
            remote = await self._look(batch, job)
        except IsaacError as error:
            return error.message
        if isinstance(remote, _Cannot):
            return str(remote)
        if remote is not None:
            await self._store.jobs.set(batch, job.number, "working", remote=remote)
            await self._office.say(
                f"job {job.number} ({plural(job.rows, 'row')}) has reached {job.provider}, and goes on there"
            )
            return "there"
        await release(self._store.jobs, self._office.meter(job.discount), batch, job.number)
        await self._office.say(
            f"job {job.number} ({plural(job.rows, 'row')}) has not reached {job.provider}, and costs nothing"
        )
        return "not there"

    async def _look(self, batch: str, job: JobCard) -> "str | _Cannot | None":
        waiting = await self._store.jobs.waiting(batch, job.number, limit=-1)
        mark = BatchMark(
            name=job_name(batch, job),
            custom_ids=frozenset(custom_id(batch, str(item.row)) for item in waiting),
            since=job.submitted_at or 0.0,
        )
        async with self._office.lend(job.provider, job.model) as lent:
            if not isinstance(lent.provider, FindsBatches):
                return _Cannot(f"{job.provider} cannot be asked for it")
            remote = await lent.provider.find_batch(mark)
            if remote is None and self._store.age_s(job) < FRESH_S:
                await self._office.sleep(SECOND_LOOK_S)
                remote = await lent.provider.find_batch(mark)
            return remote


class _Cannot(str):
    """Why a provider cannot tell."""

    __slots__ = ()
