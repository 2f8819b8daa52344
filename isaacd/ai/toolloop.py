"""The loop of tools: ask, call what the model wants called, hand it the results, and ask again, to a limit."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from itertools import chain, count, groupby
from typing import Protocol

import anyio
import msgspec

from isaacd.ai.chat import Answer, Finish, Message, Piece, TextDelta, Tool, ToolCall, Usage
from isaacd.ai.router import PieceStream
from isaacd.clock import Clock

MAX_CALLS_PER_ROUND = 32
MAX_CALLS_AT_ONCE = 8
# An answer that ended so is not whole, and neither are the calls in it.
_CUT_SHORT = frozenset({"length", "content_filter"})


class Toolset(Protocol):
    """The tools of one request."""

    definitions: tuple[Tool, ...]

    def independent(self, call: ToolCall) -> bool:
        """Say whether a call may run beside others that are independent."""
        ...

    async def call(self, call: ToolCall) -> Message:
        """Run a call and return its result as a turn; what goes wrong is a result too."""
        ...


class Ask(Protocol):
    """Asks a model once, with all tools defined; `tool_choice` is `auto`, or `none` for the last word."""

    def __call__(self, turns: Sequence[Message], tools: tuple[Tool, ...], tool_choice: str) -> PieceStream:
        """Return the pieces of its answer."""
        ...


class ToolLoop(PieceStream):
    """An answer for which the model may call tools, at most in `max_rounds` rounds; then it has to answer without.

    The pieces of all rounds come in one stream: text as it is written, each call when it is complete, one Finish in
    the end. `answer` sums up what all rounds took; `turns` are those to be added to the conversation, results included,
    and `last_text` is the text of the last of them. `say` tells a person that the limit was reached.
    """

    def __init__(
        self,
        ask: Ask,
        messages: Sequence[Message],
        tools: Toolset,
        *,
        max_rounds: int,
        clock: Clock,
        say: Callable[[str], Awaitable[None]],
    ) -> None:
        self.turns: list[Message] = []
        self.last_text = ""
        self._ask = ask
        self._messages = tuple(messages)
        self._tools = tools
        self._max_rounds = max_rounds
        self._clock = clock
        self._say = say
        self._answers: list[Answer] = []
        self._text: list[str] = []
        self._ids: set[str] = set()
        self._spoken = 0  # the round that the last text belongs to
        self._pieces = self._run()

    async def _run(self) -> AsyncGenerator[Piece, None]:
        start = self._clock.monotonic()
        finish: Finish | None = None
        for number in range(self._max_rounds + 1):
            last = number == self._max_rounds
            if last:
                times = "once" if number == 1 else f"{number} times"
                await self._say(
                    f"the model has called tools {times}, which is the limit: now it has to answer"
                )
            async with self._ask(
                (*self._messages, *self.turns), self._tools.definitions, "none" if last else "auto"
            ) as stream:
                async for piece in stream:
                    if isinstance(piece, Finish):
                        finish = piece
                    elif not (last and isinstance(piece, ToolCall)):
                        for shown in self._spaced(piece):
                            yield shown
            assert finish is not None, "a stream ends with Finish, or raises"
            assert stream.answer is not None, "a stream that has ended has its answer"
            self._answers.append(stream.answer)
            self.last_text = stream.answer.text
            if last or not stream.answer.tool_calls or finish.reason in _CUT_SHORT:
                break
            await self._call_all(stream.answer)
        self.turns.append(Message("assistant", self.last_text, reasoning=self._answers[-1].reasoning))
        self.answer = self._whole((self._clock.monotonic() - start) * 1000)
        assert finish is not None, "there is at least one round"
        yield msgspec.structs.replace(finish, usage=self.answer.usage)

    def _spaced(self, piece: Piece) -> Iterator[Piece]:
        """Keep the text of two rounds apart."""
        if isinstance(piece, TextDelta) and piece.text:
            if self._spoken != len(self._answers) and self._text and not self._text[-1].endswith("\n"):
                self._text.append("\n\n")
                yield TextDelta("\n\n")
            self._spoken = len(self._answers)
            self._text.append(piece.text)
        yield piece

    async def _call_all(self, answer: Answer) -> None:
        """Run the calls of one round and add the turns: in their order, and side by side those that only read."""
        calls = [self._unique(call) for call in answer.tool_calls]
        remembered = tuple(_repeatable(call) for call in calls)
        said = Message("assistant", answer.text, tool_calls=remembered, reasoning=answer.reasoning)
        results: list[Message] = []
        for beside, group in groupby(calls[:MAX_CALLS_PER_ROUND], self._tools.independent):
            if beside:
                results += await self._side_by_side(list(group))
            else:
                for call in group:
                    results.append(await self._tools.call(call))
        results += [_too_many(call) for call in calls[MAX_CALLS_PER_ROUND:]]
        self.turns += [said, *results]

    async def _side_by_side(self, calls: Sequence[ToolCall]) -> list[Message]:
        results: list[Message | None] = [None] * len(calls)
        places = anyio.Semaphore(MAX_CALLS_AT_ONCE)

        async def run(index: int, call: ToolCall) -> None:
            async with places:
                results[index] = await self._tools.call(call)

        async with anyio.create_task_group() as group:
            for index, call in enumerate(calls):
                group.start_soon(run, index, call)
        return [result for result in results if result is not None]

    def _unique(self, call: ToolCall) -> ToolCall:
        """Give a call an id of its own: services refuse a conversation in which two are the same, or one is empty."""
        names = chain((call.id,), (f"call_{number}" for number in count(len(self._ids) + 1)))
        name = next(name for name in names if name and name not in self._ids)
        self._ids.add(name)
        return call if name == call.id else msgspec.structs.replace(call, id=name)

    def _whole(self, elapsed_ms: float) -> Answer:
        usages = [item.usage for item in self._answers if item.usage is not None]
        costs = [item.cost_usd for item in self._answers]
        known = [cost for cost in costs if cost is not None]
        return msgspec.structs.replace(
            self._answers[-1],
            text="".join(self._text),
            elapsed_ms=elapsed_ms,
            usage=total(usages) if usages else None,
            cost_usd=sum(known) if len(known) == len(costs) else None,
            attempts=tuple(attempt for item in self._answers for attempt in item.attempts),
            tool_calls=(),
        )


def total(usages: Sequence[Usage]) -> Usage:
    """Add up what several calls used; a price is stated only if all of them state one."""
    counted = [name for name in Usage.__struct_fields__ if name != "cost_usd"]
    stated = [usage.cost_usd for usage in usages if usage.cost_usd is not None]
    sums = {name: sum(getattr(usage, name) for usage in usages) for name in counted}
    return Usage(**sums, cost_usd=sum(stated) if len(stated) == len(usages) else None)


def _repeatable(call: ToolCall) -> ToolCall:
    """Return the call as later rounds repeat it: services refuse arguments that are no JSON object."""
    try:
        msgspec.json.decode(call.arguments, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return msgspec.structs.replace(call, arguments="{}")
    return call


def _too_many(call: ToolCall) -> Message:
    text = f"this call was not made: at most {MAX_CALLS_PER_ROUND} are in one round"
    return Message("tool", text, tool_call_id=call.id, is_error=True)
