"""Laws of calling a plugin's functions: a plain one may block, and one that never ends costs one thread."""

import asyncio
import contextvars
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest

from isaacd.context import Context
from isaacd.plugin.calling import Lane, TookTooLong, attempt, call
from tests.fakes import FakeServices

pytestmark = pytest.mark.anyio
WHO: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")


@pytest.fixture
def context() -> Context:
    return Context(FakeServices(), plugin="p")


async def test_an_async_function_runs_in_the_loop_and_a_plain_one_in_a_thread(context: Context) -> None:
    async def here(context: Context, number: int) -> tuple[object, int]:
        return threading.current_thread(), number

    def there(context: Context, number: int) -> tuple[object, int, str]:
        return threading.current_thread(), number, WHO.get()

    WHO.set("ada")
    assert await call(here, context, 1) == (threading.main_thread(), 1)
    thread, number, who = await call(there, context, 2)  # type: ignore[misc]
    assert (number, who) == (2, "ada")
    assert thread is not threading.main_thread()


async def test_whatever_is_raised_is_told_and_nothing_else_is_stopped(context: Context) -> None:
    for error in (ValueError("x"), SystemExit(1), KeyboardInterrupt(), StopIteration()):

        def plain(context: Context, error: BaseException = error) -> None:
            raise error

        async def waiting(context: Context, error: BaseException = error) -> None:
            raise error

        for function in (plain, waiting):
            told: Any = await attempt(lambda function=function: call(function, context), 5.0)
            assert told is error or isinstance(told, RuntimeError)

    async def cancels_itself(context: Context) -> None:
        raise asyncio.CancelledError

    assert isinstance(await attempt(lambda: call(cancels_itself, context), 5.0), asyncio.CancelledError)
    assert await attempt(lambda: call(WHO_IS, context), 5.0) is None


def WHO_IS(context: Context) -> str:  # noqa: N802 - a name like the others here
    return WHO.get()


async def test_one_that_never_ends_costs_one_thread_however_often_it_is_called(context: Context) -> None:
    go = threading.Event()
    calls = []

    def stuck(context: Context) -> None:
        calls.append(1)
        go.wait(90)

    lane = Lane()
    before = threading.active_count()
    for _ in range(5):
        assert isinstance(await attempt(lambda: call(stuck, context, lane=lane), 0.01), TookTooLong)
    assert threading.active_count() <= before + 1
    assert len(calls) == 1
    go.set()
    assert await attempt(lambda: call(stuck, context, lane=lane), 30.0) is None
    assert len(calls) == 2


async def test_a_cancelled_wait_is_cancelled_and_no_failure(context: Context) -> None:
    go = threading.Event()

    def stuck(context: Context) -> None:
        go.wait(90)

    async def ask() -> None:
        await attempt(lambda: call(stuck, context), 30.0)
        raise AssertionError("it was cancelled")

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    go.set()


def test_a_stuck_thread_does_not_keep_a_process_from_ending(tmp_path: Path) -> None:
    import subprocess
    import sys

    program = (
        "import anyio, threading\n"
        "from isaacd.plugin.calling import attempt, Lane\n"
        "async def main():\n"
        "    print(type(await attempt(lambda: Lane().run(threading.Event().wait), 0.01)).__name__)\n"
        "anyio.run(main)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=90, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("TookTooLong\n", "", 0)
