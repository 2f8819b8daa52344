"""A plugin in this process, as the bus and the timetable call it."""

from collections.abc import Iterator
from functools import partial

from isaacd.context import Context, Event, Services
from isaacd.plugin.calling import call
from isaacd.plugin.declared import Handler, Job
from isaacd.plugin.plugin import Plugin
from isaacd.plugin.unasked import Subscriber, Timed


def subscribers(plugin: Plugin, services: Services) -> Iterator[Subscriber]:
    """Give a subscriber for each handler of a plugin."""
    for handler in plugin.handlers:
        yield Subscriber(
            plugin=plugin.name,
            name=handler.name,
            event=handler.event,
            call=partial(handle, plugin.name, handler, services),
            timeout_s=handler.timeout_s,
        )


def timed(plugin: Plugin, services: Services) -> Iterator[Timed]:
    """Give an entry of the timetable for each job of a plugin."""
    for job in plugin.jobs:
        yield Timed(
            plugin=plugin.name,
            name=job.name,
            every_s=job.every_s,
            jitter=job.jitter,
            timeout_s=job.timeout_s,
            call=partial(work, plugin.name, job, services),
        )


async def handle(plugin: str, handler: Handler, services: Services, event: Event) -> None:
    """Call a handler with one event; it may raise anything."""
    await call(handler.function, Context(services, plugin=plugin), event, lane=handler.lane)


async def work(plugin: str, job: Job, services: Services) -> None:
    """Do a job once; it may raise anything."""
    await call(job.function, Context(services, plugin=plugin), lane=job.lane)
