"""The conformance check of providers: it must notice what it is there to notice."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from isaacd.ai.chat import ChatRequest, Finish, Message, TextDelta
from isaacd.testing import check_provider

pytestmark = pytest.mark.anyio

QUESTION = ChatRequest(messages=(Message("user", "why?"),))
FINISH = Finish(reason="stop", model="m")


class Made:
    """A provider whose stream is the given function."""

    name = "made"

    def __init__(self, stream: Callable[[ChatRequest], AsyncGenerator[Any, None]]) -> None:
        self.stream = stream

    async def aclose(self) -> None:
        """Nothing to close."""


def yielding(*pieces: object) -> Made:
    async def stream(request: ChatRequest) -> AsyncGenerator[Any, None]:
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    return Made(stream)


async def test_a_good_provider_passes() -> None:
    await check_provider(yielding(TextDelta("a"), FINISH), QUESTION)


@pytest.mark.parametrize(
    ("provider", "law"),
    [
        (yielding(), "must end with Finish"),
        (yielding(TextDelta("a")), "must end with Finish"),
        (yielding(FINISH, TextDelta("a")), "nothing may follow"),
        (yielding(FINISH, FINISH), "nothing may follow"),
        (yielding("a", FINISH), "is no piece"),
        (yielding(TextDelta(""), FINISH), "must not be empty"),
        (yielding(Finish(reason="", model="m")), "must have a reason"),
        (yielding(Finish(reason="stop", model="")), "must name a model"),
        (yielding(TextDelta("a"), ValueError("x")), "raises only IsaacError"),
    ],
)
async def test_a_provider_that_breaks_a_law_does_not(provider: Made, law: str) -> None:
    with pytest.raises(AssertionError, match=law):
        await check_provider(provider, QUESTION)


async def test_streams_that_share_what_they_should_not_are_noticed() -> None:
    words: list[str] = []

    async def stream(request: ChatRequest) -> AsyncGenerator[Any, None]:
        words[:] = ["a", "b", "c"]
        while words:
            yield TextDelta(words.pop(0))
        yield FINISH

    with pytest.raises(AssertionError, match="must not mix"):
        await check_provider(Made(stream), QUESTION)


async def test_a_task_left_running_is_noticed() -> None:
    left: list[asyncio.Task[Any]] = []

    async def stream(request: ChatRequest) -> AsyncGenerator[Any, None]:
        left.append(asyncio.create_task(asyncio.Event().wait()))
        yield TextDelta("a")
        yield FINISH

    with pytest.raises(AssertionError, match="left tasks running"):
        await check_provider(Made(stream), QUESTION)
    for task in left:
        task.cancel()
