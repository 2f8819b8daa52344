"""Tasks on disk: written before they are begun, their output while it comes, their end once and for all."""

# ruff: noqa: S608 - only our own names are put into statements; values are parameters

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import aiosqlite
import msgspec

from isaacd.clock import Clock
from isaacd.database import Database
from isaacd.errors import NotFound
from isaacd.jobs.cards import ENDED, State, TaskCard, Work

_CARD = (
    "id, state, kind, argv, label, cwd, created_at, started_at, ended_at, exit, resumable, attempts, schedule, "
    "output_bytes, cut, note"
)
_WORK = "argv, kind, label, cwd, env, input, caller, resumable, schedule"
_PIECES_AT_ONCE = 64
# A task that ends the daemon each time must not be begun for ever.
MAX_ATTEMPTS = 3
_words = msgspec.json.Decoder(tuple[str, ...]).decode
_variables = msgspec.json.Decoder(dict[str, str]).decode
_ENDED = ", ".join(f"'{state}'" for state in sorted(ENDED))


class Piece(msgspec.Struct, frozen=True):
    """Some output: its place, its stream (1 or 2) and its bytes."""

    seq: int
    stream: int
    data: bytes


class TaskStore:
    """All tasks that are remembered; `owner` names this process, `is_gone` tells whether another one has ended."""

    def __init__(
        self, database: Database, clock: Clock, *, owner: str, is_gone: Callable[[str], bool]
    ) -> None:
        self.database = database
        self._clock = clock
        self._owner = owner
        self._is_gone = is_gone

    async def add(self, work: Work) -> TaskCard:
        """Note a task that is about to be begun; it is on disk when this returns."""

        async def step(connection: aiosqlite.Connection) -> int:
            return await self.insert(connection, work)

        return await self.card(await self.database.write(step))

    async def insert(self, connection: aiosqlite.Connection, work: Work) -> int:
        """Note a task within a transaction and return its id."""
        cursor = await connection.execute(
            f"INSERT INTO tasks ({_WORK}, state, owner, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?)",
            (
                msgspec.json.encode(work.argv).decode(),
                work.kind,
                work.label,
                work.cwd,
                msgspec.json.encode(work.env).decode(),
                work.input,
                work.caller,
                work.resumable,
                work.schedule,
                self._owner,
                self._clock.now(),
            ),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    async def card(self, task: int) -> TaskCard:
        """Return one task; raises NotFound."""
        found = await self.database.read(f"SELECT {_CARD} FROM tasks WHERE id = ?", (task,))
        if not found:
            raise await self._unknown(task)
        return _card(found[0])

    async def work(self, task: int) -> Work:
        """Return what a task runs; raises NotFound."""
        found = await self.database.read(f"SELECT {_WORK} FROM tasks WHERE id = ?", (task,))
        if not found:
            raise await self._unknown(task)
        argv, kind, label, cwd, env, data, caller, resumable, schedule = found[0]
        return Work(
            argv=_words(argv),
            kind=kind,
            label=label,
            cwd=cwd,
            env=_variables(env),
            input=data,
            caller=caller,
            resumable=bool(resumable),
            schedule=schedule,
        )

    async def cards(
        self, *, states: Sequence[State] = (), schedule: int | None = None, limit: int = 50
    ) -> list[TaskCard]:
        """Return the newest tasks first, as many as `limit`; of these states, and of this schedule, if any are given."""
        where, values = ["1"], list[object]()
        if states:
            where.append(f"state IN ({','.join('?' * len(states))})")
            values += states
        if schedule is not None:
            where.append("schedule = ?")
            values.append(schedule)
        found = await self.database.read(
            f"SELECT {_CARD} FROM tasks WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?",
            (*values, limit),
        )
        return [_card(row) for row in found]

    async def newest(self) -> TaskCard:
        """Return the task that was made last; raises NotFound if there is none."""
        found = await self.cards(limit=1)
        if not found:
            raise NotFound("there is no task yet", hint="begin one: isaacctl tasks run -- ask ...")
        return found[0]

    async def open(self) -> int:
        """Return how many tasks wait or run."""
        ((count,),) = await self.database.read(
            "SELECT count(*) FROM tasks WHERE state IN ('queued', 'running')"
        )
        return int(count)

    async def begin(self, task: int) -> bool:
        """Note that a task begins; False if it does not wait any more."""
        changed = await self.database.execute(
            "UPDATE tasks SET state = 'running', started_at = ?, attempts = attempts + 1 WHERE id = ? AND state = 'queued'",
            (self._clock.now(), task),
        )
        return bool(changed)

    async def write(self, task: int, pieces: Sequence[tuple[int, bytes]], *, cut: bool) -> None:
        """Keep output, behind what is there."""

        async def step(connection: aiosqlite.Connection) -> None:
            rows = list(
                await connection.execute_fetchall(
                    "SELECT coalesce(max(seq), 0) FROM output WHERE task = ?", (task,)
                )
            )
            first = int(rows[0][0]) + 1
            await connection.executemany(
                "INSERT INTO output (task, seq, stream, data) SELECT id, ?, ?, ? FROM tasks WHERE id = ?",
                [(first + place, stream, data, task) for place, (stream, data) in enumerate(pieces)],
            )
            size = sum(len(data) for _, data in pieces)
            await connection.execute(
                "UPDATE tasks SET output_bytes = output_bytes + ?, cut = cut OR ? WHERE id = ?",
                (size, cut, task),
            )

        await self.database.write(step)

    async def end(self, task: int, state: State, code: int | None, note: str = "") -> bool:
        """Note how a task has ended; False if it had ended already, which then stays as it is."""
        changed = await self.database.execute(
            f"UPDATE tasks SET state = ?, exit = ?, ended_at = ?, note = ? WHERE id = ? AND state NOT IN ({_ENDED})",
            (state, code, self._clock.now(), note, task),
        )
        return bool(changed)

    async def requeue(self, task: int) -> None:
        """Let a task wait for the next daemon, which begins it again."""
        await self.database.execute(
            "UPDATE tasks SET state = 'queued', note = 'the daemon stopped before this had ended' "
            "WHERE id = ? AND state = 'running'",
            (task,),
        )

    async def recover(self) -> tuple[list[TaskCard], list[TaskCard]]:
        """Look at tasks of daemons that are gone: return those to begin now, and those that were interrupted.

        A resumable one is begun again, with its output from the beginning, at most MAX_ATTEMPTS times in all.
        """
        found = await self.database.read(
            "SELECT id, owner, state, resumable, attempts FROM tasks WHERE state IN ('queued', 'running')"
        )
        orphans = [row for row in found if row[1] != self._owner and self._is_gone(row[1])]
        again = [row[0] for row in orphans if row[2] == "queued" or (row[3] and row[4] < MAX_ATTEMPTS)]
        lost = [row[0] for row in orphans if row[0] not in set(again)]
        now = self._clock.now()

        async def step(connection: aiosqlite.Connection) -> None:
            for task in again:
                await connection.execute(
                    "UPDATE tasks SET owner = ?, note = CASE state WHEN 'running' THEN ? ELSE note END, "
                    "state = 'queued' WHERE id = ?",
                    (self._owner, "begun again: the daemon had ended before it did", task),
                )
                await connection.execute("DELETE FROM output WHERE task = ?", (task,))
                await connection.execute("UPDATE tasks SET output_bytes = 0, cut = 0 WHERE id = ?", (task,))
            await connection.executemany(
                "UPDATE tasks SET state = 'interrupted', ended_at = ?, note = ? WHERE id = ?",
                [(now, "the daemon ended before this did", task) for task in lost],
            )

        if orphans:
            await self.database.write(step)
        return [await self.card(task) for task in again], [await self.card(task) for task in lost]

    async def output(self, task: int, after: int = 0) -> AsyncGenerator[Piece, None]:
        """Give the pieces of a task's output behind number `after`, a few at a time."""
        while True:
            rows = await self.database.read(
                "SELECT seq, stream, data FROM output WHERE task = ? AND seq > ? ORDER BY seq LIMIT ?",
                (task, after, _PIECES_AT_ONCE),
            )
            for seq, stream, data in rows:
                yield Piece(seq, stream, data)
            if len(rows) < _PIECES_AT_ONCE:
                return
            after = rows[-1][0]

    async def remove(self, task: int) -> bool:
        """Delete a task that has ended, with its output; False if it has not ended."""
        removed = await self.database.execute(
            f"DELETE FROM tasks WHERE id = ? AND state IN ({_ENDED})", (task,)
        )
        return bool(removed)

    async def prune(self, *, before: float, keep: int) -> int:
        """Delete the tasks that ended before a moment, and of the others all but the newest `keep`; return how many."""
        return await self.database.execute(
            f"DELETE FROM tasks WHERE state IN ({_ENDED}) AND (ended_at < ? OR id NOT IN "
            f"(SELECT id FROM tasks WHERE state IN ({_ENDED}) ORDER BY ended_at DESC, id DESC LIMIT ?))",
            (before, keep),
        )

    async def _unknown(self, task: int) -> NotFound:
        found = await self.cards(limit=3)
        near = ", ".join(f"{card.id} ({card.line[:40]})" for card in found)
        hint = f"the newest are {near}" if near else "there is none; begin one: isaacctl tasks run -- ask ..."
        return NotFound(f"there is no task {task}", hint=hint)


def _card(row: Sequence[Any]) -> TaskCard:
    values = dict(zip(_CARD.split(", "), row, strict=True))
    line = Work(argv=_words(values.pop("argv")), kind=values["kind"]).line
    return TaskCard(
        **{**values, "line": line, "resumable": bool(values["resumable"]), "cut": bool(values["cut"])}
    )
