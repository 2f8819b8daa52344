"""From a request and its route to a stream; and many of them at once."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
import msgspec

from isaacd.ai.chat import Answer, ChatRequest, Message
from isaacd.ai.options import Options
from isaacd.ai.route import Route
from isaacd.ai.routing.answering import Answering
from isaacd.ai.routing.flight import Flight
from isaacd.ai.routing.switchboard import Switchboard, View
from isaacd.ai.stream import AnswerStream
from isaacd.errors import InvalidParams, IsaacError

Question = str | Sequence[Message] | ChatRequest
Q = TypeVar("Q")


def open_stream(
    board: Switchboard, view: View, route: Route, request: ChatRequest, options: Options
) -> AnswerStream:
    """Make the stream that asks, or that joins those who ask the same; nothing happens before it is read."""
    lane = options.get("lane", "interactive")
    shared = options.get("share", True) and not request.temperature

    def board_flight() -> Flight:
        return board.flights.board(
            _key(board, view, route, request) if shared else None,
            lambda: Flight(route.choices[0], lane),
            lambda flight: Answering(board, view, route, request, flight).run(),
        )

    return AnswerStream(
        board, route.choices[0], board_flight, lane=lane, deadline_s=options.get("deadline_s")
    )


def _key(board: Switchboard, view: View, route: Route, request: ChatRequest) -> object:
    """Return what is the same for the same question to the same providers with the same keys."""
    asked = tuple((view.identity(choice, board.pool), choice.model) for choice in route.choices)
    return route.strategy, asked, blake2b(msgspec.msgpack.encode(request), digest_size=32).digest()


async def ask_all(
    chat: Callable[..., Awaitable[Answer]], questions: Iterable[Question], limit: int, options: Options
) -> list[Answer | IsaacError]:
    """Ask all questions, `limit` at once, with what each says itself laid over the options."""

    async def one(question: Question) -> Answer:
        messages, merged = _options(question, options)
        return await chat(messages, **merged)

    return await ask_many(one, questions, limit)


async def ask_many(
    ask: Callable[[Q], Awaitable[Answer]],
    questions: Iterable[Q],
    limit: int,
    on_done: Callable[[Answer | IsaacError], Awaitable[None]] | None = None,
) -> list[Answer | IsaacError]:
    """Ask all questions, `limit` at once; those who ask are no more than that, however many questions there are.

    Return an answer or an error for each, in their order. Raises InvalidParams for a limit below 1.
    """
    if limit < 1:
        raise InvalidParams("limit is 1 or more")
    answers: dict[int, Answer | IsaacError] = {}
    waiting = enumerate(questions)

    async def work(first: int, question: Q) -> None:
        for number, item in _then((first, question), waiting):
            try:
                answers[number] = await ask(item)
            except IsaacError as error:
                answers[number] = error
            if on_done is not None:
                await on_done(answers[number])

    async with anyio.create_task_group() as group:
        for _, (number, question) in zip(range(limit), waiting, strict=False):
            group.start_soon(work, number, question)
            # What is written goes out at the end of a turn of the loop: without one for each, the first question
            # would leave together with the last.
            await anyio.lowlevel.checkpoint()
    return [answers[number] for number in range(len(answers))]


def _then(first: tuple[int, Q], rest: Iterator[tuple[int, Q]]) -> Iterator[tuple[int, Q]]:
    yield first
    yield from rest


def _options(question: Question, options: Options) -> tuple[str | Sequence[Message], dict[str, Any]]:
    """Return the turns of a question, and the options with what it says itself laid over them."""
    merged: dict[str, Any] = {"lane": "batch", **options}
    if not isinstance(question, ChatRequest):
        return question, merged
    for name in ChatRequest.__struct_fields__:
        value = getattr(question, name)
        if name not in ("messages", "prompt_cache") and value != _DEFAULTS[name]:
            merged[name] = value
    return question.messages, merged


_DEFAULTS = msgspec.structs.asdict(ChatRequest(messages=()))
