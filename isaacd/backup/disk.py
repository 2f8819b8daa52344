"""Files that are there whole or not at all, for their owner alone, and still there after the power has failed."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_PARTIAL = ".partial-"
_PLACE = ".isaac-work-"


def sync_folder(folder: Path) -> None:
    """Have the names in a folder written to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(file: Path) -> None:
    """Have what is in a file written to the disk."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder of ours, and its parents, with mode 0700 whatever the umask; one that is there stays as it is."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        folder.chmod(0o700)


def free_bytes(folder: Path) -> int:
    """Tell the room on the disk of a folder, which need not be there yet."""
    while not folder.is_dir():
        folder = folder.parent
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def open_new(file: Path, mode: int = 0o600) -> BinaryIO:
    """Make a file that must not be there yet."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    os.fchmod(descriptor, mode)
    return os.fdopen(descriptor, "w+b")


@contextmanager
def written_whole(file: Path, *, is_alive: Callable[[int], bool] | None = None) -> Iterator[BinaryIO]:
    """Give what is to become `file` (0600); it does so at the end, if nothing was raised, and not before.

    What a killed process has left beside it is taken away.
    """
    alive = is_alive or _is_alive
    for old in file.parent.glob(f".{file.name}{_PARTIAL}*"):
        number = old.name.rpartition("-")[2]
        if not (number.isdecimal() and alive(int(number))):
            old.unlink(missing_ok=True)
    beside = file.with_name(f".{file.name}{_PARTIAL}{os.getpid()}")
    beside.unlink(missing_ok=True)
    try:
        with open_new(beside) as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


@contextmanager
def workplace(folder: Path, *, is_alive: Callable[[int], bool] | None = None) -> Iterator[Path]:
    """Give a folder (0700) in `folder` to work in, gone afterwards; those of processes that were killed go too."""
    alive = is_alive or _is_alive
    for old in folder.glob(f"{_PLACE}*"):
        number = old.name.rpartition("-")[2]
        if number.isdecimal() and not alive(int(number)):
            shutil.rmtree(old, ignore_errors=True)
    place = folder / f"{_PLACE}{os.getpid()}"
    place.mkdir(mode=0o700)
    try:
        place.chmod(0o700)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid != os.getpid()
