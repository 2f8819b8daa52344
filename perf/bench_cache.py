"""What a hit of each level costs, and what writing behind saves.

A room of `perf/run`; alone, `python perf/bench_cache.py [--quick]` prints the same table for the Python it runs in,
or is the room where that has no Isaac.
Floors: a look-up in a dict, and SQLite itself on the same machine: the body of our own row by its hash (the least
there is), and a table of text keys and values. Counts and recency of hits in L1 are noted at once and made up
later; the row that says so includes that. What waits for nobody (memory) is measured by the processor's time, what
may wait for a disk by the wall clock. Both databases are in WAL mode with synchronous=NORMAL, hold 100,000
rows of the same values, and are asked for keys in random order. An autocommit set is one transaction a set, through
aiosqlite as in a daemon, and with sqlite3 itself on the loop, which nobody else may need meanwhile.
"""

import argparse
import asyncio
import itertools
import json
import random
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from alone import alone, has_isaac
from harness import Effort, Row, add_effort, effort_of
from place import Place
from tables import table

ROWS = 100_000
VALUE_BYTES = 600
READS = 2000
WRITES = 10_000
P99_S = {"L1": 10e-6, "L2": 50e-6, "L2, 22 KB of text": 50e-6, "L3": 1e-3}
TEXT_CHARS = 22_000


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Measure in the clean environment."""
    argv = [place.python, __file__, "--json", *effort.words]
    done = subprocess.run(argv, env=place.environ, capture_output=True, text=True, check=True)
    yield from rows(json.loads(done.stdout))


def rows(found: dict[str, list[float]]) -> Iterator[Row]:
    """Make a table of what was measured."""
    yield Row("L1 get with TTL", "dict get", found["L1"], found["dict"], target=3)
    yield Row("L1 get and its count and recency", "dict get", found["L1, counted"], found["dict"])
    yield Row("L2 get", "dict get", found["L2"], found["dict"])
    yield Row("L3 get, 100k rows", "sqlite3, bare", found["L3"], found["sqlite3, bare"], target=1.5)
    yield Row("L3 get, 100k rows", "sqlite3 by text key", found["L3"], found["sqlite3 by text key"])
    yield Row("L3 get through the cache", "sqlite3, bare", found["cache, L3"], found["sqlite3, bare"])
    for level, most_s in P99_S.items():
        micros = [value * 1e6 for value in found[f"{level} p99"]]
        yield Row(f"{level} get, p99 in us", ours=micros, unit="integer", target=most_s * 1e6)
    for kind, name in (("new", "write-behind set, new keys"), ("over", "write-behind set, half overwrites")):
        ours = found[f"write-behind, {kind}"]
        target = 0.2 if kind == "new" else None
        yield Row(name, "autocommit set, aiosqlite", ours, found[f"aiosqlite, {kind}"], target=target)
        yield Row(name, "autocommit set, sqlite3 on the loop", ours, found[f"sqlite3, {kind}"])


def main() -> None:
    """Measure here."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_effort(parser)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="isaac-cache-") as directory:
        found = asyncio.run(_measure_here(Path(directory), effort_of(options)))
    print(json.dumps(found) if options.json else table(list(rows(found))))


async def _measure_here(directory: Path, effort: Effort) -> dict[str, list[float]]:
    from isaacd.cache.multilevel import MultiLevelCache
    from isaacd.cache.sqlite import SQLiteStore
    from isaacd.clock import SystemClock

    chance = random.Random(1)
    clock = SystemClock()
    keys = [f"ai:exact:{chance.getrandbits(128):032x}" for _ in range(effort.size(ROWS, 6000))]
    values = [chance.randbytes(VALUE_BYTES) for _ in range(100)]
    store = SQLiteStore(directory / "cache.db", clock=clock)
    upper = MultiLevelCache()
    second = MultiLevelCache(l1_size=0, l2_size=1000)
    third = MultiLevelCache(l1_size=0, l2_size=0, stores=[store])
    await third.open()
    raw = _raw(directory / "raw.db")
    raw.execute("BEGIN")
    for number, key in enumerate(keys):
        await third.set(key, values[number % 100], ttl=86400)
        raw.execute("INSERT INTO kv VALUES (?, ?)", (key, values[number % 100]))
        if store.crowded:
            await store.flush()
    raw.execute("COMMIT")
    await third.flush()
    for number, key in enumerate(keys[:50]):
        await upper.set(key, values[number], ttl=86400)
    for number, key in enumerate(keys[:800]):
        await second.set(key, values[number % 100], ttl=86400)
    hot, warm = keys[:50] * (READS // 50), keys[:800]
    plain = dict(zip(keys, itertools.cycle(values), strict=False)).get
    assert all(isinstance(ask(key), bytes) for ask in (plain, upper.peek, second.peek) for key in keys[:20])
    found = await _reads(
        effort,
        {
            "dict": lambda: _timed(plain, hot, clock_s=time.thread_time),
            "L1": lambda: _timed(upper.peek, hot, clock_s=time.thread_time),
            "L1, counted": lambda: _timed(upper.peek, hot, upper.get_stats, clock_s=time.thread_time),
            "L2": lambda: _timed(second.peek, warm, clock_s=time.thread_time),
        },
    )
    found |= await _disk(effort, store, third, directory, keys, raw)
    large = MultiLevelCache(l1_size=0, l2_size=1000)
    for key, text in zip(keys, _texts(500), strict=False):
        await large.set(key, text, ttl=86400)
    asks = {
        "L1": (upper.peek, hot),
        "L2": (second.peek, warm),
        "L2, 22 KB of text": (large.peek, keys[:500]),
        "L3": (store.peek, keys),
    }
    found |= _p99(asks, effort, chance)
    found |= await _writes(effort, store, clock, raw, keys, values)
    await third.aclose()
    return found


def _texts(count: int) -> list[str]:
    """Return English as long as a long answer, from this project's own pages."""
    pages = sorted((Path(__file__).parent.parent / "docs").rglob("*.md"))
    whole = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    step = max(1, (len(whole) - TEXT_CHARS) // count)
    return [whole[number * step :][:TEXT_CHARS] for number in range(count)]


def _raw(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE kv (key TEXT PRIMARY KEY, value BLOB)")
    return connection


def _timed(
    ask: Callable[[str], object],
    keys: Sequence[str],
    then: Callable[[], object] | None = None,
    clock_s: Callable[[], float] = time.perf_counter,
) -> float:
    start = clock_s()
    for key in keys:
        ask(key)
    if then is not None:
        then()
    return (clock_s() - start) / len(keys)


async def _reads(effort: Effort, measures: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Take one value of each in turns; the loop goes on in between, so that timers ring as in a daemon."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    order = list(measures)
    for number in range(effort.rounds(400, 80) + 1):
        for name in order:
            value = measures[name]()
            if number:
                found[name].append(value)
            await asyncio.sleep(0)
        order.reverse()
    return found


async def _disk(effort, store, cache, directory, keys, raw) -> dict[str, list[float]]:  # type: ignore[no-untyped-def]
    from isaacd.cache.row import key_bytes, key_id

    ours = sqlite3.connect(f"file:{directory / 'cache.db'}?mode=ro", uri=True, isolation_level=None)
    ids = {key: key_id(key_bytes(key)) for key in keys}

    def by_id(key: str) -> bytes:
        return ours.execute("SELECT body FROM entry WHERE id = ?", (ids[key],)).fetchone()[0]

    def by_key(key: str) -> bytes:
        return raw.execute("SELECT value FROM kv WHERE key = ?", (key,)).fetchone()[0]

    found: dict[str, list[float]] = {}
    chance = random.Random(2)
    asks = {
        "sqlite3, bare": by_id,
        "L3": store.peek,
        "sqlite3 by text key": by_key,
        "cache, L3": cache.peek,
    }
    order = list(asks)
    for number in range(effort.rounds(60, 15) + 1):
        sample = chance.sample(keys, READS)
        for name in order:
            value = _timed(asks[name], sample)
            if number:
                found.setdefault(name, []).append(value)
        order.reverse()
        await store.flush()
    assert store.stats().hits >= READS
    ours.close()
    return found


def _p99(what, effort: Effort, chance: random.Random) -> dict[str, list[float]]:  # type: ignore[no-untyped-def]
    found: dict[str, list[float]] = {}
    for name, (ask, keys) in what.items():
        for _ in range(effort.rounds(20, 5)):
            took_s = []
            for key in chance.choices(keys, k=READS):
                start = time.perf_counter()
                ask(key)
                took_s.append(time.perf_counter() - start)
            found.setdefault(f"{name} p99", []).append(sorted(took_s)[int(len(took_s) * 0.99)])
    return found


async def _writes(effort, store, clock, raw, keys, values) -> dict[str, list[float]]:  # type: ignore[no-untyped-def]
    """Time each kind of write; all sides end with everything where it survives the process."""
    import aiosqlite

    from isaacd.cache.entry import Entry

    found: dict[str, list[float]] = {}
    writes = effort.size(WRITES, 200)
    chance = random.Random(3)
    put = "INSERT OR REPLACE INTO kv VALUES (?, ?)"
    (file,) = (row[2] for row in raw.execute("PRAGMA database_list"))
    counts = {"write-behind": writes, "aiosqlite": writes // 5, "sqlite3": writes - writes // 5}
    async with aiosqlite.connect(file, isolation_level=None) as connection:
        await connection.execute("PRAGMA synchronous = NORMAL")
        for kind, number in itertools.product(("new", "over"), range(effort.rounds(12, 1) + 1)):
            sample = [f"ai:exact:{chance.getrandbits(128):032x}" for _ in range(writes)]
            if kind == "over":
                sample[::2] = chance.sample(keys, writes // 2)
            times_s = [time.perf_counter()]
            for place, key in enumerate(sample):
                now = clock.now()
                store.put(Entry(key, values[place % 100], False, now, expires_at=now + 86400))
                if store.crowded:
                    await store.flush()
            await store.flush()
            times_s.append(time.perf_counter())
            for place, key in enumerate(sample[: writes // 5]):
                await connection.execute(put, (key, values[place % 100]))
            times_s.append(time.perf_counter())
            for place, key in enumerate(sample[writes // 5 :]):
                raw.execute(put, (key, values[place % 100]))
            times_s.append(time.perf_counter())
            for place, (name, count) in enumerate(counts.items()):
                if number:
                    found.setdefault(f"{name}, {kind}", []).append(
                        (times_s[place + 1] - times_s[place]) / count
                    )
    return found


if __name__ == "__main__":
    if not has_isaac():
        alone(__file__)
    main()
