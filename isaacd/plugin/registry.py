"""What loaded plugins offer, put in place: a plugin is taken as a whole or not at all."""

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from isaacd.belongings import Declared
from isaacd.command import Catalog
from isaacd.config import POLICIES, Offered
from isaacd.context import PluginCard
from isaacd.errors import NotFound, PluginFailed
from isaacd.log import Log
from isaacd.plugin.loader import LoadedPlugin
from isaacd.plugin.plugin import Plugin

if TYPE_CHECKING:
    from isaacd.cache.policy import PolicyFactory


class Registry:
    """The plugins of one daemon, their commands in the catalog and their kinds of providers in `factories`.

    `reserved` are names that no command may have.
    """

    def __init__(self, catalog: Catalog, log: Log, reserved: Collection[str]) -> None:
        self.factories: dict[str, Any] = {}
        self.rewrites: dict[str, Callable[[str], str | None]] = {}
        self.policies: dict[str, PolicyFactory] = {}
        self._catalog = catalog
        self._log = log
        self._reserved = reserved
        self._plugins: list[LoadedPlugin] = []

    def install(self, found: Iterable[LoadedPlugin]) -> None:
        """Take what was loaded; a plugin that cannot be taken is kept as failed, with the reason."""
        for one in found:
            try:
                self._take(one)
            except PluginFailed as error:
                self._log.error("plugin refused", plugin=one.name, reason=error.message)
                one = msgspec.structs.replace(one, state="failed", plugin=None, error=error.message)
            self._plugins.append(one)

    def cards(self) -> list[PluginCard]:
        """Describe every plugin that was found."""
        return [item.card() for item in self._plugins]

    def declared(self, name: str) -> Declared:
        """Return what a plugin has said of itself; raises NotFound if it is not in place."""
        for item in self._plugins:
            if item.name == name and item.plugin is not None:
                return Declared(capabilities=item.plugin.capabilities, events=item.plugin.events)
        raise NotFound(f"there is no plugin {name}", hint="isaacctl plugins lists them")

    def present(self) -> list[Plugin]:
        """Return the plugins that are in place."""
        return [item.plugin for item in self._plugins if item.plugin is not None]

    def offered(self) -> Offered:
        """Return what plugins add to the configuration; one that is not in place cannot be asked for its settings."""
        settings: dict[str, dict[str, Any] | None] = {}
        for item in self._plugins:
            if item.plugin is None:
                settings.setdefault(item.name, None)
            elif item.plugin.settings_schema is not None:
                settings[item.name] = item.plugin.settings_schema
        return Offered(settings, tuple(self.policies))

    @property
    def loaded(self) -> int:
        """How many plugins are in place."""
        return sum(item.state == "loaded" for item in self._plugins)

    def _take(self, found: LoadedPlugin) -> None:
        plugin = found.plugin
        if plugin is None:
            return
        kinds = [self._new_kind(factory) for factory in plugin.providers]
        for command in plugin.commands:
            if command.name in self._reserved:
                raise PluginFailed(
                    f"{command.name} is a method of the protocol; no command can have its name"
                )
        for name in plugin.policies:
            if name in self.policies or name in POLICIES:
                raise PluginFailed(f"there is a cache policy {name} already; give this one another name")
        self._catalog.add(*plugin.commands)
        self.policies.update(plugin.policies)
        self.factories.update(zip(kinds, plugin.providers, strict=True))
        if plugin.rewrites:
            self.rewrites[found.name] = _first(plugin.rewrites)
        self._catalog.summaries[found.name] = plugin.summary

    def _new_kind(self, factory: Any) -> str:
        kind = getattr(factory, "kind", None)
        if not isinstance(kind, str) or not kind:
            raise PluginFailed(f'the provider {getattr(factory, "__name__", factory)} needs a `kind = "..."`')
        if kind in self.factories:
            raise PluginFailed(f"another plugin offers the provider kind {kind} already")
        return kind


def _first(rewrites: list[Callable[[str], str | None]]) -> Callable[[str], str | None]:
    """Make one rule of several: the first that answers."""

    def rewrite(line: str) -> str | None:
        return next((said for rule in rewrites if (said := rule(line)) is not None), None)

    return rewrite
