"""The programs that a PATH offers; a folder is listed again only when it has changed."""

import os
from collections.abc import Callable

MAX_FOLDERS = 64
MAX_PATHS = 16
LOOK_AGAIN_S = 0.5


class Programs:
    """Lists programs by PATH, and the names in one folder; a folder that cannot be read is empty."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._folders: dict[str, tuple[int, frozenset[str]]] = {}
        self._whole: dict[str, tuple[float, tuple[frozenset[str], ...], frozenset[str]]] = {}
        self._files: dict[str, tuple[int, tuple[str, ...]]] = {}

    def on(self, path: str) -> frozenset[str]:
        """Return the names of all programs on a PATH; the same object as long as nothing has changed."""
        now = self._monotonic()
        known = self._whole.get(path)
        if known is not None and now - known[0] < LOOK_AGAIN_S:
            return known[2]
        # What is relative depends on a folder, and is not meant to be on a PATH.
        folders = [folder for folder in dict.fromkeys(path.split(os.pathsep)) if folder.startswith("/")]
        parts = tuple(self._folder(folder) for folder in folders[:MAX_FOLDERS])
        if known is not None and len(parts) == len(known[1]) and all(map(_is, parts, known[1])):
            self._whole[path] = (now, parts, known[2])
            return known[2]
        if len(self._whole) >= MAX_PATHS:
            self._whole.clear()
        names = frozenset().union(*parts)
        self._whole[path] = (now, parts, names)
        return names

    def files(self, folder: str, most: int = 2000) -> tuple[str, ...]:
        """Return the names in a folder, none if it has more than `most`."""
        changed = _changed(folder)
        known = self._files.get(folder)
        if known is not None and known[0] == changed:
            return known[1]
        names: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    names.append(entry.name)
                    if len(names) > most:
                        names = []
                        break
        except (OSError, ValueError):
            names = []
        if len(self._files) >= MAX_PATHS:
            self._files.clear()
        self._files[folder] = (changed, tuple(sorted(names)))
        return self._files[folder][1]

    def _folder(self, folder: str) -> frozenset[str]:
        changed = _changed(folder)
        known = self._folders.get(folder)
        if known is not None and known[0] == changed:
            return known[1]
        try:
            with os.scandir(folder) as entries:
                names = frozenset(entry.name for entry in entries if _is_program(entry))
        except (OSError, ValueError):
            names = frozenset()
        if len(self._folders) >= MAX_FOLDERS * MAX_PATHS:
            self._folders.clear()
        self._folders[folder] = (changed, names)
        return names


def _is(one: object, other: object) -> bool:
    return one is other


def _changed(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116 - on the path of every line
    except (OSError, ValueError):
        return -1


def _is_program(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_file() and os.access(entry.path, os.X_OK)
    except OSError:
        return False
