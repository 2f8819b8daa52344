"""How the daemon is doing."""

import time
from typing import Annotated

import msgspec

from isaacd.api import Context, DaemonCard, HouseCard, MemoryCard, Plugin, ProviderHealth, Terminal, Tier

plugin = Plugin("status", version="1")
_SHOWN_BYTES = 16 * 1024


def _view(card: DaemonCard, terminal: Terminal) -> str:
    rows = {
        "version": f"{card.version} (Python {card.python})",
        "process": f"{card.pid}, up {_duration(card.uptime_s)}, {card.rss_kib / 1024:.1f} MiB",
        "requests": f"{card.requests} answered or under way, {card.in_flight} running now",
        "connections": str(card.connections),
        "plugins": str(card.plugins),
        "socket": card.socket,
        "log": card.log,
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
        lines += [f"  {terminal.style(f'{name:<24}', 2)} {text}" for name, text in _rooms(card.memory)]
    return "\n".join(lines)


def _rooms(memory: MemoryCard) -> list[tuple[str, str]]:
    """Say what `--memory` adds: each room with what it holds, those that hold little in one line."""
    sizes = {"resident": memory.rss, "its share of that": memory.pss, "nobody else has": memory.own}
    rows = [(name, f"{size / 2**20:8.1f} MiB") for name, size in sizes.items() if size is not None]
    total = sum(item.bytes for item in memory.rooms)
    rows.append(("found in Python", f"{total / 2**20:8.1f} MiB"))
    shown = [item for item in memory.rooms if item.bytes >= _SHOWN_BYTES]
    rows += [(item.room, f"{item.bytes / 1024:8.0f} KiB in {item.objects} objects") for item in shown]
    rest = memory.rooms[len(shown) :]
    if rest:
        rows.append((f"{len(rest)} rooms more", f"{sum(item.bytes for item in rest) / 1024:8.0f} KiB"))
    return rows


def _more(house: HouseCard) -> list[tuple[str, str]]:
    """Say what `--full` adds."""
    states = ", ".join(f"{count} {state}" for state, count in house.plugins.items())
    asked = house.cache_hits + house.cache_misses
    rows = [
        ("event loop", f"{house.loop_lag_ms:.1f} ms late, {house.worst_loop_lag_ms:.1f} ms within a minute"),
        (
            "resources",
            f"{house.peak_rss_kib / 1024:.1f} MiB at most, {house.threads} threads, {house.open_files} files",
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
async def status(
    context: Context,
    full: Annotated[bool, "Show memory, the event loop, plugins and commands too."] = False,
    memory: Annotated[
        bool, "Show what each room holds in memory too; takes some tenths of a second."
    ] = False,
) -> DaemonCard:
    """Show how the daemon is doing.

    Exits with 3 if no daemon is running; this command never starts one.

    Examples:
        isaacctl status
        isaacctl status --full
        isaacctl status --memory
        isaacctl status --json
    """
    card = context.daemon.status()
    if full:
        card = msgspec.structs.replace(card, house=context.daemon.house())
    if memory:
        card = msgspec.structs.replace(card, memory=await context.daemon.memory())
    return card


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    shown = [f"{count} {unit}" for count, unit in parts if count][:2]
    return " ".join(shown) or "0 s"
