"""A sleep that ends when a fake clock is moved far enough."""

import asyncio

from tests.fake_time import FakeTime


class FakeSleep:
    """Sleeps by the timers of a `FakeTime`."""

    def __init__(self, time: FakeTime) -> None:
        self._time = time

    async def __call__(self, seconds: float) -> None:
        woken = asyncio.Event()
        timer = self._time.call_later(seconds, woken.set)
        try:
            await woken.wait()
        finally:
            timer.cancel()
