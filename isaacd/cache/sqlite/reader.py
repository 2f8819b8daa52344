"""Point reads on the event loop: one read-only connection, a few microseconds a value."""

import sqlite3
from pathlib import Path

import msgspec

from isaacd.cache.row import key_id, key_text
from isaacd.cache.sqlite.schema import is_new
from isaacd.database.fault import Fault, classify
from isaacd.database.files import was_left_open

# Values above 64 KiB are read in a thread: at that size the copy alone takes as long as the switch.
_POINT = "SELECT key, crc, iif(length(body) <= 65536, body, NULL) FROM entry WHERE id = ?"
_LAST_CHANGE = "SELECT coalesce(max(seq), 0) FROM change"
_CHANGES = "SELECT seq, writer, keys FROM change WHERE seq > ? ORDER BY seq"


def connect_to_read(file: Path) -> tuple[sqlite3.Connection, str]:
    """Open the file for reading only, on a read-only file system too if its last user closed it; return the URI too."""
    uri = file.absolute().as_uri()
    try:
        return _connect(f"{uri}?mode=ro"), f"{uri}?mode=ro"
    except sqlite3.OperationalError as error:
        if classify(error) not in {Fault.UNREACHABLE, Fault.READ_ONLY} or was_left_open(file):
            raise
        # Without a place for the shared memory, SQLite reads a file only if nobody can be writing to it.
        return _connect(f"{uri}?immutable=1"), f"{uri}?immutable=1"


def _connect(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        # What is damaged may call anything text; as bytes it does no harm.
        connection.text_factory = bytes
        connection.execute("PRAGMA schema_version").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


class Reader:
    """The connection that is used on the loop; made in a thread, warm when it comes out of there.

    `new` says that there are no tables yet: then it can only be closed.
    """

    def __init__(self, file: Path) -> None:
        self._connection, self.uri = connect_to_read(file)
        try:
            self.new = is_new(self._connection)
            self._cursor = self._connection.cursor()
            self._seen_version = -1
            self._seen_change = 0
            if not self.new:
                self.point(b"")
                (self._seen_change,) = self._connection.execute(_LAST_CHANGE).fetchone()
                self._seen_version = self._version()
        except BaseException:
            self._connection.close()
            raise

    def point(self, raw_key: bytes) -> tuple[int, object, object] | None:
        """Return row id, checksum and body of a key; the body is None if it is too large to be read here."""
        row_id = key_id(raw_key)
        row = self._cursor.execute(_POINT, (row_id,)).fetchone()
        # Another key may have the same hash; its row counts as absent, and the newer of the two stays.
        return None if row is None or row[0] != raw_key else (row_id, row[1], row[2])

    def changes(self, writer: int) -> tuple[str, ...] | None:
        """Return the keys that writers other than `writer` changed since the last call; None is any key."""
        version = self._version()
        if version == self._seen_version:
            return ()
        rows = self._connection.execute(_CHANGES, (self._seen_change,)).fetchall()
        self._seen_version = version
        keys: list[str] = []
        # Old changes are removed now and then: a gap means that some were missed.
        missed = bool(rows) and rows[0][0] != self._seen_change + 1
        for sequence, by, raw in rows:
            self._seen_change = sequence
            if by != writer:
                missed = missed or raw is None
                keys.extend(map(key_text, msgspec.msgpack.decode(raw, type=list[bytes])) if raw else ())
        return None if missed else tuple(keys)

    def totals(self) -> tuple[int, int]:
        """Return the number of entries and the bytes in use."""
        (entries,) = self._connection.execute("SELECT count(*) FROM entry").fetchone()
        pages, free, page_bytes = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return entries, (pages - free) * page_bytes

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _version(self) -> int:
        version: int = self._cursor.execute("PRAGMA data_version").fetchone()[0]
        return version


def first_damage(connection: sqlite3.Connection) -> str | None:
    """Return what SQLite finds wrong with the structure of the file, or None."""
    try:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error) if classify(error) is Fault.CORRUPT else None
    finally:
        connection.close()
    return None if found == b"ok" else str(found, "utf-8", "replace")
