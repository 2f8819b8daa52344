"""An export taken in: what is not here yet is added, what is here stays, and a second time adds nothing."""

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from isaacd.backup.disk import make_folder, written_whole
from isaacd.backup.export import FORMAT, MARK, columns
from isaacd.backup.restore import keep
from isaacd.backup.sums import add_to_days
from isaacd.backup.tables import Kind, Row, Table, kinds
from isaacd.backup.values import from_json
from isaacd.clock import SystemClock
from isaacd.database import Database
from isaacd.errors import InvalidParams, NotFound, StorageUnavailable, UnsupportedVersion
from isaacd.paths import Paths

_TRIES = 10_000
_PLUGIN = "plugin:"


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What was done: rows that are new, rows that were here, files of settings written, and those that differ."""

    file: str
    added: dict[str, int]
    known: int
    settings: tuple[str, ...]
    differ: tuple[str, ...]
    kept: str


def bring_in(paths: Paths, file: Path, *, now: float) -> Imported:
    """Take in what `export` has written; the caller holds the daemon's lock. What was there before is kept as a backup.

    Each database is changed in one transaction. Schedules come paused, and nothing that was approved elsewhere is
    approved here. Raises NotFound, InvalidParams, UnsupportedVersion, StorageUnavailable.
    """
    document = _read(file)
    known = kinds(paths, tuple(_plugins(document)))
    _check(document, known)
    kept = keep(paths, "import", with_keys=False, now=now)
    added: dict[str, int] = {}
    met = 0
    try:
        for kind in known:
            tables = document.get(kind.name, {})
            if any(tables.values()):
                intake = Intake(kind, tables)
                intake.run()
                added.update({f"{kind.name}.{name}": count for name, count in intake.added.items() if count})
                met += intake.met
        settings, differ = _settle(paths, document.get("settings", {}))
    except sqlite3.Error as error:
        raise InvalidParams(
            f"{file} does not fit: {error}", hint=f"to undo what was done: isaacctl restore {kept}"
        ) from error
    except OSError as error:
        raise StorageUnavailable(
            f"not everything could be written: {error.strerror or error}",
            hint="the same again goes on from there",
        ) from error
    return Imported(
        file=str(file), added=added, known=met, settings=tuple(settings), differ=tuple(differ), kept=str(kept)
    )


class Intake:
    """One database taking in its part."""

    def __init__(self, kind: Kind, tables: dict[str, Any]) -> None:
        self._kind = kind
        self._tables = tables
        self.added: dict[str, int] = {}
        self.met = 0
        # Numbers there to numbers here, for each table.
        self._numbers: dict[str, dict[object, object]] = defaultdict(dict)

    def run(self) -> None:
        """Take it in, all or nothing."""
        asyncio.run(_prepare(self._kind))
        with closing(sqlite3.connect(self._kind.file, isolation_level=None)) as database:
            database.execute("PRAGMA secure_delete = ON")
            database.execute("BEGIN IMMEDIATE")
            fresh: dict[str, list[Row]] = {}
            for table in self._kind.tables:
                fresh[table.name] = self._take(database, table)
                self.added[table.name] = len(fresh[table.name])
            self._lead_later(database, fresh)
            if self._kind.name == "ledger":
                add_to_days(database, fresh["calls"], fresh["days"])
            if any(self.added.values()):
                _reindex(database)
            database.execute("COMMIT")

    def _take(self, database: sqlite3.Connection, table: Table) -> list[Row]:
        names = columns(database, table)
        here = self._here(database, table)
        fresh = []
        for said in _rows(self._tables.get(table.name, ())):
            row = {name: from_json(said[name]) for name in names if name in said}
            if any(name not in row for name in table.names):
                raise InvalidParams(
                    f"a row of {self._kind.name}.{table.name} has no {' or '.join(table.names)}"
                )
            number = row.get(table.key)
            for name, other in table.leads.items():
                if row.get(name) is not None:
                    row[name] = self._numbers[other].get(row[name])
            same = here.get(_name(table, row))
            if same:
                self.met += 1
                self._numbers[table.name][number] = same.pop(0)
                continue
            row = table.fresh(row)
            new = _insert(database, table, {**row, **dict.fromkeys(table.later)})
            if new is not None:
                self._numbers[table.name][number] = new
                fresh.append({**row, table.key: new} if table.key else row)
        return fresh

    def _lead_later(self, database: sqlite3.Connection, fresh: dict[str, list[Row]]) -> None:
        for table in self._kind.tables:
            for row in fresh[table.name]:
                for name, other in table.later.items():
                    goal = self._numbers[other].get(row.get(name))
                    database.execute(
                        f"UPDATE {table.name} SET {name} = ? WHERE {table.key} = ?",  # noqa: S608 - our own names
                        (goal, row[table.key]),
                    )

    def _here(self, database: sqlite3.Connection, table: Table) -> dict[tuple[object, ...], list[object]]:
        """Return the numbers of the rows that are here, by what names them: twins are met one by one."""
        found: dict[tuple[object, ...], list[object]] = defaultdict(list)
        query = f"SELECT {table.key or 'NULL'}, {', '.join(table.names)} FROM {table.name} ORDER BY 1"  # noqa: S608
        for number, *values in database.execute(query):
            found[tuple(values)].append(number)
        return found


def _insert(database: sqlite3.Connection, table: Table, row: Row) -> object:
    """Add a row under its number, or another if that is taken; None if it is here under another name."""
    first = row.get(table.clash)
    for attempt in range(_TRIES if table.clash else 1):
        if attempt:
            row = {
                **row,
                table.clash: first + attempt if isinstance(first, int) else f"{first}-{attempt + 1}",
            }
        for keeps_number in (True, False):
            put = row if keeps_number or not table.key else {**row, table.key: None}
            statement = f"INSERT INTO {table.name} ({', '.join(put)}) VALUES ({', '.join('?' * len(put))})"  # noqa: S608
            try:
                return database.execute(statement, list(put.values())).lastrowid
            except sqlite3.IntegrityError:
                continue
    return None


def _name(table: Table, row: Row) -> tuple[object, ...]:
    return tuple(row[name] for name in table.names)


def _reindex(database: sqlite3.Connection) -> None:
    """Make the full-text indexes anew; they hold no text of their own."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%\\_fts' ESCAPE '\\'"
    for (name,) in database.execute(query).fetchall():
        database.execute(f"INSERT INTO {name} ({name}) VALUES ('rebuild')")  # noqa: S608 - a name of our own schema


async def _prepare(kind: Kind) -> None:
    """Make the file, or bring it to the newest version."""
    make_folder(kind.file.parent)
    database = Database(kind.file, kind.schema(), clock=SystemClock())
    await database.read("SELECT 1")
    await database.aclose()


def _read(file: Path) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        raise NotFound(f"there is no file {file}") from None
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InvalidParams(f"{file} is no export of Isaac: {error}") from error
    version = document.get(MARK)
    if not isinstance(version, int):
        raise InvalidParams(f"{file} is no export of Isaac")
    if version > FORMAT:
        raise UnsupportedVersion(f"{file} was written by a newer Isaac", hint="update Isaac, then import it")
    return document


def _check(document: dict[str, Any], known: Iterable[Kind]) -> None:
    """Raise InvalidParams for what could not be taken in, before anything is."""
    for kind in known:
        tables = document.get(kind.name, {})
        if not isinstance(tables, dict):
            raise InvalidParams(f"{kind.name} in it is no set of tables", hint="nothing was changed")
        for table in kind.tables:
            for row in _rows(tables.get(table.name, ())):
                for value in row.values():
                    from_json(value)
    settings = document.get("settings", {})
    if not isinstance(settings, dict):
        raise InvalidParams("settings in it are no files", hint="nothing was changed")
    for name, text in settings.items():
        _check_setting(name, text)


def _check_setting(name: str, text: object) -> None:
    parts = name.split("/")
    if set(parts) & {"", ".", ".."} or parts[0] == "keys" or "\0" in name or not isinstance(text, str):
        raise InvalidParams(
            f"it names a file outside of the configuration: {name[:80]!r}", hint="nothing was changed"
        )


def _plugins(document: dict[str, Any]) -> Iterable[str]:
    for name in document:
        plugin = name.removeprefix(_PLUGIN)
        if plugin != name and plugin.isidentifier() and plugin.isascii():
            yield plugin


def _rows(found: object) -> Sequence[Row]:
    if isinstance(found, (list, tuple)) and all(isinstance(row, dict) for row in found):
        return found
    raise InvalidParams("a table in it is no list of rows", hint="nothing was changed")


def _settle(paths: Paths, settings: dict[str, str]) -> tuple[list[str], list[str]]:
    """Write the files that are missing; name those that are here and say something else."""
    written: list[str] = []
    differ: list[str] = []
    for name, text in settings.items():
        target = paths.config_dir / name
        if target.exists() or target.is_symlink():
            if not _says(target, text):
                differ.append(name)
            continue
        make_folder(target.parent)
        with written_whole(target) as out:
            out.write(text.encode())
        written.append(name)
    return written, differ


def _says(file: Path, text: str) -> bool:
    try:
        return file.read_bytes() == text.encode()
    except OSError:
        return False
