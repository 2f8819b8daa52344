"""The journal of jobs that providers work on by themselves: noted before they are handed over, and after."""

from collections.abc import Sequence
from typing import Any

import aiosqlite
import msgspec

from isaacd.ai.provider import BatchStatus
from isaacd.batch.cards import JobCard
from isaacd.batch.question import Row
from isaacd.batch.record import Outcome
from isaacd.clock import Clock
from isaacd.database import Database

ROWS_AT_ONCE = 256
_COLUMNS = (
    "number, provider, model, state, rows, remote, succeeded, failed, discount, submitted_at, checked_at, "
    "expires_at, message"
)
_name = msgspec.msgpack.Decoder(str | int | None).decode


class Waiting(msgspec.Struct, frozen=True):
    """A row that a job has and that has no result yet: the name that its input gave it, and the money set aside."""

    row: int
    name: str | int | None
    hold: bytes | None


class Result(msgspec.Struct, frozen=True):
    """What became of a row, by the number that the journal gave it."""

    row: int
    outcome: Outcome


class Jobs:
    """The jobs of all batches."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of(self, batch: str) -> list[JobCard]:
        """Return the jobs of a batch as last seen."""
        found = await self._database.read(
            f"SELECT {_COLUMNS} FROM jobs WHERE batch = ? ORDER BY number",  # noqa: S608 - our own names
            (batch,),
        )
        return [_card(row) for row in found]

    async def claim(self, batch: str, run: int, rows: Sequence[Row], *, retry_failed: bool) -> set[int]:
        """Return the rows that a job has already, by index, and take them over into this run."""
        keys = {row.index: row.question.key for row in rows if row.question is not None}

        async def step(connection: aiosqlite.Connection) -> set[int]:
            if retry_failed:
                await connection.execute(
                    "DELETE FROM rows WHERE batch = ? AND failed AND run < ?", (batch, run)
                )
            marks = ",".join("?" * len(keys))
            found = await connection.execute_fetchall(
                f"SELECT id, key FROM rows WHERE batch = ? AND key IN ({marks}) AND run < ? ORDER BY id DESC",  # noqa: S608 - marks
                (batch, *keys.values(), run),
            )
            known: dict[bytes, list[int]] = {}
            for row_id, key in found:
                known.setdefault(key, []).append(row_id)
            claimed = [(run, index, known[key].pop()) for index, key in keys.items() if known.get(key)]
            await connection.executemany("UPDATE rows SET run = ?, position = ? WHERE id = ?", claimed)
            return {index for _, index, _ in claimed}

        return await self._database.write(step)

    async def intend(
        self, batch: str, run: int, rows: Sequence[Row], *, provider: str, model: str | None, discount: float
    ) -> tuple[int, list[int]]:
        """Note a job that is about to be handed over; return its number, and a number for each of its rows."""
        now = self._clock.now()

        async def step(connection: aiosqlite.Connection) -> tuple[int, list[int]]:
            found = list(
                await connection.execute_fetchall(
                    "SELECT coalesce(max(number), 0) + 1 FROM jobs WHERE batch = ?", (batch,)
                )
            )
            number = int(found[0][0])
            await connection.execute(
                "INSERT INTO jobs (batch, number, provider, model, state, rows, discount, submitted_at) "
                "VALUES (?, ?, ?, ?, 'holding', ?, ?, ?)",
                (batch, number, provider, model, len(rows), discount, now),
            )
            last = list(
                await connection.execute_fetchall(
                    "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'rows'"
                )
            )
            first = int(last[0][0]) + 1
            await connection.executemany(
                "INSERT INTO rows (id, batch, key, position, run, job, name) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (first + offset, batch, row.question.key if row.question else None, row.index, run, number,
                     None if row.id is None else msgspec.msgpack.encode(row.id))
                    for offset, row in enumerate(rows)
                ],
            )  # fmt: skip
            return number, list(range(first, first + len(rows)))

        return await self._database.write(step)

    async def leaving(self, batch: str, number: int) -> None:
        """Note that a job is about to be handed over: from now on, nobody else can tell whether it was."""
        await self._database.execute(
            "UPDATE jobs SET state = 'submitting', submitted_at = ? WHERE batch = ? AND number = ?",
            (self._clock.now(), batch, number),
        )

    async def not_sent(self) -> list[tuple[str, JobCard]]:
        """Return the jobs of all batches, each with its batch, that were noted and certainly not handed over."""
        found = await self._database.read(
            f"SELECT batch, {_COLUMNS} FROM jobs WHERE state = 'holding'"  # noqa: S608 - our own names
        )
        return [(row[0], _card(row[1:])) for row in found]

    async def drop(self, batch: str, number: int) -> None:
        """Forget a job that was certainly not taken; its rows can be handed over again."""

        async def step(connection: aiosqlite.Connection) -> None:
            await connection.execute("DELETE FROM rows WHERE batch = ? AND job = ?", (batch, number))
            await connection.execute("DELETE FROM jobs WHERE batch = ? AND number = ?", (batch, number))

        await self._database.write(step)

    async def set(
        self, batch: str, number: int, state: str, *, remote: str | None = None, message: str = ""
    ) -> None:
        """Note a job's state, and the name that the provider gave it."""
        await self._database.execute(
            "UPDATE jobs SET state = ?, remote = coalesce(?, remote), message = ? WHERE batch = ? AND number = ?",
            (state, remote, message, batch, number),
        )

    async def seen(self, batch: str, number: int, state: str, status: BatchStatus) -> None:
        """Note what the provider said of a job."""
        await self._database.execute(
            "UPDATE jobs SET state = ?, succeeded = ?, failed = ?, expires_at = ?, message = ?, checked_at = ? "
            "WHERE batch = ? AND number = ?",
            (state, status.succeeded, status.failed, status.expires_at, status.message, self._clock.now(),
             batch, number),
        )  # fmt: skip

    async def held(self, holds: Sequence[tuple[int, bytes]]) -> None:
        """Note the money that was set aside for rows."""

        async def step(connection: aiosqlite.Connection) -> None:
            await connection.executemany(
                "UPDATE rows SET hold = ? WHERE id = ?", [(hold, row) for row, hold in holds]
            )

        await self._database.write(step)

    async def waiting(
        self, batch: str, number: int, rows: Sequence[int] | None = None, *, limit: int = ROWS_AT_ONCE
    ) -> list[Waiting]:
        """Return which of these rows have no result yet; without `rows`, so many that have none."""
        which, given = "", tuple(rows or ())
        if rows is not None:
            which = f"AND id IN ({','.join('?' * len(given))})"
        found = await self._database.read(
            f"SELECT id, name, hold FROM rows WHERE batch = ? AND job = ? AND outcome IS NULL {which} LIMIT ?",  # noqa: S608 - marks
            (batch, number, *given, len(given) or limit),
        )
        return [Waiting(row, None if name is None else _name(name), hold) for row, name, hold in found]

    async def keep(self, batch: str, results: Sequence[Result]) -> None:
        """Put results on disk."""
        values = [
            (msgspec.msgpack.encode(item.outcome), item.outcome.error is not None, item.row)
            for item in results
        ]
        paid = sum(item.outcome.cost_usd or 0.0 for item in results)

        async def step(connection: aiosqlite.Connection) -> None:
            await connection.executemany("UPDATE rows SET outcome = ?, failed = ? WHERE id = ?", values)
            await connection.execute(
                "UPDATE batches SET cost_usd = cost_usd + ?, updated_at = ? WHERE id = ?",
                (paid, self._clock.now(), batch),
            )

        await self._database.write(step)

    async def state(self, batch: str, state: str, total: int | None) -> None:
        """Note the state of a whole batch."""
        await self._database.execute(
            "UPDATE batches SET state = ?, total = coalesce(?, total), updated_at = ? WHERE id = ?",
            (state, total, self._clock.now(), batch),
        )


def _card(row: Sequence[Any]) -> JobCard:
    return JobCard(**dict(zip(_COLUMNS.split(", "), row, strict=True)))
