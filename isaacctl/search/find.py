"""Files and folders by name, kind, size and age."""

import os
import stat
from typing import Any

from isaacctl.search.names import file_test, name_test, seen_file_test
from isaacctl.search.out import Out, complain
from isaacctl.search.walk import Entry, Walk, Wishes, mode_of

FOUND, NONE, FAILED = 0, 1, 2
_COLOURS = {"dir": "1;34", "link": "36", "exec": "32"}


class Find:
    """One search: what is meant, and what came of it."""

    def __init__(self, options: "dict[str, Any]", out: Out, environ: "dict[str, str]") -> None:
        pattern = options.get("pattern") or ""
        self._options = options
        self._out = out
        self._environ = environ
        how, case = options.get("how", "smart"), options.get("case", "smart")
        self._named = name_test(pattern, how=how, case=case) if pattern else None
        self._whole = bool(options.get("full_path"))
        self._typed = file_test(
            options.get("types", ()), options.get("not_types", ()), options.get("globs", ())
        )
        self._seen = seen_file_test(options)
        self._kinds = frozenset(options.get("kinds", ()))
        self._follow = bool(options.get("follow"))
        self._failed = False

    def run(self, paths: "list[str]") -> int:
        """Write everything below some folders that is meant; return 0 if there is something, 1 if not, 2 after a fault."""
        options, limit = self._options, self._options.get("limit")
        wishes = Wishes(
            hidden=bool(options.get("hidden")),
            ignore=not options.get("no_ignore"),
            follow=self._follow,
            max_depth=options.get("max_depth"),
        )
        walk = Walk(wishes, self._environ, self._unreadable)
        count = 0
        for start in paths:
            if not os.path.isdir(start):
                missing = not os.path.lexists(start)
                self._unreadable(start, OSError(0, "there is no such folder" if missing else "is no folder"))
                continue
            for entry in walk.entries(start):
                found = self._wanted(entry)
                if found:
                    _show(entry, found, options, self._out)
                    count += 1
                    if limit is not None and count >= limit:
                        self._out.flush()
                        return FOUND
                self._out.tick()
        self._out.flush()
        return FAILED if self._failed else FOUND if count else NONE

    def _unreadable(self, path: str, error: OSError) -> None:
        self._failed = True
        complain(f"{path}: {error.strerror}")

    def _wanted(self, entry: Entry) -> "os.stat_result | bool":
        if self._named is not None and not self._named(entry.path if self._whole else entry.name):
            return False
        if self._typed is not None and (entry.is_dir or not self._typed(entry.name, entry.path)):
            return False
        if not (self._kinds or self._seen is not None or self._options.get("json")):
            return True
        found = mode_of(entry.path, follow=self._follow)
        if found is None:
            return False
        if self._seen is not None and (entry.is_dir or not self._seen(found)):
            return False
        return found if not self._kinds or _is_of(entry, found, self._kinds) else False


def _is_of(entry: Entry, found: os.stat_result, kinds: "frozenset[str]") -> bool:
    if entry.is_link and not stat.S_ISLNK(found.st_mode):
        pass  # followed: it is what it leads to
    elif entry.is_link:
        return "link" in kinds
    if entry.is_dir:
        return "dir" in kinds or ("empty" in kinds and _is_empty(entry.path))
    if not stat.S_ISREG(found.st_mode):
        return "other" in kinds
    if "exec" in kinds and found.st_mode & 0o111:
        return True
    return "file" in kinds or ("empty" in kinds and not found.st_size)


def _is_empty(folder: str) -> bool:
    try:
        with os.scandir(folder) as opened:
            return next(opened, None) is None
    except OSError:
        return False


def _show(entry: Entry, found: "os.stat_result | bool", options: "dict[str, Any]", out: Out) -> None:
    if options.get("json"):
        assert isinstance(found, os.stat_result)
        kind = (
            "link"
            if stat.S_ISLNK(found.st_mode)
            else "dir"
            if entry.is_dir
            else "file"
            if entry.is_file
            else "other"
        )
        out.row({"path": entry.path, "kind": kind, "size": found.st_size, "mtime": found.st_mtime})
        return
    ending = "\0" if options.get("null") else "\n"
    path = entry.path if options.get("null") else out.show(entry.path)
    if out.color:
        folder, name = path[: len(path) - len(entry.name)], path[len(path) - len(entry.name) :]
        kind = "link" if entry.is_link else "dir" if entry.is_dir else ""
        path = out.paint(folder, "34") + (out.paint(name, _COLOURS[kind]) if kind else name)
    out.write(
        f"{path}{'/' if entry.is_dir and not entry.is_link and not options.get('null') else ''}{ending}"
    )
