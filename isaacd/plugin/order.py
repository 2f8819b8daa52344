"""Which plugins need which: what is missing, what runs in a circle, and who comes first."""

from collections.abc import Mapping

from isaacd.command.explain import nearest
from isaacd.context import HOUSE_EVENTS
from isaacd.plugin.manifest import Manifest
from isaacd.plugin.version import parse_requirement, unmet


def needs(manifest: Manifest) -> list[str]:
    """Return the names of the plugins that one requires."""
    return [parse_requirement(text).name for text in manifest.requires]


def in_order(manifests: Mapping[str, Manifest]) -> list[str]:
    """Return all names, each after those that it requires; within that by name. Circles are cut somewhere."""
    ordered: dict[str, None] = {}

    def put(name: str, above: frozenset[str]) -> None:
        if name in ordered or name in above or name not in manifests:
            return
        for need in sorted(needs(manifests[name])):
            put(need, above | {name})
        ordered[name] = None

    for name in sorted(manifests):
        put(name, frozenset())
    return list(ordered)


def problem(name: str, manifests: Mapping[str, Manifest]) -> str | None:
    """Say why the requirements of a plugin cannot be met: one is missing or too old, or they run in a circle."""
    circle = circle_through(name, manifests)
    if circle is not None:
        return f"plugins that require each other in a circle cannot be loaded: {' -> '.join(circle)}"
    versions = {other: manifest.version for other, manifest in manifests.items()}
    return unmet(manifests[name].requires, versions) or _unheard(name, manifests)


def _unheard(name: str, manifests: Mapping[str, Manifest]) -> str | None:
    """Say which event a plugin handles that the plugin it is of does not tell."""
    for handler in manifests[name].handlers:
        teller, _, event = handler.event.partition(".")
        if handler.event in HOUSE_EVENTS or teller not in manifests or event in manifests[teller].events:
            continue
        near = nearest(event, manifests[teller].events)
        meant = f"; did you mean {teller}.{near}?" if near else ""
        return f"it handles the event {handler.event}, which the plugin {teller} does not tell{meant}"
    return None


def circle_through(name: str, manifests: Mapping[str, Manifest]) -> list[str] | None:
    """Return the shortest circle of requirements that begins and ends with `name`."""
    paths = [[name]]
    seen = set()
    while paths:
        path = paths.pop(0)
        if path[-1] not in manifests:
            continue
        for need in needs(manifests[path[-1]]):
            if need == name:
                return [*path, name]
            if need not in seen:
                seen.add(need)
                paths.append([*path, need])
    return None
