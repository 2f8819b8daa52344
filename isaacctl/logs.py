"""`isaacctl logs`: what the daemon has written down, from its file or from the journal, as far as somebody wants it."""

import os
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime

import click

from isaacctl.local import Command, Line
from isaacctl.logfile import newest_log
from isaacctl.logfilter import RANKS, Wanted, moment
from isaacctl.logview import follow, last_lines, readable
from isaacctl.talk import EXIT_FAILED, BrokenOff, Refused

NEVER_STARTED = "nothing has been logged yet"


def _since(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        return moment(value, lambda: datetime.now().astimezone())
    except ValueError:
        raise click.BadParameter(f"{value!r} is no time; take 10m, 2h, 14:05 or 2026-11-30") from None


@click.command("logs", cls=Command)
@click.option(
    "count", "-n", "--lines", type=click.IntRange(0), default=20, show_default=True, help="How many lines."
)
@click.option("following", "-f", "--follow", is_flag=True, help="Go on with what is logged from now on.")
@click.option("--level", type=click.Choice([*RANKS][:4]), help="Only lines that are at least so important.")
@click.option("--event", metavar="TEXT", help="Only events with this text in their name.")
@click.option("--plugin", metavar="NAME", help="Only what this plugin has to do with.")
@click.option(
    "--since", metavar="WHEN", callback=_since, help="Only what came after: 10m, 2h, 14:05, 2026-11-30."
)
@click.option("--trace", metavar="ID", help="Only the lines of one request, as `isaacctl trace` calls it.")
@click.option("--request", metavar="ID", help="Only lines with this number of a request.")
@click.option(
    "journal",
    "--journal/--no-journal",
    default=None,
    help="The journal, or the file (default: where the daemon logs).",
)
@click.option("where", "--path", is_flag=True, help="Only say where the log is.")
@click.pass_obj
def logs(
    line: Line,
    count: int,
    following: bool,
    level: str | None,
    event: str | None,
    plugin: str | None,
    since: datetime | None,
    trace: str | None,
    request: str | None,
    journal: bool | None,
    where: bool,
    as_json: bool,
) -> None:
    """Show the daemon's log, as text or, with --json, as the lines of JSON that it consists of.

    Examples:
        isaacctl logs
        isaacctl logs -n 100 -f
        isaacctl logs --level warning --since 2h
        isaacctl logs --trace 12541a000001
        isaacctl logs --json | jq 'select(.level == "error")'
        less "$(isaacctl logs --path)"
    """
    path = newest_log(line.control.socket, line.control.environ)
    if journal is None:
        journal = _is_in_journal(line, path)
    if where:
        line.say("journal" if journal else path, {"path": "journal" if journal else path}, as_json=as_json)
        return
    wanted = Wanted(level=level, event=event, plugin=plugin, since=since, trace=trace, request=request)
    raw = as_json or line.as_json
    color = os.isatty(1) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    found = (
        _journal(line, wanted, count, following) if journal else _file(line, path, wanted, count, following)
    )
    for item in found:
        click.echo(item if raw else readable(item, color=color), nl=not raw)
        if following:
            sys.stdout.flush()


def _is_in_journal(line: Line, path: str) -> bool:
    """Say whether the daemon logs to the journal; if none runs, a service without a file does."""
    if not line.control.is_managed():
        return False
    try:
        found = line.control.ask("status")
    except (OSError, BrokenOff, Refused):
        return not os.path.exists(path)
    return isinstance(found, dict) and found.get(b"log") == b"journal"


def _journal(line: Line, wanted: Wanted, count: int, following: bool) -> Iterator[bytes]:
    from isaacctl.journalview import entries

    control = line.control
    system = control.is_of_the_system
    unit = f"isaacd@{control.uid}.service" if system else "isaacd.service"
    yield from wanted.last(entries(unit, system=system, count=None, follow=False), count)
    if following:
        yield from filter(wanted.takes, entries(unit, system=system, count=0, follow=True))


def _file(line: Line, path: str, wanted: Wanted, count: int, following: bool) -> Iterator[bytes]:
    try:
        if wanted.everything:
            lines, position = last_lines(path, count)
        else:
            position = os.stat(path).st_size
            lines = wanted.last(_all(path, position), count)
    except OSError as error:
        why = NEVER_STARTED if isinstance(error, FileNotFoundError) else error.strerror
        raise Refused(f"cannot read {path}: {why}", EXIT_FAILED) from None
    yield from lines
    if following:
        yield from filter(wanted.takes, follow(path, position))


def _all(path: str, size: int) -> Iterable[bytes]:
    """Give the lines of the log before this one, and of this one as long as it is now."""
    try:
        with open(f"{path}.1", "rb") as before:
            yield from before
    except OSError:
        pass
    with open(path, "rb") as file:
        for item in file:
            if size <= 0:
                return
            size -= len(item)
            yield item
