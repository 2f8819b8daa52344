"""Asking from outside of the daemon: the names of AIRouter and Answers, as requests to it."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NoReturn, Unpack

import anyio

from isaacd.ai.chat import Answer, Message, Piece
from isaacd.ai.options import AnyOptions, Options
from isaacd.ai.provider import ModelCard
from isaacd.ai.stream import PieceStream
from isaacd.answers.asking import Asking
from isaacd.errors import InvalidParams, IsaacError, NotFound, PermissionDenied
from isaacd.plugin.isolation.link import Link
from isaacd.plugin.isolation.terms import Pieces

Turns = str | Sequence[Message]
_BATCH_LIMIT = 32


class GuestStream(PieceStream):
    """The pieces of an answer, taken from the daemon one after another."""

    def __init__(self, link: Link, call: int, method: str, messages: Turns, how: object) -> None:
        self._pieces = self._run(link, call, method, messages, how)

    async def _run(
        self, link: Link, call: int, method: str, messages: Turns, how: object
    ) -> AsyncGenerator[Piece, None]:
        number = await link.ask(int, method, call, messages, how)
        try:
            while self.answer is None:
                some = await link.ask(Pieces, "pieces", call, number)
                self.answer = some.answer
                for piece in some.pieces:
                    yield piece
        finally:
            if self.answer is None:
                link.tell("pieces.close", call, number)


class GuestRouter:
    """AIRouter from outside of the daemon: asking, and what can be asked."""

    def __init__(self, link: Link, call: int) -> None:
        self._link = link
        self._call = call

    def stream(self, messages: Turns, **options: Unpack[Options]) -> GuestStream:
        """Answer piece by piece; a lone string is one question."""
        return GuestStream(self._link, self._call, "ai.stream", messages, options)

    async def chat_async(self, messages: Turns, **options: Unpack[Options]) -> Answer:
        """Answer as a whole."""
        return await self._link.ask(Answer, "ai.chat", self._call, messages, options)

    async def query_with_fallback(
        self, messages: Turns, providers: Sequence[str], **options: Unpack[AnyOptions]
    ) -> Answer:
        """Ask one provider after another, until one answers."""
        options.setdefault("strategy", "fallback")
        return await self.chat_async(messages, **options, providers=providers)

    async def batch_query(
        self, questions: Sequence[Turns], *, limit: int = _BATCH_LIMIT, **options: Unpack[Options]
    ) -> list[Answer | IsaacError]:
        """Answer many questions, at most `limit` at once; each has its answer or its error, in the given order."""
        return await _each(questions, limit, lambda turns: self.chat_async(turns, **options))

    async def models(self, provider: str) -> Sequence[ModelCard]:
        """Ask a provider which models it has."""
        return await self._link.ask(list[ModelCard], "ai.models", self._call, provider)

    @asynccontextmanager
    async def lend(self, choice: object) -> AsyncGenerator[NoReturn, None]:
        """Refuse: a provider is not lent out of the daemon."""
        raise PermissionDenied("a provider is not lent to isolated plugins")
        yield  # type: ignore[unreachable]  # it is a generator by this


class GuestAnswers:
    """Answers with a memory, from outside of the daemon."""

    def __init__(self, link: Link, call: int) -> None:
        self._link = link
        self._call = call

    def stream(self, messages: Turns, asking: Asking | None = None) -> GuestStream:
        """Answer piece by piece; what had been kept comes as one piece."""
        return GuestStream(self._link, self._call, "answers.stream", messages, asking)

    async def chat(self, messages: Turns, asking: Asking | None = None) -> Answer:
        """Answer as a whole."""
        return await self._link.ask(Answer, "answers.chat", self._call, messages, asking)

    async def batch(
        self,
        requests: Sequence[Turns],
        asking: Asking | None = None,
        *,
        limit: int = _BATCH_LIMIT,
        on_done: Callable[[Answer | IsaacError], Any] | None = None,
    ) -> list[Answer | IsaacError]:
        """Answer many questions, at most `limit` at once, in the given order."""

        async def one(turns: Turns) -> Answer:
            return await self.chat(turns, asking)

        return await _each(requests, limit, one, on_done)


async def _each(
    questions: Sequence[Turns],
    limit: int,
    ask: Callable[[Turns], Any],
    on_done: Callable[[Answer | IsaacError], Any] | None = None,
) -> list[Answer | IsaacError]:
    if limit < 1:
        raise InvalidParams("`limit` must be at least 1")
    found: list[Answer | IsaacError] = [NotFound("not asked")] * len(questions)
    limiter = anyio.CapacityLimiter(limit)

    async def one(index: int) -> None:
        async with limiter:
            try:
                found[index] = await ask(questions[index])
            except IsaacError as error:
                found[index] = error
        if on_done is not None:
            await on_done(found[index])

    async with anyio.create_task_group() as group:
        for index in range(len(questions)):
            group.start_soon(one, index)
    return found
