"""`isaacctl top`: the daemon at work, looked at again and again."""

import contextlib
import json
import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import click

from isaacctl.control import ANSWER_S
from isaacctl.local import EXIT_NOT_RUNNING, Command, Line
from isaacctl.talk import EXIT_TRY_LATER, Refused

_CLEAR = "\x1b[H\x1b[J"
_ALTERNATE, _BACK = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_REQUESTS = 8
Snapshot = dict[str, Any]


@click.command("top", cls=Command)
@click.option(
    "every_s",
    "--every",
    type=click.FloatRange(0.2, 3600),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look.",
)
@click.option("--count", type=click.IntRange(1), help="Stop after so many looks.")
@click.pass_obj
def top(line: Line, every_s: float, count: int | None, as_json: bool) -> None:
    """Watch the daemon at work: q leaves.

    Without a terminal it is shown once, and with --json as one line of JSON for each look, until it is stopped. It never
    starts a daemon, and exits with 3 if there is none.

    Examples:
        isaacctl top
        isaacctl top --every 0.5
        isaacctl top --json --count 10 | jq .status.in_flight
    """
    as_json = as_json or line.as_json
    live = os.isatty(0) and os.isatty(1) and not as_json
    looks = count if count is not None else None if live or as_json else 1
    before: Snapshot | None = None
    with _screen() if live else contextlib.nullcontext(time.sleep) as pause:
        while True:
            now = look(line)
            if as_json:
                click.echo(json.dumps(now, ensure_ascii=False))
            else:
                text = "\n".join(shown(now, before))
                click.echo(f"{_CLEAR}{_fitting(text)}" if live else text, nl=not live)
            sys.stdout.flush()
            before = now
            looks = None if looks is None else looks - 1
            if looks == 0 or pause(every_s):
                return


def look(line: Line) -> Snapshot:
    """Ask the daemon how it does; raises Refused if there is none, with the exit code 3."""
    # Not earlier: it brings parts of the daemon, and help is wanted even where those are broken.
    from isaacctl.client import Client, ClientError, DaemonUnavailable

    try:
        with Client(
            start=False, timeout_s=ANSWER_S, environ=line.control.environ, caller="isaacctl"
        ) as client:
            status = harmless(client.call("status", full=True))
            requests = harmless(client.call("trace", count=_REQUESTS))
    except DaemonUnavailable:
        raise Refused("isaacd is not running; to start it: isaacctl start", EXIT_NOT_RUNNING) from None
    except (ClientError, OSError) as error:
        raise Refused(f"isaacd has not answered: {error}", EXIT_TRY_LATER) from None
    return {"at": round(time.time(), 3), "status": status, "requests": requests}


def shown(now: Snapshot, before: Snapshot | None) -> Iterator[str]:
    """Write one look, with rates since the one before."""
    status, house = now["status"], now["status"].get("house") or {}
    yield (
        f"isaacd {status['version']}  pid {status['pid']}  up {status['uptime_s']:.0f} s  "
        f"{status['rss_kib'] / 1024:.1f} MiB  {house.get('threads', '?')} threads  {house.get('open_files', '?')} files"
    )
    yield (
        f"{status['connections']} connections  {status['in_flight']} running  {status['requests']} requests"
        f"{_rate(now, before)}  loop {house.get('worst_loop_lag_ms', 0):.1f} ms late at worst"
    )
    asked = house.get("cache_hits", 0) + house.get("cache_misses", 0)
    if asked:
        yield f"{house['cache_hits']} of {asked} answers were kept ones"
    for item in status.get("providers", ()):
        yield (
            f"provider {item['provider']}/{item['model'] or ''}: circuit {item['breaker']}, "
            f"{item['in_flight']} under way, {item['queued']} waiting"
        )
    yield ""
    yield f"{'COMMAND':<28}{'TIMES':>8}{'FAILED':>8}{'MEAN ms':>12}"
    for item in house.get("commands", ()):
        yield f"{item['command'][:27]:<28}{item['count']:>8}{item['failed']:>8}{item['mean_ms']:>12.3f}"
    yield ""
    yield f"{'LAST REQUESTS':<28}{'TOOK ms':>12}  OUTCOME"
    for item in now["requests"]:
        took = "" if item["took_ms"] is None else f"{item['took_ms']:.3f}"
        yield f"{(item['command'] or item['method'])[:27]:<28}{took:>12}  {item['outcome']}"


def _rate(now: Snapshot, before: Snapshot | None) -> str:
    if before is None or now["at"] <= before["at"]:
        return ""
    # Those of the looks themselves are not counted.
    fresh = max(0, now["status"]["requests"] - before["status"]["requests"] - 2)
    return f" ({fresh / (now['at'] - before['at']):.1f} a second)"


def _fitting(text: str) -> str:
    columns, lines = os.get_terminal_size(1)
    return "\r\n".join(row[:columns] for row in text.splitlines()[: lines - 1])


@contextlib.contextmanager
def _screen() -> Iterator[Callable[[float], object]]:
    """Take the terminal, and give what waits for a while: true if somebody wants to leave."""
    import termios
    import tty

    before = termios.tcgetattr(0)

    def pause(seconds: float) -> bool:
        ready, _, _ = select.select([0], [], [], seconds)
        return bool(ready) and os.read(0, 64)[:1] in (b"q", b"Q", b"\x1b", b"\x03", b"\x04", b"")

    try:
        tty.setcbreak(0)
        sys.stdout.write(_ALTERNATE)
        yield pause
    finally:
        sys.stdout.write(_BACK)
        sys.stdout.flush()
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def harmless(value: object) -> Any:
    """Return an answer in which nothing steers a terminal: names of models and programs come from anywhere."""
    if isinstance(value, str):
        return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in value)
    if isinstance(value, list):
        return [harmless(item) for item in value]
    if isinstance(value, dict):
        return {name: harmless(item) for name, item in value.items()}
    return value
