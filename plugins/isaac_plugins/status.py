"""How the daemon is doing."""

import time
from collections.abc import Iterator
from typing import Annotated

import msgspec

from isaacd.api import (
    Context,
    DaemonCard,
    HouseCard,
    Later,
    MemoryCard,
    MemoryRow,
    Plugin,
    ProviderHealth,
    Terminal,
    Tier,
)

plugin = Plugin("status", version="1")

# How many rows of each kind are shown; --json has all of them.
_MOST = {"room": 12, "plugin": 8, "code": 12, "rest": 1, "mapped": 6, "process": 8}
_TITLES = {
    "room": "what rooms hold",
    "plugin": "plugins, imported",
    "code": "code, imported",
    "rest": "the rest of Python",
    "mapped": "resident, by kind",
    "process": "processes started",
}
_BAR = "█"
_HALF = "▌"


def _view(card: DaemonCard, terminal: Terminal) -> str:
    rows = {
        "version": f"{card.version} (Python {card.python})",
        "process": f"{card.pid}, up {_duration(card.uptime_s)}, {card.rss_kib / 1024:.1f} MiB",
        "requests": f"{card.requests} answered or under way, {card.in_flight} running now",
        "connections": str(card.connections),
        "plugins": str(card.plugins),
        "socket": card.socket,
        "log": card.log,
        **({"http": card.http} if card.http else {}),
    }
    state = terminal.style("draining", 33) if card.draining else terminal.style("running", 32)
    lines = [
        f"isaacd is {state}",
        *(f"  {terminal.style(f'{name:<12}', 2)} {text}" for name, text in rows.items()),
        *(f"  {terminal.style('provider'.ljust(12), 2)} {_provider(item)}" for item in card.providers),
    ]
    if card.house is not None:
        lines += [f"  {terminal.style(f'{name:<12}', 2)} {text}" for name, text in _more(card.house)]
    if card.memory is not None:
        lines += _memory(card.memory, terminal)
    return "\n".join(lines)


def _memory(card: MemoryCard, terminal: Terminal) -> list[str]:
    """Show where the memory is, as a table with bars; each is as long as its part of what is resident."""
    lines = [
        "",
        f"memory {_mib(card.rss_kib)} MiB resident, {_mib(card.pss_kib)} its share, {_mib(card.private_kib)} its alone"
        + (f", {_mib(card.swapped_kib)} swapped out" if card.swapped_kib else ""),
    ]
    for group, most in _MOST.items():
        rows = [row for row in card.rows if row.group == group]
        if rows:
            total = sum(row.kib for row in rows)
            lines.append(f"  {terminal.style(_TITLES[group], 1)} {_mib(total)} MiB")
            lines += _bars(rows, most, card.rss_kib, terminal)
    left = [
        MemoryRow(group="", name="SQLite's own", kib=card.sqlite_kib),
        MemoryRow(group="", name="not accounted for", kib=card.unaccounted_kib),
    ]
    lines += [f"  {terminal.style('of the heap, beside Python', 1)}", *_bars(left, 2, card.rss_kib, terminal)]
    lines.append(
        f"  measured in {card.took_ms:.0f} ms, in a copy of the process; {card.blocks} blocks of Python"
    )
    return lines


def _bars(rows: list[MemoryRow], most: int, whole_kib: float, terminal: Terminal) -> Iterator[str]:
    others = rows[most:]
    if len(others) > 1:
        name = f"{len(others)} others"
        rows = [*rows[:most], MemoryRow(group="", name=name, kib=sum(row.kib for row in others))]
    room = max(4, min(40, terminal.columns - 46))
    for row in rows:
        halves = round(2 * room * min(1.0, row.kib / whole_kib)) if whole_kib else 0
        bar = _BAR * (halves // 2) + _HALF * (halves % 2)
        # Plugins and processes are called as somebody has called them.
        name = "".join(char for char in row.name if char.isprintable())[:28]
        yield f"    {name:<28} {_mib(row.kib):>7} {terminal.style(bar, 36)}".rstrip()


def _mib(kib: float) -> str:
    return f"{kib / 1024:.2f}" if kib < 10 * 1024 else f"{kib / 1024:.1f}"


def _more(house: HouseCard) -> list[tuple[str, str]]:
    """Say what `--full` adds."""
    states = ", ".join(f"{count} {state}" for state, count in house.plugins.items())
    asked = house.cache_hits + house.cache_misses
    rows = [
        ("event loop", f"{house.loop_lag_ms:.1f} ms late, {house.worst_loop_lag_ms:.1f} ms within a minute"),
        (
            "resources",
            f"{house.peak_rss_kib / 1024:.1f} MiB at most, {house.threads} threads, {house.tasks} tasks, {house.open_files} files",
        ),
        ("plugins", states or "none"),
        ("in use", ", ".join(house.rooms) or "nothing yet"),
        ("kept answers", f"{house.cache_hits} of {asked} found" if asked else "not asked yet"),
    ]
    if house.lines_dropped:
        rows.append(("log", f"{house.lines_dropped} lines could not be written"))
    for item in house.commands:
        failed = f", {item.failed} failed" if item.failed else ""
        rows.append(("command", f"{item.command}: {item.count} times, {item.mean_ms:.1f} ms each{failed}"))
    return rows


def _provider(item: ProviderHealth) -> str:
    """Say how a model that has been called is: openai/gpt-6-luna: circuit open, left alone until 14:05:09."""
    facts = [] if item.breaker == "closed" else [f"circuit {item.breaker}"]
    if item.retry_at is not None:
        facts.append(f"left alone until {time.strftime('%H:%M:%S', time.localtime(item.retry_at))}")
    if item.in_flight or item.queued:
        facts.append(f"{item.in_flight} of {item.concurrency_limit} under way, {item.queued} waiting")
    if item.first_piece_p95_ms is not None:
        facts.append(f"first piece within {item.first_piece_p95_ms:.0f} ms in 95 of 100 cases")
    name = f"{item.provider}/{item.model}" if item.model else item.provider
    # The model's name may come from anywhere; a terminal must not obey it.
    return "".join(char for char in f"{name}: {', '.join(facts) or 'well'}" if char.isprintable())


# Figures and versions; the paths in it begin with ~ when a model is told.
@plugin.command(view=_view, tool=Tier.READ, scope="ask")
def status(
    context: Context,
    full: Annotated[bool, "Show memory, the event loop, plugins and commands too."] = False,
    memory: Annotated[
        bool, "Measure what takes the memory: each room, plugin, package and kind of page."
    ] = False,
) -> DaemonCard:
    """Show how the daemon is doing.

    Exits with 3 if no daemon is running; this command never starts one. `--memory` takes some tenths of a second, in a
    copy of the process, so that nobody else waits for it.

    Examples:
        isaacctl status
        isaacctl status --full
        isaacctl status --memory
        isaacctl status --json
    """
    card = context.daemon.status()
    if full:
        card = msgspec.structs.replace(card, house=context.daemon.house())
    if not memory:
        return card

    async def measured() -> DaemonCard:
        return msgspec.structs.replace(card, memory=await context.daemon.memory())

    raise Later(measured)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    shown = [f"{count} {unit}" for count, unit in parts if count][:2]
    return " ".join(shown) or "0 s"
