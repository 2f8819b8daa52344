#!/usr/bin/env python3
"""Draw results: `perf/report.py [RESULTS.json] [--peers FILE] [--folder DIR]` writes index.html and PNGs into a folder.

The page is one file: its pictures are inline SVG, and it needs neither a network nor JavaScript. PNGs need matplotlib;
without it the page is written all the same. Reading results needs pyperf; both come with the extra `perf`.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from conditions import BUSY, STOLEN, USUAL_SPREAD, floor_spread
from harness import Row, low_middle_high
from headline import headlines
from pictures import Picture, pictures
from results import more_path, read_results
from svg import dark, svg
from tables import shown

RESULTS = Path(__file__).resolve().with_name("results")
STYLE = """
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --rule: #ddd; --bad: #a02020; --warn: #c04a00 }
@media (prefers-color-scheme: dark) { :root { DARK --bad: #ff7b7b; --warn: #ff9d5c } }
body { font: 15px/1.5 sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem } figure { margin: 1.2rem 0 }
table { border-collapse: collapse; font-size: 13px } th { text-align: left }
td, th { padding: .2rem .6rem; border-bottom: 1px solid var(--rule) } td.n { text-align: right; white-space: nowrap }
.busy { border-left: 4px solid var(--warn); padding-left: .8rem } .no { color: var(--bad); font-weight: bold }
svg { width: 100%; height: auto } .wide { overflow-x: auto }
""".replace("DARK", dark())


def page(
    rows: Sequence[Row],
    conditions: Mapping[str, str],
    drawn: Sequence[Picture],
    peers: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Return the whole page."""
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>Isaac, measured</title><style>{STYLE}</style></head><body>",
        "<h1>Isaac, measured</h1>",
        f"<p>{escape('; '.join(f'{name}: {value}' for name, value in conditions.items()))}</p>",
        _trust(rows, conditions),
        "<h2>What users know</h2>",
        _table(headlines(rows)),
        "<h2>All rows</h2>",
        "<p>A ratio is the median over pairs of ours and its floor, measured in turns in the same run. Absolute figures "
        "are medians of this machine on that day: compare ratios.</p>",
        _table(
            [
                (
                    "row",
                    "ours (absolute)",
                    "floor (absolute)",
                    "ratio or count",
                    "p10 - p90",
                    "target",
                    "met",
                ),
                *map(_cells, rows),
            ]
        ),
    ]
    for one in peers:
        parts += [
            f"<h2>{escape(str(one['title']))}</h2>",
            f"<p>{escape(str(one['note']))}</p>",
            _table(one["rows"]),
        ]
    parts += ["<h2>Pictures</h2>"] if drawn else []
    parts += [f"<figure>{svg(picture)}</figure>" for picture in drawn]
    return "\n".join([*parts, "</body></html>", ""])


def _trust(rows: Sequence[Row], conditions: Mapping[str, str]) -> str:
    others, steal = (float(conditions.get(name, "0")) for name in ("others", "steal"))
    spread = floor_spread(rows)
    text = f"The floors spread by {spread:.0%} around their medians; on a quiet machine by about {USUAL_SPREAD:.0%}."
    if others > BUSY or steal > STOLEN or spread > 2 * USUAL_SPREAD:
        text = (
            f"The machine was busy: others had {others:.0%} of the processors, and the host withheld {steal:.0%}. {text} "
            "Ratios of wall time that differ by less than that say nothing; CPU times and counts hold better."
        )
        return f'<p class="busy">{escape(text)}</p>'
    return f"<p>{escape(text)}</p>"


def _cells(row: Row) -> tuple[str, ...]:
    target = "" if row.target is None else f"{'>=' if row.at_least else '<='} {row.target:.4g}"
    met = {True: "yes", False: "NO", None: ""}[row.met]
    low, middle, high = low_middle_high(row.ratios)
    if row.floor:
        ours, floor = (shown(statistics.median(values), row.unit) for values in (row.ours, row.floor))
        return row.title, ours, floor, f"{middle:.3f}", f"{low:.3f} - {high:.3f}", target, met
    low_, middle_, high_ = (shown(value, row.unit) for value in (low, middle, high))
    return row.title, "", "", middle_, f"{low_} - {high_}", target, met


def _table(lines: Sequence[Sequence[str]]) -> str:
    head, *rest = lines
    text = ['<div class="wide"><table><thead><tr>', *(f"<th>{escape(str(cell))}</th>" for cell in head)]
    text.append("</tr></thead><tbody>")
    for line in rest:
        cells = [f"<td>{escape(str(line[0]))}</td>"]
        for cell in map(str, line[1:]):
            kind = "no" if cell == "NO" else "n"
            cells.append(f'<td class="{kind}">{escape(cell)}</td>')
        text.append(f"<tr>{''.join(cells)}</tr>")
    return "".join([*text, "</tbody></table></div>"])


def _beside(peers: Path | None) -> list[Mapping[str, Any]]:
    """Return the tables of peers, if they were measured."""
    told = None if peers is None else more_path(peers)
    if told is None or not told.exists():
        return []
    tables: list[Mapping[str, Any]] = json.loads(told.read_text(encoding="utf-8"))["tables"]
    return tables


def write(results: Path, folder: Path, peers: Path | None = None) -> list[Path]:
    """Write the page and the pictures of some results; returns the files."""
    rows, conditions = read_results(results)
    told = more_path(results)
    more = json.loads(told.read_text(encoding="utf-8")) if told.exists() else {}
    beside = _beside(peers)
    drawn = list(pictures(rows, more))
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "index.html"
    index.write_text(page(rows, conditions, drawn, beside), encoding="utf-8")
    try:
        from png import write_png

        return [index, *(write_png(picture, folder) for picture in drawn)]
    except ImportError:
        print("there is no matplotlib here: no PNGs (it comes with the extra `perf`)", file=sys.stderr)
        return [index]


def main() -> int:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, nargs="?", default=RESULTS / "now.json")
    parser.add_argument(
        "--peers", type=Path, default=RESULTS / "peers.json", help="what perf/peers.py has found"
    )
    parser.add_argument("--folder", type=Path, default=RESULTS / "report")
    options = parser.parse_args()
    try:
        files = write(options.results, options.folder, options.peers)
    except FileNotFoundError as error:
        parser.error(f"there is no {error.filename}; `make bench` writes it")
    except ModuleNotFoundError as error:
        parser.error(f"{error}; install the extra `perf`, or see the Makefile for how it is run")
    print(*files, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
