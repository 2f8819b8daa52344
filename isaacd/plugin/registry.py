"""What plugins offer, put in place: a plugin is taken as a whole or not at all."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import msgspec

from isaacd.command import Catalog, Command
from isaacd.config import POLICIES
from isaacd.errors import MethodNotFound, PluginFailed

Rewrite = Callable[[str], str | None]


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What one plugin offers now, whether its code is here yet or not."""

    plugin: str
    summary: str = ""
    commands: tuple[Command, ...] = ()
    kinds: Mapping[str, Any] = {}
    policies: Mapping[str, Any] = {}
    rewrite: Rewrite | None = None


class Registry:
    """Commands in the catalog, kinds of providers in `factories`, cache policies, and rules about typed lines.

    `reserved` are names that no command may have.
    """

    def __init__(self, catalog: Catalog, reserved: Collection[str]) -> None:
        self.factories: dict[str, Any] = {}
        self.policies: dict[str, Any] = {}
        self.rewrites: dict[str, Rewrite] = {}
        self._catalog = catalog
        self._reserved = reserved
        self._offers: dict[str, Offer] = {}

    def place(self, offer: Offer) -> None:
        """Put an offer in the place of what the plugin offered before; raises PluginFailed, and then nothing changes."""
        for command in offer.commands:
            if command.name in self._reserved:
                raise PluginFailed(
                    f"{command.name} is a method of the protocol; no command can have its name"
                )
        for what in ("kinds", "policies"):
            self._check(offer, what)
        self._catalog.put(offer.plugin, offer.commands)
        self._forget(offer.plugin)
        self._offers[offer.plugin] = offer
        self.factories.update(offer.kinds)
        self.policies.update(offer.policies)
        if offer.rewrite is not None:
            self.rewrites[offer.plugin] = offer.rewrite
        self._catalog.summaries[offer.plugin] = offer.summary

    def unknown(self, name: str) -> MethodNotFound:
        """Say that there is no such command, and which one may have been meant."""
        return self._catalog.unknown(name)

    def exchange(self, offer: Offer) -> None:
        """Put code in the place of what stood for it; from outside it looks the same."""
        self._catalog.swap(offer.commands)
        self._offers[offer.plugin] = offer
        self.factories.update(offer.kinds)
        self.policies.update(offer.policies)
        if offer.rewrite is not None:
            self.rewrites[offer.plugin] = offer.rewrite

    def withdraw(self, plugin: str) -> None:
        """Take away all that a plugin offers."""
        if plugin in self._offers:
            self._catalog.put(plugin, ())
            self._forget(plugin)
            self._catalog.summaries.pop(plugin, None)

    def _forget(self, plugin: str) -> None:
        offer = self._offers.pop(plugin, None)
        if offer is None:
            return
        for kind in offer.kinds:
            self.factories.pop(kind, None)
        for policy in offer.policies:
            self.policies.pop(policy, None)
        self.rewrites.pop(plugin, None)

    def _check(self, offer: Offer, what: str) -> None:
        said = {"kinds": "the provider kind", "policies": "the cache policy"}[what]
        for name in getattr(offer, what):
            if not name:
                raise PluginFailed(f'{said} of {offer.plugin} has no name: it needs a `kind = "..."`')
            owners = (item.plugin for item in self._offers.values() if name in getattr(item, what))
            other = next((owner for owner in owners if owner != offer.plugin), None)
            if other is not None:
                raise PluginFailed(
                    f"the plugins {other} and {offer.plugin} both offer {said} {name}",
                    hint=f'choose one, in config.toml: [plugins] disabled = ["{other}"] or ["{offer.plugin}"]',
                )
            if what == "policies" and name in POLICIES:
                raise PluginFailed(f"there is a cache policy {name} already; give this one another name")


def first_of(rules: Iterable[Rewrite]) -> Rewrite | None:
    """Make one rule of several: the first that answers; None of none."""
    every = tuple(rules)

    def rewrite(line: str) -> str | None:
        return next((said for rule in every if (said := rule(line)) is not None), None)

    return rewrite if every else None
