"""Databases: whether SQLite finds them sound, and whether this Isaac can read them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from isaacd.backup.inventory import MARKER, is_database
from isaacd.backup.versions import KNOWN
from isaacd.checkup.finding import Finding, error, quoted, warning
from isaacd.checkup.machine import Machine
from isaacd.database.database import OURS

_BUSY_S = 2.0


def records(machine: Machine) -> Iterator[Finding]:
    """Look through every database, while the daemon may be using it."""
    for file in databases(machine):
        yield from _database(file)
    for folder in (machine.paths.data_dir, machine.paths.state_dir, machine.paths.cache_dir):
        for file in sorted(folder.rglob("*.damaged-*")) if folder.is_dir() else ():
            if not file.name.endswith(("-wal", "-shm")):
                yield warning(
                    file,
                    "it was damaged, and a new one was begun",
                    f"bring back what you had: isaacctl restore FILE; if you do not need it: rm {quoted(file)}*",
                )
    marker = machine.paths.state_dir / MARKER
    if marker.exists():
        yield error(marker, "a restoration was interrupted", "isaacctl restart finishes it")


def databases(machine: Machine) -> list[Path]:
    """Return the files of SQLite that are ours."""
    found: list[Path] = []
    for folder in (machine.paths.data_dir, machine.paths.state_dir, machine.paths.cache_dir):
        files = sorted(folder.rglob("*.sqlite")) if folder.is_dir() else []
        found += [file for file in files if _is_looked_at(file)]
    return found


def _is_looked_at(file: Path) -> bool:
    return file.is_file() and not file.is_symlink() and file.stat().st_size > 0 and is_database(file)


def _database(file: Path) -> Iterator[Finding]:
    try:
        with closing(
            sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_S)
        ) as database:
            problems = [str(row[0]) for row in database.execute("PRAGMA quick_check(3)")]
            ((owner,),) = database.execute("PRAGMA application_id").fetchall()
            ((version,),) = database.execute("PRAGMA user_version").fetchall()
    except sqlite3.Error as problem:
        yield error(
            file,
            f"SQLite cannot read it: {problem}",
            "the daemon moves it aside and begins a new one; isaacctl restore FILE brings a backup back",
        )
        return
    if problems != ["ok"]:
        yield error(
            file,
            f"it is damaged: {'; '.join(problems)[:200]}",
            "isaacctl restore FILE brings a backup back; what is there is kept",
        )
    known = KNOWN.get(owner - OURS)
    if known is not None and version > len(known.versions):
        yield error(file, f"it was written by a newer Isaac (version {version})", "update Isaac")
