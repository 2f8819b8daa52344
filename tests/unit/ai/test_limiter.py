"""The limiter: how many calls at once and a minute, and whose turn it is."""

import asyncio
from typing import Any

import pytest

from isaacd.ai.chat import RateLimits
from isaacd.ai.meter import Lane
from isaacd.ai.routing.latency import MIN_SAMPLES, Latency
from isaacd.ai.routing.limiter import START, Limiter, NoRoom, Slot, Waiter
from isaacd.config import ProviderConfig
from tests.fake_time import FakeTime, settle

pytestmark = pytest.mark.anyio


def make(time: FakeTime | None = None, **config: Any) -> Limiter:
    time = time or FakeTime()
    return Limiter(ProviderConfig(**config), time.monotonic, time)


async def take(limiter: Limiter, lane: Lane = "interactive", tokens: int = 0) -> Slot:
    return await limiter.turn(limiter.enqueue(lane, tokens))


def granted(waiters: list[Waiter]) -> list[bool]:
    return [waiter.future.done() for waiter in waiters]


async def test_it_starts_with_room_for_many_and_never_lets_more_through() -> None:
    limiter = make()
    waiters = [limiter.enqueue("interactive", 0) for _ in range(START + 5)]
    assert sum(granted(waiters)) == START == limiter.in_flight
    assert limiter.queued == 5


async def test_the_configured_number_is_where_it_starts_and_ends() -> None:
    limiter = make(max_concurrency=2)
    slots = [await take(limiter), await take(limiter)]
    for _ in range(50):
        slots.pop().release("ok")
        slots.append(await take(limiter))
    assert limiter.limit == 2


async def test_an_overload_halves_the_limit_once_for_all_calls_that_began_before() -> None:
    limiter = make()
    slots = [await take(limiter) for _ in range(10)]
    for slot in slots[:5]:
        slot.release("overload")
    assert limiter.limit == START // 2
    later = await take(limiter)
    later.release("overload")
    assert limiter.limit == START // 4


async def test_it_never_falls_below_one() -> None:
    limiter = make(max_concurrency=4)
    for _ in range(10):
        (await take(limiter)).release("overload")
    assert limiter.limit == 1
    await take(limiter)


async def test_success_raises_it_by_one_a_round_but_only_while_it_is_used_up() -> None:
    limiter = make()
    (await take(limiter)).release("overload")
    (await take(limiter)).release("overload")
    assert limiter.limit == 16
    for _ in range(100):
        (await take(limiter)).release("ok")
    assert limiter.limit == 16
    slots = [await take(limiter) for _ in range(16)]
    for _ in range(17):
        slots.pop(0).release("ok")
        slots.append(await take(limiter))
    assert limiter.limit == 17


async def test_people_go_first_and_a_batch_still_gets_every_fifth_turn() -> None:
    limiter = make(max_concurrency=1)
    slot = await take(limiter)
    order: list[str] = []

    async def wait(waiter: Waiter, name: str) -> None:
        mine = await limiter.turn(waiter)
        order.append(name)
        mine.release("ok")

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(wait(limiter.enqueue("batch", 0), f"b{number}"))
        for number in range(9):
            group.create_task(wait(limiter.enqueue("interactive", 0), f"i{number}"))
        slot.release("ok")
    # The first slot was a person's too, so the first batch call comes after three more.
    assert order == ["i0", "i1", "i2", "b0", "i3", "i4", "i5", "i6", "b1", "i7", "i8", "b2"]


async def test_a_person_passes_thousands_of_a_batch() -> None:
    limiter = make(max_concurrency=2)
    running = [await take(limiter, "batch"), await take(limiter, "batch")]
    for _ in range(5000):
        limiter.enqueue("batch", 0)
    person = limiter.enqueue("interactive", 0)
    assert not person.future.done()
    running[0].release("ok")
    assert person.future.done()


async def test_a_call_of_a_batch_can_be_promoted() -> None:
    limiter = make(max_concurrency=1)
    slot = await take(limiter)
    first, second = limiter.enqueue("batch", 0), limiter.enqueue("batch", 0)
    limiter.promote(second)
    limiter.promote(second)
    slot.release("ok")
    assert granted([first, second]) == [False, True]
    assert limiter.queued == 1


async def test_who_leaves_the_queue_or_its_slot_holds_nobody_up() -> None:
    limiter = make(max_concurrency=1)
    slot = await take(limiter)
    leaving = [asyncio.create_task(limiter.turn(limiter.enqueue("interactive", 0))) for _ in range(2)]
    staying = asyncio.create_task(limiter.turn(limiter.enqueue("interactive", 0)))
    await settle(2)
    leaving[0].cancel()
    slot.release("ok")  # leaving[1] gets it, and is cancelled before it knows
    leaving[1].cancel()
    await settle()
    assert staying.done()
    assert limiter.in_flight == 1
    assert limiter.queued == 0


async def test_when_a_large_call_leaves_the_small_ones_behind_it_go() -> None:
    limiter = make(tokens_per_minute=100)
    await take(limiter, tokens=60)
    large = asyncio.create_task(limiter.turn(limiter.enqueue("interactive", 90)))
    small = limiter.enqueue("interactive", 10)
    await settle(2)
    assert not small.future.done()
    large.cancel()
    await settle()
    assert small.future.done()


async def test_requests_a_minute_hold_within_any_minute() -> None:
    time = FakeTime()
    limiter = make(time, requests_per_minute=3)
    for _ in range(2):
        (await take(limiter)).release("ok")
    time.advance(50)
    (await take(limiter)).release("ok")
    waiting = [limiter.enqueue("batch", 0) for _ in range(3)]
    assert limiter.wait_s(0) == 10
    time.advance(9.9)
    assert not any(granted(waiting))
    time.advance(0.2)
    assert granted(waiting) == [True, True, False]
    time.advance(50)
    assert all(granted(waiting))


async def test_tokens_a_minute_are_corrected_by_what_was_used() -> None:
    time = FakeTime()
    limiter = make(time, tokens_per_minute=1000)
    slot = await take(limiter, tokens=900)
    waiting = limiter.enqueue("interactive", 500)
    assert not waiting.future.done()
    slot.release("ok", 100)
    assert waiting.future.done()


async def test_a_call_larger_than_a_whole_minute_waits_for_an_empty_one() -> None:
    time = FakeTime()
    limiter = make(time, tokens_per_minute=100)
    (await take(limiter, tokens=50)).release("ok")
    large = limiter.enqueue("interactive", 5000)
    time.advance(59)
    assert not large.future.done()
    time.advance(2)
    assert large.future.done()


async def test_a_call_that_was_not_made_counts_nothing() -> None:
    limiter = make(requests_per_minute=1, tokens_per_minute=10)
    (await take(limiter, tokens=10)).release("unused")
    (await take(limiter, tokens=10)).release("ok")
    assert limiter.wait_s(1) == 60


async def test_the_provider_s_headers_hold_calls_back_until_the_reset() -> None:
    time = FakeTime()
    limiter = make(time)
    slot = await take(limiter)
    slot.opened(RateLimits(requests_remaining=1, requests_reset_s=10))
    assert limiter.requests_left.left == 1
    waiting = [limiter.enqueue("batch", 0) for _ in range(2)]
    assert granted(waiting) == [True, False]
    time.advance(9)
    assert granted(waiting) == [True, False]
    time.advance(2)
    assert all(granted(waiting))
    assert limiter.requests_left.left is None


async def test_what_is_left_grows_until_the_reset() -> None:
    time = FakeTime()
    limiter = make(time)
    slot = await take(limiter, tokens=10)
    slot.opened(RateLimits(tokens_limit=1000, tokens_remaining=0, tokens_reset_s=100))
    assert limiter.wait_s(50) == 5
    waiting = limiter.enqueue("interactive", 50)
    time.advance(5)
    assert waiting.future.done()


async def test_calls_that_no_header_counts_yet_are_counted_here() -> None:
    limiter = make()
    first, second = await take(limiter), await take(limiter)
    first.opened(RateLimits(requests_remaining=2, requests_reset_s=60))
    third = limiter.enqueue("interactive", 0)
    fourth = limiter.enqueue("interactive", 0)
    assert granted([third, fourth]) == [True, False]
    second.opened(RateLimits(requests_remaining=5, requests_reset_s=60))
    second.release("ok")
    assert fourth.future.done()


async def test_who_would_wait_longer_than_it_can_is_told_at_once() -> None:
    time = FakeTime()
    limiter = make(time, requests_per_minute=1)
    (await take(limiter)).release("ok")
    with pytest.raises(NoRoom) as caught:
        await limiter.turn(limiter.enqueue("interactive", 0, patience_s=20))
    assert caught.value.wait_s == 60
    with pytest.raises(NoRoom):
        await limiter.turn(limiter.enqueue("interactive", 0, deadline=lambda: 59.0))
    assert not limiter.enqueue("interactive", 0, patience_s=60, deadline=lambda: 61.0).future.done()


def test_the_percentiles_are_those_of_the_nearest_rank() -> None:
    latency = Latency()
    for number in range(1, 101):
        latency.observe(number)
        assert (latency.percentile(0.95) is None) == (number < MIN_SAMPLES)
    assert (latency.percentile(0.5), latency.percentile(0.95)) == (50, 95)
    for _ in range(200):
        latency.observe(1)
    assert latency.percentile(0.95) == 1
