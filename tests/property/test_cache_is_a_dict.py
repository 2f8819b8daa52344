"""Whatever levels are on, the cache behaves like a plain dict of values with a time to live."""

import asyncio
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from isaacd.cache.entry import PENDING
from isaacd.cache.multilevel import MultiLevelCache
from isaacd.errors import IsaacError, NotFound
from tests.fake_alarm import FakeAlarm
from tests.fake_store import FakeStore
from tests.fakes import FakeClock

MISS = "nothing is kept"
KEYS = st.sampled_from(["user:1", "user:2", "user:10", "team:1", "team:a*", "x"])
TAGS = st.lists(st.sampled_from(["red", "blue"]), max_size=2, unique=True)
VALUES = st.one_of(
    st.none(),
    st.integers(-5, 5),
    st.text(max_size=3),
    st.just("long" * 2000),
    st.lists(st.integers(-(2**63), 2**64 - 1), max_size=2),
    st.dictionaries(st.text(max_size=1), st.lists(st.booleans(), max_size=1), max_size=2),
    st.tuples(st.integers(-9, 9), st.text(max_size=1)),
)
TTLS = st.sampled_from([None, 0, 5, 20])
STALE = st.sampled_from([0.0, 10.0])
GLOBS = st.sampled_from(["user:*", "user:1*", "*", "*:1", "team:?", "user:[1]", "team:a\\*", "nobody:*", "x"])


class Row:
    def __init__(self, value: Any, ttl: float | None, stale_s: float, tags: list[str], now: float) -> None:
        self.value = list(value) if isinstance(value, tuple) else value
        self.expires_at = float("inf") if ttl is None else now + ttl
        self.gone_at = self.expires_at + stale_s
        self.tags = tags
        self.is_error = False
        self.due_at = float("inf")


class CacheIsADict(RuleBasedStateMachine):
    """`rows` is the truth; with `exact`, what is in it must also be in the cache."""

    l1_size, l2_size, kinds, exact, alarmed = 100, 1000, "", True, False

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = FakeClock()
        self.alarm = FakeAlarm(self.clock) if self.alarmed else None
        self.stores = [FakeStore(self.clock, kind, waits=kind == "a") for kind in self.kinds]
        self.rows: dict[str, Row] = {}
        self.requests = self.misses = 0
        self.cache = self.make()

    def make(self, stores: list[FakeStore] | None = None) -> MultiLevelCache:
        self.requests = self.misses = 0
        stores = self.stores if stores is None else stores
        return MultiLevelCache(
            self.l1_size, self.l2_size, stores=stores, clock=self.clock, alarm=self.alarm, random=lambda: 0.5
        )

    def run_(self, coroutine: Any) -> Any:
        async def settle() -> Any:
            try:
                return await coroutine
            finally:
                others = asyncio.all_tasks() - {asyncio.current_task()}
                await asyncio.gather(*others, return_exceptions=True)

        return self.runner.run(settle())

    def row(self, key: str) -> Row | None:
        row = self.rows.get(key)
        if row is not None and row.gone_at <= self.clock.ticks:
            del self.rows[key]
            return None
        return row

    def fresh(self, key: str) -> Any:
        row = self.row(key)
        return MISS if row is None or row.is_error or row.expires_at <= self.clock.ticks else row.value

    def check(self, key: str, got: Any) -> None:
        expected = self.fresh(key)
        self.requests += 1
        self.misses += got == MISS
        if got != MISS or self.exact:
            assert got == expected, f"{key}: {got!r} instead of {expected!r}"
            assert type(got) is type(expected)
        if isinstance(got, list):
            got.append("scribbled on by a caller")
        elif isinstance(got, dict):
            got["scribbled"] = [True]

    @rule(key=KEYS, value=VALUES, ttl=TTLS, tags=TAGS, stale_s=STALE)
    def set(self, key: str, value: Any, ttl: float | None, tags: list[str], stale_s: float) -> None:
        self.run_(self.cache.set(key, value, ttl, tags=tags, stale_s=stale_s))
        self.rows.pop(key, None)
        if ttl != 0:
            self.rows[key] = Row(value, ttl, stale_s, tags, self.clock.ticks)

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        self.check(key, self.run_(self.cache.get(key, MISS)))

    @rule(key=KEYS, times=st.integers(2, 4))
    def get_again(self, key: str, times: int) -> None:
        for _ in range(times):
            self.get(key)

    @rule(key=KEYS, times=st.integers(1, 3))
    def peek(self, key: str, times: int) -> None:
        for _ in range(times):
            got = self.cache.peek(key, MISS)
            if got is not PENDING:
                self.check(key, got)

    @rule(keys=st.lists(KEYS, max_size=4))
    def get_many(self, keys: list[str]) -> None:
        got = self.run_(self.cache.get_many(keys))
        assert set(got) <= set(keys)
        for key in dict.fromkeys(keys):
            self.check(key, got.get(key, MISS))

    @rule(key=KEYS, value=VALUES, ttl=TTLS, tags=TAGS, stale_s=STALE)
    def get_or_compute(
        self, key: str, value: Any, ttl: float | None, tags: list[str], stale_s: float
    ) -> None:
        calls = 0

        async def compute() -> Any:
            nonlocal calls
            calls += 1
            await asyncio.sleep(0)
            return value

        row = self.row(key)
        new = Row(value, ttl, stale_s, tags, self.clock.ticks)
        got = self.run_(self.cache.get_or_compute(key, compute, ttl, tags=tags, stale_s=stale_s))
        kept = row is not None and not row.is_error
        if self.exact:
            is_fresh = kept and min(row.expires_at, row.due_at) > self.clock.ticks
            assert calls == (not is_fresh)
            assert got == (row.value if kept else new.value)
        else:
            assert got in ([row.value, new.value] if kept else [new.value])
        self.requests += 1
        self.misses += not kept if self.exact else 0
        if calls:
            self.rows.pop(key, None)
            if ttl != 0:
                self.rows[key] = new

    @precondition(lambda self: self.exact)
    @rule(key=KEYS, value=VALUES, early=st.sampled_from([0.2, 1.0]), beta=st.sampled_from([None, 1.0]))
    def compute_ahead_of_expiry(self, key: str, value: Any, early: float, beta: float | None) -> None:
        """Who has a value that is due gets it, and the next asker the new one."""
        calls = 0

        async def compute() -> Any:
            nonlocal calls
            calls += 1
            return value

        row = self.row(key)
        kept = row is not None and not row.is_error
        got = self.run_(self.cache.get_or_compute(key, compute, 20, early=early, beta=beta))
        self.requests += 1
        self.misses += not kept
        new = Row(value, 20, 0.0, [], self.clock.ticks)
        new.due_at = self.clock.ticks + 20 * early
        if kept:
            assert row is not None
            assert got == row.value
            due = min(row.due_at, row.expires_at) <= self.clock.ticks
            assert calls == due  # nothing took any time to compute, so that no draw is ever won
        else:
            assert calls == 1
            assert got == new.value
        if calls:
            self.rows[key] = new

    @precondition(lambda self: self.exact)
    @rule(key=KEYS, errors_s=st.sampled_from([None, 7.0]))
    def compute_and_fail(self, key: str, errors_s: float | None) -> None:
        calls = 0

        async def fail() -> Any:
            nonlocal calls
            calls += 1
            raise NotFound(f"no {key}", hint="look elsewhere")

        row = self.row(key)
        self.requests += 1
        error: IsaacError | None = None
        try:
            got = self.run_(self.cache.get_or_compute(key, fail, errors_s=errors_s))
        except IsaacError as raised:
            error = raised
        if error is None:
            assert row is not None
            assert got == row.value
            assert calls == (min(row.expires_at, row.due_at) <= self.clock.ticks)
            return
        assert type(error) is NotFound
        assert (error.message, error.hint) == (f"no {key}", "look elsewhere")
        assert row is None or row.is_error
        served = row is not None and errors_s is not None
        assert calls == (not served)
        self.misses += not served
        if errors_s and not served:
            self.rows[key] = Row(None, errors_s, 0.0, [], self.clock.ticks)
            self.rows[key].is_error = True

    @rule(key=KEYS)
    def invalidate(self, key: str) -> None:
        row = self.row(key)
        found = self.run_(self.cache.invalidate(key))
        if self.exact and "a" not in self.kinds:
            assert found == (row is not None)
        self.rows.pop(key, None)

    @rule(glob=GLOBS)
    def invalidate_pattern(self, glob: str) -> None:
        meant = {
            "user:*": ["user:1", "user:2", "user:10"],
            "user:1*": ["user:1", "user:10"],
            "*": ["user:1", "user:2", "user:10", "team:1", "team:a*", "x"],
            "*:1": ["user:1", "team:1"],
            "team:?": ["team:1"],
            "user:[1]": ["user:1"],
            "team:a\\*": ["team:a*"],
            "nobody:*": [],
            "x": ["x"],
        }[glob]
        self.forget(meant, self.run_(self.cache.invalidate_pattern(glob)))

    @rule(tag=st.sampled_from(["red", "blue"]))
    def invalidate_tag(self, tag: str) -> None:
        meant = [key for key, row in self.rows.items() if tag in row.tags]
        self.forget(meant, self.run_(self.cache.invalidate_tag(tag)))

    @rule()
    def clear(self) -> None:
        self.forget(list(self.rows), self.run_(self.cache.clear()))

    def forget(self, keys: list[str], count: int) -> None:
        there = [key for key in keys if self.row(key) is not None]
        assert count == len(there) if self.exact else count <= len(there)
        for key in keys:
            self.rows.pop(key, None)

    @rule(seconds=st.sampled_from([1.0, 4.0, 5.0, 30.0]))
    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        if self.alarm is not None:
            self.alarm.tick()

    @precondition(lambda self: not self.kinds)
    @rule(seconds=st.sampled_from([-100.0, -3.0, 3.0, 100.0]))
    def jump(self, seconds: float) -> None:
        self.clock.wall += seconds

    @rule()
    def restart(self) -> None:
        self.run_(self.cache.aclose())
        self.cache = self.make()
        if not self.kinds:
            self.rows.clear()

    @rule()
    def move_house(self) -> None:
        async def move() -> MultiLevelCache:
            entries = [entry async for entry in self.cache.export()]
            assert len({entry.key for entry in entries}) == len(entries)
            self.stores = [FakeStore(self.clock, kind, waits=kind == "a") for kind in self.kinds]
            there = self.make(self.stores)
            assert await there.import_(entries) == len(entries)
            return there

        self.cache = self.run_(move())

    @invariant()
    def figures_are_exact(self) -> None:
        stats = self.cache.get_stats()
        assert stats.requests == self.requests
        if self.exact:
            assert stats.misses == self.misses
        l1, l2 = stats.levels
        assert l1.entries <= l1.capacity
        assert l1.entries + l2.entries <= l1.capacity + l2.capacity

    def teardown(self) -> None:
        self.run_(self.cache.aclose())
        self.runner.close()


SIZES = {"l1+l2": (100, 1000), "l1": (100, 0), "l2": (0, 1000), "tiny": (1, 2), "none": (0, 0)}


@pytest.mark.parametrize("kinds", ["", "s", "a", "sa"], ids=["no store", "disk", "team", "disk+team"])
@pytest.mark.parametrize("sizes", SIZES)
def test_the_cache_is_a_dict_with_a_clock(sizes: str, kinds: str) -> None:
    l1_size, l2_size = SIZES[sizes]
    # Alternating, so that each size and each set of stores is played both ways.
    alarmed = (list(SIZES).index(sizes) + len(kinds)) % 2 == 0
    levels = {"l1_size": l1_size, "l2_size": l2_size, "kinds": kinds, "alarmed": alarmed}
    exact = bool(kinds) or sizes not in ("tiny", "none")
    machine = type("Machine", (CacheIsADict,), levels | {"exact": exact})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=40, deadline=None)
    )
