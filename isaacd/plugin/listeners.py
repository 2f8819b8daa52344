"""The handlers of a plugin in this process, as the bus calls them."""

from collections.abc import Iterator
from functools import partial

from isaacd.context import Context, Event, Services
from isaacd.plugin.bus import Subscriber
from isaacd.plugin.calling import call
from isaacd.plugin.declared import Handler
from isaacd.plugin.plugin import Plugin


def subscribers(plugin: Plugin, services: Services) -> Iterator[Subscriber]:
    """Give a subscriber for each handler of a plugin."""
    for handler in plugin.handlers:
        yield Subscriber(
            plugin=plugin.name,
            name=handler.name,
            event=handler.event,
            call=partial(_handle, plugin.name, handler, services),
            timeout_s=handler.timeout_s,
        )


async def _handle(plugin: str, handler: Handler, services: Services, event: Event) -> None:
    await call(handler.function, Context(services, plugin=plugin), event)
