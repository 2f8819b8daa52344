"""A tree walked as people mean it: without what git ignores, without hidden files, and without going round in circles."""

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping

from isaacctl.search.ignore import Rules, as_bytes, read_rules

IGNORE_FILES = (".gitignore", ".ignore")  # the later counts more
_GIT = ".git"


class Wishes:
    """What is wanted of a tree."""

    __slots__ = ("follow", "hidden", "ignore", "max_depth")

    def __init__(self, *, hidden: bool, ignore: bool, follow: bool, max_depth: int | None) -> None:
        self.hidden = hidden
        self.ignore = ignore
        self.follow = follow
        self.max_depth = max_depth


class Entry:
    """Something in the tree: its path as it is shown, its name, and how deep it lies."""

    __slots__ = ("depth", "is_dir", "is_file", "is_link", "name", "path")

    def __init__(
        self, path: str, name: str, depth: int, *, is_dir: bool, is_file: bool, is_link: bool
    ) -> None:
        self.path = path
        self.name = name
        self.depth = depth
        self.is_dir = is_dir
        self.is_file = is_file
        self.is_link = is_link


class _Folder:
    __slots__ = ("depth", "path", "relative", "rules", "seen")

    def __init__(
        self, path: str, relative: str, depth: int, rules: tuple[Rules, ...], seen: frozenset[tuple[int, int]]
    ) -> None:
        self.path = path  # as shown, with a / at its end, or empty
        self.relative = relative  # to the top of the repository, likewise
        self.depth = depth
        self.rules = rules
        self.seen = seen


class Walk:
    """Goes through trees; `complain` is told of folders that cannot be read, `visit` of all others.

    `visit` gets a folder's path, its path within the repository, and the rules that hold in it.
    """

    def __init__(
        self,
        wishes: Wishes,
        environ: Mapping[str, str],
        complain: Callable[[str, OSError], None],
        visit: Callable[[str, str, tuple[Rules, ...]], None] | None = None,
    ) -> None:
        self._wishes = wishes
        self._environ = environ
        self._complain = complain
        self._visit = visit

    def entries(self, start: str) -> Iterator[Entry]:
        """Give everything below a folder, a folder before what is in it, by name."""
        begin = self._begin(start)
        stack: list[Iterator[Entry | _Folder]] = [self._list(begin)]
        while stack:
            found = next(stack[-1], None)
            if found is None:
                stack.pop()
            elif isinstance(found, _Folder):
                stack.append(self._list(found))
            else:
                yield found

    def _begin(self, start: str) -> _Folder:
        shown = "" if start in (".", "") else start if start.endswith("/") else f"{start}/"
        if start == "./":
            shown = "./"
        seen = frozenset[tuple[int, int]]()
        try:
            found = os.stat(start or ".")
            seen = frozenset({(found.st_dev, found.st_ino)})
        except OSError:
            pass
        if not self._wishes.ignore:
            return _Folder(shown, "", 0, (), seen)
        try:
            top, relative = _top(os.path.abspath(start or "."))
        except OSError as error:  # the folder where this process is has been removed
            self._complain(start or ".", error)
            return _Folder(shown, "", 0, (), seen)
        rules = [item for item in (self._global(top), read_rules(f"{top}/.git/info/exclude", "")) if item]
        # Those of the folders above, from the top of the repository down to here.
        at = ""
        for part in relative.split("/") if relative else []:
            rules += _of(f"{top}/{at}", as_bytes(at))
            at += f"{part}/"
        return _Folder(shown, as_bytes(f"{relative}/") if relative else "", 0, tuple(rules), seen)

    def _global(self, top: str) -> Rules | None:
        """Return the ignore file of the person, wherever git's configuration says that it is."""
        home = self._environ.get("HOME", "")
        base = self._environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
        file = f"{base}/git/ignore"
        for config in (f"{base}/git/config", f"{home}/.gitconfig", f"{top}/.git/config"):
            try:
                with open(config, encoding="utf-8", errors="surrogateescape") as opened:
                    text = opened.read(1024 * 1024)
            except (OSError, ValueError):
                continue
            found = re.findall(r"(?im)^\s*\[core\][^\[]*?^\s*excludesfile\s*=\s*\"?([^\"\n]+)", text)
            if found:
                file = os.path.expanduser(found[-1].strip())
        return read_rules(file, "")

    def _list(self, folder: _Folder) -> Iterator[Entry | _Folder]:
        wishes = self._wishes
        try:
            with os.scandir(folder.path or ".") as opened:
                found = sorted(opened, key=lambda item: item.name)
        except OSError as error:
            self._complain(folder.path or ".", error)
            return
        rules = folder.rules
        if wishes.ignore:
            names = {item.name for item in found if item.name in IGNORE_FILES}
            if names:
                rules = (*rules, *_of(folder.path or "./", folder.relative, names))
        if self._visit is not None:
            self._visit(folder.path, folder.relative, rules)
        deeper = wishes.max_depth is None or folder.depth + 1 < wishes.max_depth
        for item in found:
            name = item.name
            if (name.startswith(".") and not wishes.hidden) or (name == _GIT and wishes.ignore):
                continue
            is_link, is_dir, is_file = _what(item, follow=wishes.follow)
            plain = as_bytes(name)
            relative = folder.relative + plain
            # As git sees it: a link is never a folder.
            if rules and is_ignored(rules, relative, plain, is_dir=is_dir and not is_link):
                continue
            path = folder.path + name
            yield Entry(path, name, folder.depth + 1, is_dir=is_dir, is_file=is_file, is_link=is_link)
            if is_dir and deeper:
                seen = folder.seen
                if wishes.follow:
                    try:
                        known = item.stat()
                    except OSError:
                        continue
                    if (known.st_dev, known.st_ino) in seen:
                        continue  # a link that leads back to where we came from
                    seen = seen | {(known.st_dev, known.st_ino)}
                yield _Folder(f"{path}/", f"{relative}/", folder.depth + 1, rules, seen)


def _what(item: "os.DirEntry[str]", *, follow: bool) -> tuple[bool, bool, bool]:
    """Tell whether something is a link, a folder, a file."""
    try:
        return item.is_symlink(), item.is_dir(follow_symlinks=follow), item.is_file(follow_symlinks=follow)
    except OSError:
        return True, False, False


def _of(folder: str, relative: str, names: "set[str] | None" = None) -> list[Rules]:
    found = []
    for name in IGNORE_FILES:
        if names is None or name in names:
            rules = read_rules(f"{folder}{name}", relative)
            if rules is not None:
                found.append(rules)
    return found


def is_ignored(rules: tuple[Rules, ...], path: str, name: str, *, is_dir: bool) -> bool:
    """Ask the rules of the nearest folder first; the first that have something to say decide."""
    for item in reversed(rules):
        said = item.verdict(path[len(item.base) :], name, is_dir=is_dir)
        if said is not None:
            return said
    return False


def _top(folder: str) -> tuple[str, str]:
    """Return the top of the repository that a folder is in, and the way from there; else the folder itself."""
    at = folder
    parts: list[str] = []
    while True:
        if os.path.lexists(os.path.join(at, _GIT)):
            return at.rstrip("/"), "/".join(reversed(parts))
        above, name = os.path.split(at)
        if above == at:
            return folder.rstrip("/"), ""
        parts.append(name)
        at = above


def mode_of(path: str, *, follow: bool) -> os.stat_result | None:
    """Return what the system tells about a path; None if it is gone."""
    try:
        return os.stat(path) if follow else os.lstat(path)
    except OSError:
        return None


def is_regular(found: os.stat_result) -> bool:
    """Tell whether something is a file that ends."""
    return stat.S_ISREG(found.st_mode)
