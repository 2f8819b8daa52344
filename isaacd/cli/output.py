"""What a running command shows a person: its text on one stream, its progress on the other."""

import math

from isaacd.cli.render import clip, plain, sendable, width_of
from isaacd.clock import Clock
from isaacd.context import Events, Terminal

_PROGRESS_EVERY_S = 0.1
_ERASE_LINE = "\r\x1b[K"


class Output:
    """The events of a command, turned into what a terminal or a pipe should get.

    With `quiet` (for `--json`) only progress and log lines come through: the result itself is printed at the end.
    """

    def __init__(self, events: Events, terminal: Terminal, clock: Clock, *, quiet: bool) -> None:
        self._events = events
        self._terminal = terminal
        self._clock = clock
        self._quiet = quiet
        self._last_progress = float("-inf")
        self._progress_shown = False
        self.ends_open = False
        self.wrote = False

    async def emit(self, kind: str, data: object) -> None:
        """Show one event."""
        if kind == "delta" and isinstance(data, str):
            await self._text(data)
        elif kind == "progress" and isinstance(data, dict):
            await self._progress(data)
        elif kind == "log" and isinstance(data, str):
            await self._note(data)

    async def read(self, max_bytes: int) -> bytes | None:
        """Return the next bytes of the caller's standard input."""
        return await self._events.read(max_bytes)

    async def clear(self) -> None:
        """Take the progress line away."""
        if self._progress_shown:
            self._progress_shown = False
            await self._events.emit("err", _ERASE_LINE)

    async def _note(self, text: str) -> None:
        await self.clear()
        shared = self.ends_open and self._terminal.stdout and self._terminal.stderr
        await self._events.emit("err", ("\n" if shared else "") + plain(text) + "\n")

    async def _text(self, text: str) -> None:
        if self._quiet or not text:
            return
        await self.clear()
        self.wrote = True
        self.ends_open = not text.endswith("\n")
        # Text from models and plugins must not steer a terminal; a pipe gets it as it is.
        await self._events.emit("out", plain(text) if self._terminal.stdout else sendable(text))

    async def _progress(self, data: dict[str, object]) -> None:
        now = self._clock.monotonic()
        if not self._terminal.stderr or now - self._last_progress < _PROGRESS_EVERY_S or self.ends_open:
            return
        self._last_progress = now
        self._progress_shown = True
        await self._events.emit("err", _ERASE_LINE + progress_line(data, self._terminal))


def progress_line(data: dict[str, object], terminal: Terminal) -> str:
    """Draw one line: a label, a bar where the total is known, and the numbers."""
    done, total = _number(data.get("done")), _number(data.get("total"))
    label = plain(str(data.get("label") or "working")).replace("\n", " ")
    if total <= 0:
        return clip(f"{label} {done:,.0f}", terminal.columns - 1)
    share = min(1.0, max(0.0, done / total))
    bar = max(10, min(30, terminal.columns - width_of(label) - 10))
    filled = round(share * bar)
    return clip(f"{label} [{'#' * filled}{'.' * (bar - filled)}] {share:4.0%}", terminal.columns - 1)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0
