#!/usr/bin/env python3
"""Isaac side by side with others, in one run on one machine: `perf/peers.py [--quick] [SECTION ...]`.

Each peer is installed from PyPI into an environment of its own, and its version is stated. `ask` is start-up and one
complete question to the same provider on this machine, which answers at once; `caches` is hits and sets in one process;
`ipc` is what one small call costs the server. Nothing leaves the loopback but pip. A peer that cannot be installed or
does not run is named as such. There is no gateway row: Isaac has no OpenAI-compatible face over HTTP yet, so that
LiteLLM's proxy has nothing to be compared with.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import peer_ask
import peer_caches
import peer_ipc
from conditions import company, describe, ticks, verdict
from environment import make_environment, make_peers
from harness import Row, low_middle_high
from place import Place
from tables import shown

SECTIONS = {"ask": peer_ask, "caches": peer_caches, "ipc": peer_ipc}
OUT = Path(__file__).resolve().with_name("results") / "peers.json"
HEAD = ("what", "version", "median", "to the floor", "p10 - p90", "to ours", "better")


class Figure(NamedTuple):
    """The values of one peer for one thing, with those of the floor in the same turns; less is better."""

    who: str
    version: str
    values: Sequence[float]
    floor: Sequence[float]


def lines(figures: Sequence[Figure]) -> Iterator[tuple[str, ...]]:
    """Give a line for each figure; the first is ours, with which all others are compared by their ratios to the floor."""
    ours = statistics.median(_ratios(figures[0])) if figures and figures[0].values else None
    for figure in figures:
        if not figure.values:
            yield figure.who, figure.version, "did not run", "", "", "", ""
            continue
        low, middle, high = low_middle_high(_ratios(figure))
        beside = better = ""
        if ours is not None and figure is not figures[0]:
            # What differs by less than both spread is a draw.
            to_ours = middle / ours
            apart = low > ours or high < ours
            beside, better = f"{to_ours:.2f}", ("ours" if to_ours > 1 else figure.who) if apart else "neither"
            # Another way of ours is no peer.
            better = "" if figure.who.startswith("isaac") else better
        absolute = shown(statistics.median(figure.values), "second")
        if statistics.median(figure.values) < 1e-6:
            absolute = f"{statistics.median(figure.values) * 1e9:.0f} ns"
        yield figure.who, figure.version, absolute, f"{middle:.2f}", f"{low:.2f} - {high:.2f}", beside, better


def _ratios(figure: Figure) -> list[float]:
    return [value / floor for value, floor in zip(figure.values, figure.floor, strict=True)]


def main() -> int:
    """Install, measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; default: all"
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument(
        "--env", type=Path, metavar="DIR", help="keep the environments there, and use them again"
    )
    parser.add_argument(
        "--json", type=Path, default=OUT, metavar="FILE", help="write the tables there, for the report"
    )
    options = parser.parse_args()
    if unknown := [name for name in options.sections if name not in SECTIONS]:
        parser.error(f"no section {unknown[0]!r}; there are {', '.join(SECTIONS)}")
    with tempfile.TemporaryDirectory(prefix="isaac-peers-") as scratch:
        kept = Path(options.env or scratch).resolve()
        clean = make_environment(kept / "env").clean
        found = _measure(options.sections or list(SECTIONS), clean, kept, Path(scratch), options.quick)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


def _measure(
    names: Sequence[str], clean: Path, kept: Path, scratch: Path, quick: bool
) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    conditions = describe(clean)
    print("\n".join(f"{name}: {value}" for name, value in conditions.items()), flush=True)
    before, floors = ticks(), []
    for name in names:
        section = SECTIONS[name]
        peers = make_peers(kept / "peers", section.PEERS)
        place = Place(clean, scratch / name)
        for title, note, given in section.measure(place, peers, quick):
            figures = [Figure(*item) for item in given]
            rows = [HEAD, *lines(figures)]
            found.append({"title": title, "note": note, "rows": rows})
            floors += [Row(title, "floor", item.values, item.floor) for item in figures if item.values]
            print(f"\n{title}\n{note}\n{_laid_out(rows)}", flush=True)
    print(f"\n{verdict(floors, company(before, ticks()))}")
    return found


def _laid_out(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


if __name__ == "__main__":
    sys.exit(main())
