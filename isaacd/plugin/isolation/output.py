"""What an isolated plugin writes to its standard output and error: into the log, redacted there, and not too much."""

import asyncio
from collections.abc import Callable

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


async def keep_output(stream: asyncio.StreamReader, log: Log, monotonic: Callable[[], float]) -> None:
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


async def _read(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.read(_CHUNK_BYTES)
    except (OSError, ValueError):
        return b""


def _keep(line: bytes, allowance: Allowance, log: Log) -> None:
    text = line[: _LINE_CHARS * 4].decode(errors="replace").strip()
    if text and allowance.take():
        log.info("plugin output", line=text[:_LINE_CHARS])
