"""What the cache promises over all its levels: sharing, time, promotion, invalidation, figures."""

import asyncio
import math
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from isaacd.cache.compute import Computed
from isaacd.cache.entry import PENDING
from isaacd.cache.life import Keep
from isaacd.cache.memory import L1, L2
from isaacd.cache.multilevel import MultiLevelCache
from isaacd.cache.sqlite import SQLiteStore
from isaacd.cache.sqlite.schema import APPLICATION_ID
from isaacd.errors import NotFound
from tests.fake_alarm import FakeAlarm
from tests.fake_store import FakeStore
from tests.fakes import FakeClock


class Bench:
    """A cache with what it stands on."""

    def __init__(self, kinds: str = "", clock: FakeClock | None = None, **options: Any) -> None:
        self.clock = clock or FakeClock()
        self.stores = [FakeStore(self.clock, f"store {kind}", waits=kind == "a") for kind in kinds]
        self.cache = MultiLevelCache(stores=self.stores, clock=self.clock, **options)

    def hits(self, level: str) -> int:
        return sum(self.cache.get_stats().hits.get(level, {}).values())

    def slots(self) -> Any:
        return self.cache._memory.slots

    async def settle(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)


def run(body: Callable[[Bench], Awaitable[None]], kinds: str = "", **options: Any) -> None:
    async def main() -> None:
        async with asyncio.timeout(10):
            await body(Bench(kinds, **options))

    asyncio.run(main())


class Point(msgspec.Struct, frozen=True):
    x: int
    names: tuple[str, ...] = ()


class Bag(msgspec.Struct, frozen=True):
    items: list[int]


async def value_of(value: object) -> object:
    return value


def test_an_immutable_value_is_the_same_object_at_every_get_and_a_mutable_one_never() -> None:
    async def body(bench: Bench) -> None:
        await bench.cache.set("point", Point(1, ("a",)))
        await bench.cache.set("bag", Bag([1]))
        points = [await bench.cache.get("point", shape=Point) for _ in range(3)]
        assert points == [Point(1, ("a",))] * 3
        assert points[0] is points[2]
        bags = [await bench.cache.get("bag", shape=Bag) for _ in range(2)]
        bags[0].items.append(2)
        assert bags[1] == Bag([1])

    run(body)


def test_a_value_of_another_shape_is_a_miss_and_stays() -> None:
    async def body(bench: Bench) -> None:
        await bench.cache.set("k", {"x": 1})
        assert await bench.cache.get("k", "no", shape=list[int]) == "no"
        assert await bench.cache.get("k", "no", shape=Point) == Point(1)
        assert await bench.cache.get("k") == {"x": 1}
        assert await bench.cache.get("k", "no", shape=list[int]) == "no"

    run(body)


def test_what_msgpack_cannot_hold_is_refused_and_changes_nothing() -> None:
    async def body(bench: Bench) -> None:
        await bench.cache.set("k", 1)
        for value in (object(), 2**70, "\ud800"):
            with pytest.raises(TypeError):
                await bench.cache.set("k", value)
        assert await bench.cache.get("k") == 1

    run(body)


@pytest.mark.parametrize("wrong", [{"ttl": math.nan}, {"stale_s": -1}, {"early": 0}, {"early": 1.5}])
def test_a_life_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    async def body(bench: Bench) -> None:
        with pytest.raises(ValueError):
            await bench.cache.set("k", 1, **wrong)

    run(body)


def test_none_is_a_value_and_a_default_is_for_a_miss() -> None:
    async def body(bench: Bench) -> None:
        await bench.cache.set("k", None)
        for _ in range(3):
            assert await bench.cache.get("k", "default") is None
        assert await bench.cache.get("other", "default") == "default"
        assert await bench.cache.get_many(["k", "other"]) == {"k": None}

    run(body)


@pytest.mark.parametrize("kinds", ["", "s", "a"])
def test_a_ttl_of_zero_forgets_the_old_value_and_keeps_no_new_one(kinds: str) -> None:
    async def body(bench: Bench) -> None:
        await bench.cache.set("k", "old")
        await bench.cache.set("k", "new", ttl=0)
        assert await bench.cache.get("k") is None
        assert await bench.cache.get_or_compute("k", lambda: value_of("now"), ttl=0) == "now"
        assert await bench.cache.get("k") is None
        assert not any(store.rows for store in bench.stores)

    run(body, kinds)


@pytest.mark.parametrize("jump_s", [-1e9, -30.0, 0.0, 30.0, 1e9])
def test_memory_goes_by_the_clock_that_does_not_jump(jump_s: float) -> None:
    async def body(bench: Bench) -> None:
        await bench.cache.set("k", "v", ttl=60)
        bench.clock.advance(20)
        bench.clock.wall += jump_s
        bench.clock.advance(39.9)
        assert await bench.cache.get("k") == "v"
        bench.clock.advance(0.1)
        assert await bench.cache.get("k") is None

    run(body)


@pytest.mark.parametrize("kinds", ["s", "a"])
def test_a_clock_that_is_set_back_does_not_prolong_life_in_a_store_from_then_on(kinds: str) -> None:
    async def body(bench: Bench) -> None:
        await bench.cache.set("k", "v", ttl=60)
        bench.clock.wall -= 1e6
        bench.cache.forget_memory()
        assert await bench.cache.get("k") == "v"
        for _ in range(5):
            bench.clock.advance(11)
            bench.cache.forget_memory()
            assert await bench.cache.get("k") == "v"
        bench.clock.advance(5)
        bench.cache.forget_memory()
        assert await bench.cache.get("k") is None

    run(body, kinds)


def test_a_hit_below_is_brought_up_to_every_level_above() -> None:
    async def body(bench: Bench) -> None:
        await bench.cache.set("k", "v", ttl=60, tags=["red"])
        bench.cache.forget_memory()
        bench.stores[0].rows.clear()
        assert await bench.cache.get("k") == "v"
        assert bench.hits("store a") == 1
        assert bench.stores[0].rows["k"].tags == ("red",)
        assert await bench.cache.get("k") == "v"
        assert bench.hits(L1) == 1
        bench.clock.advance(60)
        assert await bench.cache.get("k") is None

    run(body, "sa")


def test_l1_holds_the_latest_and_l2_the_rest() -> None:
    async def body(bench: Bench) -> None:
        for key in "abcd":
            await bench.cache.set(key, key)
        assert [await bench.cache.get(key) for key in "dcab"] == list("dcab")
        assert (bench.hits(L1), bench.hits(L2)) == (2, 2)
        levels = bench.cache.get_stats().levels
        assert [level.entries for level in levels] == [2, 2]

    run(body, l1_size=2, l2_size=10, l2_policy="lru")


def test_a_stale_value_is_served_at_once_while_one_computation_replaces_it() -> None:
    async def body(bench: Bench) -> None:
        calls: list[None] = []

        async def compute() -> str:
            calls.append(None)
            await asyncio.sleep(0)
            return f"new {len(calls)}"

        await bench.cache.set("k", "old", ttl=10, stale_s=100)
        bench.clock.advance(10)
        assert await bench.cache.get("k") is None, "get serves only what is fresh"
        served = [await bench.cache.get_or_compute("k", compute, ttl=10, stale_s=100) for _ in range(3)]
        assert served == ["old"] * 3
        await bench.settle()
        assert len(calls) == 1
        assert await bench.cache.get("k") == "new 1"
        bench.clock.advance(110)
        assert await bench.cache.get_or_compute("k", compute) == "new 2", "too stale to serve"
        assert bench.cache.get_stats().stale_hits == 3

    run(body)


def test_a_stale_value_outlives_a_computation_that_fails() -> None:
    async def body(bench: Bench) -> None:
        async def fail() -> None:
            raise NotFound("away")

        await bench.cache.set("k", "old", ttl=10, stale_s=100)
        bench.clock.advance(50)
        for _ in range(3):
            assert await bench.cache.get_or_compute("k", fail, errors_s=60) == "old"
            await bench.settle()
        assert bench.cache.get_stats().failed == 3

    run(body)


def test_the_asker_of_a_refresh_can_leave_and_the_refresh_goes_on() -> None:
    async def body(bench: Bench) -> None:
        gate = asyncio.Event()

        async def compute() -> str:
            await gate.wait()
            return "new"

        await bench.cache.set("k", "old", ttl=10, stale_s=100)
        bench.clock.advance(10)
        assert await bench.cache.get_or_compute("k", compute) == "old"
        joined = asyncio.create_task(bench.cache.get_or_compute("k", compute, refresh=True))
        await asyncio.sleep(0)
        joined.cancel()
        await asyncio.wait([joined])
        gate.set()
        await bench.settle()
        assert await bench.cache.get("k") == "new"

    run(body)


def test_an_entry_is_refreshed_after_its_early_share() -> None:
    async def body(bench: Bench) -> None:
        await bench.cache.get_or_compute("k", lambda: value_of("old"), ttl=100, early=0.8)
        bench.clock.advance(79)
        assert await bench.cache.get_or_compute("k", lambda: value_of("new"), ttl=100, early=0.8) == "old"
        await bench.settle()
        assert await bench.cache.get("k") == "old"
        bench.clock.advance(1)
        assert await bench.cache.get_or_compute("k", lambda: value_of("new"), ttl=100, early=0.8) == "old"
        await bench.settle()
        assert await bench.cache.get("k") == "new"
        assert bench.cache.get_stats().refreshed == 1

    run(body)


@pytest.mark.parametrize(("draw", "early"), [(0.5, False), (0.999999, True)])
def test_with_beta_the_draw_decides_who_refreshes_early(draw: float, early: bool) -> None:
    async def body(bench: Bench) -> None:
        async def slow() -> str:
            bench.clock.advance(2)
            return "v"

        await bench.cache.get_or_compute("k", slow, ttl=100)
        bench.clock.advance(90)
        await bench.cache.get_or_compute("k", slow, ttl=100, beta=1.0)
        await bench.settle()
        assert bench.cache.get_stats().refreshed == early

    run(body, random=lambda: draw)


def test_a_computation_may_say_itself_how_its_value_is_kept() -> None:
    async def body(bench: Bench) -> None:
        async def compute() -> Computed:
            return Computed("v", Keep(ttl=5, cost=0.25, kind="exact", tags=("red",)))

        assert await bench.cache.get_or_compute("k", compute, ttl=100) == "v"
        assert await bench.cache.get("k") == "v"
        stats = bench.cache.get_stats()
        assert stats.saved_usd == 0.25
        assert stats.hits == {L1: {"exact": 1}}
        assert await bench.cache.invalidate_tag("red") == 1

    run(body)


@pytest.mark.parametrize("how", ["invalidate", "pattern", "tag", "clear", "set"])
def test_a_read_under_way_does_not_bring_back_what_is_invalidated_meanwhile(how: str) -> None:
    async def body(bench: Bench) -> None:
        cache, store = bench.cache, bench.stores[0]
        await cache.set("k:1", "old", tags=["red"])
        cache.forget_memory()
        store.gate = asyncio.Event()
        reading = asyncio.create_task(cache.get("k:1"))
        await store.reading.wait()
        store.reading.clear()
        changes = {
            "invalidate": lambda: cache.invalidate("k:1"),
            "pattern": lambda: cache.invalidate_pattern("k:*"),
            "tag": lambda: cache.invalidate_tag("red"),
            "clear": cache.clear,
            "set": lambda: cache.set("k:1", "new"),
        }
        change = asyncio.create_task(changes[how]())
        await asyncio.sleep(0)
        store.gate.set()
        await reading
        await change
        assert await cache.get("k:1") == ("new" if how == "set" else None)

    run(body, "a")


def test_what_is_being_swept_is_not_served_while_a_store_is_still_at_it() -> None:
    async def body(bench: Bench) -> None:
        cache, store = bench.cache, bench.stores[0]
        await cache.set("k:1", "old")
        await cache.set("other", "stays")
        cache.forget_memory()
        store.gate = asyncio.Event()
        sweep = asyncio.create_task(cache.invalidate_pattern("k:*"))
        await store.reading.wait()
        assert await cache.get("k:1") is None
        assert await cache.get("other") == "stays"
        store.gate.set()
        assert await sweep == 1
        assert await cache.get("k:1") is None

    run(body, "s")


def test_an_overwrite_and_a_pattern_hold_after_a_restart() -> None:
    async def body(bench: Bench) -> None:
        await bench.cache.set("user:1", "old")
        await bench.cache.set("user:1", "new")
        await bench.cache.set("user:2", "two")
        again = MultiLevelCache(stores=bench.stores, clock=bench.clock)
        assert await again.get("user:1") == "new"
        assert await again.invalidate_pattern("user:*") == 2
        third = MultiLevelCache(stores=bench.stores, clock=bench.clock)
        assert await third.get_many(["user:1", "user:2"]) == {}

    run(body, "sa")


def test_peek_waits_for_nobody_and_says_so() -> None:
    async def body(bench: Bench) -> None:
        await bench.cache.set("k", "v")
        assert bench.cache.peek("k") == "v"
        bench.cache.forget_memory()
        requests = bench.cache.get_stats().requests
        assert bench.cache.peek("k") is PENDING
        assert bench.cache.get_stats().requests == requests
        assert await bench.cache.get("k") == "v"
        assert bench.cache.peek("k") == "v"

    run(body, "a")


def test_damaged_bytes_are_a_miss() -> None:
    async def body(bench: Bench) -> None:
        store = bench.stores[0]
        await bench.cache.set("k", "word " * 2000)
        row = store.rows["k"]
        assert row.packed
        for data in (row.value[:-9], b"", b"junk", row.value[:9] + b"\0\0" + row.value[11:]):
            bench.cache.forget_memory()
            store.rows["k"] = msgspec.structs.replace(row, value=data)
            assert await bench.cache.get("k") is None
            assert await bench.cache.get_or_compute("k", lambda: value_of("new"), ttl=0) == "new"

    run(body, "s")


def test_figures_by_level_and_kind_add_up() -> None:
    async def body(bench: Bench) -> None:
        await bench.cache.set("a", 1, cost=0.5, kind="exact")
        await bench.cache.set("b", 2, kind="slot")
        for key in ("a", "a", "b", "c"):
            await bench.cache.get(key)
        await bench.cache.get_many(["a", "c", "c"])
        stats = bench.cache.get_stats()
        assert stats.hits == {L1: {"exact": 3, "slot": 1}}
        assert (stats.requests, stats.misses, stats.sets) == (6, 2, 2)
        assert stats.hit_rate == pytest.approx(4 / 6)
        assert stats.saved_usd == pytest.approx(1.5)
        assert [level.entries for level in stats.levels] == [2, 0]

    run(body)


class Alarmed(Bench):
    """A cache whose hits need no look at the clock."""

    def __init__(self, **options: Any) -> None:
        clock = FakeClock()
        self.alarm = FakeAlarm(clock)
        super().__init__(alarm=self.alarm, clock=clock, **options)

    def pass_time(self, seconds: float) -> None:
        """Let time go by in turns of a loop, as a loop does."""
        until = self.clock.ticks + seconds
        while self.clock.ticks < until:
            self.clock.advance(min(0.05, until - self.clock.ticks))
            self.alarm.tick()


def run_alarmed(body: Callable[[Alarmed], Awaitable[None]], **options: Any) -> None:
    async def main() -> None:
        async with asyncio.timeout(10):
            await body(Alarmed(**options))

    asyncio.run(main())


@pytest.mark.parametrize("ttl", [0.01, 0.5, 1.0, 1.04, 1.5, 60.0])
def test_a_hit_that_does_not_look_at_the_clock_still_ends_with_the_ttl(ttl: float) -> None:
    async def body(bench: Alarmed) -> None:
        await bench.cache.set("k", "v", ttl)
        begun = bench.clock.ticks
        while bench.cache.peek("k") == "v":
            assert bench.clock.ticks - begun < ttl
            bench.pass_time(0.01)
        assert bench.clock.ticks - begun == pytest.approx(ttl, abs=0.02)
        assert await bench.cache.get("k") is None

    run_alarmed(body)


def test_a_loop_that_is_held_up_for_less_than_a_second_serves_nothing_that_has_expired() -> None:
    async def body(bench: Alarmed) -> None:
        await bench.cache.set("k", "v", 1.5)
        assert bench.cache.peek("k") == bench.cache.peek("k") == "v"
        bench.pass_time(0.7)
        bench.cache.peek("k")
        bench.clock.advance(0.9)  # no turn of the loop, so that no alarm rings
        assert bench.cache.peek("k", "gone") == "gone"

    run_alarmed(body)


@pytest.mark.parametrize("how", ["set", "invalidate", "pattern", "tag", "clear", "forget", "evict"])
def test_what_changes_is_seen_by_the_next_hit_whoever_looks_at_the_clock(how: str) -> None:
    async def body(bench: Alarmed) -> None:
        await bench.cache.set("k", "old", 60, tags=["t"])
        assert [bench.cache.peek("k") for _ in range(3)] == ["old"] * 3
        if how == "set":
            await bench.cache.set("k", "new", 60)
        elif how == "invalidate":
            assert await bench.cache.invalidate("k")
        elif how == "pattern":
            assert await bench.cache.invalidate_pattern("k*") == 1
        elif how == "tag":
            assert await bench.cache.invalidate_tag("t") == 1
        elif how == "clear":
            assert await bench.cache.clear() == 1
        elif how == "forget":
            bench.cache.forget_memory(["k"])
        else:
            for number in range(3):
                await bench.cache.set(f"other {number}", "x")
        assert bench.cache.peek("k", "gone") == ("new" if how == "set" else "gone")

    run_alarmed(body, l1_size=1, l2_size=0)


def test_the_least_recently_used_leaves_in_the_exact_order_of_the_last_hits() -> None:
    async def body(bench: Alarmed) -> None:
        for key in "abcd":
            await bench.cache.set(key, key)
        for key in "abacdabbcd":
            assert bench.cache.peek(key) == key
        left = []
        for number in range(4):
            await bench.cache.set(f"new {number}", 0)
            left += [key for key in "abcd" if key not in left and bench.slots().get(key) is None]
        assert left == list("abcd")
        stats = bench.cache.get_stats()
        assert stats.hits["L1"] == {"value": 10}

    run_alarmed(body, l1_size=4, l2_size=0)


def test_hits_are_counted_exactly_whenever_they_are_made_up() -> None:
    async def body(bench: Alarmed) -> None:
        await bench.cache.set("k", "v", cost=0.5)
        for _ in range(10_000):
            assert bench.cache.peek("k") == "v"
        bench.pass_time(0.2)
        assert bench.cache.peek("k") == "v"
        stats = bench.cache.get_stats()
        assert (stats.hits, stats.saved_usd) == ({"L1": {"value": 10_001}}, 5000.5)

    run_alarmed(body)


def test_the_loop_s_own_timer_ends_what_is_served_without_a_look_at_the_clock() -> None:
    async def main() -> None:
        cache = MultiLevelCache()
        await cache.set("k", "v", 1.2)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while cache.peek("k") == "v":
            assert loop.time() - begun < 5
            await asyncio.sleep(0)
        assert loop.time() - begun >= 1.2 - 0.01
        await cache.aclose()

    asyncio.run(main())


def test_a_store_of_a_newer_version_is_left_alone_and_the_rest_works(tmp_path: Path) -> None:
    file = tmp_path / "cache.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE of_the_future (x)")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = file.read_bytes()

    async def main() -> None:
        clock = FakeClock()
        shared = FakeStore(clock, "shared")
        cache = MultiLevelCache(
            l1_size=0, l2_size=0, stores=[SQLiteStore(file, clock=clock), shared], clock=clock
        )
        await cache.open()
        await cache.set("k", "v")
        assert await cache.get("k") == "v"
        assert await cache.invalidate_pattern("k*") == 1
        await cache.flush()
        left, working = sorted(cache.get_stats().stores, key=lambda store: store.writable)
        assert (left.name, left.writable, left.writes) == ("disk", False, 0)
        assert "newer Isaac" in left.state
        assert working.name == "shared"
        await cache.aclose()

    asyncio.run(main())
    assert file.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["cache.db"]


def test_large_values_come_back_whole_from_l2_whatever_was_unpacked_lately() -> None:
    async def body(bench: Bench) -> None:
        texts = {f"k{number}": f"word {number} and more " * 2000 for number in range(500)}
        for key, text in texts.items():
            await bench.cache.set(key, text)
        for key in [*texts, *reversed(texts), "k1", "k1"]:
            assert await bench.cache.get(key) == texts[key]
        await bench.cache.set("k1", "other " * 2000)
        assert await bench.cache.get("k1") == "other " * 2000
        await bench.cache.clear()
        assert await bench.cache.get("k1") is None

    run(body, l1_size=0, l2_size=1000)
