"""Schedules on disk: each moved on, noted, and made a task of, in one transaction."""

# ruff: noqa: S608 - only our own names are put into statements; values are parameters

from collections.abc import Sequence

import aiosqlite
import msgspec

from isaacd.clock import Clock
from isaacd.database import Database
from isaacd.errors import InvalidParams, NotFound, Overloaded
from isaacd.jobs.cards import Firing, Outcome, ScheduleCard, Work
from isaacd.jobs.schedule import COLUMNS, WORK_COLUMNS, Schedule, approval_of, card_of, schedule_of
from isaacd.jobs.store import TaskStore
from isaacd.jobs.times.rule import rule_of
from isaacd.jobs.times.speech import Meant
from isaacd.jobs.times.zone import Zone

FIRINGS_KEPT = 200


class ScheduleStore:
    """All schedules."""

    def __init__(self, database: Database, tasks: TaskStore, clock: Clock) -> None:
        self._database = database
        self._tasks = tasks
        self._clock = clock

    async def add(
        self,
        words: str,
        meant: Meant,
        zone: Zone,
        work: Work,
        *,
        tier: str | None,
        catch_up: bool,
        limit: int,
    ) -> ScheduleCard:
        """Keep a schedule; a `tier` says that a person agreed to a line for a shell.

        Raises InvalidParams for a moment that is over, Overloaded for more than `limit` schedules.
        """
        now = self._clock.now()
        due = rule_of(meant.spec, zone, now).next_after(now)
        if due is None:
            raise InvalidParams("that moment is over", hint="name one that is still to come")
        approval = None if tier is None else approval_of(work, tier)

        async def step(connection: aiosqlite.Connection) -> int:
            rows = list(await connection.execute_fetchall("SELECT count(*) FROM schedules"))
            if int(rows[0][0]) >= limit:
                raise Overloaded(
                    f"there are {limit} schedules already",
                    hint="isaacctl schedule list shows them; jobs.max_schedules is the limit",
                )
            cursor = await connection.execute(
                f"INSERT INTO schedules (words, spec, zone, anchor, {WORK_COLUMNS}, tier, approval, catch_up, created_at, next_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(words, meant.spec, zone.name, now, work.kind),
                    msgspec.json.encode(work.argv).decode(),
                    *(work.label, work.cwd),
                    msgspec.json.encode(work.env).decode(),
                    *(work.input, work.caller, tier, approval, catch_up, now, due),
                ),
            )
            assert cursor.lastrowid is not None
            return cursor.lastrowid

        return await self.card(await self._database.write(step))

    async def get(self, number: int) -> Schedule:
        """Return one schedule; raises NotFound."""
        found = await self._database.read(f"SELECT {COLUMNS} FROM schedules WHERE id = ?", (number,))
        if found:
            return schedule_of(found[0])
        rows = await self._database.read("SELECT id, words FROM schedules ORDER BY id DESC LIMIT 3")
        near = ", ".join(f"{row[0]} ({row[1][:30]})" for row in rows)
        raise NotFound(
            f"there is no schedule {number}",
            hint=f"there are {near}" if near else "there is none; isaacctl schedule add makes one",
        )

    async def due(self, now: float) -> list[Schedule]:
        """Return those that are due, the longest waiting first."""
        found = await self._database.read(
            f"SELECT {COLUMNS} FROM schedules WHERE next_at <= ? AND NOT paused ORDER BY next_at", (now,)
        )
        return [schedule_of(row) for row in found]

    async def next_at(self) -> float | None:
        """Return when something is due next; None if nothing is."""
        ((due,),) = await self._database.read("SELECT min(next_at) FROM schedules WHERE NOT paused")
        return None if due is None else float(due)

    async def fire(
        self,
        schedule: Schedule,
        next_at: float | None,
        firings: Sequence[tuple[Outcome, float, int, str]],
        work: Work | None,
    ) -> int | None:
        """Move a schedule on and note what was done, if nobody else has; return the task that was made of `work`.

        `firings` are outcome, moment, count and note. Raises LookupError if it was moved on, paused or removed meanwhile.
        """
        now = self._clock.now()
        missed = sum(count for outcome, _, count, _ in firings if outcome == "missed")

        async def step(connection: aiosqlite.Connection) -> int | None:
            cursor = await connection.execute(
                "UPDATE schedules SET next_at = ?, last_at = ?, missed = missed + ? "
                "WHERE id = ? AND next_at IS ? AND NOT paused",
                (next_at, now, missed, schedule.id, schedule.next_at),
            )
            if not cursor.rowcount:
                raise LookupError
            task = None if work is None else await self._tasks.insert(connection, work)
            await _note(connection, schedule.id, now, firings, task)
            return task

        return await self._database.write(step)

    async def hold(self, schedule: Schedule, why: str) -> None:
        """Pause a schedule that cannot be begun, and note why."""
        now = self._clock.now()

        async def step(connection: aiosqlite.Connection) -> None:
            await connection.execute("UPDATE schedules SET paused = 1 WHERE id = ?", (schedule.id,))
            await _note(connection, schedule.id, now, [("held", schedule.next_at or now, 1, why)], None)

        await self._database.write(step)

    async def run_now(self, schedule: Schedule, work: Work) -> int:
        """Make a task of a schedule beside its times; return the task."""
        now = self._clock.now()

        async def step(connection: aiosqlite.Connection) -> int:
            task = await self._tasks.insert(connection, work)
            await connection.execute("UPDATE schedules SET last_at = ? WHERE id = ?", (now, schedule.id))
            await _note(connection, schedule.id, now, [("ran", now, 1, "run by hand")], task)
            return task

        return await self._database.write(step)

    async def move(self, number: int, next_at: float | None) -> None:
        """Change when a schedule is due next."""
        await self._database.execute("UPDATE schedules SET next_at = ? WHERE id = ?", (next_at, number))

    async def pause(self, number: int, *, paused: bool, next_at: float | None) -> None:
        """Pause a schedule, or let it go on."""
        await self._database.execute(
            "UPDATE schedules SET paused = ?, next_at = ? WHERE id = ?", (paused, next_at, number)
        )

    async def remove(self, number: int) -> None:
        """Delete a schedule; its tasks stay."""
        await self.get(number)
        await self._database.execute("DELETE FROM schedules WHERE id = ?", (number,))

    async def needs_runner(self) -> bool:
        """Tell whether a line for a shell is still to come, or under way."""
        rows = await self._database.read(
            "SELECT 1 FROM schedules WHERE kind = 'shell' AND next_at IS NOT NULL "
            "UNION ALL SELECT 1 FROM tasks WHERE kind = 'shell' AND state IN ('queued', 'running') LIMIT 1"
        )
        return bool(rows)

    async def is_under_way(self, number: int) -> bool:
        """Tell whether a task of this schedule waits or runs."""
        rows = await self._database.read(
            "SELECT 1 FROM tasks WHERE schedule = ? AND state IN ('queued', 'running') LIMIT 1", (number,)
        )
        return bool(rows)

    async def active(self) -> list[Schedule]:
        """Return those that are not paused and will be due."""
        found = await self._database.read(
            f"SELECT {COLUMNS} FROM schedules WHERE next_at IS NOT NULL AND NOT paused"
        )
        return [schedule_of(row) for row in found]

    async def card(self, number: int) -> ScheduleCard:
        """Describe one schedule; raises NotFound."""
        schedule = await self.get(number)
        last = await self.firings(number, limit=1)
        return card_of(schedule, last[0] if last else None)

    async def cards(self) -> list[ScheduleCard]:
        """Describe all schedules: what is due next comes first, what is over last."""
        rows = await self._database.read(
            f"SELECT {COLUMNS} FROM schedules ORDER BY next_at IS NULL, paused, next_at, id"
        )
        found = []
        for row in rows:
            last = await self.firings(row[0], limit=1)
            found.append(card_of(schedule_of(row), last[0] if last else None))
        return found

    async def firings(self, number: int | None, *, limit: int, missed_only: bool = False) -> list[Firing]:
        """Return the last times that a schedule (or None: any) was due, the newest first."""
        where, values = ["1"], list[object]()
        if number is not None:
            where.append("firings.schedule = ?")
            values.append(number)
        if missed_only:
            where.append("outcome IN ('missed', 'held', 'late', 'skipped')")
        rows = await self._database.read(
            "SELECT firings.schedule, due_at, at, outcome, count, task, firings.note, tasks.state, tasks.exit "
            f"FROM firings LEFT JOIN tasks ON tasks.id = task WHERE {' AND '.join(where)} "
            "ORDER BY firings.id DESC LIMIT ?",
            (*values, limit),
        )
        return [
            Firing(
                schedule=row[0], due_at=row[1], at=row[2], outcome=row[3], count=row[4], task=row[5],
                note=row[6], state=row[7], exit=row[8],
            )
            for row in rows
        ]  # fmt: skip


async def _note(
    connection: aiosqlite.Connection,
    schedule: int,
    now: float,
    firings: Sequence[tuple[Outcome, float, int, str]],
    task: int | None,
) -> None:
    """Note what was done; the task belongs to the last of them, and only so many are kept."""
    for place, (outcome, due_at, count, note) in enumerate(firings):
        mine = task if place == len(firings) - 1 else None
        await connection.execute(
            "INSERT INTO firings (schedule, due_at, at, outcome, count, task, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (schedule, due_at, now, outcome, count, mine, note),
        )
    await connection.execute(
        "DELETE FROM firings WHERE schedule = ? AND id <= (SELECT id FROM firings WHERE schedule = ? "
        "ORDER BY id DESC LIMIT 1 OFFSET ?)",
        (schedule, schedule, FIRINGS_KEPT),
    )
