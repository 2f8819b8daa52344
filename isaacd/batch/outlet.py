"""The way out: rows in the order of the input, however they were finished, in constant memory."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from isaacd.batch.journal import Kept
from isaacd.batch.record import Outcome, Writer

WINDOW_ROWS = 4096
WINDOW_BYTES = 8 * 1024 * 1024
_PIECE_CHARS = 32 * 1024
_OVERHEAD_BYTES = 512


class Finished(msgspec.Struct, frozen=True):
    """A row that is done; `resumed` says that an earlier run has done it."""

    position: int
    outcome: Outcome
    resumed: bool = False


class Past(Protocol):
    """Where finished rows can be read again."""

    async def since(self, position: int) -> list[Kept]:
        """Return the rows from a place on, without a gap, a few at a time."""
        ...


# Passes text on; waits while the reader is behind.
Emit = Callable[[str], Awaitable[None]]


class Outlet:
    """Writes finished rows; each has to be in the journal before it is given here.

    In order, a row that has to wait for an earlier one waits in memory as long as there is room. What comes after
    that is only in the journal, and is read from there when its turn has come: one slow row neither stops the others
    nor fills the memory.
    """

    def __init__(
        self,
        writer: Writer,
        emit: Emit,
        past: Past | None = None,
        *,
        ordered: bool,
        window_rows: int = WINDOW_ROWS,
    ) -> None:
        self._writer = writer
        self._emit = emit
        self._past = past
        self._ordered = ordered
        self._window_rows = window_rows
        self._waiting: dict[int, Outcome] = {}
        self._waiting_bytes = 0
        self._next = 0
        self._last_on_disk = -1  # the last row that waits in the journal alone
        self._pieces: list[str] = []
        self._chars = 0

    async def begin(self) -> None:
        """Write what stands before the rows."""
        if self._writer.header:
            await self._emit(self._writer.header)

    async def put(self, rows: list[Finished]) -> None:
        """Take rows that are done, and write those whose turn has come."""
        for row in rows:
            if not self._ordered:
                await self._write(row.position, row.outcome)
            elif row.position == self._next:
                await self._write(row.position, row.outcome)
                self._next += 1
                await self._go_on()
            elif row.position > self._next:
                self._wait(row)
        await self._flush()

    async def end(self) -> None:
        """Write all that still waits, as nothing else will come: what lies between was not answered."""
        while self._waiting or self._next <= self._last_on_disk:
            await self._go_on()
            self._next += 1
        await self._flush()

    def _wait(self, row: Finished) -> None:
        size = _size(row.outcome)
        if len(self._waiting) >= self._window_rows or self._waiting_bytes + size > WINDOW_BYTES:
            self._last_on_disk = max(self._last_on_disk, row.position)
            return
        self._waiting[row.position] = row.outcome
        self._waiting_bytes += size

    async def _go_on(self) -> None:
        """Write the rows that follow, from memory or from the journal, up to the first that is not done."""
        while True:
            outcome = self._taken(self._next)
            if outcome is not None:
                await self._write(self._next, outcome)
                self._next += 1
            elif self._past is not None and self._next <= self._last_on_disk:
                kept = await self._past.since(self._next)
                if not kept:
                    return
                for item in kept:
                    self._taken(item.position)
                    await self._write(item.position, item.outcome)
                self._next = kept[-1].position + 1
            else:
                return

    def _taken(self, position: int) -> Outcome | None:
        outcome = self._waiting.pop(position, None)
        if outcome is not None:
            self._waiting_bytes -= _size(outcome)
        return outcome

    async def _write(self, position: int, outcome: Outcome) -> None:
        line = self._writer.line(position, outcome)
        self._pieces.append(line)
        self._chars += len(line)
        if self._chars >= _PIECE_CHARS:
            await self._flush()

    async def _flush(self) -> None:
        if self._pieces:
            text = "".join(self._pieces)
            self._pieces.clear()
            self._chars = 0
            await self._emit(text)


def _size(outcome: Outcome) -> int:
    """Return about how many bytes an outcome takes in memory; a character takes up to four."""
    return _OVERHEAD_BYTES + 4 * (len(outcome.text) + len(outcome.prompt or ""))
