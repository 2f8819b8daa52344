"""A small private state that outlives a kill: a snapshot that is replaced whole, and a journal of what came after."""

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

_MODE = 0o600
_MAGIC = b"isaac-journal-1 "
_GENERATION = "generation"


class Journal:
    """Two files, both 0600: PATH holds the snapshot, PATH.log one record a line of what happened since.

    A record is acknowledged by the kernel when `append` returns: it survives the process, not a power cut. Snapshot
    and log carry the same generation; a log of another one is in the snapshot already and is left out, so a kill at
    any instant neither loses nor doubles a record. A damaged snapshot counts as none, and a torn record is left out.
    Where nothing can be written, nothing is kept and `writable` turns false; nothing here raises OSError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(path.name + ".log")
        self._fd: int | None = None
        self._generation = 0
        self.writable = True
        self.records = 0

    def snapshot(self) -> bytes | None:
        """Return the last snapshot, None if there is none that can be read; call it before `replay`."""
        try:
            head, _, packed = self._path.read_bytes().partition(b"\n")
            if not head.startswith(_MAGIC):
                return None
            generation, state = int(head[len(_MAGIC) :]), zlib.decompress(packed)
        except (OSError, ValueError, zlib.error):
            return None
        self._generation = generation
        return state

    def replay(self) -> Iterator[list[str]]:
        """Give what was appended since the snapshot, oldest first."""
        try:
            lines = self._log.read_bytes().split(b"\n")
        except OSError:
            return
        if not lines or lines[0] != self._head():
            self._empty_log()
            return
        for line in lines[1:]:
            with suppress(msgspec.DecodeError):
                record = msgspec.json.decode(line, type=list[str])
                self.records += 1
                yield record

    def append(self, record: list[str]) -> None:
        """Write one record behind the others."""
        if not self.writable:
            return
        try:
            if self._fd is None:
                self._fd = self._open_log()
            os.write(self._fd, msgspec.json.encode(record) + b"\n")
            self.records += 1
        except OSError:
            self.writable = False

    def replace(self, state: bytes) -> None:
        """Make `state` the snapshot and begin an empty journal."""
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
            with os.fdopen(os.open(fresh, flags, _MODE), "wb") as file:
                os.fchmod(file.fileno(), _MODE)
                file.write(b"%s%d\n" % (_MAGIC, self._generation + 1))
                file.write(zlib.compress(state, 1))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError:
            self.writable = False
            return
        self._generation += 1
        self._empty_log()

    def erase(self) -> None:
        """Remove both files."""
        self._empty_log()
        with suppress(OSError):
            self._path.unlink()

    def close(self) -> None:
        """Let go of the file; what was appended stays."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __del__(self) -> None:
        """Let go of the file with the last who could write to it, as file objects do."""
        if getattr(self, "_fd", None) is not None:
            self.close()

    def _open_log(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        fd = os.open(self._log, flags, _MODE)
        os.fchmod(fd, _MODE)
        # Behind a record that was torn, a new one needs a line of its own.
        os.write(fd, b"\n" if os.fstat(fd).st_size else self._head() + b"\n")
        return fd

    def _head(self) -> bytes:
        return msgspec.json.encode([_GENERATION, str(self._generation)])

    def _empty_log(self) -> None:
        self.close()
        with suppress(OSError):
            self._log.unlink()
        self.records = 0
