#!/usr/bin/env python3
"""Replays shell sessions as "explain this command" questions: calls and money saved, and wrong answers served.

    python perf/replay_money.py --data DIR [--json FILE] [--plot FILE.svg]

DIR holds `masaryk_shell_*.jsonl`. The method is in docs/explanation/cache.md.
"""

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import abroad  # noqa: F401  # first: it may run this program elsewhere
import judge
import msgspec
import plot
import reference_explainer
from replays import DATA

from isaac_plugins.knowledge.line import asked_line, explain_line
from isaacd.cache.keys import Request
from isaacd.cache.plan import Kept, plan, recall

SYSTEM = (
    "You are Isaac, the assistant in a person's shell and editor. Answer briefly, as plain text for a terminal. "
    "When a command answers the question, give the command first, alone on its line, and then a line on what it does."
)
# USD for a million tokens in and out, as published in November 2026.
PRICES = {
    "gpt-6-luna": (0.10, 0.50),
    "grok-4.3": (1.25, 2.50),
    "claude-sonnet-5-5": (2.0, 10.0),
    "claude-opus-5-5": (4.0, 20.0),
}
CHARS_A_TOKEN = 4
# What this machine costs: a core of a rented server, and a disk, kept for a month.
USD_A_CORE_HOUR = 0.05
USD_A_GB_MONTH = 0.10
TRIVIAL = frozenset("ls cd pwd clear exit logout history whoami".split())
TARGET_CALLS, TARGET_MONEY = 0.68, 0.70


@dataclass(frozen=True)
class Line:
    """One line as it was typed."""

    user: str
    at_s: float
    text: str
    console: bool

    @property
    def question(self) -> str:
        """What is asked about it; runs of blanks mean nothing outside quotes."""
        text = self.text.strip()
        if not set(text) & set("\"'\\"):
            text = " ".join(text.split())
        return f"explain this {'msfconsole ' if self.console else ''}command: {text}"

    @property
    def where(self) -> str:
        return "msfconsole" if self.console else "a shell"


@dataclass(frozen=True)
class Levers:
    """What a strategy uses."""

    name: str
    exact: bool = False
    ttl_s: float | None = None
    trivial: bool = False
    slots: bool = False
    knowledge: bool = False


STRATEGIES = (
    Levers("no cache"),
    Levers("exact keys, 1 h TTL", exact=True, ttl_s=3600),
    Levers("exact keys, no expiry", exact=True),
    Levers("+ slot keys", exact=True, slots=True),
    Levers("+ allow-list of trivial commands", exact=True, slots=True, trivial=True),
    Levers("+ knowledge", exact=True, slots=True, trivial=True, knowledge=True),
)


@dataclass
class Outcome:
    """What one strategy did with all lines."""

    levers: Levers
    asked: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, str, str]] = field(default_factory=list)
    tokens_in: int = 0
    tokens_out: int = 0
    cpu_s: float = 0.0
    stored_bytes: int = 0
    by_quarter: list[float] = field(default_factory=list)

    @property
    def lines(self) -> int:
        return self.asked + self.answered.total()

    @property
    def avoided(self) -> float:
        return self.answered.total() / self.lines

    def usd(self, model: str) -> dict[str, float]:
        """Charge everything: tokens both ways, the time that keys and look-ups took, and the bytes kept."""
        price_in, price_out = PRICES[model]
        return {
            "input": self.tokens_in * price_in / 1e6,
            "output": self.tokens_out * price_out / 1e6,
            "cpu": self.cpu_s * USD_A_CORE_HOUR / 3600,
            "disk": self.stored_bytes * USD_A_GB_MONTH / 1e9,
        }


def read(folder: Path) -> list[Line]:
    """Read the sessions in the order of time."""
    found = []
    for file in sorted(folder.glob("masaryk_shell_*.jsonl")):
        for row in map(json.loads, file.read_text().splitlines()):
            at_s = judge.seconds(row["ts"])
            found.append(Line(row["user"], at_s, row["cmd"], row["type"] != "bash-command"))
    return sorted(found, key=lambda line: line.at_s)


class OneUser:
    """One user's cache and what is answered without it; stands where `isaacd.answers` stands, on the same keys."""

    def __init__(self, levers: Levers, clock: Callable[[], float]) -> None:
        self._levers = levers
        self._clock = clock
        self._kept: dict[str, tuple[float, Kept]] = {}

    def answer(self, line: Line, ask: Callable[[], str]) -> tuple[str, str, int]:
        """Return how a question was answered, the answer, and how many bytes were kept for it."""
        if offline := self._offline(line):
            return *offline, 0
        if not self._levers.exact:
            return "asked", ask(), 0
        request = Request(
            turns=[("system", SYSTEM), ("user", line.question)], model="m", parameters={"temperature": 0.0}
        )
        found = plan(request, slots=self._levers.slots)
        hit = recall(found, self._get)
        if hit is not None:
            return hit[0], hit[1].text, 0
        kept = Kept(text=ask(), provider="p", model="m", finish_reason="stop", asked_at=self._clock())
        size = 0
        for _, key, value in found.entries(kept):
            self._kept[key] = self._clock(), value
            size += len(key) + len(msgspec.msgpack.encode(value))
        return "asked", kept.text, size

    def _offline(self, line: Line) -> tuple[str, str] | None:
        asked = asked_line(line.question) if self._levers.trivial or self._levers.knowledge else None
        if not asked:
            return None
        where, typed = asked
        trivial = typed.split()[0] in TRIVIAL
        text = (
            explain_line(typed, where)
            if (self._levers.trivial if trivial else self._levers.knowledge)
            else None
        )
        return None if text is None else ("trivial" if trivial else "knowledge", text)

    def _get(self, key: str) -> Kept | None:
        found = self._kept.get(key)
        if found is None or (
            self._levers.ttl_s is not None and self._clock() - found[0] >= self._levers.ttl_s
        ):
            return None
        return found[1]


def replay(lines: list[Line], levers: Levers) -> Outcome:
    """Answer every line in turn, each user from a cache of their own, and judge every answer that no AI gave."""
    outcome = Outcome(levers)
    now = [0.0]
    users: dict[str, OneUser] = defaultdict(lambda: OneUser(levers, lambda: now[0]))
    step = max(1, len(lines) // 40)
    for number, line in enumerate(lines, 1):
        now[0] = line.at_s
        truth = reference_explainer.explain(line.text.strip(), line.where)
        start = time.process_time()
        how, text, size = users[line.user].answer(line, lambda truth=truth: truth)
        outcome.cpu_s += time.process_time() - start
        outcome.stored_bytes += size
        if how == "asked":
            outcome.asked += 1
            outcome.tokens_in += -(-len(SYSTEM + line.question) // CHARS_A_TOKEN)
            outcome.tokens_out += -(-len(text) // CHARS_A_TOKEN)
        else:
            outcome.answered[how] += 1
            if fault := judge.fault(how, line.text, text, truth):
                outcome.wrong.append((how, line.text, fault))
        if number % step == 0:
            outcome.by_quarter.append(outcome.avoided)
    return outcome


def rows(outcomes: list[Outcome], model: str) -> Iterator[dict[str, object]]:
    """Give one row for each strategy, with what its last lever added."""
    base = sum(outcomes[0].usd(model).values())
    before = 0.0
    for item in outcomes:
        usd = item.usd(model)
        saved = 1 - sum(usd.values()) / base
        yield {
            "strategy": item.levers.name, "calls avoided": item.avoided, "money saved": saved, "lever adds": saved - before,
            "usd": sum(usd.values()), **{f"usd {name}": value for name, value in usd.items()}, "wrong": len(item.wrong),
            "hits": dict(item.answered), "us a question": 1e6 * item.cpu_s / item.lines,
        }  # fmt: skip
        before = saved


def main() -> int:
    """Replay, print, write; the exit code is 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with the sessions")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg")
    options = parser.parse_args()
    lines = read(options.data)
    if not lines:
        parser.error(f"there is no masaryk_shell_*.jsonl in {options.data}")
    outcomes = [replay(lines, levers) for levers in STRATEGIES]
    print(f"{len(lines)} lines of {len({line.user for line in lines})} users, one cache each\n")
    tables = {model: list(rows(outcomes, model)) for model in PRICES}
    for model, table in tables.items():
        print(f"{model}: {PRICES[model][0]:g} USD in, {PRICES[model][1]:g} out for a million tokens")
        for row in table:
            print(
                f"  {row['strategy']:34} calls avoided {row['calls avoided']:6.1%}  money saved {row['money saved']:6.1%} "
                f"(+{row['lever adds']:5.1%})  {row['usd']:8.4f} USD  wrong {row['wrong']}"
            )
    last = outcomes[-1]
    print(
        f"\nanswered by: {dict(last.answered)}; CPU {1e6 * last.cpu_s / last.lines:.0f} us a question, kept {last.stored_bytes / 1e6:.1f} MB"
    )
    print(
        "charged for the last line:",
        {name: f"{usd:.6f}" for name, usd in last.usd("claude-sonnet-5-5").items()},
    )
    for how, line, fault in [item for outcome in outcomes for item in outcome.wrong][:20]:
        print(f"WRONG ({how}): {line!r}: {fault}", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps({"lines": len(lines), "tables": tables}, indent=1))
    if options.plot:
        series = {item.levers.name: item.by_quarter for item in outcomes[1:]}
        options.plot.write_text(plot.lines(series, title="AI calls avoided", across="lines replayed"))
    worst = min(table[-1]["money saved"] for table in tables.values())
    met = last.avoided >= TARGET_CALLS and worst >= TARGET_MONEY and not any(item.wrong for item in outcomes)
    print(
        f"targets: calls >= {TARGET_CALLS:.0%}, money >= {TARGET_MONEY:.0%} at every price, wrong = 0: {'met' if met else 'MISSED'}"
    )
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
