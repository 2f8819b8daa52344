"""Which files a backup holds, and which it leaves out: the answer to "what is mine here?"."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from isaacd.ai.keys import KEY_FOLDER
from isaacd.paths import Paths

KEPT = "kept"
STAGING = ".restore"
MARKER = "restore.json"
TOKENS = "tokens.sqlite"
_SQLITE = b"SQLite format 3\0"
# Locks and write-ahead logs mean nothing elsewhere; what was moved aside was given up already.
_NEVER = re.compile(
    r"\.lock$|-wal$|-shm$|-journal$|\.sqlite\.(damaged|version)-|\.partial-\d+$|^\.restore|^\.isaac-work-|^__pycache__$"
)


class Owned(msgspec.Struct, frozen=True):
    """A file to be kept: its name in an archive, where it is, and whether SQLite has to be asked for its content."""

    name: str
    path: Path
    database: bool


def roots(paths: Paths) -> dict[str, Path]:
    """Return the folders that archives speak of. What is in the cache can be had again, and is not kept."""
    return {"config": paths.config_dir, "data": paths.data_dir, "state": paths.state_dir}


def owned(paths: Paths, *, with_keys: bool) -> tuple[list[Owned], list[str]]:
    """Return what a backup holds, by name, and the names of what it cannot: links, sockets and the like.

    Of the state that is every database but the tokens: one that was revoked must not come back with an older backup.
    Logs, and what shells have written and nobody has taken in yet, stay here.
    """
    found: list[Owned] = []
    skipped: list[str] = []
    for root, folder in roots(paths).items():
        for path in _walk(folder):
            inside = path.relative_to(folder)
            if root == "config" and inside.parts[0] == KEY_FOLDER and not with_keys:
                continue
            if root == "state" and inside.parts[0] in (KEPT, TOKENS):
                continue
            name = f"{root}/{inside.as_posix()}"
            # People keep their configuration elsewhere and link to it; what it says is theirs.
            found_at = _look(path, follow=root == "config")
            if not stat.S_ISREG(found_at) or not _is_text(name):
                skipped.append(name.encode("utf-8", "backslashreplace").decode())
                continue
            database = root != "config" and is_database(path)
            if database or root != "state":
                found.append(Owned(name, path, database))
    return sorted(found, key=lambda item: item.name), sorted(skipped)


def may_hold(name: str, *, database: bool, with_keys: bool) -> bool:
    """Say whether a backup could have this name in it; one that somebody made up may have any."""
    root, *inside = name.split("/")
    file = inside[-1].removesuffix("-wal")  # of a database that could not be read
    if any(_NEVER.search(part) for part in (*inside[:-1], file)):
        return False
    if root == "config":
        return with_keys or inside[0] != KEY_FOLDER
    if root != "state":
        return True
    return inside[0].removesuffix("-wal") not in (KEPT, TOKENS) and (database or file.endswith(".sqlite"))


def _look(path: Path, *, follow: bool) -> int:
    try:
        return path.stat(follow_symlinks=follow).st_mode
    except OSError:
        return 0


def is_database(path: Path) -> bool:
    """Say whether a file is one of SQLite."""
    with path.open("rb") as file:
        return path.suffix == ".sqlite" or file.read(len(_SQLITE)) == _SQLITE


def _walk(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if _NEVER.search(path.name):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        else:
            yield path


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
