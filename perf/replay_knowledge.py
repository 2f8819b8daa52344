"""How often the offline answers name the right tool, on descriptions of tasks with a command for each.

    python perf/replay_knowledge.py --data DIR [--json] [--limit N]

DIR holds `nl2bash.jsonl` (lines of {"nl": description, "cmd": command}) and `tldr-pages.en.zip`. The tool of a command is
its first word without its folder; sudo, env, nohup, time, nice and the like, with their options, and assignments of
variables in front of it do not count. A row counts as *first* if the first candidate has the right tool, as *three* if any of
the first three has. Rows are dealt into two halves by a hash of the description: `seen` is what the weights were chosen on,
`held out` was only ever measured. The baseline is plain BM25 of SQLite over the tldr pages, one document a page.
"""

import argparse
import hashlib
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import abroad  # noqa: F401  # first: it may run this program elsewhere
from replays import DATA

from isaac_plugins.knowledge import cookbook, index, ranking, tldr

ROWS, PAGES = "nl2bash.jsonl", "tldr-pages.en.zip"


class Row(NamedTuple):
    """One task: what was asked, the tool that does it, and the half it belongs to."""

    question: str
    tool: str
    half: str


class Found(NamedTuple):
    """The tools that were offered, best first, and the confidence in the first."""

    tools: tuple[str, ...]
    confidence: float


Search = Callable[[str], Found]


def main() -> int:
    arguments = _arguments()
    missing = [name for name in (ROWS, PAGES) if not (arguments.data / name).is_file()]
    if missing:
        print(
            f"{arguments.data} has no {' and no '.join(missing)}; give another folder with --data",
            file=sys.stderr,
        )
        return 2
    rows = read_rows(arguments.data / ROWS)[: arguments.limit]
    with tempfile.TemporaryDirectory() as folder:
        searches = {
            "BM25 over tldr": baseline(arguments.data / PAGES),
            "cookbook": isaac(Path(folder) / "book.sqlite", None),
            "cookbook + tldr": isaac(Path(folder) / "all.sqlite", arguments.data / PAGES),
        }
        report = {name: measure(search, rows) for name, search in searches.items()}
    print(json.dumps(report, indent=2) if arguments.json else table(report))
    return 0


def read_rows(file: Path) -> list[Row]:
    """Read the tasks; those whose command has no tool are left out."""
    rows = []
    for line in file.read_text("utf-8").splitlines():
        task = json.loads(line)
        half = "seen" if hashlib.sha256(task["nl"].encode()).digest()[0] % 2 == 0 else "held out"
        if tool := index.tool_of(task["cmd"]):
            rows.append(Row(task["nl"], tool, half))
    return rows


def isaac(file: Path, pages: Path | None) -> Search:
    """Search as the provider does, without the manual of this machine."""
    connection = index.build_file(file, index.Sources(cookbook.folder(), pages, ""), {})

    def search(question: str) -> Found:
        answer = ranking.rank(connection, question)
        return Found(tuple(hit.tool for hit in answer.hits), answer.confidence)

    return search


def baseline(pages: Path) -> Search:
    """Search the pages by BM25 alone."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(name, text)")
    texts = (
        (page.name, f"{page.summary} {' '.join(e.task for e in page.examples)}") for page in tldr.pages(pages)
    )
    connection.executemany("INSERT INTO t VALUES (?, ?)", texts)

    def search(question: str) -> Found:
        words = "".join(c if c.isalnum() else " " for c in question).split()
        if not words:
            return Found((), 0.0)
        match = " OR ".join(f'"{word}"' for word in words)
        query = "SELECT name FROM t WHERE t MATCH ? ORDER BY rank LIMIT 3"
        return Found(tuple(name.split()[0] for (name,) in connection.execute(query, (match,))), 0.0)

    return search


def measure(search: Search, rows: Sequence[Row]) -> dict[str, object]:
    """Ask every question; gives shares of each half, of the right tool by confidence, and the time of a question."""
    began = time.perf_counter()
    answers = [search(row.question) for row in rows]
    took = time.perf_counter() - began
    pairs = list(zip(rows, answers, strict=True))
    halves = {half: _shares(pair for pair in pairs if pair[0].half == half) for half in ("seen", "held out")}
    buckets = []
    for low in range(10):
        inside = [
            row.tool == found.tools[0]
            for row, found in pairs
            if found.tools and int(found.confidence * 10) == low
        ]
        if inside:
            buckets.append(
                {"from": low / 10, "rows": len(inside), "right": round(sum(inside) / len(inside), 3)}
            )
    return {
        **halves,
        "no answer": sum(not found.tools for found in answers),
        "ms a question": round(1000 * took / max(1, len(rows)), 2),
        "confidence": buckets,
    }


def _shares(pairs: Iterable[tuple[Row, Found]]) -> dict[str, float]:
    listed = list(pairs)
    count = max(1, len(listed))
    first = sum(found.tools[:1] == (row.tool,) for row, found in listed)
    three = sum(row.tool in found.tools[:3] for row, found in listed)
    return {"rows": len(listed), "first": round(first / count, 4), "three": round(three / count, 4)}


def table(report: dict[str, dict[str, object]]) -> str:
    """Lay the report out for people."""
    lines = [f"{'':<18}{'seen':>18}{'held out':>18}{'no answer':>11}{'ms':>8}"]
    lines.append(f"{'':<18}{'first':>9}{'three':>9}{'first':>9}{'three':>9}")
    for name, result in report.items():
        shares = "".join(
            f"{result[half][part]:>9.1%}" for half in ("seen", "held out") for part in ("first", "three")
        )  # type: ignore[index]
        lines.append(f"{name:<18}{shares}{result['no answer']:>11}{result['ms a question']:>8}")
    lines.append("\nright tool by confidence, cookbook + tldr:")
    lines += [
        f"  {bucket['from']:.1f} and above  {bucket['rows']:>6} rows  {bucket['right']:>7.1%}"
        for bucket in report["cookbook + tldr"]["confidence"]  # type: ignore[attr-defined]
    ]
    return "\n".join(lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--data", type=Path, default=DATA, help="the folder with nl2bash.jsonl and tldr-pages.en.zip"
    )
    parser.add_argument("--limit", type=int, default=None, help="only the first N rows")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
