"""What a seat needs of the hall in which it stands, and what the hall sees of a seat."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from isaacd.clock import Clock
from isaacd.context import Services
from isaacd.log import Log
from isaacd.plugin.importer import Importer
from isaacd.plugin.manifest import Manifest
from isaacd.plugin.places import Found
from isaacd.plugin.plugin import Plugin
from isaacd.plugin.registry import Offer
from isaacd.plugin.unasked import Subscriber, Timed
from isaacd.plugin.vigil import Vigil


class Seated(Protocol):
    """One plugin, as the hall sees it."""

    name: str
    manifest: Manifest | None
    plugin: Plugin | None
    error: str | None
    trouble: str | None

    def subscribers(self) -> Iterator[Subscriber]:
        """Give what calls its handlers of events."""
        ...

    def timed(self) -> Iterator[Timed]:
        """Give what does its jobs."""
        ...


class House(Protocol):
    """What a seat needs of the place where it stands."""

    clock: Clock
    log: Log
    services: Services
    vigil: Vigil

    def importer(self, found: Found) -> Importer:
        """Return who may bring this plugin to life."""
        ...

    @property
    def is_known(self) -> bool:
        """Whether it is known what there is, as far as that does not take long."""
        ...

    def import_now(self, found: Found) -> Plugin:
        """Import a plugin while everybody waits; raises PluginFailed."""
        ...

    def spawn(self, main: Callable[..., Awaitable[None]], *args: object) -> None:
        """Start a task that never raises."""
        ...

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Return what to hold while something is imported."""
        ...

    async def known(self) -> None:
        """Wait until it is known what there is, as far as that does not take long."""
        ...

    async def require(self, name: str) -> Plugin:
        """Return another plugin, ready for use; raises PluginFailed."""
        ...

    def problem(self, name: str) -> str | None:
        """Say why a plugin's requirements cannot be met, if they cannot."""
        ...

    def place(self, seat: Seated, offer: Offer) -> None:
        """Put what a plugin offers in place; raises PluginFailed."""
        ...

    def gone(self, seat: Seated) -> None:
        """Take away a plugin whose files are gone."""
        ...

    def withdraw(self, name: str) -> None:
        """Take away what a plugin offers."""
        ...

    def exchange(self, offer: Offer) -> None:
        """Put code in the place of what stood for it."""
        ...

    def tell(self, event: str, seat: Seated) -> None:
        """Tell everybody what became of a plugin."""
        ...
