#!/usr/bin/env python3
"""Put stored results into the pages of docs/: `perf/publish.py [--suite FILE] [--rooms FILE ...] [--peers FILE] [--check]`.

From perf/results/now.json (`make bench`) and perf/results/peers.json (`make bench-peers`) it writes perf/published.json,
which is kept with the code, the pictures in docs/explanation/pictures, and has docs/generate.py make the pages; the tests
hold that these say what published.json says. What is not there keeps what was published before. With --check nothing is
written: it says which published figures the results contradict by more than noise, and leaves with 1 if there are some.
Reading results needs pyperf (the extra `perf`).
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from check import Budgets, worse_by
from environment import ROOT
from harness import Row, low_middle_high
from headline import headlines
from pictures import pictures
from results import more_path, read_results
from svg import svg
from targets import TARGETS, outcomes

RESULTS = ROOT / "perf" / "results"
PUBLISHED = ROOT / "perf" / "published.json"
PICTURES = ROOT / "docs" / "explanation" / "pictures"
# Those that a page shows; the HTML page of perf/report.py has all.
SHOWN = ("startup", "latency-processes", "latency-requests", "plugins-sequential", "plugins-concurrent", "hits-masaryk",
         "hits-web07", "money", "rooms", "structures")  # fmt: skip
Published = dict[str, Any]


def published(file: Path = PUBLISHED) -> Published:
    """Return what was published before."""
    if not file.exists():
        return {
            "suite": None,
            "peers": None,
            "rows": [],
            "tables": [],
            "headlines": [],
            "targets": [],
            "pictures": [],
        }
    found: Published = json.loads(file.read_text(encoding="utf-8"))
    return found


def gathered(before: Published, suite: Path, peers: Path, *rooms: Path) -> tuple[Published, list[Any]]:
    """Lay new results over what was published; returns that and the pictures. `rooms` are newer results of some rooms."""
    rows = {False: _kept(before, of_peers=False), True: _kept(before, of_peers=True)}
    found, drawn = dict(before), []
    if suite.is_file():
        measured, found["suite"], more = suite_with(suite, *rooms)
        drawn = [picture for picture in pictures(measured, more) if picture.name in SHOWN]
        rows[False] = [_row(row) for row in measured]
        found["headlines"] = headlines(measured)
        found["pictures"] = [[picture.name, picture.title] for picture in drawn]
    if peers.is_file():
        measured, found["peers"] = read_results(peers)
        found["tables"] = json.loads(more_path(peers).read_text(encoding="utf-8"))["tables"]
        rows[True] = [_row(row) for row in measured]
    found["rows"] = rows[False] + rows[True]
    told_of = outcomes([as_row(row) for row in found["rows"]])
    found["targets"] = [
        [one.target.what, one.target.wanted, one.figure, one.met, one.target.room] for one in told_of
    ]
    return found, drawn


def suite_with(suite: Path, *rooms: Path) -> tuple[list[Row], dict[str, str], dict[str, Any]]:
    """Read the results of a suite; whole rooms of it are replaced by those of later files, whose commands are added."""
    measured, about = read_results(suite)
    more: dict[str, Any] = _more(suite)
    for file in rooms:
        newer, conditions = read_results(file)
        names = {row.room for row in newer}
        measured = [row for row in measured if row.room not in names] + newer
        more |= _more(file)
        about["command"] = f"{about.get('command', 'perf/run')}; {conditions.get('command', 'perf/run')}"
        about["took"] = f"{about.get('took', '?')}; {conditions.get('took', '?')}"
    return measured, about, more


def _more(file: Path) -> dict[str, Any]:
    told = more_path(file)
    found: dict[str, Any] = json.loads(told.read_text(encoding="utf-8")) if told.exists() else {}
    return found


def _kept(before: Published, *, of_peers: bool) -> list[Mapping[str, Any]]:
    return [row for row in before["rows"] if row["room"].startswith("peers") is of_peers]


def _row(row: Row) -> dict[str, Any]:
    low, middle, high = (float(f"{value:.5g}") for value in low_middle_high(row.ratios))
    return {
        "room": row.room, "name": row.name, "floor_name": row.floor_name, "unit": row.unit,
        "ours": float(f"{statistics.median(row.ours):.5g}"),
        "floor": float(f"{statistics.median(row.floor):.5g}") if row.floor else None,
        "low": low, "middle": middle, "high": high, "count": len(row.ours), "target": row.target, "at_least": row.at_least,
        "met": row.met,
    }  # fmt: skip


def as_row(one: Mapping[str, Any]) -> Row:
    """Return a row with the median for its only value, which is what targets look at."""
    is_ratio = one["floor"] is not None
    return Row(
        one["name"],
        one["floor_name"],
        [one["middle"]],
        [1.0] if is_ratio else (),
        one["unit"],
        one["target"],
        at_least=one["at_least"],
        room=one["room"],
    )


def contradicted(before: Published, rows: Sequence[Row], budgets: Budgets) -> list[str]:
    """Name the published figures that results contradict, in either direction, by more than noise and their spread."""
    known = {(one["name"], one["floor_name"]): one for one in before["rows"]}
    found = []
    for row in rows:
        one = known.get((row.name, row.floor_name))
        if one is None or not row.ours:
            continue
        low, middle, high = low_middle_high(row.ratios)
        change = abs(worse_by(middle, one["middle"], at_least=False))
        if change > budgets.of(row).noise and not low <= one["middle"] <= high:
            found.append(
                f"{row.title}: published {one['middle']:.4g}, measured {middle:.4g} ({low:.4g} - {high:.4g})"
            )
    return found


def main() -> int:
    """Publish, or compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--suite", type=Path, default=RESULTS / "now.json", metavar="FILE")
    parser.add_argument("--peers", type=Path, default=RESULTS / "peers.json", metavar="FILE")
    parser.add_argument(
        "--rooms",
        type=Path,
        nargs="*",
        default=(),
        metavar="FILE",
        help="later results of some rooms of the suite",
    )
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if not options.suite.is_file() and not options.peers.is_file():
        parser.error("there are no results; `make bench` and `make bench-peers` make them")
    before = published()
    if options.check:
        return _check(before, [file for file in (options.suite, options.peers) if file.is_file()])
    if failed := [said for file in (options.suite, options.peers) if (said := _failed(file, options.rooms))]:
        parser.error(
            f"what failed is missing: {'; '.join(failed)}; measure that again, and give it by --rooms"
        )
    found, drawn = gathered(before, options.suite, options.peers, *options.rooms)
    PUBLISHED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if drawn:
        PICTURES.mkdir(exist_ok=True)
        for old in PICTURES.glob("*.svg"):
            old.unlink()
        for picture in drawn:
            PICTURES.joinpath(f"{picture.name}.svg").write_text(svg(picture) + "\n", encoding="utf-8")
    print(
        f"wrote {PUBLISHED.relative_to(ROOT)}: {len(found['rows'])} rows of {len(TARGETS)} targets, {len(drawn)} pictures"
    )
    return subprocess.run([sys.executable, ROOT / "docs" / "generate.py"], check=False).returncode


def _failed(file: Path, rooms: Sequence[Path]) -> str:
    """Say which rooms failed when results were made, and were not measured again since."""
    if not file.is_file():
        return ""
    again = {row.room for one in rooms for row in read_results(one)[0]}
    failed = read_results(file)[1].get("failed", "").split(", ")
    missing = [room for room in failed if room and room not in again]
    return f"{', '.join(missing)} in {file.name}" if missing else ""


def _check(before: Published, files: Sequence[Path]) -> int:
    rows = [row for file in files for row in read_results(file)[0]]
    wrong = contradicted(before, rows, Budgets.read())
    print(f"{len(wrong)} published figures are contradicted by these results")
    print("\n".join(wrong) if wrong else "the pages hold")
    if wrong:
        print("`make bench-publish` writes the pages anew")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
