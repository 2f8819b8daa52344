"""Who brings a plugin to life: this process those that are trusted, a process of its own each of the others."""

from collections.abc import Callable
from typing import Protocol

from isaacd.plugin.importer import Importer
from isaacd.plugin.manifest import Manifest
from isaacd.plugin.places import Found
from isaacd.plugin.plugin import Plugin
from isaacd.plugin.trust import Trust


class Isolating(Protocol):
    """An importer that runs plugins apart, and can say how well."""

    async def describe(self, found: Found) -> Manifest:
        """As in Importer."""
        ...

    async def load(self, found: Found, manifest: Manifest) -> Plugin:
        """As in Importer."""
        ...

    async def drop(self, plugin: Plugin) -> None:
        """As in Importer."""
        ...

    def told(self, found: Found) -> str:
        """Describe for a person what isolation holds for a plugin."""
        ...

    async def aclose(self) -> None:
        """End all processes."""
        ...


class Importers:
    """Chooses by the list of what is trusted; `isolated` is made when there is the first that is not."""

    def __init__(self, here: Importer, trust: Trust, isolated: Callable[[], Isolating]) -> None:
        self._here = here
        self._trust = trust
        self._make = isolated
        self._isolated: Isolating | None = None

    def of(self, found: Found) -> Importer:
        """Return who may bring this plugin to life, as it is now."""
        verdict = self._trust.of(found.name, found.root)
        if verdict.trusted:
            return self._here
        if self._isolated is None:
            self._isolated = self._make()
        return Apart(found, self._isolated, verdict.reason)

    async def aclose(self) -> None:
        """End the processes of all isolated plugins."""
        if self._isolated is not None:
            await self._isolated.aclose()


class Apart:
    """Brings one plugin to life in a process of its own (the port Importer)."""

    def __init__(self, found: Found, isolated: Isolating, reason: str) -> None:
        self._found = found
        self._isolated = isolated
        self._reason = reason

    @property
    def isolation(self) -> str:
        """What keeps the plugin from harming others, and why it is kept apart."""
        return f"{self._isolated.told(self._found)}; {self._reason}"

    async def describe(self, found: Found) -> Manifest:
        """Run the plugin's code once, to learn what it declares; raises PluginFailed."""
        return await self._isolated.describe(found)

    async def load(self, found: Found, manifest: Manifest) -> Plugin:
        """Return what stands for the plugin; raises PluginFailed."""
        return await self._isolated.load(found, manifest)

    async def drop(self, plugin: Plugin) -> None:
        """Let go of a plugin that `load` returned."""
        await self._isolated.drop(plugin)
