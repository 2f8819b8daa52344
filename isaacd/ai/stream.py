"""The pieces of one answer as its asker gets them, whether it is the only one or not."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from math import inf
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import anyio
import msgspec

from isaacd.ai.chat import Answer, Finish, Piece
from isaacd.ai.choice import Choice
from isaacd.ai.meter import Lane

if TYPE_CHECKING:
    from isaacd.ai.routing.flight import Flight
    from isaacd.ai.routing.switchboard import Switchboard

# Where another asker joins late, the loop gets a turn at least so often.
_SLICE = 64


class PieceStream(AsyncIterator[Piece]):
    """The pieces of one answer, ending with its Finish; afterwards `answer` is the whole.

    Iterate it inside `async with`, or call `aclose`: leaving early stops whoever is answering at once.
    """

    answer: Answer | None = None
    _pieces: AsyncGenerator[Piece, None]

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Coroutine[Any, Any, Piece]:
        return self._pieces.__anext__()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop the provider, if it is still answering."""
        await self._pieces.aclose()

    async def whole(self) -> Answer:
        """Take all pieces that are left and return the answer."""
        async for _ in self._pieces:
            pass
        assert self.answer is not None  # or else the loop has raised
        return self.answer


class AnswerStream(PieceStream):
    """The answer of an AIRouter; nobody is called before the first piece is asked for.

    `choice` is who is asked first, and from the first piece on who answers. Those who ask the same at the same time
    share one call, which goes on until the last of them leaves. Raises what the provider raises, one error that tells
    of all providers if several have failed, and DeadlineExceeded. A provider that breaks off after its first piece
    raises too: `detail` then has `received_chars`, and `received` if text had arrived.
    """

    def __init__(
        self,
        board: "Switchboard",
        choice: Choice,
        board_flight: "Callable[[], Flight]",
        *,
        lane: Lane,
        deadline_s: float | None,
    ) -> None:
        self.choice = choice
        self._flight: Flight | None = None
        self._pieces = self._run(board, board_flight, lane, inf if deadline_s is None else deadline_s)

    def claim(self) -> bool:
        """Return True to exactly one of those who share the call, to whoever calls this first."""
        return self._flight is not None and self._flight.claim()

    async def _run(
        self, board: "Switchboard", board_flight: "Callable[[], Flight]", lane: Lane, within_s: float
    ) -> AsyncGenerator[Piece, None]:
        clock = board.clock
        start_s = clock.monotonic()
        deadline = start_s + min(within_s, anyio.current_effective_deadline() - anyio.current_time())
        flight = self._flight = board_flight()
        reader = flight.join(deadline, lane)
        at = 0
        try:
            while True:
                fresh = flight.pieces[at : at + _SLICE]
                if fresh:
                    at += len(fresh)
                    flight.taken(at)
                    self.choice = flight.choice
                    for piece in fresh:
                        if type(piece) is Finish:
                            self._end(flight, (clock.monotonic() - start_s) * 1000)
                        yield piece
                elif self.answer is not None:
                    return
                elif flight.done:
                    flight.raise_error()
                elif deadline == inf:
                    await flight.more()
                else:
                    await flight.more_within(board.timers, deadline - clock.monotonic())
        finally:
            await flight.leave(reader)

    def _end(self, flight: "Flight", elapsed_ms: float) -> None:
        assert flight.answer is not None  # it is put down before the Finish
        self.answer = msgspec.structs.replace(flight.answer, elapsed_ms=elapsed_ms)
