"""One computation for all who ask for a key, and who may end it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from isaacd.cache.multilevel import MultiLevelCache
from isaacd.errors import Cancelled, NotFound
from tests.fake_store import FakeStore
from tests.fakes import FakeClock

Body = Callable[["Work", MultiLevelCache], Awaitable[None]]


class Work:
    """A computation that a test lets begin, end and fail, and that notes how often it ran and was cancelled."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.finish = asyncio.Event()
        self.calls = 0
        self.cancelled = 0
        self.result: object = "computed"

    async def __call__(self) -> object:
        self.calls += 1
        self.started.set()
        try:
            await self.finish.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def run(body: Body, stores: str = "") -> None:
    async def main() -> None:
        clock = FakeClock()
        cache = MultiLevelCache(
            stores=[FakeStore(clock, kind, waits=kind == "a") for kind in stores], clock=clock
        )
        await asyncio.wait_for(body(Work(), cache), 90)
        await cache.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("stores", ["", "s", "a", "sa"])
def test_many_askers_share_one_computation(stores: str) -> None:
    async def body(work: Work, cache: MultiLevelCache) -> None:
        asking = [asyncio.create_task(cache.get_or_compute("k", work)) for _ in range(50)]
        await work.started.wait()
        asking += [asyncio.create_task(cache.get_or_compute("k", work)) for _ in range(50)]
        await turns()
        work.finish.set()
        assert await asyncio.gather(*asking) == ["computed"] * 100
        assert work.calls == 1
        stats = cache.get_stats()
        assert (stats.requests, stats.computed, stats.joined, stats.misses) == (100, 1, 99, 100)

    run(body, stores)


def test_different_keys_are_computed_at_the_same_time() -> None:
    async def body(work: Work, cache: MultiLevelCache) -> None:
        other = Work()
        asking = [
            asyncio.create_task(cache.get_or_compute(key, fn)) for key, fn in (("a", work), ("b", other))
        ]
        await work.started.wait()
        await other.started.wait()
        work.finish.set()
        other.finish.set()
        assert await asyncio.gather(*asking) == ["computed"] * 2

    run(body)


def test_no_two_askers_share_what_one_could_change() -> None:
    async def body(work: Work, cache: MultiLevelCache) -> None:
        work.result = {"list": [1]}
        work.finish.set()
        first, second = await asyncio.gather(*[cache.get_or_compute("k", work) for _ in range(2)])
        first["list"].append(2)
        assert second == {"list": [1]}
        assert await cache.get("k") == {"list": [1]}
        assert work.result == {"list": [1]}

    run(body)


@pytest.mark.parametrize("leaver", [0, 1], ids=["the first asker", "a later asker"])
def test_one_asker_leaving_does_not_stop_it_for_the_others(leaver: int) -> None:
    async def body(work: Work, cache: MultiLevelCache) -> None:
        asking = [asyncio.create_task(cache.get_or_compute("k", work)) for _ in range(3)]
        await work.started.wait()
        asking[leaver].cancel()
        await asyncio.wait([asking[leaver]])
        assert asking[leaver].cancelled()
        work.finish.set()
        rest = [task for task in asking if task is not asking[leaver]]
        assert await asyncio.gather(*rest) == ["computed"] * 2
        assert (work.calls, work.cancelled) == (1, 0)

    run(body)


def test_the_last_asker_leaving_stops_it_and_the_next_starts_anew() -> None:
    async def body(work: Work, cache: MultiLevelCache) -> None:
        asking = [asyncio.create_task(cache.get_or_compute("k", work)) for _ in range(3)]
        await work.started.wait()
        for task in asking:
            task.cancel()
        await asyncio.wait(asking)
        new = Work()
        new.finish.set()
        new.result = "new"
        assert await cache.get_or_compute("k", new) == "new"
        await turns()
        assert (work.calls, work.cancelled) == (1, 1)
        assert await cache.get("k") == "new"

    run(body)


def test_the_result_of_a_computation_that_ignores_being_stopped_is_not_kept() -> None:
    async def body(work: Work, cache: MultiLevelCache) -> None:
        stubborn = asyncio.Event()

        async def compute() -> str:
            try:
                await work()
            except asyncio.CancelledError:
                await stubborn.wait()
            return "too late"

        asker = asyncio.create_task(cache.get_or_compute("k", compute))
        await work.started.wait()
        asker.cancel()
        await asyncio.wait([asker])
        stubborn.set()
        await turns()
        assert await cache.get("k") is None

    run(body)


def test_an_error_goes_to_all_who_wait_and_is_not_kept() -> None:
    async def body(work: Work, cache: MultiLevelCache) -> None:
        work.result = NotFound("no such thing")
        asking = [asyncio.create_task(cache.get_or_compute("k", work)) for _ in range(3)]
        await work.started.wait()
        work.finish.set()
        found = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(error) for error in found] == [NotFound] * 3
        work.result = "now there"
        assert await cache.get_or_compute("k", work) == "now there"
        assert work.calls == 2

    run(body)


def test_an_error_that_is_asked_to_be_kept_is_raised_again_until_it_expires() -> None:
    async def main() -> None:
        clock = FakeClock()
        cache = MultiLevelCache(clock=clock)
        work = Work()
        work.finish.set()
        work.result = NotFound("no such thing", hint="ask elsewhere", detail={"name": "x"}, retry_after_ms=5)
        for _ in range(3):
            with pytest.raises(NotFound) as caught:
                await cache.get_or_compute("k", work, errors_s=10)
            assert caught.value.detail == {"name": "x"}
            assert (caught.value.hint, caught.value.retry_after_ms) == ("ask elsewhere", 5)
        assert work.calls == 1
        assert await cache.get("k", "nothing") == "nothing"
        assert cache.get_stats().error_hits == 2
        clock.advance(10)
        work.result = "now there"
        assert await cache.get_or_compute("k", work, errors_s=10) == "now there"

    asyncio.run(main())


def test_who_did_not_ask_for_kept_errors_gets_none() -> None:
    async def body(work: Work, cache: MultiLevelCache) -> None:
        work.finish.set()
        work.result = NotFound("no such thing")
        with pytest.raises(NotFound):
            await cache.get_or_compute("k", work, errors_s=10)
        work.result = "found after all"
        assert await cache.get_or_compute("k", work) == "found after all"
        assert await cache.get_or_compute("k", work, errors_s=10) == "found after all"

    run(body)


def test_errors_of_others_than_isaac_are_never_kept() -> None:
    async def body(work: Work, cache: MultiLevelCache) -> None:
        work.finish.set()
        work.result = ValueError("odd")
        for _ in range(2):
            with pytest.raises(ValueError, match="odd"):
                await cache.get_or_compute("k", work, errors_s=10)
        assert work.calls == 2

    run(body)


def test_a_computation_that_is_cancelled_from_within_does_not_cancel_its_askers() -> None:
    async def body(work: Work, cache: MultiLevelCache) -> None:
        async def compute() -> None:
            raise asyncio.CancelledError

        with pytest.raises(Cancelled):
            await cache.get_or_compute("k", compute)

    run(body)


def test_a_computation_that_asks_for_its_own_key_is_told_so() -> None:
    async def body(work: Work, cache: MultiLevelCache) -> None:
        async def compute() -> object:
            return await cache.get_or_compute("k", compute)

        with pytest.raises(RuntimeError, match="its own key"):
            await cache.get_or_compute("k", compute)

    run(body)


INTERRUPTIONS: dict[str, Callable[[MultiLevelCache], Awaitable[object]]] = {
    "invalidate": lambda cache: cache.invalidate("k:1"),
    "pattern": lambda cache: cache.invalidate_pattern("k:*"),
    "tag": lambda cache: cache.invalidate_tag("red"),
    "clear": lambda cache: cache.clear(),
}


@pytest.mark.parametrize("stores", ["", "s", "a"])
@pytest.mark.parametrize("how", INTERRUPTIONS)
def test_an_invalidation_during_a_computation_wins_over_its_result(how: str, stores: str) -> None:
    async def body(work: Work, cache: MultiLevelCache) -> None:
        before = asyncio.create_task(cache.get_or_compute("k:1", work, tags=["red"]))
        await work.started.wait()
        await INTERRUPTIONS[how](cache)
        new = Work()
        new.result = "new"
        after = asyncio.create_task(cache.get_or_compute("k:1", new, tags=["red"]))
        await new.started.wait()
        work.finish.set()
        assert await before == "computed"
        assert await cache.get("k:1") is None
        new.finish.set()
        assert await after == "new"
        assert await cache.get("k:1") == "new"
        assert cache.get_stats().voided == 1

    run(body, stores)


def test_what_is_set_during_a_computation_wins_over_its_result() -> None:
    async def body(work: Work, cache: MultiLevelCache) -> None:
        asker = asyncio.create_task(cache.get_or_compute("k", work))
        await work.started.wait()
        await cache.set("k", "set by hand")
        work.finish.set()
        assert await asker == "computed"
        assert await cache.get("k") == "set by hand"

    run(body, "s")


def test_refresh_computes_even_if_there_is_a_value_and_keeps_the_old_one_if_that_fails() -> None:
    async def body(work: Work, cache: MultiLevelCache) -> None:
        await cache.set("k", "old")
        work.finish.set()
        work.result = NotFound("away")
        with pytest.raises(NotFound):
            await cache.get_or_compute("k", work, refresh=True, errors_s=60)
        assert await cache.get("k") == "old"
        work.result = "new"
        assert await cache.get_or_compute("k", work, refresh=True) == "new"
        assert await cache.get("k") == "new"

    run(body)


def test_closing_stops_computations() -> None:
    async def body(work: Work, cache: MultiLevelCache) -> None:
        asker = asyncio.create_task(cache.get_or_compute("k", work))
        await work.started.wait()
        await cache.aclose()
        with pytest.raises(Cancelled):
            await asker
        assert work.cancelled == 1

    run(body)
