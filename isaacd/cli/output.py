"""What a running command shows a person: its text on one stream, its progress on the other."""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from isaacd.cli.render import clip, plain, sendable, width_of
from isaacd.clock import Clock
from isaacd.context import Events, Terminal

if TYPE_CHECKING:
    from anyio import CancelScope

    from isaacd.cli.markdown import Markdown

_PROGRESS_EVERY_S = 0.2
ERASE_LINE = "\r\x1b[K"


class Output:
    """The events of a command, turned into what a terminal or a pipe should get.

    With `quiet` (for `--json`) only rows and log lines come through: the result itself is printed at the end.
    With `markdown` the text is Markdown, and a terminal shows it as such.
    """

    def __init__(
        self, events: Events, terminal: Terminal, clock: Clock, *, quiet: bool, markdown: bool = False
    ) -> None:
        self._events = events
        self._terminal = terminal
        self._clock = clock
        self._quiet = quiet
        self._is_markdown = markdown and terminal.stdout
        self._markdown: Markdown | None = None  # what reads the text that is under way
        self._last_progress = float("-inf")
        self._progress_shown = False
        self.ends_open = False
        self.wrote = False

    async def emit(self, kind: str, data: object) -> None:
        """Show one event."""
        if kind == "delta" and isinstance(data, str):
            await self._text(data)
        elif kind == "row" and isinstance(data, str):
            await self._rows(data)
        elif kind == "progress" and isinstance(data, dict):
            await self._progress(data)
        elif kind == "log" and isinstance(data, str):
            await self._note(data)
        elif kind == "tool" and isinstance(data, dict):
            await self._note(tool_line(data), dim=self._terminal.stderr)

    async def read(self, max_bytes: int) -> bytes | None:
        """Return the next bytes of the caller's standard input."""
        return await self._events.read(max_bytes)

    async def ask(
        self, kind: str, data: Mapping[str, object], timeout_s: float | None = None
    ) -> bytes | None:
        """Ask the person, below what is shown already; the question cannot steer the terminal."""
        await self.finish()
        if self.ends_open and self._terminal.stdout:
            await self._events.emit("out", "\n")
            self.ends_open = False
        prompt = plain(str(data.get("prompt", "")))
        return await self._events.ask(kind, {**data, "prompt": prompt}, timeout_s)

    def interruptible(self) -> "AbstractContextManager[CancelScope]":
        """Mark work that Ctrl-C stops while the command goes on."""
        return self._events.interruptible()

    async def finish(self) -> None:
        """Show what is held back of the text, and take the progress line away."""
        await self.clear()
        if self._markdown is not None:
            rest, self._markdown = self._markdown.close(), None
            if rest:
                await self._events.emit("out", rest)

    async def clear(self) -> None:
        """Take the progress line away."""
        if self._progress_shown:
            self._progress_shown = False
            await self._events.emit("err", ERASE_LINE)

    async def _note(self, text: str, *, dim: bool = False) -> None:
        await self.finish()
        shared = self.ends_open and self._terminal.stdout and self._terminal.stderr
        text = self._terminal.style(plain(text), 2) if dim else plain(text)
        await self._events.emit("err", ("\n" if shared else "") + text + "\n")
        self.ends_open = self.ends_open and not shared

    async def _text(self, text: str) -> None:
        if self._quiet or not text:
            return
        await self.clear()
        self.wrote = True
        self.ends_open = not text.endswith("\n")
        # Text from models and plugins must not steer a terminal; a pipe gets it as it is.
        shown = self._shown(text)
        if shown:
            await self._events.emit("out", shown)

    async def _rows(self, lines: str) -> None:
        """Show whole lines of a result that is too long to be printed at its end."""
        await self.finish()
        self.wrote = True
        await self._events.emit("out", plain(lines) if self._terminal.stdout else sendable(lines))

    def _shown(self, text: str) -> str | bytes:
        if not self._is_markdown:
            return plain(text) if self._terminal.stdout else sendable(text)
        if self._markdown is None:
            from isaacd.cli.markdown import Markdown

            self._markdown = Markdown(self._terminal.columns, color=self._terminal.color)
        return self._markdown.feed(text)

    async def _progress(self, data: dict[str, object]) -> None:
        now = self._clock.monotonic()
        unseen = self._quiet or self.ends_open or not self._terminal.stderr
        if unseen or now - self._last_progress < _PROGRESS_EVERY_S:
            return
        self._last_progress = now
        self._progress_shown = True
        await self._events.emit("err", ERASE_LINE + progress_line(data, self._terminal))


def tool_line(data: dict[str, object]) -> str:
    """Write a call that a model makes on one line: what is run, its tier where that says something, and what became of it."""
    tier, note = data.get("tier"), str(data.get("note") or "")
    notes = ", ".join(part for part in (f"tier {tier}" if tier not in (None, "1") else "", note) if part)
    return f"→ {data.get('call')}{f'  ({notes})' if notes else ''}".replace("\n", " ")


def progress_line(data: dict[str, object], terminal: Terminal) -> str:
    """Draw one line: a label, a bar where the total is known, and the numbers; what does not fit is cut."""
    done, total = _number(data.get("done")), _number(data.get("total"))
    label = plain(str(data.get("label") or "working")).replace("\n", " ")
    notes = "".join(f"  {note}" for note in _notes(data))
    columns = terminal.columns - 1
    if total <= 0:
        return clip(f"{label} {done:,.0f}{notes}", columns)
    share = min(1.0, max(0.0, done / total))
    counts = f"  {done:,.0f}/{total:,.0f}" if notes else ""
    bar = max(10, min(30, columns - width_of(label + counts + notes) - 9))
    filled = round(share * bar)
    return clip(f"{label} [{'#' * filled}{'.' * (bar - filled)}] {share:4.0%}{counts}{notes}", columns)


def _notes(data: dict[str, object]) -> list[str]:
    """Say how fast it goes, how long it will take, and what else there is to say."""
    per_s, left_s = _number(data.get("per_s")), data.get("left_s")
    notes = []
    if per_s > 0:
        notes.append(f"{per_s:.1f}/s" if per_s < 100 else f"{per_s:,.0f}/s")
    if isinstance(left_s, int | float) and math.isfinite(left_s):
        notes.append(f"{_span(left_s)} left")
    note = plain(str(data.get("note") or "")).replace("\n", " ")
    return [*notes, note] if note else notes


def _span(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0
