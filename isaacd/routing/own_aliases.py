"""Aliases that a person has added by command: in a file of their own, laid under `[routing.aliases]` of config.toml."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from isaacd.errors import InvalidParams
from isaacd.paths import keep_own, read_regular

FILE_NAME = "aliases.json"
LOOK_AGAIN_S = 0.5
MAX_ALIASES = 2000
MAX_NAME_CHARS = 60
MAX_LINE_CHARS = 4000
# What a shell or the router would read otherwise.
_NO_NAME = frozenset(" \t\n'\"\\$`;&|<>(){}*?[]#~!=/")
_Stamp = tuple[int, int, int]


class _Kept(msgspec.Struct, frozen=True):
    """What the file holds; unknown keys of a newer version are ignored."""

    version: int = 1
    aliases: dict[str, str] = {}


class OwnAliases:
    """Reads the file when it has changed, which one system call tells; writes it as a whole."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE_NAME
        self._name = str(self.file)
        self._known: tuple[_Stamp | None, Mapping[str, str]] = (None, {})
        self._looked = float("-inf")

    def read(self) -> Mapping[str, str]:
        """Return the aliases; the same object as long as nothing has changed.

        A file that is damaged, or that others can write to, says nothing: what it holds would be run.
        """
        try:
            found = os.stat(self._name)  # noqa: PTH116 - at every line that is routed
        except OSError:
            if self._known[0] is not None:
                self._known = (None, {})
            return self._known[1]
        stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
        if stamp != self._known[0]:
            unsafe = found.st_mode & 0o022 or found.st_uid not in (os.geteuid(), 0)
            self._known = (stamp, {} if unsafe else self._decoded())
        return self._known[1]

    def lately(self, now: float) -> Mapping[str, str]:
        """Return the aliases as they were half a second ago at most, or as this process has changed them since."""
        if now - self._looked >= LOOK_AGAIN_S:
            self._looked = now
            self.read()
        return self._known[1]

    def add(self, aliases: Mapping[str, str]) -> None:
        """Keep aliases, in place of those of the same names; raises InvalidParams, StorageUnavailable."""
        for name, line in aliases.items():
            check_alias(name, line)
        self._write({**self.read(), **aliases})

    def remove(self, name: str) -> bool:
        """Remove an alias and say whether it was there; raises StorageUnavailable."""
        kept = dict(self.read())
        if kept.pop(name, None) is None:
            return False
        self._write(kept)
        return True

    def _decoded(self) -> Mapping[str, str]:
        try:
            return msgspec.json.decode(read_regular(self.file), type=_Kept).aliases
        except (OSError, ValueError):
            return {}

    def _write(self, aliases: Mapping[str, str]) -> None:
        if len(aliases) > MAX_ALIASES:
            raise InvalidParams(f"these are more than {MAX_ALIASES} aliases")
        data = msgspec.json.format(msgspec.json.encode(_Kept(1, dict(sorted(aliases.items())))), indent=2)
        keep_own(self.file, data + b"\n")
        self.read()


def check_alias(name: str, line: str) -> None:
    """Raise InvalidParams for what cannot be an alias."""
    if (
        not name
        or len(name) > MAX_NAME_CHARS
        or name.startswith("-")
        or set(name) & _NO_NAME
        or not name.isprintable()
    ):
        raise InvalidParams(
            f"{name[:80]!r} is no name for an alias",
            hint="take letters, digits, `.`, `_`, `-`, `+`, `,` and `:`",
        )
    if not line.strip() or len(line) > MAX_LINE_CHARS or "\0" in line or not _is_text(line):
        raise InvalidParams(
            f"the alias {name} needs a line to stand for, of {MAX_LINE_CHARS} characters at most"
        )


def _is_text(line: str) -> bool:
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True
