"""The tables, and which file may be opened at all."""

import sqlite3

from isaacd.cache.row import BEGINNING_BYTES
from isaacd.errors import UnsupportedVersion

# "Isac" in the header says whose file it is; the version says which tables are in it.
APPLICATION_ID = 0x49736163
VERSION = 1
BEGINNING = f"coalesce(substr(key, 1, {BEGINNING_BYTES}), X'')"

# Before there is any table; auto_vacuum cannot be changed later.
NEW_FILE = ("PRAGMA auto_vacuum = INCREMENTAL", "PRAGMA journal_mode = WAL")
CONNECTION = (
    # A killed process loses nothing with NORMAL; only the machine's power can take the last transactions with it.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA secure_delete = FAST",
    # A batch must fit, or its pages are written twice: so many may wait for the end of one. Between batches 2 MB are
    # enough, as what is read again comes from the system's memory: 5 % more time for a write, 14 MB less of ours.
    "PRAGMA cache_size = -2000",
    "PRAGMA cache_spill = 4000",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 16777216",
)
TABLES = (
    # id is a hash of key. dies_at: no use to anybody from then on. price is what a byte is worth; see collect.py.
    # Rows lie in the order they came: with the hash as row id every new one would touch a page of its own, which
    # makes writing in batches no faster than writing one by one.
    """CREATE TABLE entry (
        seq INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE, key BLOB NOT NULL, crc INTEGER NOT NULL, dies_at REAL, score REAL NOT NULL,
        hits INTEGER NOT NULL, price REAL NOT NULL, tags BLOB, body BLOB NOT NULL)""",
    # Patterns begin with the name of a kind of key; substr makes NULL of an empty key.
    f"CREATE INDEX entry_beginning ON entry ({BEGINNING})",
    "CREATE INDEX entry_dies_at ON entry (dies_at) WHERE dies_at IS NOT NULL",
    # May hold rows of entries that are gone or have lost the tag: who reads it looks at entry.tags as well.
    "CREATE TABLE tag (tag BLOB NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (tag, id)) WITHOUT ROWID",
    # Which keys which writer changed, for the memory of other processes; NULL is all.
    "CREATE TABLE change (seq INTEGER PRIMARY KEY, writer INTEGER NOT NULL, keys BLOB)",
    "CREATE TABLE counter (name BLOB PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID",
)


def is_new(connection: sqlite3.Connection) -> bool:
    """Tell whether the file is still empty; raises UnsupportedVersion if it is not one that may be used."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    if owner == APPLICATION_ID and 0 < version <= VERSION:
        return False
    (objects,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if owner == 0 and version == 0 and objects == 0:
        return True
    if owner == APPLICATION_ID:
        refuse_newer(version)
    raise UnsupportedVersion("the cache's file holds something else", hint="move that file away")


def refuse_newer(version: int) -> None:
    """Raise UnsupportedVersion for the version of a file that a newer Isaac has made its own, perhaps a moment ago."""
    if version > VERSION:
        raise UnsupportedVersion(
            f"the cache was written by a newer Isaac (schema {version}, this one knows {VERSION})",
            hint="update Isaac, or remove the file to begin anew",
        )


def create(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty file, all or none."""
    for statement in NEW_FILE:
        connection.execute(statement).fetchall()
    connection.execute("BEGIN IMMEDIATE")
    try:
        if is_new(connection):
            for statement in TABLES:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
