"""Single flight: those who ask the same at the same time share one call, and none of them can stop it for the others."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from math import inf

import anyio

from isaacd.ai.chat import Answer, Piece
from isaacd.ai.choice import Choice
from isaacd.ai.meter import Lane
from isaacd.ai.routing.failure import another, broken
from isaacd.ai.routing.timers import Alarm, Timers, finished
from isaacd.errors import DeadlineExceeded, IsaacError, ServerCancelled, untraced

# How many pieces a call may be ahead of its fastest reader; more stay in the socket, and hold the provider back.
WINDOW = 256


class Reader:
    """One asker of a flight; `deadline` is on the clock of the router."""

    __slots__ = ("deadline",)

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline


class Flight:
    """One answer under way: its pieces so far, and its askers.

    `answer` or `error` is there when `done`. The call runs in a task of its own; it may be ahead of the fastest
    asker, never has to wait for a slow one, and is cancelled when the last asker leaves.
    """

    def __init__(self, choice: Choice, lane: Lane) -> None:
        self.choice = choice
        self.lane: Lane = lane
        self.pieces: list[Piece] = []
        self.answer: Answer | None = None
        self.error: IsaacError | None = None
        self.done = False
        self.on_promotion: Callable[[], None] | None = None
        self.on_empty: Callable[[], None] | None = None
        self._readers: dict[Reader, None] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._loop = asyncio.get_running_loop()
        self._furthest = 0
        self._room: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._claimed = False

    # The side of the askers.

    def join(self, deadline: float, lane: Lane) -> Reader:
        """Become one of the askers; a call of a batch for which a person waits now stands in the other lane."""
        reader = Reader(deadline)
        self._readers[reader] = None
        if lane == "interactive" and self.lane == "batch":
            self.lane = "interactive"
            if self.on_promotion is not None:
                self.on_promotion()
        return reader

    def taken(self, count: int) -> None:
        """Note that an asker has taken so many pieces."""
        if count > self._furthest:
            self._furthest = count
            if self._room is not None and len(self.pieces) - count <= WINDOW // 2:
                if not self._room.done():
                    self._room.set_result(None)
                self._room = None

    def more(self) -> asyncio.Future[None]:
        """Return what is done when there is another piece, or the end."""
        # A bare future, as this is waited for at nearly every piece.
        waiter = self._loop.create_future()
        self._waiting.append(waiter)
        return waiter

    async def more_within(self, timers: Timers, left_s: float) -> None:
        """Wait for another piece or the end; raises DeadlineExceeded after `left_s`."""
        waiter = self.more()
        with Alarm(timers, left_s) as alarm:
            await asyncio.wait((waiter, alarm), return_when=asyncio.FIRST_COMPLETED)
        if not waiter.done():
            waiter.cancel()
            raise broken(DeadlineExceeded("the answer was not whole in time"), self.pieces, ())

    async def leave(self, reader: Reader) -> None:
        """Stop asking; the last one who leaves stops the call, and waits until its connections are closed."""
        self._readers.pop(reader, None)
        if not self._readers and self.on_empty is not None:
            self.on_empty()
        if self._readers or self.done or self._task is None:
            return
        self._task.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.wait((self._task,))

    def claim(self) -> bool:
        """Return True to the first who asks, and False to all others."""
        claimed, self._claimed = self._claimed, True
        return not claimed

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits for it."""
        return bool(self._readers)

    # The side of the call.

    def deadline(self) -> float:
        """Return when the most patient asker loses patience."""
        return max((reader.deadline for reader in self._readers), default=-inf)

    def put(self, piece: Piece) -> bool:
        """Hand out a piece; returns whether the call is too far ahead and has to wait for `room`."""
        pieces = self.pieces
        pieces.append(piece)
        if self._waiting:
            self._wake()
        return len(pieces) - self._furthest > WINDOW

    async def room(self) -> None:
        """Wait until an asker has caught up."""
        if len(self.pieces) - self._furthest > WINDOW:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    def start(self, task: asyncio.Task[None]) -> None:
        """Take the task that makes the call."""
        self._task = task

    def land(self, error: IsaacError | None = None) -> None:
        """Say that this is the end."""
        self.error = error
        self.done = True
        self._wake()

    def let_go(self) -> None:
        """Hold on to nothing that made the call: it holds the flight, and a cycle waits for its collector."""
        self.on_promotion = None
        self._task = None

    def raise_error(self) -> None:
        """Raise the error of the call, if it has one, as an asker's own."""
        if self.error is not None:
            raise another(self.error)

    async def stop(self) -> None:
        """Cancel the call; its askers get ServerCancelled."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await finished(asyncio.wait((self._task,)))

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting.clear()


class Flights:
    """All answers under way."""

    def __init__(self) -> None:
        self._shared: dict[Hashable, Flight] = {}
        self._all: set[Flight] = set()

    def board(
        self,
        key: Hashable | None,
        begin: Callable[[], Flight],
        run: Callable[[Flight], Coroutine[object, object, None]],
    ) -> Flight:
        """Return the flight of those who ask the same, or begin one; with key None nobody shares it.

        `run` makes the call; it lands the flight by ending, or by the IsaacError that it raises.
        """
        flight = None if key is None else self._shared.get(key)
        # Also one that has ended, as long as somebody still reads it: what it brought may not be kept anywhere yet.
        if (
            flight is not None
            and flight.wanted
            and flight.error is None
            and (flight.answer or not flight.done)
        ):
            return flight
        flight = begin()
        if key is not None:
            self._shared[key] = flight
        self._all.add(flight)
        task = asyncio.create_task(self._fly(flight, run))
        task.add_done_callback(lambda _: self._landed(key, flight))
        flight.start(task)
        return flight

    async def aclose(self) -> None:
        """Cancel every call."""
        for flight in tuple(self._all):
            await flight.stop()

    async def _fly(self, flight: Flight, run: Callable[[Flight], Coroutine[object, object, None]]) -> None:
        try:
            await run(flight)
        except IsaacError as error:
            flight.land(untraced(error))
        else:
            flight.land()

    def _landed(self, key: Hashable | None, flight: Flight) -> None:
        # Not at the end of `_fly`: a task that is cancelled before its first step never comes there.
        self._all.discard(flight)
        if key is not None and self._shared.get(key) is flight:
            if flight.answer is not None and flight.wanted:
                flight.on_empty = lambda: self._forget(key, flight)
            else:
                self._forget(key, flight)
        if not flight.done:
            flight.land(ServerCancelled("the answer was stopped, for the daemon is stopping"))
        flight.let_go()

    def _forget(self, key: Hashable, flight: Flight) -> None:
        flight.on_empty = None
        if self._shared.get(key) is flight:
            del self._shared[key]
