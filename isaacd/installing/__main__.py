"""The installer's own command line; `isaacctl plugins install` and `remove` hand over to it."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from isaacd.clock import SystemClock
from isaacd.errors import Cancelled, IsaacError
from isaacd.installing.install import Installed, Wishes, install
from isaacd.installing.notice import tell
from isaacd.installing.place import Place
from isaacd.installing.remove import Removed, remove
from isaacd.installing.scopes import ask_for_scopes
from isaacd.workshop.report import Report, count

Run = Callable[[argparse.Namespace, Report], int]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, and what the daemon makes of it: None if it could not be told."""

    done: Installed | Removed
    daemon: list[dict[str, Any]] | None


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(argv)
    report = Report(json=options.json, environ=os.environ)
    run: Run = options.run
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # so that what was begun is cleared away
    try:
        return run(options, report)
    except IsaacError as error:
        return report.failed(error)
    except KeyboardInterrupt:
        return report.failed(Cancelled("stopped; nothing was changed"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="isaacctl plugins", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, run in (("install", _install), ("remove", _remove)):
        made = commands.add_parser(name)
        made.add_argument("--json", action="store_true")
        made.add_argument("--folder", type=Path, required=True, help="the user's folder of plugins")
        made.add_argument("--socket", type=Path, required=True, help="where the daemon listens")
        made.add_argument("wanted")
        made.set_defaults(run=run)
        if name == "install":
            made.add_argument("--find-links", action="append", default=[])
            for flag in ("--offline", "--build", "--pre"):
                made.add_argument(flag, action="store_true")
    return parser


def _install(options: argparse.Namespace, report: Report) -> int:
    wishes = Wishes(
        wanted=options.wanted,
        find_links=tuple(options.find_links),
        offline=options.offline,
        build=options.build,
        pre=options.pre,
    )
    done = install(wishes, options.folder, environ=os.environ, clock=SystemClock(), say=report.say)
    seen = tell(options.socket, done.plugins)
    place = Place(options.folder)
    with place.held():
        place.clean()  # not earlier: the daemon had the former version in use
    if seen is not None and ask_for_scopes(options.socket, seen, done.folder):
        seen = tell(options.socket, done.plugins)
    report.result(Outcome(done=done, daemon=seen), _installed_text(done, seen))
    return 0


def _installed_text(done: Installed, seen: list[dict[str, Any]] | None) -> str:
    was = f", before {done.before}" if done.before and done.before != done.version else ""
    lines = [f"installed {done.distribution} {done.version}{was}"]
    if done.needs:
        lines.append(f"  with {', '.join(f'{name} {version}' for name, version in done.needs.items())}")
    for name in done.plugins:
        of_name = [card for card in seen or () if card.get("name") == name]
        lines += _plugin_lines(name, done.folder, of_name)
    if seen is None:
        lines.append("  the daemon does not run; it will be there at its next start")
    lines.append(f"isaacctl plugins info {done.plugins[0]} tells more")
    return "\n".join(lines)


def _plugin_lines(name: str, folder: str, cards: list[dict[str, Any]]) -> Iterator[str]:
    """Say what the daemon makes of one plugin: another one of its name may be in use."""
    card = next((card for card in cards if str(card.get("origin")).startswith(f"{folder}/")), None)
    if card is None:
        yield f"  plugin {name}"
        return
    yield f"  plugin {name}: {card['state']}"
    for key in ("error", "trouble"):
        if card.get(key):
            yield f"    {card[key]}"
    missing = [item for item in card.get("scopes") or () if item not in (card.get("granted") or ())]
    if missing:
        yield f"    it wants {', '.join(missing)} of Isaac, and has not got that: isaacctl plugins grant {name}"
    if card["state"] != "hidden" and not card.get("trusted"):
        yield f"    it is not trusted, so it runs isolated; to change that: isaacctl plugins trust {name}"


def _remove(options: argparse.Namespace, report: Report) -> int:
    done = remove(options.wanted, options.folder)
    seen = tell(options.socket, done.plugins)
    text = f"removed {done.distribution} {done.version}"
    if done.needs:
        text += f", with {count(len(done.needs), 'package')} that only it needed"
    text += "".join(f"\n  could not remove {item}" for item in done.left)
    report.result(Outcome(done=done, daemon=seen), text)
    return 1 if done.left else 0


if __name__ == "__main__":
    sys.exit(main())
