"""Schedules on disk: each moved on, noted, and made a task of, in one transaction."""

# ruff: noqa: S608 - only our own names are put into statements; values are parameters

import hashlib
from collections.abc import Sequence
from typing import Any

import aiosqlite
import msgspec

from isaacd.clock import Clock
from isaacd.database import Database
from isaacd.errors import InvalidParams, NotFound, Overloaded
from isaacd.jobs.cards import Firing, Outcome, ScheduleCard, Work
from isaacd.jobs.store import TaskStore
from isaacd.jobs.times.rule import Rule, rule_of
from isaacd.jobs.times.speech import Meant
from isaacd.jobs.times.zone import Zone

_WHAT = "kind, argv, label, cwd, env, input, caller"
_ALL = f"id, words, spec, zone, anchor, {_WHAT}, tier, approval, catch_up, paused, created_at, next_at, last_at, missed"
_words = msgspec.json.Decoder(tuple[str, ...]).decode
_variables = msgspec.json.Decoder(dict[str, str]).decode
FIRINGS_KEPT = 200


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule as the alarm sees it."""

    id: int
    words: str
    spec: str
    zone: str
    anchor: float
    work: Work
    tier: str | None
    approval: bytes | None
    catch_up: bool
    paused: bool
    created_at: float
    next_at: float | None
    last_at: float | None
    missed: int

    @property
    def rule(self) -> Rule:
        """When it is due; raises InvalidParams if its zone is not known here any more."""
        return rule_of(self.spec, Zone(self.zone), self.anchor)

    @property
    def is_approved(self) -> bool:
        """Whether what is to run is what a person agreed to: exactly this line, in this directory, as this tier."""
        return self.approval is not None and self.approval == approval_of(self.work, self.tier or "")


def approval_of(work: Work, tier: str) -> bytes:
    """Return what an approval is bound to."""
    bound = (work.kind, list(work.argv), work.cwd, tier)
    return hashlib.sha256(msgspec.msgpack.encode(bound)).digest()


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
        """Keep a schedule; a `tier` says that a person agreed to a line for a shell."""
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
                f"INSERT INTO schedules (words, spec, zone, anchor, {_WHAT}, tier, approval, catch_up, created_at, next_at) "
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
        found = await self._database.read(f"SELECT {_ALL} FROM schedules WHERE id = ?", (number,))
        if found:
            return _schedule(found[0])
        rows = await self._database.read("SELECT id, words FROM schedules ORDER BY id DESC LIMIT 3")
        near = ", ".join(f"{row[0]} ({row[1][:30]})" for row in rows)
        raise NotFound(
            f"there is no schedule {number}",
            hint=f"there are {near}" if near else "there is none; isaacctl schedule add makes one",
        )

    async def due(self, now: float) -> list[Schedule]:
        """Return those that are due, the longest waiting first."""
        found = await self._database.read(
            f"SELECT {_ALL} FROM schedules WHERE next_at <= ? AND NOT paused ORDER BY next_at", (now,)
        )
        return [_schedule(row) for row in found]

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
            f"SELECT {_ALL} FROM schedules WHERE next_at IS NOT NULL AND NOT paused"
        )
        return [_schedule(row) for row in found]

    async def card(self, number: int) -> ScheduleCard:
        """Describe one schedule; raises NotFound."""
        schedule = await self.get(number)
        last = await self.firings(number, limit=1)
        return _card(schedule, last[0] if last else None)

    async def cards(self) -> list[ScheduleCard]:
        """Describe all schedules: what is due next comes first, what is over last."""
        rows = await self._database.read(
            f"SELECT {_ALL} FROM schedules ORDER BY next_at IS NULL, paused, next_at, id"
        )
        found = []
        for row in rows:
            last = await self.firings(row[0], limit=1)
            found.append(_card(_schedule(row), last[0] if last else None))
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


def _schedule(row: Sequence[Any]) -> Schedule:
    values = dict(zip(_ALL.split(", "), row, strict=True))
    work = Work(
        kind=values.pop("kind"),
        argv=_words(values.pop("argv")),
        label=values.pop("label"),
        cwd=values.pop("cwd"),
        env=_variables(values.pop("env")),
        input=values.pop("input"),
        caller=values.pop("caller"),
        schedule=values["id"],
    )
    catch_up, paused = bool(values.pop("catch_up")), bool(values.pop("paused"))
    return Schedule(**values, catch_up=catch_up, paused=paused, work=work)


def _local(zone: str, at: float) -> str | None:
    try:
        return Zone(zone).local(at).isoformat(timespec="seconds")
    except InvalidParams:
        return None


def _card(schedule: Schedule, last: Firing | None) -> ScheduleCard:
    due = schedule.next_at
    return ScheduleCard(
        id=schedule.id,
        when=schedule.words,
        spec=schedule.spec,
        zone=schedule.zone,
        line=schedule.work.line,
        kind=schedule.work.kind,
        label=schedule.work.label,
        cwd=schedule.work.cwd,
        paused=schedule.paused,
        catch_up=schedule.catch_up,
        tier=schedule.tier,
        created_at=schedule.created_at,
        next_at=due,
        next_local=None if due is None else _local(schedule.zone, due),
        last_at=schedule.last_at,
        last_task=last.task if last else None,
        last_outcome=last.outcome if last else None,
        last_state=last.state if last else None,
        last_note=last.note if last else "",
        missed=schedule.missed,
    )
