"""Where lines end up: a private file that is renamed when it is full, or standard error."""

import os
import stat
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

MAX_LOG_BYTES = 10 * 1024 * 1024
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_STDERR = 2


class Sink(Protocol):
    """Takes whole lines; `place` says where they go."""

    place: str

    def write(self, line: bytes) -> None:
        """Append one line, its newline included; raises OSError if it could not be written whole."""
        ...

    def reopen(self) -> None:
        """Open the file anew, if it is one."""
        ...

    def close(self) -> None:
        """Let go of the file, if it is one."""
        ...


def open_sink(files: Sequence[Path], max_bytes: int) -> "FileSink | StreamSink":
    """Open the first of `files` that can be written, or else standard error."""
    for file in files:
        try:
            return FileSink(file, max_bytes)
        except OSError:
            continue
    return StreamSink(_STDERR)


class StreamSink:
    """Writes to an open file descriptor and never closes it."""

    def __init__(self, descriptor: int, place: str = "stderr") -> None:
        self.place = place
        self._descriptor = descriptor
        self._torn = False

    def write(self, line: bytes) -> None:
        """Append one line; one that a full disk cut in two before is ended first."""
        data = b"\n" + line if self._torn else line
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            self._torn = self._torn or len(left) < len(data)
            raise
        self._torn = False

    def reopen(self) -> None:
        """Do nothing: there is no name to open."""

    def close(self) -> None:
        """Do nothing: the descriptor belongs to the process."""


class FileSink(StreamSink):
    """Appends to a file that only its owner can read; at `max_bytes` it becomes `NAME.1`, over the one before."""

    def __init__(self, file: Path, max_bytes: int, *, uid: int | None = None) -> None:
        file.parent.parent.mkdir(parents=True, exist_ok=True)
        file.parent.mkdir(mode=0o700, exist_ok=True)
        self._turn = (
            threading.Lock()
        )  # a line of another thread must not meet a file that is just being replaced
        self._file = file
        self._max_bytes = max_bytes
        self._uid = os.geteuid() if uid is None else uid
        super().__init__(self._open(), str(file))

    def write(self, line: bytes) -> None:
        """Append one line, its newline included."""
        with self._turn:
            if self._size_bytes + len(line) > self._max_bytes and self._size_bytes:
                self._attempt(self._rotate)
            super().write(line)
            self._size_bytes += len(line)

    def reopen(self) -> None:
        """Open the file of that name anew; if that fails, the open one stays."""
        with self._turn:
            self._attempt(self._replace)

    def close(self) -> None:
        """Close the file."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        """Close the file with the last who could write to it, as file objects do."""
        if getattr(self, "_descriptor", -1) >= 0:
            self.close()

    def _attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError:
            # A file that is too long is better than lines that are lost; the next line tries again.
            return

    def _rotate(self) -> None:
        self._file.rename(self._file.with_name(self._file.name + ".1"))
        self._replace()

    def _replace(self) -> None:
        descriptor = self._open()
        self.close()
        self._descriptor = descriptor

    def _open(self) -> int:
        descriptor = os.open(self._file, _FLAGS, 0o600)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_uid != self._uid:
                raise PermissionError(f"{self._file} is not a file of user {self._uid}")
            if found.st_mode & 0o077:
                os.fchmod(descriptor, 0o600)
        except OSError:
            os.close(descriptor)
            raise
        self._size_bytes = found.st_size
        return descriptor
