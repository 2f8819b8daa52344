"""Single flight: askers of one key share one computation, and it lives as long as somebody waits for it."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from isaacd.errors import Cancelled

T = TypeVar("T")


class Flight(Generic[T]):
    """One computation under way.

    `void` means that its key was invalidated or set in the meantime: those who wait get the result, nobody else.
    """

    __slots__ = ("key", "tags", "task", "void", "waiting")

    def __init__(self, key: str, tags: Sequence[str]) -> None:
        self.key = key
        self.tags = tags
        self.void = False
        self.waiting = 0
        self.task: asyncio.Task[T]


class Flights(Generic[T]):
    """The computations under way; at most one for each key that new askers may join."""

    def __init__(self) -> None:
        self._open: dict[str, Flight[T]] = {}
        # The loop holds tasks only weakly, and some outlive their place in `_open`.
        self._tasks: set[asyncio.Task[T]] = set()

    def find(self, key: str) -> Flight[T] | None:
        """Return the computation that an asker of `key` may join."""
        return self._open.get(key)

    def launch(
        self, key: str, tags: Sequence[str], work: Callable[[Flight[T]], Coroutine[Any, Any, T]]
    ) -> Flight[T]:
        """Start the computation of a key that has none; wait for it with `wait`, or keep it with `hold`."""
        flight = self._open[key] = Flight[T](key, tags)
        flight.task = asyncio.create_task(work(flight), name=f"cache computes {key[:60]}")
        self._tasks.add(flight.task)
        flight.task.add_done_callback(lambda task: self._landed(flight, task))
        return flight

    def hold(self, flight: Flight[T]) -> None:
        """Let the cache itself wait: the flight goes on when all askers have left."""
        flight.waiting += 1

    async def wait(self, flight: Flight[T]) -> T:
        """Return the result, or raise as the computation did; the last asker to be cancelled cancels it."""
        if flight.task is asyncio.current_task():
            raise RuntimeError(f"the computation of {flight.key!r} asks the cache for its own key")
        flight.waiting += 1
        try:
            # Unlike an await of the task, this is cancelled only when the asker itself is.
            await asyncio.wait((flight.task,))
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._drop(flight)
                flight.task.cancel()
        if flight.task.cancelled():
            raise Cancelled("the computation was cancelled from within")
        return flight.task.result()

    def void(self, concerns: Callable[[Flight[T]], bool]) -> None:
        """Keep the results of these computations from being kept, and new askers from joining them."""
        for flight in [flight for flight in self._open.values() if concerns(flight)]:
            self._drop(flight)

    async def aclose(self) -> None:
        """Cancel everything and wait until it has ended."""
        for flight in list(self._open.values()):
            self._drop(flight)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    def _drop(self, flight: Flight[T]) -> None:
        flight.void = True
        if self._open.get(flight.key) is flight:
            del self._open[flight.key]

    def _landed(self, flight: Flight[T], task: asyncio.Task[T]) -> None:
        if self._open.get(flight.key) is flight:
            del self._open[flight.key]
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # else asyncio reports an error that nobody was left to see
