"""Somebody who answers conversations: in pieces, not at all, or halfway."""

from collections.abc import AsyncGenerator, Sequence

import anyio

from isaacd.ai.chat import Answer, Finish, Message, Piece, TextDelta, Usage
from isaacd.ai.router import PieceStream
from isaacd.answers.asking import Asking
from isaacd.errors import IsaacError


class _Stream(PieceStream):
    def __init__(self, answers: "FakeAnswers", messages: Sequence[Message]) -> None:
        self._answers = answers
        self._pieces = self._run(messages)

    async def _run(self, messages: Sequence[Message]) -> AsyncGenerator[Piece, None]:
        said = self._answers.next(messages)
        for text in said:
            if isinstance(text, IsaacError):
                raise text
            if text is None:
                self._answers.waiting.set()
                await anyio.sleep_forever()
            yield TextDelta(text)
        self.answer = Answer(
            text="".join(said),
            provider="fake",
            model=self._answers.model,
            chosen="configured",
            finish_reason="stop",
            elapsed_ms=1.0,
            usage=self._answers.usage,
        )
        yield Finish(reason="stop", model=self._answers.model, usage=self._answers.usage)


class FakeAnswers:
    """Says each of `lines` in turn: its texts, an error instead of one, or None to wait for ever."""

    def __init__(self, *lines: Sequence[str | IsaacError | None]) -> None:
        self.lines = list(lines)
        self.model = "m-1"
        self.usage: Usage | None = None
        self.asked: list[tuple[tuple[Message, ...], Asking]] = []
        self.waiting = anyio.Event()

    def stream(self, messages: Sequence[Message], asking: Asking | None = None) -> PieceStream:
        self.asked.append((tuple(messages), asking or Asking()))
        return _Stream(self, messages)

    def next(self, messages: Sequence[Message]) -> list[str | IsaacError | None]:
        if self.lines:
            return list(self.lines.pop(0))
        return ["re: ", messages[-1].content[:40]]

    def sent(self, number: int = -1) -> list[tuple[str, str]]:
        """What was sent for one answer, as (role, text)."""
        return [(message.role, message.content) for message in self.asked[number][0]]
