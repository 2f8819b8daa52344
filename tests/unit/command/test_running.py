"""How a handler is called, and what comes of its result and its exceptions."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from isaacd.command import Command
from isaacd.context import NO_META, Context
from isaacd.errors import InvalidParams, PluginFailed
from tests.fakes import FakeServices

pytestmark = pytest.mark.anyio


class Events:
    def __init__(self) -> None:
        self.sent: list[tuple[str, object]] = []

    async def emit(self, kind: str, data: object) -> None:
        self.sent.append((kind, data))

    async def read(self, max_bytes: int) -> bytes | None:
        return None


async def run(
    function: Callable[..., Any], *params: object, log_file: Path | None = None, wants_json: bool = False
) -> tuple[Any, Events]:
    command = Command(function, name="test", plugin="tests")
    call = command.decode(msgspec.Raw(msgspec.msgpack.encode(list(params))), "msgpack")
    events = Events()
    context = Context(FakeServices(log_file=log_file), NO_META, events, 1)
    context.wants_json = wants_json
    return await command.run(context, call.args), events


async def test_arguments_arrive_where_the_function_wants_them() -> None:
    def none(context: Context) -> object:
        """Take."""
        return ()

    def one(context: Context, a: int) -> object:
        """Take."""
        return (a,)

    def two(context: Context, a: int, b: int) -> object:
        """Take."""
        return (a, b)

    def named(context: Context, *, a: int) -> object:
        """Take."""
        return (a,)

    def one_and_named(context: Context, a: int, *, b: int) -> object:
        """Take."""
        return (a, b)

    def two_and_named(context: Context, a: int, b: int, *, c: int) -> object:
        """Take."""
        return (a, b, c)

    for function, count in (
        (none, 0),
        (one, 1),
        (two, 2),
        (named, 1),
        (one_and_named, 2),
        (two_and_named, 3),
    ):
        values = tuple(range(count))
        assert (await run(function, *values))[0] == values


async def test_a_task_is_waited_for() -> None:
    async def task(context: Context) -> int:
        """Answer."""
        await anyio.lowlevel.checkpoint()
        return 4

    assert (await run(task))[0] == 4


async def test_a_stream_sends_its_text_and_results_in_it_or_in_what_came_last() -> None:
    async def text(context: Context) -> AsyncGenerator[str, None]:
        """Answer."""
        yield "a"
        yield "b"

    async def value(context: Context) -> AsyncGenerator[str | dict[str, int], None]:
        """Answer."""
        yield "a"
        yield {"n": 1}

    deltas = [("delta", "a"), ("delta", "b")]
    result, events = await run(text)
    assert (result, events.sent) == ("ab", deltas)
    result, events = await run(value)
    assert (result, events.sent) == ({"n": 1}, deltas[:1])


@pytest.mark.parametrize("letter", ["a", "ä"])
async def test_text_that_no_message_could_hold_is_sent_on_and_not_kept(letter: str) -> None:
    piece = letter * 1_000_000

    async def text(context: Context) -> AsyncGenerator[str | int, None]:
        """Answer."""
        for _ in range(17):
            yield piece

    async def value(context: Context) -> AsyncGenerator[str | int, None]:
        """Answer."""
        for _ in range(17):
            yield piece
        yield 17

    result, events = await run(text)
    assert result is None
    assert [len(data) for _, data in events.sent] == [1_000_000] * 17
    assert (await run(value, wants_json=True))[0] == 17
    with pytest.raises(InvalidParams) as refused:
        await run(text, wants_json=True)
    assert "without --json" in (refused.value.hint or "")


async def test_a_stream_that_is_cancelled_is_closed() -> None:
    closed = []

    async def endless(context: Context) -> AsyncGenerator[str, None]:
        """Answer."""
        try:
            while True:
                yield "x"
                await anyio.lowlevel.checkpoint()
        finally:
            closed.append(True)

    with anyio.move_on_after(0) as scope:
        await run(endless)
    assert scope.cancelled_caught
    assert closed == [True]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("secret"),
        RecursionError(),
        SystemExit(3),
        KeyError("x"),
        KeyboardInterrupt(),
        asyncio.CancelledError(),
    ],
)
async def test_whatever_a_handler_raises_becomes_plugin_failed_and_is_logged(
    error: BaseException, tmp_path: Path
) -> None:
    async def bad(context: Context) -> None:
        """Fail."""
        raise error

    def inline(context: Context) -> None:
        """Fail."""
        raise error

    for function in (bad, inline):
        with pytest.raises(PluginFailed) as caught:
            await run(function, log_file=tmp_path / "log")
        assert caught.value.message == f"test failed: {type(error).__name__}"
        assert caught.value.detail == {"plugin": "tests", "command": "test"}
        assert "isaacctl logs" in (caught.value.hint or "")
    assert (tmp_path / "log").read_text().count("command failed") == 2


async def test_a_command_whose_task_is_cancelled_does_not_fail(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def waits(context: Context) -> None:
        """Wait for ever."""
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(run(waits, log_file=tmp_path / "log"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not (tmp_path / "log").exists() or "failed" not in (tmp_path / "log").read_text()


async def test_our_own_errors_pass_as_they_are() -> None:
    async def bad(context: Context) -> None:
        """Fail."""
        raise InvalidParams("no")

    with pytest.raises(InvalidParams, match="no"):
        await run(bad)


def test_declaring_a_command_needs_no_click() -> None:
    import subprocess

    code = "import sys, isaacd.api, isaacd.cli.run; print('click' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
