"""What stands for a plugin's code until that is needed: commands, kinds of providers, rules and handlers."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NoReturn

from isaacd.ai.provider import LateFactory, ProviderFactory
from isaacd.cache.late import LatePolicy
from isaacd.command import Command
from isaacd.command.outlined import LazyCommand
from isaacd.errors import PluginFailed
from isaacd.plugin.manifest import KindOutline, Manifest
from isaacd.plugin.plugin import Plugin
from isaacd.plugin.registry import Offer, Rewrite, first_of

if TYPE_CHECKING:
    from isaacd.cache.policy import PolicyFactory

Use = Callable[[], Awaitable[Plugin]]


class LateChoice(LatePolicy):
    """A cache policy by name; `ready` brings what makes it."""

    def __init__(self, name: str, use: Use) -> None:
        self._name = name
        self._use = use

    async def ready(self) -> "PolicyFactory":
        """Return the factory; raises PluginFailed, also for a plugin that does not run inside the daemon."""
        factory = (await self._use()).policies.get(self._name)
        if factory is None:
            raise PluginFailed(
                f"the cache policy {self._name} cannot run inside the daemon: trust its plugin first"
            )
        return factory


class LateKind(LateFactory):
    """A kind of provider; what it says of itself is known, and `ready` brings what makes providers."""

    def __init__(self, outline: KindOutline, use: Use) -> None:
        self.kind = outline.kind
        self.default_url = outline.default_url
        self.key_variable = outline.key_variable
        self.default_model = outline.default_model
        self.aliases = outline.aliases
        self._use = use

    async def ready(self) -> ProviderFactory:
        """Return the factory; raises PluginFailed."""
        plugin = await self._use()
        found = next((item for item in plugin.providers if item.kind == self.kind), None)
        if found is None:
            raise PluginFailed(f"the plugin {plugin.name} offers the provider kind {self.kind} no more")
        return found

    def __call__(self, *_: object) -> NoReturn:
        """Refuse: whoever makes providers waits for `ready` first."""
        raise PluginFailed(f"the provider kind {self.kind} is not ready")


def offer_of(plugin: Plugin) -> Offer:
    """Return what a plugin offers whose code is here."""
    return Offer(
        plugin=plugin.name,
        summary=plugin.summary,
        commands=tuple(plugin.commands),
        kinds={item.kind: item for item in plugin.providers},
        policies=dict(plugin.policies),
        rewrite=first_of(plugin.rewrites),
    )


def late_offer(manifest: Manifest, use: Use, now: Callable[[], Plugin | None]) -> Offer:
    """Return what a plugin offers whose code comes with its first use; `now` brings it where nobody can wait."""
    return Offer(
        plugin=manifest.name,
        summary=manifest.summary,
        commands=tuple(LazyCommand(item, _finder(item.name, use)) for item in manifest.commands),
        kinds={item.kind: LateKind(item, use) for item in manifest.providers},
        policies={name: LateChoice(name, use) for name in manifest.policies},
        rewrite=_late_rewrite(now) if manifest.routes else None,
    )


def command_of(plugin: Plugin, name: str) -> Command:
    """Return a command of a plugin; raises PluginFailed if it has it no more."""
    found = next((item for item in plugin.commands if item.name == name), None)
    if found is None:
        raise PluginFailed(f"the plugin {plugin.name} has no command {name} any more")
    return found


def _finder(name: str, use: Use) -> Callable[[], Awaitable[Command]]:
    async def find() -> Command:
        return command_of(await use(), name)

    return find


def _late_rewrite(now: Callable[[], Plugin | None]) -> Rewrite:
    def rewrite(line: str) -> str | None:
        plugin = now()
        rule = first_of(plugin.rewrites) if plugin is not None else None
        return rule(line) if rule is not None else None

    return rewrite
