"""Whether files are still those that were looked at: their times and sizes, without a look into them."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

# More files than any plugin has: then the rest of its folder is not watched.
MAX_FILES = 5000
_MADE_BY_PYTHON = "__pycache__"


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """One file or folder at one moment; times in nanoseconds. `changed_ns` also sees what kept time and size."""

    path: str
    mtime_ns: int
    changed_ns: int
    size: int


Stamps = tuple[Stamp, ...]


def stamps_of(origin: Path) -> Stamps:
    """Stamp a file, or all files below a folder, by path; what is not there has none."""
    return tuple(stamp for path in _files(str(origin)) if (stamp := _stamp(path)) is not None)


def is_as_before(stamp: Stamp, origin: Path) -> bool:
    """Say whether the one file that a plugin is made of is still what it was."""
    return stamp.path == str(origin) and _stamp(stamp.path) == stamp


def folders_of(stamps: Stamps) -> set[str]:
    """Return the folders in which the files are, and those in which links to them end."""
    paths = {path for stamp in stamps for path in (stamp.path, os.path.realpath(stamp.path))}
    return {os.path.dirname(path) for path in paths}  # noqa: PTH120 - on the way of requests


def folder_stamps(folders: Iterable[Path | str]) -> Stamps:
    """Stamp folders themselves: their times tell of files that came, went or were exchanged."""
    return tuple(stamp for folder in folders if (stamp := _stamp(str(folder), folder_only=True)) is not None)


def _files(origin: str) -> Iterator[str]:
    if not os.path.isdir(origin):  # noqa: PTH112 - hundreds of paths are looked at before the first command
        yield origin
        return
    count = 0
    for folder, below, names in os.walk(origin):
        below[:] = sorted(name for name in below if name != _MADE_BY_PYTHON)
        for name in sorted(names):
            if not name.endswith(".pyc"):
                count += 1
                if count > MAX_FILES:
                    return
                yield f"{folder}/{name}"


def _stamp(path: str, *, folder_only: bool = False) -> Stamp | None:
    try:
        found = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    # How many files a folder holds says nothing about the files, and its size even less.
    size = 0 if folder_only else found.st_size
    return Stamp(path, found.st_mtime_ns, found.st_ctime_ns, size)
