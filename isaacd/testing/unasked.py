"""Laws of what runs without being asked for: jobs, handlers of events, setup and teardown."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import anyio
import anyio.lowlevel
import msgspec

from isaacd.context import Event
from isaacd.plugin.calling import call
from isaacd.plugin.declared import Handler, Job
from isaacd.plugin.hooks import set_up, tear_down
from isaacd.testing.bench import Bench

# How long a check waits for what should end by itself.
PATIENCE_S = 10.0


async def check_job(job: Job, bench: Bench) -> None:
    """Check that a job can run again and again, and be stopped; raises AssertionError, or what the job raises.

    It runs twice, one after the other, as it does when a daemon has just been started anew.
    """
    for _ in range(2):
        await _ends(f"the job {job.name}", lambda: call(job.function, bench.context()))
    await _stops(f"the job {job.name}", lambda: call(job.function, bench.context()))


async def check_event_handler(
    handler: Handler, bench: Bench, data: Mapping[str, object], at: float = 0.0
) -> None:
    """Check that a handler takes an event of its name; raises AssertionError, or what the handler raises.

    `data` is what such an event brings. A later version of whoever publishes it may bring more.
    """
    for more in ({}, {"_more": "than was known"}):
        plain = msgspec.to_builtins({**data, **more})
        event = Event(handler.event, plain, at)
        await _ends(f"the handler {handler.name}", partial(call, handler.function, bench.context(), event))
    event = Event(handler.event, msgspec.to_builtins(dict(data)), at)
    await _stops(f"the handler {handler.name}", lambda: call(handler.function, bench.context(), event))


async def check_hooks(bench: Bench) -> None:
    """Check that a plugin can be set up and torn down, and again; raises AssertionError, or PluginFailed."""
    plugin = bench.plugin
    for _ in range(2):
        await set_up(plugin, bench.context())
        await tear_down(plugin, bench.context())
    if plugin.end is not None:
        # The daemon logs what goes wrong here and goes on; a check does not.
        end = plugin.end
        await _ends("teardown", lambda: call(end.function, bench.context()))


async def _ends(what: str, work: Callable[[], Awaitable[object]]) -> None:
    with anyio.move_on_after(PATIENCE_S) as scope:
        await work()
    assert not scope.cancelled_caught, f"{what} did not end within {PATIENCE_S:g} s"


async def _stops(what: str, work: Callable[[], Awaitable[object]]) -> None:
    """Cancel the work at its first wait."""
    stopped = anyio.Event()

    async def run() -> None:
        try:
            await work()
        finally:
            stopped.set()

    with anyio.move_on_after(PATIENCE_S) as patience:
        async with anyio.create_task_group() as group:
            group.start_soon(run)
            await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
    assert stopped.is_set(), f"{what} does not stop when it is cancelled"
    assert not patience.cancelled_caught, f"{what} does not stop when it is cancelled"
