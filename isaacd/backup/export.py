"""Everything a user owns as plain JSON that anybody can read without Isaac."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from isaacd import __version__
from isaacd.backup.disk import workplace, written_whole
from isaacd.backup.inventory import owned
from isaacd.backup.snapshot import snapshot
from isaacd.backup.tables import Kind, Row, Table, kinds, plugins_with_state
from isaacd.backup.values import to_json
from isaacd.errors import InvalidParams, StorageUnavailable
from isaacd.paths import Paths

FORMAT = 1
MARK = "isaac_export"


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What was written: how many rows of each table, and how many files of settings."""

    file: str
    rows: dict[str, int]
    settings: int
    bytes: int


def export(paths: Paths, file: Path, *, now: float) -> Exported:
    """Write all of it into `file` (0600), each database as it is at one moment, without keys.

    Raises InvalidParams if `file` is something else than an export, StorageUnavailable for a damaged database or
    without room.
    """
    if file.exists() and not _is_export(file):
        raise InvalidParams(f"{file} is no export, so it is not replaced", hint="take another name")
    settings, rows = _settings(paths), {}
    document: dict[str, object] = {MARK: FORMAT, "isaac": __version__, "made_at": now, "settings": settings}
    try:
        with workplace(file.parent) as place:
            for number, kind in enumerate(kinds(paths, plugins_with_state(paths))):
                if not kind.file.exists():
                    continue
                tables = _read(kind, place / str(number))
                document[kind.name] = tables
                rows.update({f"{kind.name}.{name}": len(found) for name, found in tables.items()})
            data = msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"
            with written_whole(file) as out:
                out.write(data)
    except OSError as error:
        raise StorageUnavailable(
            f"{file} cannot be written: {error.strerror or error}", hint="look at the room on that disk"
        ) from error
    return Exported(file=str(file), rows=rows, settings=len(settings), bytes=len(data))


def columns(database: sqlite3.Connection, table: Table) -> list[str]:
    """Name the columns of a table that are told; none if it is not there."""
    found = [str(row[1]) for row in database.execute(f"PRAGMA table_info({table.name})")]
    return [name for name in found if name not in table.left_out]


def _read(kind: Kind, copy: Path) -> dict[str, list[Row]]:
    snapshot(kind.file, copy)
    found: dict[str, list[Row]] = {}
    with closing(sqlite3.connect(copy)) as database:
        database.text_factory = lambda data: data.decode("utf-8", "replace")
        for table in kind.tables:
            names = columns(database, table)
            if names:
                query = f"SELECT {', '.join(names)} FROM {table.name} ORDER BY {table.key or ', '.join(table.names)}"  # noqa: S608 - our own names
                found[table.name] = [
                    {name: to_json(value) for name, value in zip(names, row, strict=True)}
                    for row in database.execute(query)
                ]
    copy.unlink()
    return found


def _settings(paths: Paths) -> dict[str, str]:
    """Return the files of the configuration that are text, by their names in its folder."""
    found = {}
    for item in owned(paths, with_keys=False)[0]:
        root, _, name = item.name.partition("/")
        if root == "config":
            try:
                found[name] = item.path.read_text("utf-8")
            except (OSError, UnicodeDecodeError):
                continue
    return found


def _is_export(file: Path) -> bool:
    with file.open("rb") as data:
        return MARK.encode() in data.read(100) or os.fstat(data.fileno()).st_size == 0
