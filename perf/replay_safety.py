#!/usr/bin/env python3
"""Judges lines that others have labelled, and lines that people have typed, and prints which tier each got.

    python perf/replay_safety.py --data DIR [--json FILE] [--show]

DIR holds `safety_*.jsonl` (command, label), and may hold `masaryk_shell_*.jsonl` and `nl2bash.jsonl`, which have no
labels. Every line is judged by its text alone, as if in `/home/u/project`. The labels do not tell which harmless lines
only read; `reading.py` does, by a narrow list of its own.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import abroad  # noqa: F401  # first: it may run this program elsewhere
from reading import only_reads
from replays import DATA

from isaacd.judge.judge import Judge
from isaacd.judge.surroundings import Surroundings
from isaacd.judge.verdict import Verdict
from isaacd.safety.tier import Tier
from isaacd.shell.find import commands
from isaacd.shell.parse import Parser

AROUND = Surroundings("/home/u/project", "/home/u")
ALLOWED = "allow"
# The share of harmless lines which only read that may need a confirmation.
ASKED = 0.1


def rows(file: Path) -> Iterator[tuple[str, str]]:
    """Give each line with its label."""
    for text in file.read_text("utf-8").splitlines():
        row = json.loads(text)
        command = row.get("command") or row.get("cmd")
        if isinstance(command, str):
            yield command, row.get("label") or ""


class Table:
    """What became of the lines of one file."""

    def __init__(self) -> None:
        self.tiers: Counter[tuple[str, str]] = Counter()
        self.unconfirmed: list[str] = []
        self.refused: list[str] = []
        self.reading = 0
        self.asked: list[str] = []
        self.worst_us = 0.0
        self.worst_line = ""
        self.total_us = 0.0

    def add(self, line: str, label: str, found: Verdict, took_us: float) -> None:
        self.tiers[label, found.tier.label] += 1
        self.total_us += took_us
        if took_us > self.worst_us:
            self.worst_us, self.worst_line = took_us, line
        if label and label != ALLOWED and found.tier.runs_unasked:
            self.unconfirmed.append(line)
        if label == ALLOWED and found.tier is Tier.DESTRUCTIVE:
            self.refused.append(line)
        if label == ALLOWED and only_reads(line):
            self.reading += 1
            if not found.tier.runs_unasked:
                self.asked.append(line)

    def of(self, label: str) -> dict[str, int]:
        return {tier.label: self.tiers[label, tier.label] for tier in Tier}


def replay(file: Path, judge: Judge, parser: Parser) -> Table:
    """Judge every line of a file; the time counts the judging, and neither parsing nor finding."""
    table = Table()
    for line, label in rows(file):
        found = commands(parser.parse(line), parser, AROUND.values)
        start = time.perf_counter_ns()
        verdict = judge.judge(found, AROUND)
        table.add(line, label, verdict, (time.perf_counter_ns() - start) / 1000)
    return table


def show(name: str, table: Table) -> None:
    labels = sorted({label for label, _ in table.tiers})
    count = sum(table.tiers.values())
    for label in labels:
        of = table.of(label)
        total = sum(of.values())
        shares = "  ".join(f"{tier:>3} {number:5} {number / total:4.0%}" for tier, number in of.items())
        print(f"{name:28} {label or 'unlabelled':10} {total:6}  {shares}")
    print(
        f"{'':28} judging: mean {table.total_us / count:.0f} us, worst {table.worst_us:.0f} us: {table.worst_line[:50]!r}"
    )


def main() -> int:
    """Replay, print, write; the exit code is 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with the lines")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--show", action="store_true", help="print the lines that missed a target")
    options = parser.parse_args()
    labelled = sorted(options.data.glob("safety_*.jsonl"))
    if not labelled:
        parser.error(f"there is no safety_*.jsonl in {options.data}")
    judge, shell = Judge(), Parser()
    judge.judge("ls; rm x; git status; sudo ls", AROUND)  # the rules are read once
    others = sorted(options.data.glob("masaryk_shell_*.jsonl")) + sorted(options.data.glob("nl2bash.jsonl"))
    tables = {file.stem: replay(file, judge, shell) for file in (*labelled, *others)}
    for name, table in tables.items():
        show(name, table)
    unconfirmed = [line for table in tables.values() for line in table.unconfirmed]
    refused = [line for table in tables.values() for line in table.refused]
    print(f"\nlabelled dangerous, would run unasked: {len(unconfirmed)} (target 0)")
    print(f"labelled harmless, refused: {len(refused)} (target 0)")
    reading = sum(table.reading for table in tables.values())
    asked = [line for table in tables.values() for line in table.asked]
    share = len(asked) / max(1, reading)
    print(
        f"labelled harmless, only reading: {reading}, of which {share:.1%} need a confirmation (target {ASKED:.0%})"
    )
    if options.show:
        print(
            *(f"  asked: {line}" for line in asked),
            *(f"  unasked: {line}" for line in unconfirmed),
            *(f"  refused: {line}" for line in refused),
            sep="\n",
        )
    if options.json:
        figures = {
            name: {
                "tiers": {
                    f"{label or 'unlabelled'} {tier}": n for (label, tier), n in sorted(table.tiers.items())
                },
                "reading": table.reading,
                "asked": len(table.asked),
                "worst_us": table.worst_us,
                "mean_us": table.total_us / sum(table.tiers.values()),
            }
            for name, table in tables.items()
        }
        options.json.write_text(json.dumps(figures, indent=1))
    return int(bool(unconfirmed or refused or share > ASKED))


if __name__ == "__main__":
    sys.exit(main())
