#!/usr/bin/env python3
"""Replays shell sessions and asks before each line what it will be: its name, and all of it.

    python perf/replay_next.py --data DIR [--json FILE] [--plot FILE.svg]

DIR holds `masaryk_shell_*.jsonl`. One pass, in the order of time, with nothing known at first: predict, look, learn.
Every line counts, the first of each user too. `shared` is one predictor, in which each user is a session; `alone` is
one predictor a user, who never hears of the others. The baselines are the most frequent lines so far.
"""

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import abroad  # noqa: F401  # first: it may run this program elsewhere
import plot
from replays import DATA

from isaacd.cache.predictor import Predictor, line_of, name_of

TARGETS = {"name, shared": (0.43, 0.73), "line, shared": (0.19, 0.34)}
POINTS = 40


class Guesser(Protocol):
    """Guesses, then learns."""

    def guess(self, user: str, place: str) -> list[str]: ...
    def learn(self, line: str, user: str, place: str) -> None: ...


class Ours:
    """The predictor of the CacheWarmer."""

    def __init__(self, target: Callable[[str], str], *, shared: bool) -> None:
        self._target = target
        self._shared = shared
        self._all: dict[str, Predictor] = {}

    def _of(self, user: str) -> Predictor:
        return self._all.setdefault("" if self._shared else user, Predictor(self._target))

    def guess(self, user: str, place: str) -> list[str]:
        return [guess.item for guess in self._of(user).predict(5, user, place)]

    def learn(self, line: str, user: str, place: str) -> None:
        self._of(user).observe(line, user, place)


class Frequency:
    """The most frequent so far."""

    def __init__(self, target: Callable[[str], str], *, shared: bool) -> None:
        self._target = target
        self._shared = shared
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)

    def guess(self, user: str, place: str) -> list[str]:
        return [item for item, _ in self._counts["" if self._shared else user].most_common(5)]

    def learn(self, line: str, user: str, place: str) -> None:
        self._counts["" if self._shared else user][self._target(line)] += 1


def read(folder: Path) -> list[tuple[str, str, str]]:
    """Return (line, user, place) in the order of time."""
    rows = [
        json.loads(row)
        for file in sorted(folder.glob("masaryk_shell_*.jsonl"))
        for row in file.read_text().splitlines()
    ]
    return [(row["cmd"], row["user"], row.get("wd") or "") for row in sorted(rows, key=lambda row: row["ts"])]


def replay(
    lines: list[tuple[str, str, str]], guesser: Guesser, target: Callable[[str], str]
) -> dict[str, object]:
    """Return the shares of lines that were the first guess and among the first five, and how they grew."""
    first = among = 0
    grown = []
    start = time.process_time()
    for number, (line, user, place) in enumerate(lines, 1):
        found = guesser.guess(user, place)
        wanted = target(line)
        first += found[:1] == [wanted]
        among += wanted in found
        guesser.learn(line, user, place)
        if number % max(1, len(lines) // POINTS) == 0:
            grown.append(among / number)
    took_us = 1e6 * (time.process_time() - start) / len(lines)
    return {"top-1": first / len(lines), "top-5": among / len(lines), "us a line": took_us, "grown": grown}


def strategies() -> Iterator[tuple[str, Guesser, Callable[[str], str]]]:
    """Give every guesser."""
    for what, target in (("name", name_of), ("line", line_of)):
        for scope, shared in (("shared", True), ("alone", False)):
            yield f"{what}, {scope}", Ours(target, shared=shared), target
            yield f"{what}, frequency {scope}", Frequency(target, shared=shared), target


def main() -> int:
    """Replay, print, write; the exit code is 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with the sessions")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg")
    parser.add_argument("--no-place", action="store_true", help="leave the directory out")
    options = parser.parse_args()
    lines = read(options.data)
    if not lines:
        parser.error(f"there is no masaryk_shell_*.jsonl in {options.data}")
    if options.no_place:
        lines = [(line, user, "") for line, user, _ in lines]
    found = {name: replay(lines, guesser, target) for name, guesser, target in strategies()}
    print(f"{len(lines)} lines of {len({user for _, user, _ in lines})} users\n")
    met = True
    for name, row in found.items():
        wanted = TARGETS.get(name)
        ok = wanted is None or (row["top-1"] >= wanted[0] and row["top-5"] >= wanted[1])
        met = met and ok
        verdict = (
            "" if wanted is None else f"target {wanted[0]:.0%} / {wanted[1]:.0%} {'met' if ok else 'MISSED'}"
        )
        print(
            f"{name:24} top-1 {row['top-1']:6.1%}  top-5 {row['top-5']:6.1%}  {row['us a line']:5.0f} us  {verdict}"
        )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))
    if options.plot:
        series = {name: row["grown"] for name, row in found.items()}
        options.plot.write_text(
            plot.lines(series, title="The next command is among five guesses", across="lines replayed")
        )
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
