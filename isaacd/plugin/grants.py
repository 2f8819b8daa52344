"""What a person lets plugins in processes of their own have the daemon do for them: scopes, by plugin and where it comes from."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from isaacd.errors import NotFound, StorageUnavailable
from isaacd.paths import Paths
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
        self._seen: tuple[int, int, int] | None = None
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
            if found.st_uid not in (os.geteuid(), 0) or found.st_mode & 0o022:
                return []
            seen = (found.st_ino, found.st_mtime_ns, found.st_size)
            if seen != self._seen:
                self._known = msgspec.json.decode(self._file.read_bytes(), type=_Book).granted
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
        """Replace the file as a whole, so that nobody ever reads half of it."""
        encoded = msgspec.json.format(msgspec.json.encode(_Book(granted=[*kept, *new])), indent=2)
        beside = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with open(descriptor, "wb") as file:  # noqa: PTH123 - of a descriptor that is private from the start
                file.write(encoded + b"\n")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._file)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise StorageUnavailable(
                f"cannot write {self._file}: {error.strerror}",
                hint="is the disk full, or the folder read-only?",
            ) from error


def grants_of(paths: Paths) -> Grants:
    """Return the list of one user's Isaac: it lies beside the plugins that it is about."""
    return Grants(paths.data_dir / "plugins" / FILE_NAME)
