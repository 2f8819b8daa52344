"""HistoryStore: all commands that were run, in one SQLite file; each method is one transaction."""

# ruff: noqa: S608 - only our own names are put into statements; values are parameters

from collections.abc import AsyncGenerator, Iterable, Sequence
from pathlib import Path
from typing import Any

import aiosqlite
import msgspec

from isaacd.clock import Clock
from isaacd.database import Database
from isaacd.history.asking import (
    COLUMNS,
    FROM,
    ORDER,
    card,
    condition,
    fts_words,
    like_words,
    whole_condition,
)
from isaacd.history.cards import Forgotten, Query, RunCard
from isaacd.history.index import Index
from isaacd.history.names import program_of
from isaacd.history.records import Run
from isaacd.history.schema import SCHEMA
from isaacd.log import Log

MAX_EXAMPLES = 20
_SAME_US = 1_500_000


class Kept(msgspec.Struct, frozen=True):
    """A run whose command has no secret in it any more; `key` tells an imported one from others."""

    run: Run
    key: bytes | None = None


class HistoryStore:
    """The file of the history. What is written to it has to be masked already."""

    def __init__(self, file: Path, *, clock: Clock, log: Log | None = None, use_fts: bool = True) -> None:
        self.database = Database(file, SCHEMA, clock=clock, log=log)
        self.file = file
        self._index = Index(self.database, use_fts=use_fts)

    @property
    def notices(self) -> list[str]:
        """What the person has to know of the file, such as that a damaged one was moved aside."""
        return self.database.notices

    async def aclose(self) -> None:
        """Let go of the file."""
        await self.database.aclose()

    async def add(self, kept: Sequence[Kept], *, spool: str | None = None, torn: int = 0) -> int | None:
        """Keep runs and return how many are new; None if the spool of that name was taken in before.

        The spool is remembered as taken in by the same transaction.
        """
        await self._index.ready()

        async def step(connection: aiosqlite.Connection) -> int | None:
            if spool is not None:
                if await _rows(connection, "SELECT 1 FROM spools WHERE name = ?", (spool,)):
                    return None
                await connection.execute("INSERT INTO spools VALUES (?)", (spool,))
            if torn:
                await _count(connection, "torn", torn)
            return await self._insert(connection, kept)

        return await self.database.write(step)

    async def spools(self) -> set[str]:
        """Return the names of spools that were taken in and may still be there."""
        return {str(row[0]) for row in await self.database.read("SELECT name FROM spools")}

    async def spools_gone(self, names: Iterable[str]) -> None:
        """Note that these are there no longer, so that nothing need be remembered of them."""
        rows = [(name,) for name in names]
        if not rows:
            return

        async def step(connection: aiosqlite.Connection) -> None:
            await connection.executemany("DELETE FROM spools WHERE name = ?", rows)

        await self.database.write(step)

    async def find(self, query: Query, limit: int, *, unique: bool = False) -> list[RunCard]:
        """Return the runs that were asked for, the latest first; `unique` gives the latest run of each line."""
        where, values = condition(query)
        if query.text.strip():
            # Parts of words count as well, and signs that the index knows nothing of.
            words, given = like_words(query.text)
            if await self._index.ready():
                words = f"(lines.id IN (SELECT rowid FROM lines_fts WHERE lines_fts MATCH ?) OR ({words}))"
                given = [fts_words(query.text), *given]
            where, values = f"{words} AND {where}", [*given, *values]
        return await self._find(where, values, limit, unique=unique)

    async def every(self, query: Query) -> AsyncGenerator[RunCard, None]:
        """Give all runs that were asked for, in the order in which they were kept."""
        where, values = whole_condition(query)
        sql = f"SELECT {COLUMNS} FROM {FROM} WHERE {where} AND runs.id > ? ORDER BY runs.id LIMIT ?"
        async for row in self.database.iterate(sql, values):
            yield card(row)

    async def lines(self) -> list[tuple[int, str, int, int | None]]:
        """Return every line with its number, how often it was run and when last, the latest first."""
        rows = await self.database.read(
            "SELECT lines.id, text, uses, max(at) AS latest FROM lines JOIN runs ON runs.line = lines.id "
            "GROUP BY lines.id ORDER BY latest DESC"
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    async def latest_of(self, lines: Sequence[int], query: Query) -> dict[int, RunCard]:
        """Return the latest run of each of these lines, as far as the query allows."""
        where, values = condition(query)
        marks = ",".join("?" * len(lines))
        rows = await self.database.read(
            f"SELECT {COLUMNS}, runs.line FROM {FROM} WHERE runs.line IN ({marks}) AND {where} {ORDER}",
            (*lines, *values),
        )
        found: dict[int, RunCard] = {}
        for row in rows:
            found.setdefault(row[-1], card(row[:-1]))
        return found

    async def counts(self, most: int = 2000) -> dict[str, int]:
        """Return how often each program was run, the most used first."""
        rows = await self.database.read(
            "SELECT name, sum(uses) AS runs FROM lines WHERE name <> '' GROUP BY name ORDER BY runs DESC LIMIT ?",
            (most,),
        )
        return {str(name): int(runs) for name, runs in rows}

    async def torn(self) -> int:
        """Return how many records were found torn, ever."""
        rows = await self.database.read("SELECT value FROM notes WHERE key = 'torn'")
        return int(rows[0][0]) if rows else 0

    async def forget(self, query: Query, *, dry_run: bool) -> Forgotten:
        """Remove runs, and lines that nobody has run then; nothing of them stays in the file or beside it."""
        await self._index.ready()
        where, values = whole_condition(query)

        async def step(connection: aiosqlite.Connection) -> Forgotten:
            await connection.execute(
                "CREATE TEMP TABLE IF NOT EXISTS doomed (id INTEGER PRIMARY KEY, line INTEGER)"
            )
            await connection.execute("DELETE FROM doomed")
            await connection.execute(
                f"INSERT INTO doomed SELECT runs.id, runs.line FROM {FROM} WHERE {where}", values
            )
            ((runs, lines),) = await _rows(connection, "SELECT count(*), count(DISTINCT line) FROM doomed")
            examples = await _rows(
                connection,
                "SELECT lines.text FROM doomed JOIN lines ON lines.id = doomed.line GROUP BY lines.id "
                "ORDER BY max(doomed.id) DESC LIMIT ?",
                (MAX_EXAMPLES,),
            )
            if not dry_run:
                await connection.execute("DELETE FROM runs WHERE id IN (SELECT id FROM doomed)")
                await self._index.removing_unused(connection)
                await connection.execute("DELETE FROM lines WHERE uses <= 0")
            await connection.execute("DELETE FROM doomed")
            return Forgotten(runs=runs, lines=lines, dry_run=dry_run, examples=[row[0] for row in examples])

        found = await self.database.write(step)
        if found.runs and not dry_run:
            await self._scrub()
        return found

    async def _scrub(self) -> None:
        """Leave no trace in free pages and the write-ahead log; what was moved aside as damaged goes as well."""
        try:
            await self.database.read("VACUUM")
        finally:
            # Where there is no room for it, what was deleted has been overwritten with zeros all the same.
            await self.database.read("PRAGMA wal_checkpoint(TRUNCATE)")
        for aside in self.file.parent.glob(f"{self.file.name}.damaged-*"):
            aside.unlink(missing_ok=True)

    async def _find(self, where: str, values: Sequence[object], limit: int, *, unique: bool) -> list[RunCard]:
        if unique:
            # Of the columns that are not grouped by, SQLite takes those of the row that has the maximum.
            latest = f"SELECT max(coalesce(runs.at, -1) * 1.0), {COLUMNS} FROM {FROM} WHERE {where} GROUP BY runs.line"
            rows = await self.database.read(f"{latest} {ORDER} LIMIT ?", (*values, limit))
            return [card(row[1:]) for row in rows]
        rows = await self.database.read(
            f"SELECT {COLUMNS} FROM {FROM} WHERE {where} {ORDER} LIMIT ?", (*values, limit)
        )
        return [card(row) for row in rows]

    async def _insert(self, connection: aiosqlite.Connection, kept: Sequence[Kept]) -> int:
        ((newest, before),) = await _rows(
            connection,
            "SELECT (SELECT coalesce(max(id), 0) FROM lines), (SELECT coalesce(max(id), 0) FROM runs)",
        )
        texts = dict.fromkeys(item.run.command for item in kept)
        await connection.executemany(
            "INSERT OR IGNORE INTO lines (text, name) VALUES (?, ?)",
            [(text, program_of(text)) for text in texts],
        )
        # An imported run that a shell told us about already, or another shell's file, is the same.
        await connection.executemany(
            "INSERT OR IGNORE INTO runs (line, at, duration, exit, cwd, host, session, shell, key) "
            "SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM lines WHERE text = ?1 AND (?9 IS NULL OR ?2 IS NULL OR NOT EXISTS ("
            "SELECT 1 FROM runs WHERE line = lines.id AND at BETWEEN ?2 - ?10 AND ?2 + ?10 AND (key IS NULL OR shell <> ?8)))",
            [_row(item) for item in kept],
        )
        ((added,),) = await _rows(connection, "SELECT count(*) FROM runs WHERE id > ?", (before,))
        # A line all of whose runs were known already was made for nothing.
        await connection.execute("DELETE FROM lines WHERE id > ? AND uses = 0", (newest,))
        await self._index.added(connection, newest)
        return int(added)


def _row(item: Kept) -> tuple[object, ...]:
    run = item.run
    return (
        run.command, run.started_us, run.duration_us, run.exit_code, run.cwd, run.host, run.session, run.shell, item.key,
        _SAME_US,
    )  # fmt: skip


async def _count(connection: aiosqlite.Connection, key: str, more: int) -> None:
    await connection.execute(
        "INSERT INTO notes VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + ?2",
        (key, more),
    )


async def _rows(
    connection: aiosqlite.Connection, sql: str, parameters: Sequence[object] = ()
) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await connection.execute_fetchall(sql, parameters)]
