"""Which plugins are being imported into this process, on disk: if it does not survive one, the next daemon knows which.

Code that a person trusts may end the process at its import, or hold the interpreter for ever, so that nothing in the
daemon can say who did it. The client reads the file too, and names the plugin to whoever waits.
"""

import contextlib
import os
from pathlib import Path

import msgspec

from isaacd.errors import PluginFailed
from isaacd.plugin.places import Found
from isaacd.plugin.stamps import Stamps

FILE_NAME = "importing"
# A first death may have been somebody's `kill -9` at that moment.
MOST_DEATHS = 2
_MAX_BYTES = 16 * 1024 * 1024


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """An import of one plugin's files: under way, or, in what is read at a start, cut off; `deaths` came before it."""

    name: str
    place: str
    stamps: Stamps
    deaths: int = 0
    under_way: bool = True


class Importing:
    """The imports that are under way, and those that earlier daemons did not survive; nothing here ever raises OSError.

    What cannot be written down is not kept: then a deadly import is only not recognised.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._imports: dict[str, Import] = {}

    def read(self) -> None:
        """Learn what the daemon before this one has left: an import that it began and never ended was its death."""
        left: list[Import] = []
        try:
            descriptor = os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                left = msgspec.json.decode(file.read(_MAX_BYTES), type=list[Import])
        except (OSError, ValueError):
            pass
        self._imports = {
            item.place: msgspec.structs.replace(item, deaths=item.deaths + item.under_way, under_way=False)
            for item in left
        }

    def begin(self, found: Found, stamps: Stamps) -> None:
        """Write down that an import begins."""
        before = self._of(found, stamps)
        deaths = before.deaths if before is not None else 0
        place = str(found.origin)
        self._imports[place] = Import(name=found.name, place=place, stamps=stamps, deaths=deaths)
        self._write()

    def end(self, found: Found) -> None:
        """Write down that an import has ended, whatever came of it: this process is still there."""
        if self._imports.pop(str(found.origin), None) is not None:
            self._write()

    def close(self) -> None:
        """Write down that this process leaves of its own accord, and is killed by nobody."""
        self._imports = {place: item for place, item in self._imports.items() if not item.under_way}
        self._write()

    def refuse_deadly(self, found: Found, stamps: Stamps) -> None:
        """Raise PluginFailed if daemons did not survive the import of just these files."""
        before = self._of(found, stamps)
        if before is not None and before.deaths >= MOST_DEATHS:
            raise PluginFailed(
                f"the daemon did not survive its import {before.deaths} times, so it is not imported any more",
                hint=f"mend it, or let it run in a process of its own: isaacctl plugins untrust {found.name}",
            )

    def _of(self, found: Found, stamps: Stamps) -> Import | None:
        known = self._imports.get(str(found.origin))
        return known if known is not None and known.stamps == stamps else None

    def _write(self) -> None:
        if not self._imports:
            with contextlib.suppress(OSError):
                self._file.unlink()
            return
        made = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        try:
            data = msgspec.json.encode(list(self._imports.values()))
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(made, flags, 0o600), "wb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(data)
            made.replace(self._file)
        except (OSError, ValueError):  # no room; or a path that is no text
            with contextlib.suppress(OSError):
                made.unlink()
