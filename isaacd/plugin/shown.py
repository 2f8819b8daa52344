"""A seat as the outside sees it: the card of the plugin, and what it has cost."""

from msgspec.structs import replace

from isaacd.context import PluginCard, PluginSteps, StepCard
from isaacd.plugin.places import said
from isaacd.plugin.seat import Seat

_IN_THIS_PROCESS = "none: it runs in the daemon's own process"


def card_of(seat: Seat) -> PluginCard:
    """Describe a plugin for the outside."""
    manifest = seat.manifest
    card = PluginCard(
        name=seat.name,
        summary="",
        version="",
        origin=said(seat.found.origin),
        state=seat.state,
        import_ms=seat.timings.took_ms("import"),
        source=seat.found.source,
        distribution=seat.found.distribution,
        isolation=seat.protection() or (_IN_THIS_PROCESS if seat.plugin is not None else ""),
        setup_ms=seat.timings.took_ms("setup"),
        error=seat.error,
        hint=seat.hint,
        trouble=seat.trouble,
    )
    if manifest is None:
        return card
    return replace(
        card,
        summary=manifest.summary,
        version=manifest.version,
        api=manifest.api,
        commands=tuple(item.name for item in manifest.commands),
        providers=tuple(item.kind for item in manifest.providers),
        policies=manifest.policies,
        routes=manifest.routes,
        events=tuple(item.event for item in manifest.handlers),
        jobs=tuple(item.name for item in manifest.jobs),
        requires=manifest.requires,
        capabilities=manifest.capabilities,
        activation=manifest.activation,
    )


def steps_of(seat: Seat) -> PluginSteps:
    """Return what a plugin has cost so far."""
    steps = tuple(
        StepCard(name=step.name, at_ms=step.at_ms, took_ms=step.took_ms, memory_kib=step.memory_kib)
        for step in seat.timings.steps.values()
    )
    return PluginSteps(name=seat.name, state=seat.state, steps=steps)
