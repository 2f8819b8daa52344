"""A database as it is at one moment, copied while others read and write it."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from isaacd.backup.disk import open_new
from isaacd.database.database import BUSY_TIMEOUT_S, OURS
from isaacd.database.fault import classify
from isaacd.errors import StorageUnavailable

_OURS_MASK = ~0xFF


class Stamp(msgspec.Struct, frozen=True):
    """What kind of database it is (`Schema.number`, 0 for one that is not ours), and which version of it."""

    number: int
    version: int


def snapshot(source: Path, target: Path) -> Stamp:
    """Copy a database, with all that was acknowledged, into the new file `target` (0600), and check the copy.

    Nobody is kept from writing meanwhile. Raises StorageUnavailable for a damaged one, or where there is no room.
    """
    open_new(target).close()
    try:
        with (
            closing(
                sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_TIMEOUT_S)
            ) as old,
            closing(sqlite3.connect(target, isolation_level=None)) as new,
        ):
            old.backup(new)
            # One file, that needs no log beside it.
            new.execute("PRAGMA journal_mode = DELETE").fetchall()
        return check(target)
    except sqlite3.Error as error:
        raise StorageUnavailable(
            f"{source} cannot be copied: {classify(error).value} ({error})",
            hint="isaacctl doctor looks at it",
        ) from error


def check(file: Path) -> Stamp:
    """Have SQLite look through a file that nobody else uses, and say what it is; raises StorageUnavailable if damaged."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            problems = [str(row[0]) for row in database.execute("PRAGMA quick_check(3)")]
            ((owner,),) = database.execute("PRAGMA application_id").fetchall()
            ((version,),) = database.execute("PRAGMA user_version").fetchall()
    except sqlite3.Error as error:
        problems, owner, version = [str(error)], 0, 0
    if problems != ["ok"]:
        raise StorageUnavailable(
            f"{file} is damaged: {'; '.join(problems)[:300]}", hint="isaacctl doctor says what to do"
        )
    return Stamp(owner & 0xFF if owner & _OURS_MASK == OURS else 0, version)


def remove_beside(file: Path) -> None:
    """Take away the write-ahead log of a database that is about to be replaced: it would damage its successor."""
    for ending in ("-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            file.with_name(file.name + ending).unlink()
