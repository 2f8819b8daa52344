"""Rows handed over to a provider's own batch interface, in jobs that are noted before they leave."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress

import anyio
import msgspec

from isaacd.ai.chat import ChatRequest, Message
from isaacd.ai.meter import Call
from isaacd.ai.meter import Outcome as CallOutcome
from isaacd.ai.provider import BatchItem, RunsBatches
from isaacd.batch.cards import JobCard, Wishes, plural
from isaacd.batch.holds import Bank, commit, release, set_aside
from isaacd.batch.jobs import Jobs
from isaacd.batch.journal import Run
from isaacd.batch.question import Row
from isaacd.batch.runner import Say, Show
from isaacd.errors import (
    BudgetExceeded,
    ConfigInvalid,
    InvalidParams,
    IsaacError,
    NotFound,
    PermissionDenied,
    ProviderUnavailable,
    RateLimited,
)

JOB_ROWS = 10_000
JOB_CHARS = 32 * 1024 * 1024
# After these the provider has certainly not taken the job; after all others nobody can tell.
_NOT_TAKEN = (BudgetExceeded, ConfigInvalid, InvalidParams, NotFound, PermissionDenied, RateLimited)

# What never reached a provider costs nothing.
NOT_SENT = CallOutcome(outcome="cancelled", elapsed_ms=0.0, sent=False)


class Lent(msgspec.Struct, frozen=True):
    """A provider for a while: `name` is what the configuration calls it, `model` the one that it is to be asked for."""

    name: str
    kind: str
    model: str | None
    url: str | None
    provider: object


class Office(msgspec.Struct, frozen=True):
    """What deferred batches need of the request that asks for them.

    `lend` gives a provider by name and model, None for the preferred ones. `meter` counts calls at a discount (0.5 is
    half price), for `caller`. `conversation` puts the usual instructions before the turns of a question that has none.
    """

    lend: Callable[[str | None, str | None], AbstractAsyncContextManager[Lent]]
    meter: Callable[[float], Bank]
    caller: str
    conversation: Callable[[Sequence[Message]], tuple[Message, ...]]
    say: Say
    show: Show
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep


class Sender:
    """Collects rows and hands them over in jobs of one model each, as large as the provider takes them."""

    def __init__(self, jobs: Jobs, office: Office, lent: Lent, run: Run, wishes: Wishes) -> None:
        self._jobs = jobs
        self._office = office
        self._lent = lent
        self._provider = runs_batches(lent)
        self._bank = office.meter(self._provider.batch_discount)
        self._run = run
        self._wishes = wishes
        self._rows: dict[str | None, list[Row]] = {}
        self._chars = 0
        self._sent = 0

    async def add(self, row: Row) -> None:
        """Take one row."""
        assert row.question is not None
        model = row.question.model or self._lent.model
        rows = self._rows.setdefault(model, [])
        rows.append(row)
        self._chars += sum(len(turn.content) for turn in row.question.messages)
        if self._chars >= JOB_CHARS:
            await self.flush()
        elif len(rows) >= min(self._provider.batch_max_items, JOB_ROWS):
            await self._send(model, self._rows.pop(model))

    async def flush(self) -> None:
        """Hand over what is left."""
        while self._rows:
            model = next(iter(self._rows))
            await self._send(model, self._rows.pop(model))
        self._chars = 0

    async def _send(self, model: str | None, rows: list[Row]) -> None:
        batch = self._run.batch
        number, numbers = await self._jobs.intend(
            batch,
            self._run.number,
            rows,
            provider=self._lent.name,
            model=model,
            discount=self._provider.batch_discount,
        )
        items = [
            BatchItem(custom_id(batch, str(given)), self._bank.bounded(self._request(row, model)))
            for given, row in zip(numbers, rows, strict=True)
        ]
        try:
            holds = await set_aside(self._bank, [self._call(item) for item in items])
            with anyio.CancelScope(shield=True):
                await commit(self._jobs, self._bank, batch, number, numbers, holds)
        except BaseException:
            # What cannot be noted now is found at the next look: the job is known as one that was not sent.
            with anyio.CancelScope(shield=True), suppress(IsaacError):
                await release(self._jobs, self._bank, batch, number)
            raise
        await self._submit(number, items)
        self._sent += len(rows)
        await self._office.show({"done": self._sent, "total": None, "label": "handed over"})

    async def _submit(self, number: int, items: list[BatchItem]) -> None:
        batch = self._run.batch
        job = next(item for item in await self._jobs.of(batch) if item.number == number)
        try:
            with anyio.CancelScope(shield=True):  # half handed over is worse than a few seconds more
                remote = await self._provider.submit_batch(items, name=job_name(batch, job))
                await self._jobs.set(batch, number, "working", remote=remote)
        except _NOT_TAKEN:
            await release(self._jobs, self._bank, batch, number)
            raise
        except IsaacError as error:
            await self._jobs.set(batch, number, "unknown", message=error.message)
            raise maybe_taken(batch, job) from error

    def _call(self, item: BatchItem) -> Call:
        return Call(
            id=item.custom_id,
            provider=self._lent.name,
            kind=self._lent.kind,
            model=item.request.model,
            url=self._lent.url,
            caller=self._office.caller,
            request=item.request,
            lane="batch",
        )

    def _request(self, row: Row, model: str | None) -> ChatRequest:
        assert row.question is not None
        return ChatRequest(
            messages=self._office.conversation(row.question.messages),
            model=model,
            temperature=self._wishes.temperature,
            max_tokens=self._wishes.max_tokens,
            stream=False,
        )


def runs_batches(lent: Lent) -> RunsBatches:
    """Return the provider as one that has a batch interface; raises InvalidParams if it has none."""
    if not isinstance(lent.provider, RunsBatches):
        raise InvalidParams(
            f"{lent.name} has no batch interface of its own",
            hint="leave --deferred out, or name another provider with --provider",
        )
    return lent.provider


def custom_id(batch: str, row: str) -> str:
    """Return what a row is called at the provider, so that a person can tell whose it is."""
    return f"isaac-{batch}-{row}"


def job_name(batch: str, job: JobCard) -> str:
    """Return what a job is called at the provider; no other job was ever called so, even if its number was."""
    return f"isaac-{batch}-{job.number}-{round(1000 * (job.submitted_at or 0))}"


def maybe_taken(batch: str, job: JobCard, reason: str = "") -> ProviderUnavailable:
    """Say that nobody can tell whether the provider has a job."""
    return ProviderUnavailable(
        f"job {job.number} of batch {batch} ({plural(job.rows, 'row')}) was on its way to {job.provider} when the "
        f"connection or the daemon ended; whether the provider took it is not known{f': {reason}' if reason else ''}",
        hint=f"the same command looks there again; --resubmit hands the {plural(job.rows, 'row')} over again in any "
        "case, and if the provider has them already, both are paid",
    )
