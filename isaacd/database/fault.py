"""What SQLite's and the system's errors mean."""

import enum
import errno
import sqlite3


class Fault(enum.Enum):
    """Why the file cannot be used fully; the value is what people read."""

    FULL = "the disk is full"
    READ_ONLY = "the file cannot be written"
    LOCKED = "another process holds the lock"
    CORRUPT = "the file is damaged"
    UNREACHABLE = "the file cannot be opened"
    FAILING = "the disk reports errors"
    INTERRUPTED = "interrupted"


_BY_CODE = {
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
    sqlite3.SQLITE_PERM: Fault.READ_ONLY,
    sqlite3.SQLITE_BUSY: Fault.LOCKED,
    sqlite3.SQLITE_LOCKED: Fault.LOCKED,
    sqlite3.SQLITE_PROTOCOL: Fault.LOCKED,
    sqlite3.SQLITE_CANTOPEN: Fault.UNREACHABLE,
    sqlite3.SQLITE_AUTH: Fault.UNREACHABLE,
    sqlite3.SQLITE_NOLFS: Fault.UNREACHABLE,
    sqlite3.SQLITE_NOMEM: Fault.FAILING,
    sqlite3.SQLITE_IOERR: Fault.FAILING,
    sqlite3.SQLITE_INTERRUPT: Fault.INTERRUPTED,
}
# The shared memory of the write-ahead log could not grow: there is no room on that disk.
_FULL = frozenset({sqlite3.SQLITE_IOERR_SHMSIZE})
_CORRUPT = frozenset({sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS})
_BY_ERRNO = {
    errno.ENOSPC: Fault.FULL,
    errno.EDQUOT: Fault.FULL,
    errno.EROFS: Fault.READ_ONLY,
    errno.EIO: Fault.FAILING,
}


def classify(error: BaseException) -> Fault:
    """Return what an error means.

    Our statements are fixed, so one that SQLite calls wrong (no such table, a constraint, a type) has met a damaged
    file.
    """
    if isinstance(error, TimeoutError):
        return Fault.LOCKED
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, Fault.UNREACHABLE)
    if not isinstance(error, sqlite3.Error):
        return Fault.FAILING
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return Fault.UNREACHABLE if isinstance(error, sqlite3.ProgrammingError) else Fault.CORRUPT
    if code in _FULL:
        return Fault.FULL
    if code in _CORRUPT:
        return Fault.CORRUPT
    return _BY_CODE.get(code & 0xFF, Fault.CORRUPT)
