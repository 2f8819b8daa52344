"""Whether this daemon can still be found, and what it keeps will be: socket, lock and folders are those it began with."""

import os
from collections.abc import Sequence
from pathlib import Path

# Shorter than a client waits for somebody who holds the lock and does not listen.
LOOK_EVERY_S = 2.0

Identity = tuple[int, int]


class Place:
    """Remembers which files and folders had their names; a look costs a system call for each.

    What is missing at first, such as a folder that is made with the first note, is remembered once it is there.
    """

    def __init__(self, *, files: Sequence[Path], folders: Sequence[Path]) -> None:
        self._what = {str(file): "file" for file in files} | {str(folder): "folder" for folder in folders}
        self._known: dict[str, Identity] = {}
        self.lost()

    def lost(self) -> str | None:
        """Say what is gone, or is another one by now; None while all is as it was."""
        for path, kind in self._what.items():
            found = _identity(path)
            known = self._known.get(path)
            if known is None:
                if found is not None:
                    self._known[path] = found
            elif found is None:
                return f"the {kind} {path} is gone"
            elif found != known:
                return f"{path} is another {kind} now"
        return None


def _identity(path: str) -> Identity | None:
    """Return what tells a file from another of its name; where that cannot be known, it is taken to be gone."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
