"""Waiting as an argument, so that tests can make hours pass at once."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Protocol, TypeVar

T = TypeVar("T")


class Handle(Protocol):
    """Something that will happen unless it is cancelled."""

    def cancel(self) -> None:
        """Let it not happen; does nothing if it has."""
        ...


class Timers(Protocol):
    """Lets something happen later."""

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Handle:
        """Call `callback` once, `delay_s` seconds from now."""
        ...


class LoopTimers:
    """The timers of the running event loop."""

    __slots__ = ()

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Handle:
        """Call `callback` once, `delay_s` seconds from now."""
        return asyncio.get_running_loop().call_later(delay_s, callback)


class Alarm:
    """A future that is done after some time; use it as a context manager, so that none is left behind."""

    __slots__ = ("_handle", "future")

    def __init__(self, timers: Timers, delay_s: float) -> None:
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._handle = timers.call_later(max(0.0, delay_s), self._ring)

    def __enter__(self) -> asyncio.Future[None]:
        return self.future

    def __exit__(self, *_: object) -> None:
        self._handle.cancel()
        self.future.cancel()

    def _ring(self) -> None:
        if not self.future.done():
            self.future.set_result(None)


async def sleep(timers: Timers, delay_s: float) -> None:
    """Wait for some time."""
    with Alarm(timers, delay_s) as alarm:
        await alarm


async def finished(work: Awaitable[T]) -> tuple[T, bool]:
    """Let `work` end whatever happens, and return its result and whether the caller was cancelled meanwhile.

    A caller that was cancelled has to stop as soon as it has put down what `work` left in its hands.
    """
    task = asyncio.ensure_future(work)
    cancelled = False
    while True:
        try:
            return await asyncio.shield(task), cancelled
        except asyncio.CancelledError:
            if task.cancelled():
                raise
            cancelled = True


def at_once(work: Coroutine[object, object, T]) -> T:
    """Run what never waits to its end; it needs no task of its own, as nothing can come in between."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    work.close()
    raise AssertionError("it waits, although it says that it never does")
