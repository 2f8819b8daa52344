"""The manifest: everything that can be known of a plugin without importing it, made from its own code."""

from collections.abc import Mapping
from typing import Any

import msgspec

from isaacd.command.outline import Outline, outline_of
from isaacd.plugin.declared import HANDLER_TIMEOUT_S, JOB_TIMEOUT_S
from isaacd.plugin.plugin import Activation, Plugin


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
    timeout_s: float = JOB_TIMEOUT_S


class HandlerOutline(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A function that is called with each event of one name."""

    name: str
    event: str
    timeout_s: float = HANDLER_TIMEOUT_S


class Manifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a plugin offers, needs and wants to be told.

    `requires` are plugins, each a name or a name with versions (`notes>=2`). `routes` counts its rules about typed
    lines, `policies` are names, `events` those that it publishes. `settings` is the JSON Schema of its own settings, as
    JSON.
    """

    name: str
    summary: str = ""
    version: str = "0"
    api: str = "1"
    requires: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    activation: Activation = "use"
    events: tuple[str, ...] = ()
    commands: tuple[Outline, ...] = ()
    providers: tuple[KindOutline, ...] = ()
    policies: tuple[str, ...] = ()
    routes: int = 0
    handlers: tuple[HandlerOutline, ...] = ()
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
        api=plugin.api,
        requires=plugin.requires,
        capabilities=plugin.capabilities,
        activation=plugin.activation,
        events=plugin.events,
        commands=tuple(outline_of(item) for item in plugin.commands),
        providers=tuple(_kind_of(item) for item in plugin.providers),
        policies=tuple(plugin.policies),
        routes=len(plugin.rewrites),
        handlers=tuple(
            HandlerOutline(name=item.name, event=item.event, timeout_s=item.timeout_s)
            for item in plugin.handlers
        ),
        jobs=tuple(
            JobOutline(name=item.name, every_s=item.every_s, jitter=item.jitter, timeout_s=item.timeout_s)
            for item in plugin.jobs
        ),
        settings=None if plugin.settings_schema is None else msgspec.json.encode(plugin.settings_schema),
        has_setup=plugin.begin is not None,
        has_teardown=plugin.end is not None,
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
