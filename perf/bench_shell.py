"""What a shell pays for its history, and how fast the history takes in, finds and imports.

A room of `perf/run`; alone, `python perf/bench_shell.py [--quick]` prints the same table for the Python it runs in,
or is the room where that has no Isaac. The
hook of each shell that is here is called as its prompt calls it, thousands of times in one process, for a command that is
new each time; what the shell and the loop cost is taken away. Time
is that of the processor. Commands of the history are of our own making: 100,000 runs of
20,000 lines.
"""

import argparse
import asyncio
import json
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from alone import alone, has_isaac
from harness import Effort, Row, add_effort, effort_of, in_turns
from place import Place
from tables import table

HOOK_US = 200
BASH = """
history -c
for ((i = 0; i < {n}; i++)); do history -s "make target-$i"; {hook}; done
"""
ZSH = "for ((i = 0; i < {n}; i++)); do {hook}; done"
HOOKS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        BASH,
        "_isaac_started=${EPOCHREALTIME/[!0-9]/}; _isaac_prompt 0 x",
    ),
    "zsh": (["zsh", "-f", "-i"], ZSH, 'true; _isaac_preexec "make target-$i"; _isaac_precmd'),
}


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Measure in the clean environment."""
    argv = [place.python, __file__, "--json", *effort.words]
    done = subprocess.run(argv, env=place.environ, capture_output=True, text=True, check=True)
    yield from rows(json.loads(done.stdout))
    command = place.script("isaacctl", "shell-init", "bash")
    bare = [place.python, "-c", "pass"]
    taken = in_turns(
        {"ours": lambda: place.process_s(command), "floor": lambda: place.process_s(bare)},
        effort.rounds(40, 10),
    )
    yield Row("isaacctl shell-init bash", "python -c pass", taken["ours"], taken["floor"], target=1.5)


def rows(found: dict[str, list[float]]) -> Iterator[Row]:
    """Make a table of what was measured."""
    for shell in HOOKS:
        note = "" if found.get(shell) else f"{shell} is not here"
        yield Row(
            f"a command kept by {shell}, in us",
            ours=found.get(shell, []),
            unit="integer",
            target=HOOK_US,
            note=note,
        )
    drained, imported = found["drain"], found["import"]
    yield Row("records taken from the spool, a second", ours=drained, unit="integer", at_least=True)
    yield Row("commands imported, a second", ours=imported, unit="integer", at_least=True)
    for name in ("search", "fuzzy", "stats"):
        yield Row(f"history of 100,000 runs: {name}", ours=found[name])


def hook_us(shell: str, folder: str, count: int) -> float:
    """Return what the hook of a shell takes for one command, in microseconds."""
    argv, text, hook = HOOKS[shell]
    script = subprocess.run(
        [sys.executable, "-m", "isaacctl", "shell-init", shell],
        env=_environ(folder), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    took = []
    for calls in (hook, "true"):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            argv,
            input=script + text.format(n=count, hook=calls),
            env=_environ(folder),
            capture_output=True,
            text=True,
            check=True,
            start_new_session=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return (took[0] - took[1]) / count * 1e6


def _environ(folder: str) -> dict[str, str]:
    return {
        "HOME": folder,
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": ":".join(filter(None, sys.path)),
        "LANG": "C.UTF-8",
    }


async def _history(folder: Path, effort: Effort) -> dict[str, list[float]]:
    from isaacctl.spool import append, record
    from isaacd.clock import SystemClock
    from isaacd.config import ShellConfig
    from isaacd.history.cards import Query
    from isaacd.history.history import History
    from isaacd.history.learned import Learned
    from isaacd.log import open_log
    from isaacd.paths import Paths

    chance = random.Random(1)
    words = "make test git commit push docker run ls src build deploy grep find tar ssh host curl python main".split()
    lines = [" ".join(chance.choices(words, k=4)) + f" {number}" for number in range(20_000)]
    paths = Paths.from_environ({"HOME": str(folder)}, 0, temporary=folder)
    log = open_log(folder / "log", level="error")
    history = History(
        paths, config=ShellConfig, publish=lambda *_: None, learned=Learned(), clock=SystemClock(), log=log
    )
    found: dict[str, list[float]] = {}
    many = effort.size(20_000 if effort.quick else 100_000, 500)
    file = folder / "bash_history"
    file.write_text("".join(f"#{1_700_000_000 + number}\n{chance.choice(lines)}\n" for number in range(many)))

    async def progress(_done: int) -> None:
        pass

    begun = time.perf_counter()
    await history.take_in("bash", file, progress)
    found["import"] = [many / (time.perf_counter() - begun)]
    count = effort.size(5_000, 100)
    for number in range(count):
        data = record(
            chance.choice(lines),
            started_us=number,
            duration_us=1,
            exit_code=0,
            session="1",
            host="h",
            shell="bash",
            cwd="/x",
        )
        append(str(history.spool.folder), data)
    begun = time.perf_counter()
    await history.drain()
    found["drain"] = [count / (time.perf_counter() - begun)]
    for name, call in (
        ("search", lambda: history.search(Query(text="docker deploy"))),
        ("fuzzy", lambda: history.search(Query(text="gtcmt"), fuzzy=True)),
        ("stats", lambda: history.stats(Query())),
    ):
        found[name] = []
        for _ in range(effort.rounds(10, 3)):
            begun = time.perf_counter()
            await call()
            found[name].append(time.perf_counter() - begun)
    await history.aclose()
    return found


def main() -> None:
    """Measure here."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_effort(parser)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    effort = effort_of(options)
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="isaac-shell-") as folder:
        for shell in HOOKS:
            if shutil.which(shell):
                found[shell] = [
                    hook_us(shell, folder, effort.size(2000, 50)) for _ in range(effort.rounds(5, 2))
                ]
        found |= asyncio.run(_history(Path(folder), effort))
    print(json.dumps(found) if options.json else table(list(rows(found))))
    assert effort.least or all(statistics.median(values) > 0 for values in found.values())


if __name__ == "__main__":
    if not has_isaac():
        alone(__file__)
    main()
