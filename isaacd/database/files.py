"""The files of the database: private whatever the umask, made and moved aside by one process at a time."""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

LOCK_WAIT_S = 5.0
_POLL_S = 0.01
_BESIDE = ("", "-wal", "-shm")
_ASIDE = ".damaged-"
_FORMER = ".version-"


def make_private_file(file: Path) -> None:
    """Make `file` if it is missing, readable by its owner alone; SQLite gives -wal and -shm the same mode."""
    if not file.parent.is_dir():
        file.parent.parent.mkdir(parents=True, exist_ok=True)
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.parent.chmod(0o700)
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        _close_to_others(file)
        return
    try:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o600:  # as under a strange umask
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _close_to_others(file: Path) -> None:
    # Never opened and closed here: that would take away the locks that this process's SQLite holds on it.
    for name in _BESIDE:
        one = file.with_name(file.name + name)
        try:
            found = one.lstat()
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise PermissionError(f"{one} is not a file of this user")
        if found.st_mode & 0o077:
            one.chmod(0o600)


def identity(file: Path) -> tuple[int, int] | None:
    """Return what tells this file from another that later has its name; None if there is none."""
    try:
        found = os.stat(file)  # noqa: PTH116 - twice as fast, and asked before every batch
    except OSError:
        return None
    return found.st_dev, found.st_ino


def was_left_open(file: Path) -> bool:
    """Tell whether there is a write-ahead log: its last user did not close the file, or still has it open."""
    try:
        return file.with_name(file.name + "-wal").stat().st_size > 0
    except OSError:
        return False


@contextmanager
def only_one(file: Path) -> Iterator[None]:
    """Hold the lock under which the file is made or moved; raises TimeoutError when somebody else keeps it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(file.with_name(file.name + ".lock"), flags, 0o600)
    try:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o600:  # as under a strange umask
            os.fchmod(descriptor, 0o600)
        until = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise TimeoutError("another process keeps its lock") from None
                time.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


def move_aside(file: Path, now: float) -> Path:
    """Rename the database and what belongs to it; only the newest that was moved so is kept."""
    for old in file.parent.glob(f"{file.name}{_ASIDE}*"):
        old.unlink(missing_ok=True)
    when = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = file.with_name(f"{file.name}{_ASIDE}{when}")
    # The log first: without its database it means nothing, but a new database with an old log would be damaged too.
    for name in reversed(_BESIDE):
        one = file.with_name(file.name + name)
        if one.exists():
            one.replace(aside.with_name(aside.name + name))
    return aside


@contextmanager
def whole_copy(file: Path, version: int) -> Iterator[Path]:
    """Give a name for a copy of the database; it becomes `NAME.version-N` once it is whole and on the disk.

    The caller holds the lock of `only_one`. Copies of other versions are removed, as only the last one is of use.
    """
    beside = file.with_name(f".{file.name}{_FORMER}partial")
    beside.unlink(missing_ok=True)
    try:
        yield beside
        descriptor = os.open(beside, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        kept = file.with_name(f"{file.name}{_FORMER}{version}")
        beside.replace(kept)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    for old in file.parent.glob(f"{file.name}{_FORMER}*"):
        if old != kept:
            old.unlink(missing_ok=True)
