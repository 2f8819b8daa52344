"""Run the chosen rooms in one clean place, print one table, and keep the values; `perf/run` starts it."""

import argparse
import importlib
import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import importtime
import leash
import replays
from check import Budgets, settled
from conditions import company, describe, ticks, verdict
from environment import InstallError, install, wheel_of
from harness import Row, add_effort, effort_of, joined
from headline import headline_table
from place import Place
from results import keep_wheel, kept_wheel, read_results, try_to_write, write_more, write_results
from tables import table
from targets import summary

FAILED = "the room failed"


def main() -> int:
    """Measure, print and write. The exit code is 1 when a target is missed, or with --check when a row is worse.

    A room that fails costs its own rows only, and leaves with FAILED. Interrupted, nothing is printed or written: a
    part is never taken for the whole.
    """
    options = _options()
    if options.profile:
        print(importtime.summary(Place(options.python, options.scratch / "profile")))
        return 0
    try:
        if options.json:
            try_to_write(options.json)
        before, then = read_results(options.check) if options.check and options.check.exists() else ([], {})
        return _whole(options, before, then)
    except KeyboardInterrupt:
        print("interrupted: nothing is written", file=sys.stderr)
        return leash.INTERRUPTED
    except (OSError, ValueError) as error:
        print(f"perf/run: {error}", file=sys.stderr)
        return leash.UNABLE


def _whole(options: argparse.Namespace, stored: Sequence[Row], then: dict[str, str]) -> int:
    conditions = describe(options.python)
    print("\n".join(f"{name}: {value}" for name, value in conditions.items()), end="\n\n", flush=True)
    suite = Suite(options)
    before, began_s = ticks(), time.monotonic()
    rows = joined([list(suite.measured(options.rooms, options.python)) for _ in range(options.runs)])
    around = company(before, ticks())
    conditions |= {"others": f"{around.others:.2f}", "steal": f"{around.stolen:.2f}"}
    conditions |= {"command": options.command, "took": f"{time.monotonic() - began_s:.0f} s"}
    failed = list(dict.fromkeys(row.room for row in rows if row.note.startswith(FAILED)))
    conditions |= {"failed": ", ".join(failed)} if failed else {}
    print(headline_table(rows), table(rows), summary(rows, options.rooms), verdict(rows, around), sep="\n\n")
    if failed:
        print(f"\nTHESE ROOMS FAILED, and their rows are missing: {', '.join(failed)}")
    if options.json and options.store and failed:
        print(f"nothing is stored in {options.json.name}, as it would not be whole")
    elif options.json:
        write_results(options.json, rows, conditions)
        write_more(options.json, suite.more)
        if options.store:
            keep_wheel(options.json, wheel_of(options.env))
    if options.check:
        worse = _check(suite, rows, stored, then | {"now": conditions["machine"] + conditions["python"]})
        return leash.FAILED if failed else int(worse)
    return leash.FAILED if failed else int(any(row.met is False for row in rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("rooms", nargs="*")
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--env", type=Path, required=True)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--store", action="store_true")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--check", type=Path)
    parser.add_argument("--command", default="perf/run")
    add_effort(parser)
    return parser.parse_args()


class Suite:
    """Measures rooms, each time in a new place; what pictures are made of goes to `more`."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._number = 0
        self.more: dict[str, object] = {}

    def measured(self, rooms: Sequence[str], python: Path) -> Iterator[Row]:
        """Measure rooms once; one that fails gives a row that says so."""
        options, self._number = self._options, self._number + 1
        effort = effort_of(options)
        for room in rooms:
            began_s, cpu_s = time.monotonic(), _cpu_s()
            place = Place(python, options.scratch / f"{room}-{self._number}")
            place.environ["ISAAC_PERF_DATA"] = str(options.data)
            if room.startswith("replay_"):
                measured = replays.measure(room, place, options.data, effort)
            else:
                measured = importlib.import_module(f"bench_{room}").measure(place, effort)
            try:
                for row in measured:
                    print(f"  {room}: {row.name}", file=sys.stderr, flush=True)
                    yield replace(row, room=room)
            except Exception as error:  # noqa: BLE001  # the other rooms are worth having
                traceback.print_exc()
                yield Row(f"{room}, what is missing of it", note=f"{FAILED}: {error}", room=room)
            if python == options.python:
                for file in place.told():
                    self.more[file.stem] = json.loads(file.read_text(encoding="utf-8"))
            shutil.rmtree(place.directory, ignore_errors=True)
            took = f"{time.monotonic() - began_s:.1f} s, {_cpu_s() - cpu_s:.1f} s of them CPU of ours"
            print(f"  {room} took {took}", file=sys.stderr, flush=True)

    def again(self, rooms: Sequence[str], runs: int) -> tuple[list[Row], list[Row]]:
        """Measure rooms so often again, in turns with the version that was stored, if its wheel is there."""
        options = self._options
        sides = {options.python: list[list[Row]]()}
        wheel = kept_wheel(options.check)
        if wheel is None:
            print("there is no wheel of the stored version: only its figures can be compared with")
        else:
            python = options.env / "before" / "bin" / "python"
            try:
                install(Path(sys.executable), wheel, python)
                sides[python] = []
            except InstallError as error:
                print(f"the stored version cannot be installed: {error}")
        order = list(sides)
        for _ in range(runs):
            for python in order:
                sides[python].append(list(self.measured(rooms, python)))
            order.reverse()
        now, *then = (joined(passes) for passes in sides.values())
        return now, then[0] if then else []


def _cpu_s() -> float:
    """Return the CPU time of this process and of all children that have ended."""
    took = os.times()
    return took.user + took.system + took.children_user + took.children_system


def _check(suite: Suite, rows: Sequence[Row], stored: Sequence[Row], about: dict[str, str]) -> bool:
    """Compare with a stored run, if there is one, and with the budgets; say what is worse."""
    if not stored:
        print("\nthere is nothing stored to compare with (make bench-store makes it): only budgets are held")
    else:
        print(f"\ncompared with {about.get('commit')} of {about.get('date')}")
        if about.get("machine", "") + about.get("python", "") != about["now"]:
            print("that was another machine or Python: only ratios can be compared, and these not finely")
    worse = [complaint.text for complaint in settled(rows, stored, Budgets.read(), suite.again)]
    print(
        f"\n{len(worse)} rows are worse than they may be:" if worse else "\nno row is worse", *worse, sep="\n"
    )
    return bool(worse)


if __name__ == "__main__":
    sys.exit(main())
