#!/usr/bin/env python3
"""Kills a process with a full cache, starts another, and counts how warm its memory is.

    python perf/replay_warm.py --data DIR [--users N] [--json FILE]

DIR holds `masaryk_shell_*.jsonl`. For each user a process answers the first half of the session with a shelf of
answers as the daemon has one, says so, and is killed by SIGKILL. Another process opens the same files, which warms
L1, and answers the next 50 lines. Of the answers that exist by then, the share that L1 has at once is `warm`; `cold` is
the same without what was learned (the state of the warmer removed), where each answer comes from the disk first.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import abroad  # noqa: F401  # first: it may run this program elsewhere
import anyio
from replays import DATA

from isaacd.answers.shelf import Shelf
from isaacd.cache.plan import Kept
from isaacd.clock import SystemClock
from isaacd.config import CacheConfig
from isaacd.log import open_log
from isaacd.paths import Paths

TARGET = 0.95
AFTER = 50


def make_shelf(home: Path) -> Shelf:
    """Make a shelf in a home of its own."""
    paths = Paths.from_environ({"HOME": str(home), "XDG_RUNTIME_DIR": "/nonexistent"}, os.getuid())
    return Shelf(paths, SystemClock(), open_log(home / "log", level="error"))


async def answer(shelf: Shelf, line: str) -> None:
    """Ask for a line as `isaacd.answers` does: look, else keep; then learn."""
    if await shelf.look(line) is None:
        await shelf.keep(
            "exact", line, Kept(text=line * 8, provider="p", model="m", finish_reason="stop"), None
        )
    shelf.learn_soon(line)
    if shelf._learning is not None:  # a person types slower than it learns
        await shelf._learning


def killed(home: Path, lines: list[str]) -> None:
    """Answer lines in a process that dies by SIGKILL when it has answered the last."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)

        async def live() -> None:
            shelf = make_shelf(home)
            await shelf.open(CacheConfig())
            for line in lines:
                await answer(shelf, line)
            await shelf.cache.flush()
            os.write(writer, b".")
            await anyio.sleep_forever()

        anyio.run(live)
        os._exit(1)
    os.close(writer)
    if os.read(reader, 1) != b".":
        raise RuntimeError("the process ended before it was killed")
    os.close(reader)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


async def warmth(home: Path, lines: list[str], known: set[str]) -> tuple[int, int]:
    """Return how many of the lines had an answer, and how many of these came from L1."""
    shelf = make_shelf(home)
    await shelf.open(CacheConfig())
    had = from_l1 = 0
    known = set(known)
    for line in lines:
        before = sum(shelf.cache.get_stats().hits.get("L1", {}).values())
        await answer(shelf, line)
        if line in known:
            had += 1
            from_l1 += sum(shelf.cache.get_stats().hits.get("L1", {}).values()) - before
        known.add(line)
    await shelf.aclose()
    return had, from_l1


def read(folder: Path) -> dict[str, list[str]]:
    """Return the lines of each user."""
    rows = [
        json.loads(row)
        for file in sorted(folder.glob("masaryk_shell_*.jsonl"))
        for row in file.read_text().splitlines()
    ]
    users = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["ts"]):
        users[row["user"]].append(" ".join(row["cmd"].split()) or " ")
    return users


def main() -> int:
    """Replay, print; the exit code is 1 when the target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument(
        "--users", type=int, default=0, help="only so many users, drawn by a fixed seed; 0 is all"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    users = read(options.data)
    if not users:
        parser.error(f"there is no masaryk_shell_*.jsonl in {options.data}")
    chosen = sorted(users)
    if options.users:
        chosen = random.Random(1).sample(chosen, min(options.users, len(chosen)))
    found = {"warm": [0, 0], "cold": [0, 0]}
    for user in chosen:
        lines = users[user]
        half = len(lines) // 2
        for name in found:
            with tempfile.TemporaryDirectory() as scratch:
                home = Path(scratch)
                killed(home, lines[:half])
                if name == "cold":
                    shutil.rmtree(home / ".local" / "state" / "isaac")
                had, hits = anyio.run(warmth, home, lines[half : half + AFTER], set(lines[:half]))
                found[name][0] += had
                found[name][1] += hits
    shares = {name: hits / max(1, had) for name, (had, hits) in found.items()}
    print(
        f"{len(chosen)} users, {found['warm'][0]} requests with a kept answer among the first {AFTER} after SIGKILL"
    )
    print(f"from L1 at once: warm {shares['warm']:.1%} (target {TARGET:.0%}), cold {shares['cold']:.1%}")
    if options.json:
        options.json.write_text(json.dumps(shares))
    return int(shares["warm"] < TARGET)


if __name__ == "__main__":
    sys.exit(main())
