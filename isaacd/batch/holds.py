"""Money set aside for the rows of a job: for this process until the job is about to leave, then until its results are there."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import anyio
import msgspec

from isaacd.ai.meter import Call, Meter
from isaacd.batch.jobs import Jobs, Waiting
from isaacd.errors import IsaacError
from isaacd.ledger.record import Reservation

# So many rows share one transaction of the ledger.
_AT_ONCE = 500


class Bank(Meter, Protocol):
    """A meter whose reservations end with this process, as what was not sent costs nothing, unless they are kept."""

    async def keep(self, reservations: Sequence[Reservation]) -> None:
        """Let them outlive this process; that is on disk when this returns."""
        ...

    async def free(self, reservations: Sequence[Reservation]) -> None:
        """Free them for calls that were never made; that is on disk when this returns."""
        ...


async def set_aside(bank: Bank, calls: Sequence[Call]) -> list[object]:
    """Set aside what calls may cost, all or nothing; raises what `reserve` raises."""
    holds: list[object] = [None] * len(calls)
    refusals: list[IsaacError] = []

    async def one(index: int) -> None:
        try:
            holds[index] = await bank.reserve(calls[index])
        except IsaacError as error:
            refusals.append(error)

    try:
        for first in range(0, len(calls), _AT_ONCE):
            async with anyio.create_task_group() as group:
                for index in range(first, min(first + _AT_ONCE, len(calls))):
                    group.start_soon(one, index)
            if refusals:
                raise refusals[0]
    except BaseException:
        await _give_back(bank, holds)
        raise
    return holds


async def commit(
    jobs: Jobs, bank: Bank, batch: str, number: int, rows: list[int], holds: list[object]
) -> None:
    """Note the holds, let them outlive us, and note that the job is about to leave; in this order.

    Whenever this is cut short, the ledger frees them by itself, or the journal knows them and the job as not sent.
    """
    known = [
        (row, msgspec.msgpack.encode(hold))
        for row, hold in zip(rows, holds, strict=True)
        if isinstance(hold, Reservation)
    ]
    try:
        if known:
            await jobs.held(known)
            await bank.keep(_reservations(holds))
        await jobs.leaving(batch, number)
    except BaseException:
        await _give_back(bank, holds)
        raise


async def release(jobs: Jobs, bank: Bank, batch: str, number: int) -> None:
    """Forget a job that the provider has not taken, and free the money that was set aside for its rows."""
    waiting = await jobs.waiting(batch, number, limit=-1)
    await bank.free(_reservations([hold_of(item) for item in waiting]))
    await jobs.drop(batch, number)


def hold_of(waiting: Waiting) -> Reservation | None:
    """Return the money that was set aside for a row."""
    return None if waiting.hold is None else msgspec.msgpack.decode(waiting.hold, type=Reservation)


async def _give_back(bank: Bank, holds: Sequence[object]) -> None:
    with (
        anyio.CancelScope(shield=True),
        suppress(IsaacError),
    ):  # if the disk fails, the end of the process frees them
        await bank.free(_reservations(holds))


def _reservations(holds: Sequence[object]) -> list[Reservation]:
    return [hold for hold in holds if isinstance(hold, Reservation)]
