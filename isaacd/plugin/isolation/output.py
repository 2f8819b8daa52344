"""What an isolated plugin writes to its standard output and error: into the log, redacted there, and not too much."""

import asyncio
import os
from collections.abc import Callable
from typing import Protocol

from isaacd.log import Log

# A line is cut after so many characters, and in any second only so many lines are kept.
_LINE_CHARS = 500
_LINES_A_SECOND = 20
_CHUNK_BYTES = 16 * 1024


class Allowance:
    """So many a second; what is over it is counted."""

    def __init__(self, most: int, monotonic: Callable[[], float]) -> None:
        self._most = most
        self._monotonic = monotonic
        self._second = -1
        self._taken = 0
        self.refused = 0

    def take(self) -> bool:
        """Take one; False if there is none left in this second."""
        second = int(self._monotonic())
        if second != self._second:
            self._second, self._taken = second, 0
        self._taken += 1
        if self._taken > self._most:
            self.refused += 1
            return False
        return True


class Readable(Protocol):
    """Where the output comes from."""

    async def read(self, most: int, /) -> bytes:
        """Return the next bytes, at most so many; none at the end."""
        ...


class PipeEnd:
    """The reading end of a pipe, for one reader. Nobody else may close the descriptor.

    A transport of uvloop would close its number twice, the second time without the interpreter's lock: a thread that
    opens a file in between would lose it, and libuv aborts the process when what it polls has become another file. So
    the number is taken off the loop first, and then closed, once.
    """

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None

    async def read(self, most: int, /) -> bytes:
        """Return the next bytes; none at the end, and once it is closed."""
        while self._descriptor >= 0:
            try:
                return os.read(self._descriptor, most)
            except BlockingIOError:
                await self._readable()
        return b""

    def close(self) -> None:
        """Let go of the pipe; who reads learns that this is the end."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return
        self._loop.remove_reader(descriptor)
        os.close(descriptor)
        self._wake()

    async def _readable(self) -> None:
        self._waiter = self._loop.create_future()
        self._loop.add_reader(self._descriptor, self._wake)
        try:
            await self._waiter
        finally:
            if self._descriptor >= 0:
                self._loop.remove_reader(self._descriptor)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


async def keep_output(stream: Readable, log: Log, monotonic: Callable[[], float]) -> None:
    """Log the lines of a process until it closes its output; never raises."""
    allowance = Allowance(_LINES_A_SECOND, monotonic)
    rest = b""
    while chunk := await _read(stream):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            _keep(line, allowance, log)
        if len(rest) > _LINE_CHARS * 4:
            _keep(rest, allowance, log)
            rest = b""
    if rest:
        _keep(rest, allowance, log)
    if allowance.refused:
        log.warning("plugin output dropped", lines=allowance.refused)


async def _read(stream: Readable) -> bytes:
    try:
        return await stream.read(_CHUNK_BYTES)
    except (OSError, ValueError):
        return b""


def _keep(line: bytes, allowance: Allowance, log: Log) -> None:
    text = line[: _LINE_CHARS * 4].decode(errors="replace").strip()
    if text and allowance.take():
        log.info("plugin output", line=text[:_LINE_CHARS])
