"""Laws of AI providers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from isaacd.ai.chat import ChatRequest, Finish, Opened, Piece, ReasoningDelta, TextDelta, ToolCall
from isaacd.ai.provider import Provider
from isaacd.errors import IsaacError


async def check_provider(provider: Provider, request: ChatRequest, other: ChatRequest | None = None) -> None:
    """Check that a provider keeps the laws of `isaacd.ai.provider.Provider`; raises AssertionError if not.

    The provider must answer `request`, and `other` if given, the same way each time. It is not closed. Runs on
    asyncio.
    """
    alone = await collect_pieces(provider, request)
    other = other or request
    alone_too = alone if other is request else await collect_pieces(provider, other)
    together = await _interleave(provider.stream(request), provider.stream(other))
    assert text_of(together[0]) == text_of(alone), "two streams at once must not mix"
    assert text_of(together[1]) == text_of(alone_too), "two streams at once must not mix"
    await _check_early_close(provider, request)


async def collect_pieces(provider: Provider, request: ChatRequest) -> list[Piece]:
    """Return all pieces of an answer, after checking their form and order; raises AssertionError or IsaacError."""
    pieces: list[Piece] = []
    try:
        async for piece in provider.stream(request):
            assert not pieces or not isinstance(pieces[-1], Finish), "nothing may follow Finish"
            assert not pieces or not isinstance(piece, Opened), "Opened comes first, or not at all"
            _check_piece(piece)
            pieces.append(piece)
    except (IsaacError, AssertionError):
        raise
    except Exception as error:
        raise AssertionError(f"a provider raises only IsaacError, not {type(error).__name__}") from error
    assert pieces, "a stream must end with Finish, or raise"
    assert isinstance(pieces[-1], Finish), "a stream must end with Finish, or raise"
    return pieces


def text_of(pieces: list[Piece]) -> str:
    """Return the text of an answer, without the reasoning."""
    return "".join(piece.text for piece in pieces if isinstance(piece, TextDelta))


def _check_piece(piece: object) -> None:
    known = isinstance(piece, Opened | TextDelta | ReasoningDelta | ToolCall | Finish)
    assert known, f"{type(piece).__name__} is no piece"
    if isinstance(piece, Opened):
        return
    if isinstance(piece, ToolCall):
        assert piece.name, "a tool call must name a tool"
        assert piece.id, "a tool call must have an id, so that its result can be told apart"
    elif isinstance(piece, Finish):
        assert piece.reason, "Finish must have a reason"
        assert piece.model, "Finish must name a model"
        assert all(0 <= item.confidence <= 1 for item in piece.candidates), (
            "a confidence lies between 0 and 1"
        )
    else:
        assert isinstance(piece, TextDelta | ReasoningDelta)
        assert isinstance(piece.text, str), "a delta must hold text"
        sealed = isinstance(piece, ReasoningDelta) and piece.signature
        assert piece.text or sealed, "a delta must not be empty"


async def _interleave(*streams: AsyncIterator[Piece]) -> list[list[Piece]]:
    """Take one piece of each stream in turn until all have ended."""
    pieces: list[list[Piece]] = [[] for _ in streams]
    running = dict(enumerate(streams))
    while running:
        for number, stream in tuple(running.items()):
            try:
                pieces[number].append(await anext(stream))
            except StopAsyncIteration:
                del running[number]
    return pieces


async def _check_early_close(provider: Provider, request: ChatRequest) -> None:
    with _offspring() as tasks:
        stream = provider.stream(request)
        await anext(stream)
        close = getattr(stream, "aclose", None)
        assert close is not None, "the iterator of a stream must have aclose, as an async generator has"
        await close()
        left = [task for task in tasks if not task.done()]
        if left:
            _, still = await asyncio.wait(left, timeout=1)
            assert not still, f"a stream that was closed early left tasks running: {still}"
    assert await anext(stream, None) is None, "a stream that was closed must stay closed"


@contextmanager
def _offspring() -> Iterator[set[asyncio.Future[Any]]]:
    """Collect the tasks that this one starts, and those that they start; a server in the same loop is not ours."""
    loop = asyncio.get_running_loop()
    factory = loop.get_task_factory()
    family: set[asyncio.Future[Any] | None] = {asyncio.current_task()}
    tasks: set[asyncio.Future[Any]] = set()

    def create(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> Any:
        task = asyncio.Task(coro, loop=loop, **options) if factory is None else factory(loop, coro, **options)
        if asyncio.current_task() in family:
            family.add(task)
            tasks.add(task)
        return task

    loop.set_task_factory(create)
    try:
        yield tasks
    finally:
        loop.set_task_factory(factory)
