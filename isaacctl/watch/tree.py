"""What is there, as far as it is watched: looked at as a whole, or file by file, and compared with what was there before."""

import os
import stat
from collections.abc import Mapping, Sequence
from typing import Any

from isaacctl.search.ignore import as_bytes
from isaacctl.search.walk import IGNORE_FILES, Walk, Wishes, is_ignored

Mark = tuple[int, int, int]  # when it was changed, its size, its number


class Change:
    """One thing that happened to a file: created, modified or deleted."""

    __slots__ = ("kind", "path")

    def __init__(self, kind: str, path: str) -> None:
        self.kind = kind
        self.path = path


class Tree:
    """The files below some paths, without what git ignores; a path may come and go."""

    def __init__(
        self, paths: Sequence[str], options: Mapping[str, Any], environ: Mapping[str, str], test: Any
    ) -> None:
        self._paths = list(dict.fromkeys(paths))
        self._test = test
        self._wishes = Wishes(
            hidden=bool(options.get("hidden")),
            ignore=not options.get("no_ignore"),
            follow=False,
            max_depth=None,
        )
        self._environ = environ
        self._files: dict[str, Mark] = {}
        self._rules: dict[str, tuple[str, Any]] = {}
        self.folders: set[str] = set()

    def look(self) -> list[Change]:
        """Look at everything, and return what is different from before."""
        files: dict[str, Mark] = {}
        self.folders, self._rules = set(), {}
        for start in self._paths:
            self._look_at(start, files)
        before, self._files = self._files, files
        changes = [Change("deleted", path) for path in before if path not in files]
        for path, mark in files.items():
            if path not in before:
                changes.append(Change("created", path))
            elif before[path] != mark:
                changes.append(Change("modified", path))
        return sorted(changes, key=lambda change: change.path)

    def look_at(self, paths: "set[str]") -> list[Change] | None:
        """Look at some files only; None if that is not enough, and everything has to be looked at."""
        changes = []
        for path in sorted(paths):
            folder, _, name = path.rpartition("/")
            folder = f"{folder}/" if folder or path.startswith("/") else ""
            if name in IGNORE_FILES:
                return None
            known = self._files.get(path)
            if known is None and not self._is_wanted(folder, name, path):
                continue
            mark = _mark(path)
            if mark is None:
                if known is not None:
                    del self._files[path]
                    changes.append(Change("deleted", path))
            elif mark != known:
                self._files[path] = mark
                changes.append(Change("created" if known is None else "modified", path))
        return changes

    def _is_wanted(self, folder: str, name: str, path: str) -> bool:
        if path in self._paths:
            return True
        if folder not in self._rules or (name.startswith(".") and not self._wishes.hidden):
            return False
        relative, rules = self._rules[folder]
        plain = as_bytes(name)
        if rules and is_ignored(rules, relative + plain, plain, is_dir=False):
            return False
        return self._test is None or bool(self._test(name, path))

    def _look_at(self, start: str, files: "dict[str, Mark]") -> None:
        try:
            found = os.stat(start)
        except OSError:
            self.folders.add(_nearest(start))  # it may still come
            return
        if not stat.S_ISDIR(found.st_mode):
            # An editor may put another file in its place, so its folder is watched.
            self.folders.add(_parent(start))
            mark = _mark(start)
            if mark is not None:
                files[start] = mark
            return
        self.folders.add(_parent(start))

        def visit(path: str, relative: str, rules: Any) -> None:
            self.folders.add(path)
            self._rules[path] = (relative, rules)

        for entry in Walk(self._wishes, self._environ, lambda path, error: None, visit).entries(start):
            if entry.is_dir or (self._test is not None and not self._test(entry.name, entry.path)):
                continue
            mark = _mark(entry.path)
            if mark is not None:
                files[entry.path] = mark


def _mark(path: str) -> Mark | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    if stat.S_ISDIR(found.st_mode):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _parent(path: str) -> str:
    folder = os.path.dirname(path.rstrip("/"))
    return f"{folder}/" if folder and folder != "/" else folder


def _nearest(path: str) -> str:
    """Return the nearest folder above a path that is there."""
    at = _parent(path)
    while at and at != "/" and not os.path.isdir(at):
        at = _parent(at)
    return at
