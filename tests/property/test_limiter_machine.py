"""The limiter under any order of coming, leaving, ending and waiting."""

import asyncio
from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from isaacd.ai.meter import Lane
from isaacd.ai.routing.limiter import INTERACTIVE_SHARE, Limiter, Slot, Waiter
from isaacd.ai.routing.rates import MINUTE_S
from isaacd.config import ProviderConfig
from tests.fake_time import FakeTime

LANES: tuple[Lane, Lane] = ("interactive", "batch")


class LimiterMachine(RuleBasedStateMachine):
    """Waiters are tasks, so that cancellation meets every moment of their wait."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.lines: dict[Lane, deque[asyncio.Task[Slot]]] = {lane: deque() for lane in LANES}
        self.held: list[Slot] = []
        self.granted_at: list[float] = []
        self.since_batch = 0

    @initialize(concurrency=st.none() | st.integers(1, 5), per_minute=st.none() | st.integers(1, 6))
    def start(self, concurrency: int | None, per_minute: int | None) -> None:
        self.time = FakeTime()
        self.per_minute = per_minute
        self.config = ProviderConfig(max_concurrency=concurrency, requests_per_minute=per_minute)
        self.limiter = Limiter(self.config, self.time.monotonic, self.time)

    def turns(self, count: int = 6) -> None:
        """Let the loop run, and take note of who got a slot meanwhile."""

        async def some() -> None:
            for _ in range(count):
                await asyncio.sleep(0)

        self.loop.run_until_complete(some())
        for line in self.lines.values():
            # First come, first served: nobody has a slot while one before it in its lane has none.
            states = [task.done() for task in line]
            assert states == sorted(states, reverse=True)
            while line and line[0].done():
                self.held.append(line.popleft().result())

    @rule(lane=st.sampled_from(LANES), count=st.integers(1, 4))
    def come(self, lane: Lane, count: int) -> None:
        async def wait(waiter: Waiter) -> Slot:
            slot = await self.limiter.turn(waiter)
            self.granted_at.append(self.time.monotonic())
            return slot

        async def begin() -> None:
            for _ in range(count):
                waiter = self.limiter.enqueue(lane, 1)
                self.lines[lane].append(self.loop.create_task(wait(waiter)))

        self.loop.run_until_complete(begin())
        self.turns()

    @precondition(lambda self: any(self.lines.values()))
    @rule(data=st.data(), turns=st.integers(0, 2))
    def leave(self, data: st.DataObject, turns: int) -> None:
        lane = data.draw(st.sampled_from([lane for lane in LANES if self.lines[lane]]))
        line = self.lines[lane]
        index = data.draw(st.integers(0, len(line) - 1))
        task = line[index]
        if self.held and data.draw(st.booleans()):
            self.held.pop().release("ok")  # it may get its slot in the very moment it leaves
        task.cancel()
        del line[index]
        self.loop.run_until_complete(asyncio.wait([task]))
        assert task.cancelled()
        self.turns(turns)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), verdict=st.sampled_from(["ok", "ok", "neutral", "overload", "unused"]))
    def end(self, data: st.DataObject, verdict: str) -> None:
        slot = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        slot.release(verdict)  # type: ignore[arg-type]
        self.turns()

    @rule(seconds=st.sampled_from([1.0, 20.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.time.advance(seconds)
        self.turns()

    @invariant()
    def nobody_waits_without_a_reason(self) -> None:
        if not hasattr(self, "limiter"):
            return
        self.turns()
        limiter = self.limiter
        assert limiter.in_flight == len(self.held)
        assert limiter.queued == sum(map(len, self.lines.values()))
        if limiter.queued:
            assert limiter.in_flight >= limiter.limit or (limiter.wait_s(1) > 0 and self.time.pending())

    @invariant()
    def the_limits_hold(self) -> None:
        if not hasattr(self, "limiter"):
            return
        assert self.limiter.limit >= 1
        if self.config.max_concurrency is not None:
            assert len(self.held) <= self.config.max_concurrency
        if self.per_minute is not None and self.limiter._requests is not None:
            now = self.time.monotonic()
            recent = [at for at in self.granted_at if at > now - MINUTE_S]
            unused = len(recent) - sum(
                1 for entry in self.limiter._requests._entries if entry.amount and entry.at_s > now - MINUTE_S
            )
            assert len(recent) - max(0, unused) <= self.per_minute

    def teardown(self) -> None:
        if hasattr(self, "limiter"):
            # Everybody gets a turn in the end: no wake-up was lost, and nobody starves.
            for _ in range(400):
                if not self.limiter.queued and not self.held:
                    break
                for slot in self.held:
                    slot.release("ok")
                self.held.clear()
                self.time.advance(61.0)
                self.turns()
            assert not self.limiter.queued
            assert not self.limiter.in_flight
        self.loop.close()


LimiterMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLimiter = LimiterMachine.TestCase


def test_under_a_flood_of_either_kind_the_other_gets_its_share() -> None:
    async def flood() -> list[str]:
        time = FakeTime()
        limiter = Limiter(ProviderConfig(max_concurrency=1), time.monotonic, time)
        order: list[str] = []

        async def work(lane: Lane) -> None:
            slot = await limiter.turn(limiter.enqueue(lane, 0))
            order.append(lane)
            await asyncio.sleep(0)
            slot.release("ok")

        async with asyncio.TaskGroup() as group:
            for lane in ("batch", "interactive"):
                for _ in range(200):
                    group.create_task(work(lane))  # type: ignore[arg-type]
        return order

    order = asyncio.run(flood())
    both = order[: order.index("interactive") + 200]
    for at in range(len(both) - INTERACTIVE_SHARE - 1):
        assert set(both[at : at + INTERACTIVE_SHARE + 1]) == {"interactive", "batch"} or at == 0
