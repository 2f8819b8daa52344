"""The port behind which a plugin's code comes to life: in this process, or in one of its own."""

from typing import Protocol

from isaacd.plugin.manifest import Manifest
from isaacd.plugin.places import Found
from isaacd.plugin.plugin import Plugin


class Importer(Protocol):
    """Brings plugins to life.

    What goes wrong with a plugin, its being too slow included, is raised as PluginFailed with a reason that can be
    shown; nothing else is raised, and nobody else is held up. `isolation` says in a few words what keeps a plugin
    from harming others, for `isaacctl plugins info`; "" is nothing: it shares the daemon's process.
    """

    @property
    def isolation(self) -> str:
        """What keeps the plugin from harming others; as it is now."""
        ...

    async def describe(self, found: Found) -> Manifest:
        """Run the plugin's code once, to learn what it declares."""
        ...

    async def load(self, found: Found, manifest: Manifest) -> Plugin:
        """Return the plugin ready to be called; it declares what `manifest` says.

        In a process of its own, the returned plugin stands for it: its commands are `OutlinedCommand`s, and its
        providers, handlers and jobs functions that go over to that process. Each call returns code of its own, made of
        the files as they are now, beside what was loaded before.
        """
        ...

    async def drop(self, plugin: Plugin) -> None:
        """Let go of a plugin that `load` returned; nothing of it is under way any more."""
        ...
