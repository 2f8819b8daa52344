"""Time and chance for the router, both in the hand of the test."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Any


class FakeTimer:
    def __init__(self, due: float, callback: Callable[[], object]) -> None:
        self.due = due
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeTime:
    """A clock and its timers: nothing rings before the test lets the time pass."""

    def __init__(self, now: float = 1_750_000_000.0) -> None:
        self.ticks = 0.0
        self._offset = now
        self._heap: list[tuple[float, int, FakeTimer]] = []
        self._order = itertools.count()
        self._armed = asyncio.Event()

    def now(self) -> float:
        return self._offset + self.ticks

    def monotonic(self) -> float:
        return self.ticks

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> FakeTimer:
        timer = FakeTimer(self.ticks + delay_s, callback)
        heapq.heappush(self._heap, (timer.due, next(self._order), timer))
        self._armed.set()
        return timer

    def pending(self) -> list[float]:
        """Return in how many seconds timers will ring."""
        return [
            due - self.ticks
            for due, _, timer in sorted(self._heap, key=lambda item: item[:2])
            if not timer.cancelled
        ]

    async def armed(self) -> float:
        """Wait until something is waited for, and return for how long."""
        async with asyncio.timeout(10):
            while not (pending := self.pending()):
                self._armed.clear()
                await self._armed.wait()
        return pending[0]

    def advance(self, seconds: float) -> None:
        """Let the time pass; timers ring in their order, each at its moment."""
        end = self.ticks + seconds
        while self._heap and self._heap[0][0] <= end:
            due, _, timer = heapq.heappop(self._heap)
            if not timer.cancelled:
                self.ticks = max(self.ticks, due)
                timer.callback()
        self.ticks = end

    async def pass_(self, seconds: float) -> None:
        """Let the time pass, and everybody do what they then do."""
        self.advance(seconds)
        await settle()


async def settle(rounds: int = 60) -> None:
    """Give every task that can run its turns; nothing here waits for the outside."""
    for _ in range(rounds):
        await asyncio.sleep(0)


def chance(*numbers: float) -> Callable[[], float]:
    """Return randomness that is known: these numbers, and then the last of them for ever."""
    left: Any = itertools.chain(numbers, itertools.repeat(numbers[-1]))
    return lambda: next(left)
