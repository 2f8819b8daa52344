"""The pages of measured figures, made from perf/published.json, which perf/publish.py writes from stored results."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

PUBLISHED = Path(__file__).resolve().parent.parent / "perf" / "published.json"
_NOTE = "<!-- Made by `python perf/publish.py` from stored results; measure anew instead of changing this page. -->"
_MET = {True: "yes", False: "**no**", None: ""}
_PICTURES = "pictures"


def report_page(file: Path = PUBLISHED) -> str:
    """Say what was measured: headlines, targets, all rows by room, and how."""
    found = _read(file)
    suite = found["suite"]
    lines = ["# Performance report", "", _NOTE, ""]
    if suite is None:
        return "\n".join([*lines, "Nothing has been published yet.", ""])
    lines += [
        "All that `perf/` measures, in one run, on one machine: a wheel in a clean environment against the least that could do "
        "the same. Compare the ratios; times are those of that machine. What the rows mean and how to repeat them is in "
        "[Measure it on your machine](../how-to/measure.md); why things are so, in [Performance](performance.md).",
        "",
        *_conditions(found),
        "",
        "## What users know",
        "",
        *_table(found["headlines"][0], found["headlines"][1:]),
        "",
        "## Targets",
        "",
        *_targets(found["targets"]),
        "",
        "## All rows",
        "",
        "The ratio is the median over pairs of ours and its floor, measured in turns. A row without a floor is a count.",
        "",
    ]
    rows = [row for row in found["rows"] if not row["room"].startswith("peers")]
    for room, members in groupby(rows, key=lambda row: row["room"]):
        lines += [f"### {room}", "", *_rows(list(members)), ""]
    if found["pictures"]:
        lines += ["## Pictures", ""]
        for name, title in found["pictures"]:
            lines += [f"![{title}]({_PICTURES}/{name}.svg)", ""]
    lines += [
        "## How this page stays true",
        "",
        "It is made from `perf/published.json`, and a test fails if it says anything else. `make bench` ends with the "
        "published figures that the new ones contradict by more than noise, and `make bench-publish` writes this page and "
        "[that of the peers](peers.md) anew. `make bench-check` holds what each row may cost (`perf/budgets.toml`).",
        "",
    ]
    return "\n".join(lines)


def peers_page(file: Path = PUBLISHED) -> str:
    """Show Isaac side by side with others."""
    found = _read(file)
    lines = ["# Side by side with others", "", _NOTE, ""]
    if found["peers"] is None:
        return "\n".join([*lines, "Nothing has been published yet.", ""])
    lines += [
        "Each peer in an environment of its own, as PyPI has it, all against the same provider on the same machine, in turns "
        "within one run. Less is better in every table; *to ours* is how many times as much a peer takes. Where the spreads "
        "overlap, nobody is better.",
        "",
        *_where(found["peers"]),
        "",
        "## In short",
        "",
        *_table(("", "ours", "others, as multiples of ours"), list(short(found["tables"]))),
        "",
        *_better(found["tables"]),
        "",
    ]
    for table in found["tables"]:
        head, *rows = table["rows"]
        lines += [
            f"## {table['title']}",
            "",
            f"{table['note'][:1].upper()}{table['note'][1:]}.",
            "",
            *_table(head, rows),
            "",
        ]
    promised = [target for target in found["targets"] if target[4].startswith("peers")]
    lines += ["## What was promised", "", *_targets(promised), ""]
    return "\n".join(lines)


def short(tables: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Give a line for each table: what, ours, and the others by name, with how many times as much they take."""
    for table in tables:
        _, ours, *others = table["rows"]
        told = [
            f"{who} {_times(to_ours)}"
            for who, _, _, _, _, to_ours, _ in others
            if to_ours and not who.startswith("isaac")
        ]
        if told and ours[2] != "did not run":
            yield table["title"], ours[2], ", ".join(told)


def _times(to_ours: str) -> str:
    times = float(to_ours)
    return f"{times:.0f}" if times >= 10 else f"{times:.1f}" if times >= 2 else f"{times:.2f}"


def _better(tables: Sequence[Mapping[str, Any]]) -> list[str]:
    found = []
    for table in tables:
        for who, version, *_, to_ours, better in table["rows"][1:]:
            if better == who:
                found.append(f"- {table['title']}: {who} {version} takes {float(to_ours):.2f} of ours.")
    return ["Where a peer is better:", "", *found] if found else ["No peer is better at any of this."]


def _read(file: Path) -> Mapping[str, Any]:
    if not file.exists():
        return {"suite": None, "peers": None}
    found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _conditions(found: Mapping[str, Any]) -> list[str]:
    lines = _where(found["suite"])
    if found["peers"] is not None:
        lines += [
            "",
            f"The rows of peers are from `{found['peers']['command']}` at {_commit(found['peers'])}: [their page](peers.md).",
        ]
    return lines


def _where(about: Mapping[str, str]) -> list[str]:
    busy = float(about.get("others", 0)), float(about.get("steal", 0))
    lines = [
        "| | |",
        "|---|---|",
        f"| command | `{about.get('command', 'perf/run')}`, {about.get('took', '?')} |",
        f"| date, commit | {about['date']}, `{_commit(about)}` |",
        f"| Python | {about['python']} |",
        f"| machine | {about['machine']} |",
        f"| others on it meanwhile | {busy[0]:.0%} of the processors; withheld by the host: {busy[1]:.0%}; load before: {about['load']} |",
    ]
    if busy[0] > 0.15 or busy[1] > 0.02:
        lines += [
            "",
            "**The machine was busy.** Ratios of wall time that differ little say nothing; CPU times and counts hold.",
        ]
    return lines


def _commit(about: Mapping[str, str]) -> str:
    return about["commit"]


def _targets(targets: Sequence[Sequence[Any]]) -> list[str]:
    judged = [target for target in targets if target[3] is not None]
    met = sum(target[3] for target in judged)
    text = f"{met} of the {len(judged)} that were measured are met"
    text += (
        f"; {len(targets) - len(judged)} were not, or cannot be judged by this data."
        if len(judged) < len(targets)
        else "."
    )
    rows = [
        (what, wanted, figure or "not measured", _MET[ok], room) for what, wanted, figure, ok, room in targets
    ]
    return [text, "", *_table(("what", "wanted", "measured", "met", "room"), rows)]


def _rows(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = []
    for row in rows:
        target = "" if row["target"] is None else f"{'>=' if row['at_least'] else '<='} {row['target']:.4g}"
        if row["floor"] is None:
            figures = ("", "", *_spread(row, row["unit"]))
            name = row["name"]
        else:
            figures = (_shown(row["ours"], row["unit"]), _shown(row["floor"], row["unit"]), *_spread(row, ""))
            name = f"{row['name']} / {row['floor_name']}"
        lines.append((name, *figures, target, _MET[row["met"]]))
    return _table(("row", "ours", "floor", "median", "p10 - p90", "target", "met"), lines)


def _spread(row: Mapping[str, Any], unit: str) -> tuple[str, str]:
    low, middle, high = (_shown(row[name], unit) for name in ("low", "middle", "high"))
    return middle, f"{low} - {high}" if row["count"] > 1 else ""


def _shown(value: float, unit: str) -> str:
    if unit == "byte":
        return f"{value / 2**20:.1f} MiB"
    if unit == "second":
        return f"{value * 1e3:.2f} ms" if value >= 1e-3 else f"{value * 1e6:.2f} us"
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.0f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |" for line in lines]
