"""How the functions of a plugin that are no commands are called: an async one in the loop, a plain one in a thread."""

import inspect
from collections.abc import Callable
from typing import Any

import anyio.to_thread

from isaacd.context import Context


async def call(function: Callable[..., Any], context: Context, *arguments: object) -> object:
    """Call a function to its end; it may raise anything.

    A plain function may block, so it gets a thread. A thread cannot be stopped: what waits for it is cancelled, and it
    is left to itself.
    """
    if inspect.iscoroutinefunction(function):
        found: object = await function(context, *arguments)
        return found
    result = await anyio.to_thread.run_sync(function, context, *arguments, abandon_on_cancel=True)
    return await result if inspect.isawaitable(result) else result
