"""Questions to the person at the other end: one at a time, numbered, so that no answer can be taken for another's."""

from collections.abc import Awaitable, Callable, Mapping

import anyio

MAX_ANSWER_BYTES = 1024 * 1024


class Questions:
    """The questions of one run; `emit` sends an event of it."""

    def __init__(self, emit: Callable[[str, object], Awaitable[None]]) -> None:
        self._emit = emit
        self._turn = anyio.Lock()
        self._number = 0
        self._answered: anyio.Event | None = None
        self._answer = b""
        self._ended = False

    async def ask(self, kind: str, data: Mapping[str, object], timeout_s: float | None) -> bytes:
        """Ask and return the answer; no bytes at all if there is none, or none in time."""
        async with self._turn:
            if self._ended:
                return b""
            self._number += 1
            self._answer = b""
            self._answered = anyio.Event()
            try:
                await self._emit(kind, {**data, "question": self._number})
                with anyio.move_on_after(timeout_s):
                    await self._answered.wait()
            finally:
                self._answered = None
            return self._answer

    def answer(self, number: int, answer: bytes) -> bool:
        """Take an answer; False if that question is not open (any more), or the answer is too long."""
        waiting = self._answered
        if waiting is None or waiting.is_set() or number != self._number or len(answer) > MAX_ANSWER_BYTES:
            return False
        self._answer = answer
        waiting.set()
        return True

    def end(self) -> None:
        """Note that no answer can come any more."""
        self._ended = True
        if self._answered is not None:
            self._answered.set()
