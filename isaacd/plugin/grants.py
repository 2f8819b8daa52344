"""What a person lets plugins in processes of their own have the daemon do for them: scopes, by plugin and where it comes from."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from isaacd.errors import NotFound
from isaacd.paths import Paths, keep_own, read_own
from isaacd.tokens.scope import SCOPES, Scope

FILE_NAME = "granted.json"


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said: the plugin `name` from `label` (see `label_of`) may have these scopes; `at` in seconds since 1970."""

    name: str
    label: str
    scopes: tuple[Scope, ...]
    at: float = 0.0


class _Book(msgspec.Struct, kw_only=True):
    version: int = 1
    granted: list[Granted] = []


class Grants:
    """The list of what was granted, in a file that only its owner can write; it is read anew when it has changed.

    `file` need not exist. A file that cannot be read, or that others can write, grants nothing.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[int, ...] | None = None
        self._known: list[Granted] = []

    def of(self, name: str, label: str) -> tuple[Scope, ...]:
        """Return what a plugin was granted."""
        for one in self.all():
            if one.name == name and one.label == label:
                return one.scopes
        return ()

    def all(self) -> list[Granted]:
        """Return what is written down."""
        try:
            found = self._file.lstat()
            # Every request of a plugin asks; its owner and mode count too, since others may be let in without a word written.
            seen = (found.st_ino, found.st_mtime_ns, found.st_size, found.st_uid, found.st_mode)
            if seen != self._seen:
                self._known = msgspec.json.decode(read_own(self._file), type=_Book).granted
                self._seen = seen
        except (OSError, ValueError):
            return []
        return self._known

    def grant(self, name: str, label: str, scopes: Iterable[str], *, now: float) -> Granted:
        """Grant a plugin these scopes and no others; raises StorageUnavailable if that cannot be kept."""
        wanted = frozenset(scopes)
        said = Granted(
            name=name, label=label, scopes=tuple(item for item in SCOPES if item in wanted), at=now
        )
        self._write([one for one in self.all() if (one.name, one.label) != (name, label)], said)
        return said

    def revoke(self, name: str) -> list[Granted]:
        """Grant a plugin nothing more, wherever it comes from; return what is gone. Raises NotFound."""
        gone = [one for one in self.all() if one.name == name]
        if not gone:
            raise NotFound(f"{name[:80]!r} was granted nothing", hint="isaacctl plugins info NAME shows it")
        self._write([one for one in self.all() if one.name != name])
        return gone

    def _write(self, kept: list[Granted], *new: Granted) -> None:
        encoded = msgspec.json.format(msgspec.json.encode(_Book(granted=[*kept, *new])), indent=2)
        keep_own(self._file, encoded + b"\n")


def grants_of(paths: Paths) -> Grants:
    """Return the list of one user's Isaac: it lies beside the plugins that it is about."""
    return Grants(paths.data_dir / "plugins" / FILE_NAME)
