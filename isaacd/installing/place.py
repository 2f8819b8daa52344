"""The folder of installed plugins while it is changed: one at a time, and never half."""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from isaacd.errors import Overloaded, PermissionDenied
from isaacd.plugin.receipts import FOLDER, read_receipts

_STAGING = ".staging-"
_LOCK = ".lock"


class Place:
    """`FOLDER` below the user's folder of plugins, held while something in it changes."""

    def __init__(self, plugins_dir: Path) -> None:
        self.plugins_dir = plugins_dir
        self.folder = plugins_dir / FOLDER

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep everybody else from changing it, as long as this process lives; raises Overloaded if somebody does."""
        _ready(self.plugins_dir)
        _ready(self.folder)
        descriptor = os.open(
            self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Overloaded(
                    "plugins are being installed or removed already", hint="wait until that has ended"
                ) from None
            yield
        finally:
            os.close(descriptor)

    def stage(self) -> Path:
        """Make an empty folder, in which a distribution is put together; raises PermissionDenied."""
        folder = self.folder / f"{_STAGING}{secrets.token_hex(4)}"
        try:
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise PermissionDenied(f"cannot write into {self.folder}: {error.strerror}") from None
        return folder

    def leftovers(self) -> list[Path]:
        """Return what no receipt names: broken off, replaced, or removed."""
        named = {receipt.folder for receipt in read_receipts(self.plugins_dir)}
        try:
            entries = list(self.folder.iterdir())
        except OSError:
            return []
        return sorted(item for item in entries if item.is_dir() and item.name not in named)

    def clean(self) -> list[Path]:
        """Remove all that no receipt names, and return it; hold the folder meanwhile."""
        gone = self.leftovers()
        for folder in gone:
            shutil.rmtree(folder, ignore_errors=True)
        return gone


def _ready(folder: Path) -> None:
    """Make a folder that is not there yet, for nobody else; raises PermissionDenied if others can write to it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise PermissionDenied(
            f"cannot make the folder {folder}: {error.strerror}",
            hint="installed plugins lie there; make it yours",
        ) from None
    if found.st_uid not in (os.geteuid(), 0) or found.st_mode & 0o022:
        raise PermissionDenied(
            f"others can write to {folder}, so nothing in it would be loaded", hint=f"chmod go-w {folder}"
        )
