"""What the history says, as text for people."""

import time
from collections.abc import Iterator, Sequence

from isaacd.api import HistoryAdded, HistoryForgotten, HistoryRun, HistoryStats, Terminal, plain

_BOLD, _DIM, _RED, _GREEN = 1, 2, 31, 32
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_PLOT_ROWS = 4
_HARMLESS = (0, 130, 141)


def runs(found: Sequence[HistoryRun], terminal: Terminal) -> str:
    """Lay out one run a line: when, how long, how it ended, and the command."""
    if not found:
        return "nothing was found"
    return "\n".join(_run(run, terminal) for run in found)


def stats(found: HistoryStats, terminal: Terminal) -> str:
    """Lay out the figures, with a picture of the day."""
    if not found.runs:
        return "nothing is in the history yet; see: isaacctl shell-init --help"
    rate = "" if found.failure_rate is None else f", {found.failure_rate:.1%} failed"
    lines = [f"{found.runs:,} runs of {found.lines:,} commands{rate}"]
    if found.first_at is not None:
        lines.append(f"{_date(found.first_at)} to {_date(found.last_at)}, {_span(found.total_s)} in all")
    lines += ["", terminal.style("used most", _BOLD), *_names(found, terminal)]
    lines += [
        "",
        terminal.style("lines", _BOLD),
        *(f"  {row.runs:>6}  {_one(row.command, terminal, 10)}" for row in found.commands),
    ]
    if found.slowest:
        lines += ["", terminal.style("longest", _BOLD)]
        lines += [f"  {_span(row.seconds):>8}  {_one(row.command, terminal, 12)}" for row in found.slowest]
    if found.places:
        lines += [
            "",
            terminal.style("folders", _BOLD),
            *(f"  {row.runs:>6}  {_one(row.cwd, terminal, 10)}" for row in found.places),
        ]
    if sum(found.hours):
        lines += ["", terminal.style("by hour", _BOLD), *_plot(found.hours)]
    if found.torn:
        lines += ["", f"{found.torn} records were torn and could not be read"]
    return "\n".join(lines)


def forgotten(found: HistoryForgotten, terminal: Terminal) -> str:
    """Say what is gone, or would be."""
    if not found.runs:
        return "nothing fits, so nothing is forgotten"
    if not found.dry_run:
        return "\n".join([f"forgot {amount(found)}", *found.notes])
    return "\n".join([f"would forget {amount(found)}:", *examples(found)])


def examples(found: HistoryForgotten) -> Iterator[str]:
    """Give some of the lines that would be forgotten."""
    for command in found.examples:
        yield f"  {' '.join(plain(command).split())[:200]}"
    if found.lines > len(found.examples):
        yield f"  and {found.lines - len(found.examples):,} more"


def amount(found: HistoryForgotten) -> str:
    """Say how many runs and lines these are."""
    return f"{found.runs:,} run{'s' * (found.runs != 1)} of {found.lines:,} line{'s' * (found.lines != 1)}"


def added(found: HistoryAdded, _: Terminal) -> str:
    """Say what an import brought."""
    notes = [
        f"{found.known:,} were there already" * bool(found.known),
        f"{found.ignored:,} left out" * bool(found.ignored),
    ]
    return "; ".join([f"added {found.added:,} commands", *filter(None, notes)])


def _run(run: HistoryRun, terminal: Terminal) -> str:
    when = "unknown time    " if run.at is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(run.at))
    ended = "   " if run.exit is None else f"{run.exit:>3}"
    colour = _GREEN if run.exit == 0 else _DIM if run.exit in _HARMLESS or run.exit is None else _RED
    took = _span(run.duration_s) if run.duration_s is not None else ""
    head = f"{terminal.style(when, _DIM)} {took:>7} {terminal.style(ended, colour)}  "
    return head + _one(run.command, terminal, 31 if terminal.stdout else 0)


def _one(command: str, terminal: Terminal, taken: int) -> str:
    """Write a command on one line, cut to what is left of a terminal's."""
    text = plain(command).replace("\n", " ⏎ ").replace("\t", " ")
    room = terminal.columns - taken
    return text if not terminal.stdout or len(text) <= room else f"{text[: max(1, room - 1)]}…"


def _names(found: HistoryStats, terminal: Terminal) -> Iterator[str]:
    width = min(24, max((len(row.name) for row in found.names), default=0))
    most = max((row.runs for row in found.names), default=1)
    for row in found.names:
        failed = "" if not row.failed or row.failure_rate is None else f"{row.failure_rate:.0%} failed"
        took = "" if row.mean_s is None else f"{_span(row.mean_s)} each"
        bar = "█" * max(1, round(20 * row.runs / most))
        name = plain(row.name)[:width]
        yield f"  {name:<{width}} {row.runs:>6}  {bar:<20}  {took:<14} {terminal.style(failed, _RED)}".rstrip()


def _plot(hours: Sequence[int]) -> Iterator[str]:
    """Draw how many commands were run in each hour of the day."""
    most = max(hours)
    for row in range(_PLOT_ROWS, 0, -1):
        cells = (max(0, min(8, round(8 * (_PLOT_ROWS * count / most - row + 1)))) for count in hours)
        label = f"{most:>6}" if row == _PLOT_ROWS else " " * 6
        yield f"{label} " + "".join(_EIGHTHS[cell] * 2 for cell in cells).rstrip()
    yield " " * 7 + "".join(f"{hour:<6}" for hour in range(0, 24, 3))


def _date(at: float | None) -> str:
    return "" if at is None else time.strftime("%Y-%m-%d", time.localtime(at))


def _span(seconds: float | None) -> str:
    """Write a duration in the unit that fits."""
    if seconds is None:
        return ""
    for limit, divisor, unit in ((1, 0.001, "ms"), (60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h")):
        if seconds < limit:
            value = seconds / divisor
            return f"{value:.0f} {unit}" if value >= 10 or unit == "ms" else f"{value:.1f} {unit}"
    return f"{seconds / 86_400:.1f} d"
