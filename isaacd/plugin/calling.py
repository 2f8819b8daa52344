"""How the functions of a plugin that are no commands are called: an async one in the loop, a plain one in a thread."""

import asyncio
import contextvars
import inspect
import math
import threading
from collections.abc import Callable
from typing import Any

import anyio

from isaacd.context import Context
from isaacd.errors import PluginFailed


class TookTooLong(Exception):
    """A call did not end in the time that it had."""


class Lane:
    """The thread of one plain function: a thread cannot be stopped, so the next call waits until it has ended.

    One that never ends costs one thread, however often its function is called, and does not keep the daemon from ending.
    """

    def __init__(self) -> None:
        self._last: asyncio.Future[object] | None = None

    async def run(self, function: Callable[..., object], *arguments: object) -> object:
        """Call a function in a thread of its own; cancellation leaves it to itself."""
        while self._last is not None and not self._last.done():
            await asyncio.wait((self._last,))
        self._last = ended = _begin(function, arguments)
        return await asyncio.shield(ended)


async def call(
    function: Callable[..., Any], context: Context, *arguments: object, lane: Lane | None = None
) -> object:
    """Call a function to its end; it may raise anything."""
    if inspect.iscoroutinefunction(function):
        found: object = await function(context, *arguments)
        return found
    result = await (lane or Lane()).run(function, context, *arguments)
    return await result if inspect.isawaitable(result) else result


async def attempt(work: Callable[[], Any], timeout_s: float) -> BaseException | None:
    """Have a plugin's work done; return what it raised, whatever that was, or TookTooLong.

    Only the cancellation of whoever waits here is raised.
    """
    scope = anyio.CancelScope(deadline=anyio.current_time() + timeout_s)
    try:
        with scope:
            await work()
    except BaseException as error:
        if isinstance(error, anyio.get_cancelled_exc_class()) and _is_cancelled():
            raise
        return error
    return TookTooLong() if scope.cancelled_caught else None


def failure(error: BaseException) -> dict[str, object]:
    """Return the fields of a log line about what a plugin's work has raised: the reason, or the way that led to it.

    What comes as a PluginFailed happened in another process, and names its line itself.
    """
    return {"reason": error.message} if isinstance(error, PluginFailed) else {"exc_info": error}


def _begin(function: Callable[..., object], arguments: tuple[object, ...]) -> asyncio.Future[object]:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[object] = loop.create_future()
    ended.add_done_callback(_seen)
    context = contextvars.copy_context()

    def end(result: object, error: BaseException | None) -> None:
        if error is None:
            ended.set_result(result)
        elif isinstance(error, StopIteration):
            ended.set_exception(RuntimeError("a function raised StopIteration"))
        else:
            ended.set_exception(error)

    def run() -> None:
        result: object = None
        failure: BaseException | None = None
        try:
            result = context.run(function, *arguments)
        except BaseException as error:  # noqa: BLE001 - it is told to whoever waits
            failure = error
        try:
            loop.call_soon_threadsafe(end, result, failure)
        except RuntimeError:
            return  # the loop is gone, and with it everybody who waited

    threading.Thread(target=run, daemon=True, name=getattr(function, "__qualname__", "plugin")).start()
    return ended


def _seen(ended: asyncio.Future[object]) -> None:
    """Nobody may be left to wait for what went wrong."""
    if not ended.cancelled():
        ended.exception()


def _is_cancelled() -> bool:
    """Tell whether a scope around the current task was cancelled."""
    return anyio.current_effective_deadline() == -math.inf
