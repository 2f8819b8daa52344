"""Searches of a planted tree: ours beside ripgrep, fd, grep, git grep and find; and the daemon's answers meanwhile.

    python perf/replay_search.py [--files 100000] [--times 5]

Prints the best of some runs, as a ratio to the first tool that is installed, and how many lines each found.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.daemon import a_home, running

WORDS = [f"w{number}" for number in range(3000)]
ENDINGS = ("py", "txt", "c", "log")


def plant(folder: Path, files: int) -> None:
    chance = random.Random(1)
    (folder / ".gitignore").write_text("*.log\n/d3/\n")
    for number in range(files):
        place = folder / f"d{number // 100 % 30}" / f"e{number // 100}"
        if number % 100 == 0:
            place.mkdir(parents=True)
        lines = "\n".join(" ".join(chance.choices(WORDS, k=8)) for _ in range(20))
        (place / f"f{number % 100}.{chance.choice(ENDINGS)}").write_text(f"{lines}\n")
    subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)


def ours(**options: object) -> list[str]:
    return [sys.executable, "-P", "-m", "isaacctl.search", json.dumps({"paths": ["."], **options})]


SEARCHES = {
    "a text": (
        ["rg", "-n", "w12 w1"],
        ["git", "grep", "-n", "w12 w1"],
        ["grep", "-rn", "w12 w1", "."],
        ours(what="grep", pattern="w12 w1"),
    ),
    "a regular expression": (
        ["rg", "-n", r"w1[23] w\d5\b"],
        ["grep", "-rnP", r"w1[23] w\d5\b", "."],
        ours(what="grep", pattern=r"w1[23] w\d5\b"),
    ),
    "names": (
        [shutil.which("fdfind") or "fd", "f99"],
        ["find", ".", "-name", "*f99*"],
        ours(what="find", pattern="f99"),
    ),
}


def best(argv: list[str], folder: Path, times: int) -> tuple[float, int]:
    found, lines = float("inf"), 0
    for _ in range(times):
        began = time.perf_counter()
        done = subprocess.run(argv, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL)
        found = min(found, time.perf_counter() - began)
        lines = done.stdout.count(b"\n")
    return found, lines


def lag(folder: Path) -> None:
    """Time pings while a program searches the tree."""
    with a_home() as home, running(home=home) as daemon, daemon.caller() as pinger, daemon.caller() as caller:
        for what in ("idle", "searching"):
            number = (
                caller.ask("grep", {"pattern": "w12 w1", "_meta": {"cwd": str(folder)}})
                if what == "searching"
                else 0
            )
            times = []
            end = time.perf_counter() + 2
            while time.perf_counter() < end:
                began = time.perf_counter()
                pinger.call("ping")
                times.append(time.perf_counter() - began)
                time.sleep(0.002)
            times.sort()
            print(
                f"ping while {what:<10} median {times[len(times) // 2] * 1e6:6.0f} us, 99th {times[int(len(times) * 0.99)] * 1e6:6.0f} us"
            )
            if number:
                caller.answer(number)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plant(folder, arguments.files)
        for what, searches in SEARCHES.items():
            unit: float | None = None
            for argv in searches:
                if shutil.which(argv[0]) is None:
                    continue
                took_s, lines = best(argv, folder, arguments.times)
                unit = unit or took_s
                tool = "ours" if argv[0] == sys.executable else " ".join(argv[:2])
                print(f"{what:<22} {tool:<12} {took_s / unit:5.2f}  {took_s * 1000:7.0f} ms  {lines} lines")
        lag(folder)


if __name__ == "__main__":
    main()
