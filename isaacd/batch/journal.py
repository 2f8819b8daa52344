"""The journal of batches in SQLite: what was asked is known by its content, and what was answered is never asked again."""

from collections.abc import AsyncGenerator, Collection, Sequence
from pathlib import Path

import aiosqlite
import msgspec

from isaacd.batch.question import Row
from isaacd.batch.record import Outcome
from isaacd.clock import Clock
from isaacd.database import Database, Schema
from isaacd.log import Log

_DAY_S = 86_400.0
SCHEMA = Schema(
    "the journal of batches",
    3,
    (
        (
            """CREATE TABLE batches (
                id TEXT PRIMARY KEY, state TEXT NOT NULL, source TEXT NOT NULL, wishes BLOB NOT NULL,
                deferred INTEGER NOT NULL, run INTEGER NOT NULL, total INTEGER, cost_usd REAL NOT NULL DEFAULT 0,
                created_at REAL NOT NULL, updated_at REAL NOT NULL
            ) STRICT""",
            # The numbers go out to providers as names of rows: none may ever stand for another row.
            """CREATE TABLE rows (
                id INTEGER PRIMARY KEY AUTOINCREMENT, batch TEXT NOT NULL REFERENCES batches ON DELETE CASCADE,
                key BLOB, position INTEGER NOT NULL, run INTEGER NOT NULL, job INTEGER,
                failed INTEGER NOT NULL DEFAULT 0, outcome BLOB, name BLOB, hold BLOB
            ) STRICT""",
            "CREATE INDEX rows_by_key ON rows (batch, key)",
            # These hold all that counting needs; a row itself may be large.
            "CREATE INDEX rows_done ON rows (batch, run, position, failed) WHERE outcome IS NOT NULL",
            "CREATE INDEX rows_waiting ON rows (batch, job) WHERE outcome IS NULL",
            """CREATE TABLE jobs (
                batch TEXT NOT NULL REFERENCES batches ON DELETE CASCADE, number INTEGER NOT NULL,
                provider TEXT NOT NULL, model TEXT, state TEXT NOT NULL, remote TEXT, rows INTEGER NOT NULL,
                succeeded INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, discount REAL NOT NULL,
                submitted_at REAL, checked_at REAL, expires_at REAL, message TEXT NOT NULL DEFAULT '',
                PRIMARY KEY (batch, number)
            ) STRICT, WITHOUT ROWID""",
        ),
    ),
)
_READ_AT_ONCE = 256
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Outcome).decode


class Kept(msgspec.Struct, frozen=True):
    """A row that is done, at its place in the output."""

    position: int
    outcome: Outcome


class Entry(msgspec.Struct, frozen=True):
    """A row of this run that is to be kept; `key` None is of no use to a later run."""

    position: int
    key: bytes | None
    outcome: Outcome


class Run:
    """One run of one batch: what earlier runs left, and what this one adds.

    Each row that was kept can be claimed once, so that equal rows get as many answers as there are of them.
    """

    def __init__(self, database: Database, batch: str, number: int, *, has_past: bool, clock: Clock) -> None:
        self.batch = batch
        self.number = number
        self.has_past = has_past
        self._database = database
        self._clock = clock

    async def claim(self, rows: Sequence[Row], *, retry_failed: bool) -> dict[int, Outcome]:
        """Return what is known of these rows by their index, and take it over into this run.

        With `retry_failed`, failures are forgotten instead.
        """
        keys = {row.index: row.question.key for row in rows if row.question is not None}
        if not self.has_past or not keys:
            return {}

        async def step(connection: aiosqlite.Connection) -> dict[int, Outcome]:
            marks = ",".join("?" * len(keys))
            found = await connection.execute_fetchall(
                f"SELECT id, key, failed, outcome FROM rows WHERE batch = ? AND key IN ({marks}) AND run < ? "  # noqa: S608 - marks
                "ORDER BY id DESC",
                (self.batch, *keys.values(), self.number),
            )
            kept: dict[bytes, list[tuple[int, bytes]]] = {}
            dropped = []
            for row_id, key, failed, outcome in found:
                if outcome is None or (failed and retry_failed):
                    dropped.append((row_id,))
                else:
                    kept.setdefault(key, []).append((row_id, outcome))
            claimed, moved = {}, []
            for index, key in keys.items():
                if kept.get(key):
                    row_id, outcome = kept[key].pop()
                    claimed[index] = _decode(outcome)
                    moved.append((self.number, index, row_id))
            if moved:
                await connection.executemany("UPDATE rows SET run = ?, position = ? WHERE id = ?", moved)
            if dropped:
                await connection.executemany("DELETE FROM rows WHERE id = ?", dropped)
            return claimed

        return await self._database.write(step)

    async def keep(self, entries: Sequence[Entry]) -> None:
        """Put rows on disk, all or none."""
        values = [
            (self.batch, item.key, item.position, self.number, item.outcome.error is not None,
             _encode(item.outcome))
            for item in entries
        ]  # fmt: skip
        paid = sum(item.outcome.cost_usd or 0.0 for item in entries)

        async def step(connection: aiosqlite.Connection) -> None:
            await connection.executemany(
                "INSERT INTO rows (batch, key, position, run, failed, outcome) VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )
            if paid:
                await connection.execute(
                    "UPDATE batches SET cost_usd = cost_usd + ? WHERE id = ?", (paid, self.batch)
                )

        await self._database.write(step)

    async def keep_bad(self, rows: Sequence[Row]) -> None:
        """Keep what is wrong with rows of the input."""
        await self.keep([Entry(row.index, None, Outcome.bad(row)) for row in rows])

    async def since(self, position: int) -> list[Kept]:
        """Return rows of this run from a place on, without a gap, a few at a time; none if that one is not done."""
        found = await self._database.read(
            "SELECT position, outcome FROM rows WHERE batch = ? AND run = ? AND position >= ? "
            "AND outcome IS NOT NULL ORDER BY position LIMIT ?",
            (self.batch, self.number, position, _READ_AT_ONCE),
        )
        whole = []
        for offset, (at, outcome) in enumerate(found):
            if at != position + offset:
                break
            whole.append(Kept(at, _decode(outcome)))
        return whole

    async def end(self, state: str, total: int | None) -> None:
        """Note how the run ended."""
        await self._database.execute(
            "UPDATE batches SET state = ?, total = ?, updated_at = ? WHERE id = ?",
            (state, total, self._clock.now(), self.batch),
        )


class Journal:
    """All batches that are remembered."""

    def __init__(self, file: Path, clock: Clock, log: Log) -> None:
        self.database = Database(file, SCHEMA, clock=clock, log=log)
        self._clock = clock

    async def begin(
        self, batch: str, *, source: str, wishes: bytes, deferred: bool = False, fresh: bool = False
    ) -> Run:
        """Begin a run; with `fresh`, or if the batch is not known, there is no past."""
        now = self._clock.now()

        async def step(connection: aiosqlite.Connection) -> tuple[int, bool]:
            if fresh:
                await connection.execute("DELETE FROM batches WHERE id = ?", (batch,))
            found = list(await connection.execute_fetchall("SELECT run FROM batches WHERE id = ?", (batch,)))
            number = found[0][0] + 1 if found else 1
            if found:
                # What is wrong with the input is found anew by each run.
                await connection.execute("DELETE FROM rows WHERE batch = ? AND key IS NULL", (batch,))
            await connection.execute(
                "INSERT INTO batches (id, state, source, wishes, deferred, run, created_at, updated_at) "
                "VALUES (?, 'running', ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE "
                "SET state = 'running', run = excluded.run, updated_at = excluded.updated_at",
                (batch, source, wishes, deferred, number, now, now),
            )
            return number, bool(found)

        number, has_past = await self.database.write(step)
        return Run(self.database, batch, number, has_past=has_past, clock=self._clock)

    async def forget(self, batch: str) -> bool:
        """Delete a batch with all that is kept of it; False if there is none."""
        return await self.database.execute("DELETE FROM batches WHERE id = ?", (batch,)) > 0

    async def forget_old(self, keep_days: float, under_way: Collection[str]) -> None:
        """Delete the batches that nobody has touched for so long, unless somebody still works on them."""
        marks = ",".join("?" * len(under_way))
        await self.database.execute(
            f"DELETE FROM batches WHERE updated_at < ? AND id NOT IN ({marks}) AND NOT EXISTS (SELECT 1 FROM jobs WHERE batch = batches.id "  # noqa: S608 - marks
            "AND state IN ('holding', 'submitting', 'unknown', 'working', 'ended'))",
            (self._clock.now() - keep_days * _DAY_S, *under_way),
        )

    async def outcomes(self, batch: str) -> AsyncGenerator[list[Kept], None]:
        """Give what is kept of the last run, in the order of its rows, a few at a time."""
        number = await self.database.read("SELECT run FROM batches WHERE id = ?", (batch,))
        position = -1
        while number:
            found = await self.database.read(
                "SELECT position, outcome FROM rows WHERE batch = ? AND run = ? AND position > ? "
                "AND outcome IS NOT NULL ORDER BY position LIMIT ?",
                (batch, number[0][0], position, _READ_AT_ONCE),
            )
            if not found:
                return
            yield [Kept(at, _decode(outcome)) for at, outcome in found]
            position = found[-1][0]

    async def aclose(self) -> None:
        """Let go of the file."""
        await self.database.aclose()
