"""The manifest: everything that can be known of a plugin without importing it, made from its own code."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from isaacd.command.outline import Outline, outline_of
from isaacd.plugin.plugin import Plugin

Activation = Literal["use", "start", "event"]


class KindOutline(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A kind of AI provider, and what it says of itself before it is made; see `isaacd.ai.provider`."""

    kind: str
    default_url: str | None = None
    key_variable: str | None = None
    default_model: str | None = None
    aliases: Mapping[str, str] = {}


class JobOutline(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A function that is called every so often."""

    name: str
    every_s: float
    jitter: float = 0.0


class Manifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a plugin offers, needs and wants to be told.

    `requires` are plugins, each a name or a name with a version (`notes>=2`). `routes` counts its rules about typed
    lines, `events` are those that it handles. `settings` is the JSON Schema of its own settings, as JSON.
    """

    name: str
    summary: str = ""
    version: str = "0"
    api: str = "1"
    requires: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    activation: Activation = "use"
    commands: tuple[Outline, ...] = ()
    providers: tuple[KindOutline, ...] = ()
    policies: tuple[str, ...] = ()
    routes: int = 0
    events: tuple[str, ...] = ()
    jobs: tuple[JobOutline, ...] = ()
    settings: bytes | None = None
    has_setup: bool = False
    has_teardown: bool = False


def manifest_of(plugin: Plugin) -> Manifest:
    """Write down everything that a plugin declares; what it declares later is not seen."""
    return Manifest(
        name=plugin.name,
        summary=plugin.summary,
        version=plugin.version,
        commands=tuple(outline_of(item) for item in plugin.commands),
        providers=tuple(_kind_of(item) for item in plugin.providers),
        routes=len(plugin.rewrites),
    )


def _kind_of(factory: Any) -> KindOutline:
    def said(name: str) -> str | None:
        value = getattr(factory, name, None)
        return value if isinstance(value, str) else None

    given = getattr(factory, "aliases", None)
    aliases = given.items() if isinstance(given, Mapping) else ()
    return KindOutline(
        kind=said("kind") or "",
        default_url=said("default_url"),
        key_variable=said("key_variable"),
        default_model=said("default_model"),
        aliases={name: model for name, model in aliases if isinstance(name, str) and isinstance(model, str)},
    )
