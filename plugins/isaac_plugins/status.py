"""How the daemon is doing."""

from isaacd.api import Context, DaemonCard, Plugin, Terminal

plugin = Plugin("status", version="1")


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
    ]
    return "\n".join(lines)


@plugin.command(view=_view)
def status(context: Context) -> DaemonCard:
    """Show how the daemon is doing.

    Exits with 3 if no daemon is running; this command never starts one.

    Examples:
        isaacctl status
        isaacctl status --json
    """
    return context.daemon.status()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    shown = [f"{count} {unit}" for count, unit in parts if count][:2]
    return " ".join(shown) or "0 s"
