"""What it costs to say what becomes of a line.

A room of `perf/run`; alone, `python perf/bench_router.py [--quick] [--data DIR]` prints the same table for the Python it
runs in, or is the room where that has no Isaac. The lines are those of DIR (`masaryk_shell_*.jsonl`), each once and in their order, through all routes and the
judge, with the facts of this disk, after as many lines to get warm; what near words were found is forgotten before. If DIR
is not there, lines of our own take their place, and the table says so. Time is that of the processor, as others who use
the machine are no part of the cost. An alias is looked up in the table of translations. A plan is made with a
token, for the shell that `SHELL` names; the consent judges the line once more.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from alone import alone, has_isaac
from harness import Effort, Row, add_effort, effort_of
from place import Place
from tables import table

if TYPE_CHECKING:
    from isaacd.routing.lines import Lines

DATA = Path(os.environ.get("ISAAC_PERF_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
MEDIAN_US, P99_US, ALIAS_US = 100, 1000, 1
# As people type: of five lines four are short ones of everyday.
COMMON = (
    "ls", "ls -la", "cd src", "cd ..", "pwd", "git status", "git diff", "cat notes.txt", "vim setup.cfg", "make",
    "ssh root@10.1.26.9", "nmap -sV 10.1.26.9", "ping 10.1.26.9", "sudo su", "exit", "python3 app.py", "whoami",
    "grep -r todo src", "docker ps", "cp a.txt b.txt",
)  # fmt: skip
RARER = (
    "ls -la",
    "cd src",
    "git status",
    "git commit -am 'a change'",
    "cat notes.txt | grep -i todo | sort | uniq -c",
    "gti psuh",
    'for file in *.txt; do wc -l "$file"; done',
    "rm -rf build && make -j4",
    "how do I list all open ports",
    "dir /s",
    "export A=1",
    "docker run --rm -it ubuntu bash",
    "find . -name '*.py' -exec grep -l main {} +",
    "sudo apt-get isntall vim",
    "curl -s https://example.org | head",
)
OWN_LINES = tuple(line for rare in RARER for line in (*random.Random(rare).sample(COMMON, 4), rare))


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Measure in the clean environment."""
    argv = [place.python, __file__, "--json", *effort.words]
    done = subprocess.run(argv, env=place.environ, capture_output=True, text=True, check=True)
    yield from rows(json.loads(done.stdout))


def rows(found: dict[str, list[float]]) -> Iterator[Row]:
    """Make a table of what was measured."""
    lines = "masaryk lines" if found["is recorded"][0] else "lines of our own (no recorded ones are there)"
    judged = found["judged, median"]
    for name, most in (("median", MEDIAN_US), ("p99", P99_US)):
        yield Row(f"a line routed, {name} in us, {lines}", ours=found[name], unit="integer", target=most)
    yield Row("a line routed, median", "parsed and judged only", found["median"], judged, unit="integer")
    yield Row("a line planned, median", "routed only", found["planned"], found["median"], unit="integer")
    yield Row(
        "a line planned and approved, median",
        "planned only",
        found["approved"],
        found["planned"],
        unit="integer",
    )
    yield Row("alias look-up in us", ours=found["alias"], unit="integer", target=ALIAS_US)


def main() -> None:
    """Measure here."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_effort(parser)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    found = _measure_here(options.data, effort_of(options))
    print(json.dumps(found) if options.json else table(list(rows(found))))


def _measure_here(data: Path, effort: Effort) -> dict[str, list[float]]:
    typed = _recorded(data)
    lines = typed or list(OWN_LINES) * 20
    lines = lines[:20] if effort.least else lines[:2000] if effort.quick else lines
    found: dict[str, list[float]] = {"median": [], "p99": [], "judged, median": [], "alias": []}
    found |= {"planned": [], "approved": []}
    with tempfile.TemporaryDirectory(prefix="isaac-router-") as folder:
        _replay(lines, folder, _desk(folder))
        for _ in range(effort.rounds(5, 2)):
            took, judged, alias = _replay(lines, folder, _desk(folder))
            cuts = statistics.quantiles(took, n=100, method="inclusive")
            found["median"].append(cuts[49] * 1e6)
            found["p99"].append(cuts[98] * 1e6)
            found["judged, median"].append(statistics.median(judged) * 1e6)
            found["alias"].append(alias * 1e6)
            planned, approved = _plans(lines[:3000], folder)
            found["planned"].append(statistics.median(planned) * 1e6)
            found["approved"].append(statistics.median(approved) * 1e6)
    return {**found, "is recorded": [float(bool(typed))]}


def _recorded(data: Path) -> list[str]:
    return [
        row["cmd"]
        for file in sorted(data.glob("masaryk_shell_*.jsonl"))
        for row in map(json.loads, file.read_text().splitlines())
        if row["type"] == "bash-command"
    ]


def _desk(folder: str) -> "Lines":
    from isaacd.log import open_log
    from isaacd.routing.lines import Lines

    log = open_log(Path(folder, "log"), level="error", stderr=False)
    desk = Lines(
        config_dir=Path(folder), monotonic=time.monotonic, log=log, commands=lambda: ("status", "ask")
    )
    desk.route("frobnicat", config=_config(), environ=_environ(), cwd=folder)  # reads the words and the PATH
    return desk


def _config():  # type: ignore[no-untyped-def]
    from isaacd.config.routing import RoutingConfig

    return RoutingConfig()


def _environ() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/home/ada"}


def _replay(lines: list[str], folder: str, desk: "Lines") -> tuple[list[float], list[float], float]:
    """Return what each line took in seconds, routed and only judged, and what an alias takes."""
    config, environ = _config(), _environ()
    took, judged = [], []
    judge = desk.judge
    for line in lines:
        start = time.thread_time()
        desk.route(line, config=config, environ=environ, cwd=folder)
        middle = time.thread_time()
        judge.judge(line, desk.around(environ, folder))
        took.append(middle - start)
        judged.append(time.thread_time() - middle)
    knows = desk.translator.knows
    start = time.thread_time()
    for _ in range(1000):
        knows("Get-ChildItem")
    return took, judged, (time.thread_time() - start) / 1000


def _plans(lines: list[str], folder: str) -> tuple[list[float], list[float]]:
    """Return what each line took in seconds: routed and planned, with a token; and that with the consent as well."""
    from isaacd.plans.desk import Desk
    from isaacd.plans.plan import Caller

    desk = Desk(_desk(folder), monotonic=time.monotonic)
    environ = _environ() | {"SHELL": "/bin/bash"}
    caller = Caller(routing=_config(), environ=environ, told=environ, cwd=folder, owner="one")
    planned, approved = [], []
    for line in lines:
        start = time.thread_time()
        _, plan = desk.prepare(line, caller)
        if plan is None:
            continue
        token = desk.show(plan).token
        middle = time.thread_time()
        desk.approve(token, caller, yes=True, phrase=plan.verdict.phrase)
        planned.append(middle - start)
        approved.append(time.thread_time() - start)
    return planned, approved


if __name__ == "__main__":
    if not has_isaac():
        alone(__file__)
    main()
