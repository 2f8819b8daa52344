"""Names of files that are not there, but nearly."""

import posixpath
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from isaacd.routing.tokens import Piece
from isaacd.routing.typo.distance import distance
from isaacd.routing.typo.fix import Change
from isaacd.routing.typo.lexicon import limit_for

# Commands whose operands have to be there.
READS_FILES = frozenset(
    "cat less more head tail wc file stat source . bat nl tac sort uniq md5sum sha256sum ls rm cd pushd rmdir".split()
)
# Programs whose first operand is a file that they run; what follows it is for that file.
RUNS_FILES = frozenset("python python3 node ruby perl php bash sh zsh".split())
# Of these the last operand may be new, or the first one is no file.
_ALL_BUT_LAST = frozenset(("cp", "mv"))
_ALL_BUT_FIRST = frozenset(("chmod", "chown", "chgrp"))
TAKES_FILES = _ALL_BUT_LAST | _ALL_BUT_FIRST
_MOST, _APART = 1.0, 0.3
_OTHER_CASE = 0.4


def mistyped_files(
    words: Sequence[Piece], files: Callable[[str], Sequence[str]], cwd: str
) -> Iterator[Change]:
    """Give other names for operands of a command that reads files; `files` lists a folder."""
    for piece in _that_are_files(words):
        if piece.text.startswith(("-", "+")):
            continue
        if not piece.plain:
            if "\\" in piece.text:
                yield from _other_slashes(piece, files, cwd)
            continue
        if "/" in piece.text.strip("/") and (folders := _other_folder(piece, files, cwd)) is not None:
            yield folders
            continue
        folder, name = posixpath.split(piece.text)
        names = files(posixpath.normpath(posixpath.join(cwd, folder))) if name not in ("", ".", "..") else ()
        if not names or name in names:
            continue
        near = _near(tuple(names), name)
        if not near or near[0][0] > min(_MOST, limit_for(name)):
            continue
        if (len(near) == 1 or near[1][0] > near[0][0] + _APART) and _needs_no_quotes(near[0][1]):
            why = f"there is no {name} here, but {near[0][1]}"
            yield Change(piece.end - len(name), piece.end, near[0][1], 0.75, why)


def _that_are_files(words: Sequence[Piece]) -> Sequence[Piece]:
    """Return the words of a command that have to be there."""
    tool = words[0].text
    if tool in RUNS_FILES:
        return words[1:2]
    if tool in _ALL_BUT_LAST:
        return words[1:-1]
    if tool in _ALL_BUT_FIRST:
        operands = [word for word in words[1:] if not word.text.startswith("-")]
        return operands[1:]
    return words[1:]


def _other_folder(piece: Piece, files: Callable[[str], Sequence[str]], cwd: str) -> Change | None:
    """Look for a slip in the first folder of a path that is not there: `/ect/hosts`."""
    parts = piece.text.split("/")
    for index, part in enumerate(parts[:-1]):
        if part in ("", ".", "..") or part.startswith("~"):
            continue
        above = "/".join(parts[:index]) or ("/" if piece.text.startswith("/") else "")
        if above.startswith("~"):
            return None
        names = files(posixpath.normpath(posixpath.join(cwd, above)))
        if part in names:
            continue
        near = _near(tuple(names), part) if names else []
        if not near or near[0][0] > min(_MOST, limit_for(part)) or not _needs_no_quotes(near[0][1]):
            return None
        if len(near) > 1 and near[1][0] <= near[0][0] + _APART:
            return None
        path = "/".join([*parts[:index], near[0][1], *parts[index + 1 :]])
        behind = posixpath.split(posixpath.normpath(posixpath.join(cwd, path)))
        if behind[1] not in files(behind[0]):
            return None  # one slip that leads nowhere explains nothing
        return Change(piece.start, piece.end, path, 0.75, f"there is no {part}, but {near[0][1]}")
    return None


@lru_cache(maxsize=256)
def _near(names: tuple[str, ...], name: str) -> list[tuple[float, str]]:
    """Return the files of a folder that are one slip away; people ask for the same missing file again and again."""
    return sorted(
        (_OTHER_CASE if name.lower() == other.lower() else distance(name, other, _MOST), other)
        for other in names
        # One slip leaves the beginning or the end as it is, and nearly the length.
        if (name[0].lower() == other[0].lower() or name[-1].lower() == other[-1].lower())
        and abs(len(name) - len(other)) <= 1
    )


def _other_slashes(piece: Piece, files: Callable[[str], Sequence[str]], cwd: str) -> Iterator[Change]:
    """Look for the slashes of another system in a path."""
    there = piece.text.replace("\\", "/")
    if not all(char.isalnum() or char in "/._-" for char in there):
        return
    folder, name = posixpath.split(there.rstrip("/"))
    if name in files(posixpath.normpath(posixpath.join(cwd, folder))):
        yield Change(piece.start, piece.end, there, 0.9, "folders are parted by / here")


def _needs_no_quotes(name: str) -> bool:
    return all(char.isalnum() or char in "._-" for char in name)
