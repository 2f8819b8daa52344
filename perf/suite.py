"""Run the chosen rooms in one clean place, print one table, and keep the values; `perf/run` starts it."""

import argparse
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import importtime
import replays
from check import Budgets, check
from conditions import company, describe, ticks, verdict
from harness import Row, add_effort, effort_of, joined
from headline import headline_table
from place import Place
from results import read_results, write_more, write_results
from tables import table
from targets import summary

FAILED = "the room failed"


def main() -> int:
    """Measure, print and write; the exit code is 1 when a target is missed, or with --check when a row is worse.

    A room that fails costs its own rows only, and the exit code.
    """
    options = _options()
    if options.profile:
        print(importtime.summary(Place(options.python, options.scratch / "profile")))
        return 0
    conditions = describe(options.python)
    print("\n".join(f"{name}: {value}" for name, value in conditions.items()), end="\n\n", flush=True)
    more: dict[str, object] = {}
    before, began_s = ticks(), time.monotonic()
    passes = [list(_measured(options, number, more)) for number in range(options.runs)]
    around = company(before, ticks())
    conditions |= {"others": f"{around.others:.2f}", "steal": f"{around.stolen:.2f}"}
    conditions |= {"command": options.command, "took": f"{time.monotonic() - began_s:.0f} s"}
    rows = joined(passes)
    print(headline_table(rows), table(rows), summary(rows, options.rooms), verdict(rows, around), sep="\n\n")
    if options.json:
        write_results(options.json, rows, conditions)
        write_more(options.json, more)
    failed = any(row.note.startswith(FAILED) for one in passes for row in one)
    if options.check:
        return int(bool(_check(rows, options.check, conditions)) or failed)
    return int(failed or any(row.met is False for row in rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("rooms", nargs="*")
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--check", type=Path)
    parser.add_argument("--command", default="perf/run")
    add_effort(parser)
    return parser.parse_args()


def _measured(options: argparse.Namespace, number: int, more: dict[str, object]) -> Iterator[Row]:
    """Measure all rooms once; what pictures are made of goes to `more`."""
    effort = effort_of(options)
    for room in options.rooms:
        began_s, cpu_s = time.monotonic(), _cpu_s()
        place = Place(options.python, options.scratch / f"{room}-{number}")
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
        for file in place.told():
            more[file.stem] = json.loads(file.read_text(encoding="utf-8"))
        took = f"{time.monotonic() - began_s:.1f} s, {_cpu_s() - cpu_s:.1f} s of them CPU of ours"
        print(f"  {room} took {took}", file=sys.stderr, flush=True)


def _cpu_s() -> float:
    """Return the CPU time of this process and of all children that have ended."""
    took = os.times()
    return took.user + took.system + took.children_user + took.children_system


def _check(rows: Sequence[Row], stored: Path, conditions: dict[str, str]) -> int:
    """Compare with a stored run, if there is one, and with the budgets."""
    before: list[Row] = []
    try:
        before, then = read_results(stored)
    except FileNotFoundError:
        print(
            f"\nthere is no {stored.name} to compare with (make bench-store makes it): only budgets are held"
        )
    else:
        print(f"\ncompared with {then.get('commit')} of {then.get('date')}")
        if then.get("machine") != conditions["machine"] or then.get("python") != conditions["python"]:
            print("that was another machine or Python: only ratios can be compared, and these not finely")
    worse = check(rows, before, Budgets.read())
    print(
        "\n".join(
            [f"{len(worse)} rows are worse than they may be:", *worse] if worse else ["no row is worse"]
        )
    )
    return int(bool(worse))


if __name__ == "__main__":
    sys.exit(main())
