#!/usr/bin/env python3
"""Replays mistyped lines and the lines that people typed instead: what is suggested, and what would be corrected unasked.

    python perf/replay_typos.py --data DIR [--show] [--json FILE]

DIR holds `thefuck_pairs.jsonl` and `masaryk_typos.jsonl` (pairs), `nl2bash.jsonl` and `masaryk_shell_*.jsonl` (lines
and sentences that are no mistakes). The programs are those of this machine, the folder is empty, no output of a failed
command is seen, and nothing is known of the person.

A pair counts as `typed otherwise` if its right line is within four slips of the wrong one: the others need the output of
the command, or are no lines at all. Rows with the same wrong line are one, and any of their right lines will do. A
correction that is of a higher tier than what was typed is never made, and counts as none.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import abroad  # noqa: F401  # first: it may run this program elsewhere
from replays import DATA

from isaacd.judge.judge import Judge
from isaacd.judge.surroundings import Surroundings
from isaacd.routing.asked import House
from isaacd.routing.programs import Programs
from isaacd.routing.router import CommandRouter
from isaacd.routing.routes.language import sentence
from isaacd.routing.settings import Settings
from isaacd.routing.translate.translator import Translator
from isaacd.routing.typo.corrector import Corrector
from isaacd.routing.typo.tools import Tools

NEAR = 4
ALLOWED = Settings(autocorrect=True)


class Machine:
    """A router, as it is for a person in an empty folder."""

    def __init__(self, folder: str) -> None:
        judge = Judge()
        programs = Programs(lambda: 0.0)
        self.router = CommandRouter(
            House(judge, programs, Corrector(Tools(judge.book)), Translator(), lambda: ())
        )
        self.around = Surroundings(cwd=folder, home="/home/ada", environ={"PATH": os.environ["PATH"]})

    def fixed(self, line: str) -> tuple[str | None, bool]:
        """Return the line that is suggested or run instead, and whether it would run unasked."""
        found = self.router.route(line, self.around, ALLOWED)
        if found.correction is not None:
            return found.correction.line, found.correction.applied
        # Names of other systems are a route of their own, and as good an answer.
        return (found.line if any(step.outcome == "changed" for step in found.steps) else None), False


def pairs(folder: Path) -> dict[str, dict[str, set[str]]]:
    """Return the right lines of each wrong one, by source."""
    found: dict[str, dict[str, set[str]]] = {}
    for name, wrong, right in (("thefuck_pairs", "wrong", "right"), ("masaryk_typos", "typo", "fix")):
        file = folder / f"{name}.jsonl"
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        lines = found.setdefault(name, {})
        for row in rows:
            listed = row[right] if isinstance(row[right], list) else [row[right]]
            rights = {_spaced(item) for item in listed if isinstance(item, str)}
            lines.setdefault(row[wrong], set()).update(rights - {_spaced(row[wrong])})
    return found


def _spaced(line: str) -> str:
    """Return a line with single blanks; a no-break space is none."""
    return " ".join(word for word in line.split(" ") if word)


def edits(one: str, other: str) -> int:
    """Return the Levenshtein distance, which is not the one that is tested."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        last, row[0] = row[0], number
        for place, wanted in enumerate(other, 1):
            last, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, last + (letter != wanted))
    return row[-1]


def measure(machine: Machine, lines: dict[str, set[str]], *, show: bool) -> dict[str, float | int]:
    """Count what is right and what is not."""
    counts = dict.fromkeys(("rows", "suggested", "right", "unasked", "unasked, wrong"), 0)
    for wrong, rights in lines.items():
        said, unasked = machine.fixed(wrong)
        right = said is not None and _spaced(said) in rights
        counts["rows"] += 1
        counts["suggested"] += said is not None
        counts["right"] += right
        counts["unasked"] += unasked
        counts["unasked, wrong"] += unasked and not right
        if show and not right:
            print(f"  {wrong!r}: {said!r}, not {sorted(rights)[:3]}{' UNASKED' if unasked else ''}")
    precision = counts["right"] / max(1, counts["suggested"])
    return {
        **counts,
        "precision": round(precision, 3),
        "recall": round(counts["right"] / max(1, len(lines)), 3),
    }


def harmless(machine: Machine, lines: Iterable[str]) -> dict[str, float | int]:
    """Count how often lines that are as they should be are taken for something else."""
    listed = sorted(set(lines))
    taken = [machine.router.route(line, machine.around, ALLOWED) for line in listed]
    return {
        "rows": len(listed),
        "questions": sum(route.kind == "question" for route in taken),
        "suggested": sum(route.correction is not None for route in taken),
        "unasked": sum(route.correction is not None and route.correction.applied for route in taken),
    }


def sentences(machine: Machine, texts: Sequence[str]) -> dict[str, float | int]:
    """Count the descriptions that are taken for sentences, with a capital letter and without."""
    names = machine.router.route("x", machine.around) and Programs(lambda: 0.0).on(os.environ["PATH"])

    def is_sentence(text: str) -> bool:
        return sentence(text, is_command=text.split(None, 1)[0] in names) is not None

    found = sum(map(is_sentence, texts))
    small = sum(is_sentence(text[:1].lower() + text[1:]) for text in texts)
    rows = len(texts)
    return {"rows": rows, "found": round(found / rows, 3), "found in small letters": round(small / rows, 3)}


def main() -> int:
    """Measure and print; the exit code is 1 if a correction that was made unasked is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--show", action="store_true", help="print each pair that is not right")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not (options.data / "thefuck_pairs.jsonl").exists():
        print(f"there is no thefuck_pairs.jsonl in {options.data}: nothing was measured", file=sys.stderr)
        return 2
    results: dict[str, dict[str, float | int]] = {}
    with tempfile.TemporaryDirectory(prefix="isaac-typos-") as folder:
        machine = Machine(folder)
        for name, lines in pairs(options.data).items():
            near = {
                wrong: rights
                for wrong, rights in lines.items()
                if any(edits(wrong, right) <= NEAR for right in rights)
            }
            results[f"{name}, all"] = measure(machine, lines, show=False)
            results[f"{name}, typed otherwise"] = measure(machine, near, show=options.show)
        told = [json.loads(line) for line in (options.data / "nl2bash.jsonl").read_text().splitlines()]
        results["nl2bash, commands"] = harmless(machine, (row["cmd"] for row in told if row["cmd"]))
        results["nl2bash, descriptions"] = sentences(
            machine, sorted({row["nl"] for row in told if row["nl"]})
        )
        typed = [
            row["cmd"]
            for file in sorted(options.data.glob("masaryk_shell_*.jsonl"))
            for row in map(json.loads, file.read_text().splitlines())
            if row["type"] == "bash-command"
        ]
        results["masaryk, all lines"] = harmless(machine, typed)
    for name, counts in results.items():
        print(f"{name}: " + ", ".join(f"{value} {what}" for what, value in counts.items()))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")
    return int(any(counts.get("unasked, wrong") for counts in results.values()))


if __name__ == "__main__":
    sys.exit(main())
