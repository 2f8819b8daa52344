"""Where plugins lie: the folders that make up `isaac_plugins`, and what is found in them without importing any."""

import importlib
import os
import stat
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from isaacd.plugin.trust import bundled_in

NAMESPACE = "isaac_plugins"
_SUFFIX = ".py"


# Isaac's own, another part of the namespace, an entry point of a distribution, or the user's folder of plugins.
Source = Literal["bundled", "site", "entry", "user"]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder that looks like a plugin; `hidden_by` is another one of the same name, which is used.

    `refused` says why it must not be imported. Its code is the module `module`, which has the plugin as `attribute`;
    `path` are folders that have to be on sys.path for it. An entry point belongs to a `distribution` (`name version`).
    """

    name: str
    origin: Path
    source: Source = "user"
    module: str = ""
    attribute: str = "plugin"
    path: tuple[Path, ...] = ()
    distribution: str = ""

    @property
    def root(self) -> Path:
        """The file or folder with all of its code: of an entry point `a.b.c`, the folder `a`."""
        levels = 0 if self.module.startswith(f"{NAMESPACE}.") else self.module.count(".")
        return (
            self.origin.parents[levels - 1] if levels and len(self.origin.parents) > levels else self.origin
        )

    hidden_by: Path | None = None
    refused: str | None = None


def find(
    user_dir: Path, uid: int, bundled: Callable[[Path], Collection[str] | None] = bundled_in
) -> Iterator[Found]:
    """Find every plugin of the namespace; `user_dir` may hold a further part of it, which comes last.

    Code in a place that other users than `uid` and root can change is refused. `bundled` returns the names in a folder
    that belong to Isaac itself; None if all of them do.
    """
    own = user_dir / NAMESPACE
    refused = _open_to_others(user_dir, uid) or _open_to_others(own, uid) or _takes_all(own)
    if refused is None and own.is_dir() and str(user_dir) not in sys.path:
        # A namespace package reads sys.path anew by itself (PEP 420). Last, so that nothing there hides anything else.
        sys.path.append(str(user_dir))
    for folder in (*folders(), *([own] if refused else [])):
        if folder != own and folder.is_relative_to(user_dir):
            continue  # what was installed is found by its receipt, also once it is on sys.path
        names = bundled(folder) if folder != own else ()
        for name, origin in sorted(_plugins_in(folder)):
            reason = (refused or _open_to_others(origin, uid)) if folder == own else None
            source: Source = "user" if folder == own else "site"
            if names is None or origin.name in names:
                source = "bundled"
            yield Found(
                name=name,
                origin=origin,
                source=source,
                module=f"{NAMESPACE}.{name}",
                refused=reason,
            )


def folders() -> list[Path]:
    """Return the folders that make up the namespace."""
    try:
        return [Path(folder) for folder in importlib.import_module(NAMESPACE).__path__]
    except ModuleNotFoundError:
        return []


def _plugins_in(folder: Path) -> Iterator[tuple[str, Path]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return  # not there, or not readable: then it has no plugins
    for entry in entries:
        if entry.name.startswith(("_", ".")):
            continue
        if entry.name.endswith(_SUFFIX):
            if _is_file(entry):  # to read anything else could take for ever
                yield said(entry.name.removesuffix(_SUFFIX)), Path(entry.path)
        elif Path(entry.path, "__init__.py").is_file():
            yield said(entry.name), Path(entry.path)


def said(name: str | Path) -> str:
    """Return a name or path as it can be sent and shown, also if it is not UTF-8."""
    return str(name).encode("utf-8", "backslashreplace").decode()


def _is_file(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False  # a link that leads back to itself


def _takes_all(folder: Path) -> str | None:
    """Say if a folder would be the whole namespace instead of a part of it, and hide Isaac's own plugins (PEP 420)."""
    init = str(folder / "__init__.py")
    # Unlike Path.exists, this raises nothing for a folder that may not be looked into.
    return f"{init} would hide all other plugins; remove it: rm {init}" if os.path.lexists(init) else None


def _open_to_others(path: Path, uid: int) -> str | None:
    """Say who else could change a file or folder; None if nobody can, or if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    if found.st_uid not in (uid, 0):
        return f"{path} belongs to another user"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others can write to {path}; close it: chmod go-w {path}"
    return None
