"""What a plugin does unasked, known by its manifest: its code is brought in by the first event, or when a job is due."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from isaacd.context import Event, Services
from isaacd.plugin.inside import handle, work
from isaacd.plugin.manifest import Manifest
from isaacd.plugin.plugin import Plugin
from isaacd.plugin.unasked import Subscriber, Timed

Use = Callable[[], Awaitable[Plugin]]


def later_subscribers(manifest: Manifest, use: Use, services: Services) -> Iterator[Subscriber]:
    """Give what calls a plugin's handlers of events, whether its code is here yet or not."""
    for item in manifest.handlers:
        yield Subscriber(
            plugin=manifest.name,
            name=item.name,
            event=item.event,
            call=partial(_handle, use, services, item.name, item.event),
            timeout_s=item.timeout_s,
        )


def later_jobs(manifest: Manifest, use: Use, services: Services) -> Iterator[Timed]:
    """Give what does a plugin's jobs, whether its code is here yet or not."""
    for item in manifest.jobs:
        yield Timed(
            plugin=manifest.name,
            name=item.name,
            every_s=item.every_s,
            jitter=item.jitter,
            timeout_s=item.timeout_s,
            call=partial(_do, use, services, item.name),
        )


async def _handle(use: Use, services: Services, name: str, event: str, told: Event) -> None:
    plugin = await use()
    for handler in plugin.handlers:
        if (handler.name, handler.event) == (name, event):
            await handle(plugin.name, handler, services, told)


async def _do(use: Use, services: Services, name: str) -> None:
    plugin = await use()
    for job in plugin.jobs:
        if job.name == name:
            await work(plugin.name, job, services)
