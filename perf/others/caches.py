"""Time hits and sets of one cache against a dict, in turns: `caches.py WAY ROUNDS FOLDER`; prints seconds for one of each.

All caches have a TTL and room for what they are given: 1000 keys of 40 letters, 600-byte values. Each key is read once
before hits are timed. What a cache makes up for later, as ours does with recency and counts of hits, is timed with them.
What is in memory waits for nobody, and is timed by the CPU of the process with all its threads; disks by the wall clock.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

COUNT, READS = 1000, 5000
Way = tuple[Callable[[str], Any], Callable[[str, bytes], Any]]


def of_cachetools(_: Path) -> Way:
    from cachetools import TTLCache

    cache: Any = TTLCache(COUNT * 2, 86400)
    return cache.get, cache.__setitem__


def of_cachebox(_: Path) -> Way:
    from cachebox import TTLCache

    cache: Any = TTLCache(COUNT * 2, 86400)
    return cache.get, cache.insert


def of_theine(_: Path) -> Way:
    from datetime import timedelta

    from theine import Cache

    cache: Any = Cache(COUNT * 2)
    day = timedelta(days=1)
    return (lambda key: cache.get(key)[0]), lambda key, value: cache.set(key, value, day)


def of_diskcache(folder: Path) -> Way:
    from diskcache import Cache

    cache: Any = Cache(str(folder / "diskcache"))
    return cache.get, lambda key, value: cache.set(key, value, expire=86400)


def of_isaac(_: Path, *, l1: int = COUNT * 2, l2: int = 0) -> Way:
    from isaacd.cache.multilevel import MultiLevelCache

    cache = MultiLevelCache(l1, l2)
    catch_up.append(cache.get_stats)
    return cache.peek, lambda key, value: _wait(cache.set(key, value, ttl=86400))


def of_isaac_second(folder: Path) -> Way:
    return of_isaac(folder, l1=0, l2=COUNT * 2)


def of_isaac_disk(folder: Path) -> Way:
    from isaacd.cache.multilevel import MultiLevelCache
    from isaacd.cache.sqlite import SQLiteStore
    from isaacd.clock import SystemClock

    store = SQLiteStore(folder / "cache.db", clock=SystemClock())
    cache = MultiLevelCache(0, 0, stores=[store])
    stores.append(cache)
    return cache.peek, lambda key, value: _wait(cache.set(key, value, ttl=86400))


stores: list[Any] = []
catch_up: list[Callable[[], Any]] = []


def _wait(coroutine: Any) -> None:
    """Run what never has to wait, without a loop."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("it waited")


def clock_s(name: str) -> Callable[[], float]:
    """Return the clock for a cache."""
    return time.perf_counter if "disk" in name else time.process_time


async def main(name: str, rounds: int, folder: Path) -> dict[str, list[float]]:
    chance = random.Random(1)
    keys = [f"ai:exact:{chance.getrandbits(128):032x}" for _ in range(COUNT)]
    values = [chance.randbytes(600) for _ in keys]
    (get, put), clock = WAYS[name](folder), clock_s(name)
    for cache in stores:
        await cache.open()
    plain: dict[str, bytes] = {}
    found: dict[str, list[float]] = {"get": [], "dict get": [], "set": [], "dict set": []}
    for number in range(rounds + 1):
        sample = chance.choices(keys, k=READS)
        took = {
            "set": _timed(lambda key, value: put(key, value), zip(keys, values, strict=True), clock),
            "dict set": _timed(
                lambda key, value: plain.__setitem__(key, value), zip(keys, values, strict=True), clock
            ),
        }
        for cache in stores:
            await cache.flush()
        assert get(keys[0]) == values[0]
        for key in keys:
            get(key)
        await asyncio.sleep(0)
        took["get"] = _reads(get, sample, catch_up, clock)
        took["dict get"] = _reads(plain.get, sample, (), clock)
        await asyncio.sleep(0)
        for what, value in took.items():
            if number:
                found[what].append(value)
    for cache in stores:
        await cache.aclose()
    return found


def _timed(put: Any, items: Any, clock: Callable[[], float]) -> float:
    start = clock()
    for key, value in items:
        put(key, value)
    return (clock() - start) / COUNT


def _reads(
    get: Any, sample: list[str], then: Sequence[Callable[[], Any]], clock: Callable[[], float]
) -> float:
    start = clock()
    for key in sample:
        get(key)
    for catching_up in then:
        catching_up()
    return (clock() - start) / len(sample)


WAYS: dict[str, Callable[[Path], Way]] = {
    name.removeprefix("of_").replace("_", " "): make
    for name, make in globals().copy().items()
    if name.startswith("of_")
}

if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))))
