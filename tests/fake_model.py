"""A model whose every round is written down beforehand, for what stands above a router."""

from collections.abc import AsyncGenerator, Sequence

import msgspec

from isaacd.ai.chat import (
    Answer,
    Attempt,
    Finish,
    Message,
    Piece,
    Reasoning,
    ReasoningDelta,
    TextDelta,
    Tool,
    ToolCall,
    Usage,
)
from isaacd.ai.router import PieceStream
from isaacd.errors import IsaacError


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What the model says in one round; `error` breaks the round off after the text."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    thought: str = ""
    reason: str | None = None
    cost_usd: float | None = 0.25
    usage: Usage | None = Usage(input_tokens=10, output_tokens=2)
    error: IsaacError | None = None


class FakeModel:
    """Says what it is told to, round by round; the last of it for ever."""

    def __init__(self, *rounds: Said) -> None:
        self.rounds = list(rounds)
        self.asked: list[tuple[tuple[Message, ...], tuple[Tool, ...], str]] = []
        self.closed = 0

    def __call__(self, turns: Sequence[Message], tools: tuple[Tool, ...], tool_choice: str) -> PieceStream:
        said = self.rounds[min(len(self.asked), len(self.rounds) - 1)]
        self.asked.append((tuple(turns), tools, tool_choice))
        return _Round(self, said)


class _Round(PieceStream):
    def __init__(self, model: FakeModel, said: Said) -> None:
        self._pieces = self._run(model, said)

    async def _run(self, model: FakeModel, said: Said) -> AsyncGenerator[Piece, None]:
        try:
            if said.thought:
                yield ReasoningDelta(said.thought, "seal")
            for letter in said.text:
                yield TextDelta(letter)
            if said.error is not None:
                raise said.error
            for call in said.calls:
                yield call
            reason = said.reason or ("tool_calls" if said.calls else "stop")
            self.answer = Answer(
                text=said.text,
                provider="fake",
                model="m",
                chosen="first",
                finish_reason=reason,
                elapsed_ms=1.0,
                usage=said.usage,
                tool_calls=said.calls,
                reasoning=(Reasoning(said.thought, "seal", "fake"),) if said.thought else (),
                cost_usd=said.cost_usd,
                attempts=(Attempt(provider="fake", model="m", outcome="ok", elapsed_ms=1.0),),
            )
            yield Finish(reason=reason, model="m", usage=said.usage)
        finally:
            model.closed += 1
