"""Every figure that was promised: what it is called, what is wanted, which row has it, and which room measures that.

`row` is a pattern (fnmatch) of titles, since sizes are part of some. `perf/run` and `perf/peers.py` say at their ends which
of these were met; what a run did not measure is left open.
"""

import statistics
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from harness import Row, low_middle_high
from tables import shown


class Target(NamedTuple):
    """What is promised."""

    what: str
    wanted: str
    room: str
    row: str


class Outcome(NamedTuple):
    """What became of a target: its figure in words, and whether it was met; None if nothing says so."""

    target: Target
    figure: str
    met: bool | None


_PASS = "/ python -c pass"
_ALL = (
    # Speed.
    ("`isaacctl status`, against `python -c pass`", "<= 1.05", "startup", f"isaacctl status {_PASS}"),
    ("`isaacctl --help`, the same", "<= 1.10", "startup", f"isaacctl --help {_PASS}"),
    ("a usage error, the same", "<= 1.10", "startup", f"a usage error * {_PASS}"),
    ("one completion, the same", "<= 1.10", "startup", f"one completion {_PASS}"),
    ("CPU of an inline request, against bare uvloop and msgspec", "<= 1.15", "ipc", "CPU a request, inline* / bare uvloop *"),
    ("system calls of an inline request", "<= 3", "ipc", "system calls a request, inline*"),
    ("an async command, against an inline one", "<= 6", "ipc", "CPU a request, async command / inline*"),
    ("uvicorn and starlette on the same kind of socket, against ours", ">= 7", "peers ipc", "uvicorn + starlette, * / isaacd"),
    ("a line routed, median", "<= 100 us", "router", "a line routed, median in us*"),
    ("a line routed, 99 of 100", "<= 1 ms", "router", "a line routed, p99 in us*"),
    ("an alias looked up", "<= 1 us", "router", "alias look-up in us"),
    ("the daemon ready, against `python -c pass`", "<= 10", "startup", f"daemon ready * {_PASS}"),
    ("the daemon ready with 200 plugins, against none", "<= 1.10", "plugins", "daemon with * plugins, spawn to first ping / with none"),
    ("200 plugins loaded side by side, against one after another", "<= 0.35", "plugins", "* plugins loaded, concurrent / *"),
    ("a batch of 50 at 100 ms each, against one after another", ">= 45 x", "ai", "50 at 100 ms, batch_query / *"),
    ("a batch of 5", ">= 4.9 x", "ai", "5 at 100 ms, batch_query / *"),
    ("a get from L1 with TTL, against a dict", "<= 3", "cache", "L1 get with TTL / dict get"),
    ("a hit in L3 of 100,000 rows, against sqlite3", "<= 1.5", "cache", "L3 get, 100k rows / sqlite3, bare"),
    ("a get from L1, 99 of 100", "<= 10 us", "cache", "L1 get, p99 in us"),
    ("a get from L2, 99 of 100", "<= 50 us", "cache", "L2 get, p99 in us"),
    ("a get from L3, 99 of 100", "<= 1 ms", "cache", "L3 get, p99 in us"),
    ("sets written behind, against a transaction each", ">= 5 x", "cache", "write-behind set, new keys / autocommit set, aiosqlite"),
    ("idle RSS with 50 plugins, against a bare anyio daemon", "<= 1.45", "memory", "idle RSS, * plugins more / *"),
    ("`isaacctl ask` to the first piece, against `python -c pass`", "<= 2.5", "ai", f"isaacctl ask, to the first piece {_PASS}"),
    ("`isaacctl ask`, a kept answer, the same", "<= 1.1", "ai", f"isaacctl ask, a kept answer {_PASS}"),
    ("OpenAI-compatible endpoint, 32 clients, misses, against LiteLLM's proxy", ">= 15 x", "peers gateway", "misses a second, 32 clients / LiteLLM proxy"),
    ("the same, hits", ">= 40 x", "peers gateway", "hits a second, 32 clients / LiteLLM proxy"),
    ("latency it adds to a miss, median", "<= 1 ms", "peers gateway", "latency added to a miss, p50 in ms"),
    ("from nothing to the first completion, against LiteLLM's proxy", "<= 0.06", "peers gateway", "cold start to first completion / LiteLLM proxy"),
    ("its RSS after that load", "<= 60 MB", "peers gateway", "RSS after that load, in MB"),
    ("CPU of a streamed piece, provider to client", "<= 20 us", "ai", "CPU a streamed piece, in us"),
    ("RSS after 100,000 mixed requests, against after 10,000", "<= 1.02", "endurance", "RSS after 100,000 mixed requests / *"),
    ("p99 of `status` under 500 clients, against idle", "<= 50", "crowd", "p99 of status among 500 clients, ten requests a second each / *"),
    # Memory, from the issue: 20-30 % below the straightforward version of the same thing.
    ("rows of the history, against dicts", "<= 0.8", "structures", "10,000 history rows, as the house reads them / dicts"),
    ("tables in L2, against a dict of objects", "<= 0.8", "structures", "1000 tables of 30 rows in L2 / *"),
    ("answers in L2, against a dict of objects", "<= 0.8", "structures", "1000 answers of 8 KB in L2 / *"),
    ("commands known, against imported", "<= 0.8", "structures", "200 commands as outlines / imported"),
    ("imports of a daemon that has started, against all that it may need", "<= 0.8", "structures", "a daemon's imports at its start, RSS / *"),
    ("a process with all of these, against the straightforward version", "<= 0.8", "structures", "a process with all of these, RSS / straightforward"),
    # The cache, on public traces.
    ("hits in memory, masaryk, 100 + 1000", ">= 67.0 %", "replay_cache", "hit rate of the memory, 100 + 1000, masaryk, *"),
    ("the same where no cache can have that: of the way from two LRU levels to the optimum", ">= 39 %", "replay_cache", "share of the way *"),
    ("hits in memory, cache2k web07", ">= 54.5 %", "replay_cache", "hit rate of the memory, 100 + 1000, web07, *"),
    ("points below LRU of 1100, on any trace", "<= 2", "replay_cache", "points that the memory is below LRU of 1100, *"),
    ("AI calls avoided, masaryk", ">= 68 %", "replay_money", "AI calls avoided, *"),
    ("money saved on the same, every cost charged", ">= 70 %", "replay_money", "money saved, every cost charged, *"),
    ("wrong answers served", "0", "replay_money", "wrong answers served"),
    ("the next command, its name, first guess", ">= 43 %", "replay_next", "the next command, its name, first guess, *"),
    ("the next command, its name, among five", ">= 73 %", "replay_next", "the next command, its name, among five, *"),
    ("the next command, whole, first guess", ">= 19 %", "replay_next", "the next command, its line, first guess, *"),
    ("the next command, whole, among five", ">= 34 %", "replay_next", "the next command, its line, among five, *"),
    ("answers from L1 after SIGKILL, of a user's next 50", ">= 95 %", "replay_warm", "answers from L1 after SIGKILL, *"),
    # Safety, on labelled sets.
    ("destructive lines that would run without a confirmation", "0", "replay_safety", "labelled destructive or blocked, would run unasked"),
    ("harmless lines refused", "0", "replay_safety", "harmless lines refused"),
    ("harmless lines that only read and need a confirmation", "<= 10 %", "replay_safety", "harmless lines that only read *"),
    ("wrong corrections made unasked", "0", "replay_typos", "wrong corrections made unasked"),
    ("recorded answers of providers read otherwise than by their SDKs", "0", "replay_providers", "recorded answers read differently"),
)  # fmt: skip
TARGETS = tuple(Target(*item) for item in _ALL)


def outcomes(rows: Sequence[Row]) -> list[Outcome]:
    """Say of each target what the rows say; the worst counts where several rows are one."""
    return [
        _outcome(target, [row for row in rows if fnmatchcase(row.title, target.row)]) for target in TARGETS
    ]


def _outcome(target: Target, rows: Sequence[Row]) -> Outcome:
    measured = [row for row in rows if row.ours]
    if not measured:
        return Outcome(target, "", None)
    told = [row.met for row in measured]
    met = False if False in told else None if None in told else True
    return Outcome(target, ", ".join(dict.fromkeys(_figure(target, row) for row in measured)), met)


def _figure(target: Target, row: Row) -> str:
    middle = low_middle_high(row.ratios)[1]
    if target.wanted.endswith(" x") and not row.at_least:
        return f"{1 / middle:.1f} x"
    if row.floor or row.unit == "integer":
        return f"{middle:.3g}" if middle < 1000 else f"{middle:.0f}"
    return shown(statistics.median(row.ours), row.unit)


def summary(rows: Sequence[Row], rooms: Sequence[str]) -> str:
    """Say which targets of these rooms were missed, and which were not measured."""
    found = [outcome for outcome in outcomes(rows) if outcome.target.room in rooms]
    met = sum(outcome.met is True for outcome in found)
    lines = [f"{met} of {len(found)} targets are met"]
    for outcome in found:
        if outcome.met is not True:
            target = outcome.target
            said = {False: "MISSED", None: "not judged"}[outcome.met] if outcome.figure else "not measured"
            lines.append(
                f"  {said}: {target.what}: {outcome.figure or '?'}, wanted {target.wanted} ({target.room})"
            )
    known = [target.row for target in TARGETS]
    own = [
        row
        for row in rows
        if row.target is not None and not any(fnmatchcase(row.title, one) for one in known)
    ]
    missed = [row for row in own if row.met is False]
    if own:
        lines.append(
            f"of {len(own)} rows that have a target of their own beside these, {len(missed)} miss it"
        )
        lines += [f"  missed: {row.title} ({row.room})" for row in missed]
    return "\n".join(lines)
