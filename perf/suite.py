"""Run the chosen rooms in one clean place, print one table, and keep the values; `perf/run` starts it."""

import argparse
import datetime
import importlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import importtime
from environment import ROOT
from harness import Effort, Row, table
from place import Place


def main() -> int:
    """Measure, print and write; the exit code is 1 when a target is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rooms", nargs="*")
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.profile:
        print(importtime.summary(Place(options.python, options.scratch / "profile")))
        return 0
    conditions = describe(options.python)
    print("\n".join(f"{name}: {value}" for name, value in conditions.items()), end="\n\n", flush=True)
    rows: list[Row] = []
    for room in options.rooms:
        place = Place(options.python, options.scratch / room)
        for row in _measured(room, place, Effort(quick=options.quick)):
            rows.append(row)
            print(f"  {room}: {row.name}", file=sys.stderr, flush=True)
    print(table(rows))
    print(f"\nload at the end: {_load()}")
    if os.getloadavg()[0] > (os.cpu_count() or 1):
        print("the machine was busy with other work: wall times say little, CPU times and counts more")
    if options.json:
        write_json(options.json, rows, conditions)
    return int(any(row.met is False for row in rows))


def _measured(room: str, place: Place, effort: Effort) -> Iterator[Row]:
    yield from importlib.import_module(f"bench_{room}").measure(place, effort)


def describe(python: Path) -> dict[str, str]:
    """Say what the figures depend on; never a name of the machine or of its user."""
    version = subprocess.run([python, "-VV"], capture_output=True, text=True, check=True).stdout
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": _git("describe", "--always", "--dirty") or "none",
        "python": " ".join(version.split()),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "load": _load(),
    }


def _load() -> str:
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def write_json(path: Path, rows: Sequence[Row], conditions: dict[str, str]) -> None:
    """Write each row as two benchmarks of one pyperf suite, `NAME` and `NAME: floor`, for `pyperf compare_to`."""
    import pyperf

    benchmarks = []
    for row in rows:
        for name, values in ((row.name, row.ours), (f"{row.name}: floor {row.floor_name}", row.floor)):
            if values:
                metadata = {"name": name, "unit": row.unit, "loops": 1, **conditions, **row.metadata}
                run = pyperf.Run(tuple(map(float, values)), metadata=metadata, collect_metadata=False)
                benchmarks.append(pyperf.Benchmark([run]))
    pyperf.BenchmarkSuite(benchmarks).dump(str(path), replace=True)


if __name__ == "__main__":
    sys.exit(main())
