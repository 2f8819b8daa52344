"""What is remembered of plugins from one daemon to the next: the index, and the entry points in it."""

import sys
from collections.abc import Iterable
from pathlib import Path

import anyio.to_thread

from isaacd.log import Log
from isaacd.plugin import entries
from isaacd.plugin.index import Index, Known, read_index, write_index, writer
from isaacd.plugin.places import Found
from isaacd.plugin.seat import Seat
from isaacd.plugin.stamps import Stamps


class Memory:
    """The index in `file`, which need not exist."""

    def __init__(self, file: Path, log: Log, uid: int) -> None:
        self._file = file
        self._log = log
        self._uid = uid
        self._index = Index()

    def read(self) -> None:
        """Read the file."""
        self._index = read_index(self._file, self._uid)

    def known(self, found: Found, stamps: Stamps) -> Known | None:
        """Return what is known of a plugin whose files are as `stamps` say."""
        known = self._index.plugins.get(_place_of(found))
        return known if known is not None and known.stamps == stamps and stamps else None

    def entry_points(self) -> list[Found]:
        """Return the entry points that are known; after an installation, those that are surely still there."""
        known = entries.found_of(self._index.entries)
        if self._index.sites == entries.sites(sys.path):
            return known
        return [found for found in known if str(found.root.parent) in sys.path and found.origin.exists()]

    def outdated(self, seats: Iterable[Seat]) -> bool:
        """Say whether the file has to be written: there may be other entry points, or a plugin that is gone."""
        gone = self._index.plugins.keys() - {_place_of(seat.found) for seat in seats}
        return bool(gone) or self._index.sites != entries.sites(sys.path)

    async def look_for_entry_points(self) -> bool:
        """Look for entry points, unless nothing was installed since the last time; say whether there are others now."""
        now = entries.sites(sys.path)
        if self._index.sites == now:
            return False
        found = await anyio.to_thread.run_sync(entries.scan, tuple(sys.path))
        before, self._index.entries, self._index.sites = self._index.entries, found, now
        return before != found

    async def write(self, seats: Iterable[Seat]) -> None:
        """Write down what is known of these plugins."""
        self._index.plugins = {
            _place_of(seat.found): seat.record
            for seat in seats
            if seat.record is not None and seat.record.stamps and _is_text(seat.record.stamps)
        }
        self._index.writer = writer()
        trouble = await anyio.to_thread.run_sync(write_index, self._file, self._index)
        if trouble is not None:
            self._log.warning("the index of plugins cannot be written", file=str(self._file), reason=trouble)


def _place_of(found: Found) -> str:
    # The name too: the plugin has to call itself as it is found.
    return f"{found.name} {found.origin}:{found.attribute}"


def _is_text(stamps: Stamps) -> bool:
    """Say whether all paths can be written down; a file may have a name that is not UTF-8, and is then looked at anew."""
    try:
        "".join(stamp.path for stamp in stamps).encode()
    except UnicodeEncodeError:
        return False
    return True
