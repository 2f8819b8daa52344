"""Rules about what a plugin declares once it is imported: what it offers, and the settings that people are to make."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from isaacd.plugin.manifest import Manifest
from isaacd.workshop.finding import Finding


def check_declared(source: Path, manifest: Manifest) -> Iterator[Finding]:
    """Check a manifest; its source file stands for the place of each finding."""
    offers = (
        manifest.commands,
        manifest.providers,
        manifest.policies,
        manifest.routes,
        manifest.events,
        manifest.jobs,
    )
    if not any(offers):
        yield Finding(
            file=source,
            rule="empty",
            message=f"the plugin {manifest.name} offers nothing: no command, provider, policy, rule, handler or job",
            hint="mark a function with @plugin.command",
            severity="warning",
        )
    for name in _undocumented(manifest.settings):
        yield Finding(
            file=source,
            rule="settings",
            message=f"the setting {name} has no description, and nobody will know what it is for",
            hint=f'{name}: Annotated[TYPE, msgspec.Meta(description="What it does.")] = DEFAULT',
            severity="warning",
        )


def _undocumented(settings: bytes | None) -> Iterator[str]:
    if not settings:
        return
    schema: Any = msgspec.json.decode(settings)
    definitions = schema.get("$defs", {}) if isinstance(schema, dict) else {}
    reference = str(schema.get("$ref", "")).rpartition("/")[2]
    table = definitions.get(reference, schema)
    for name, node in table.get("properties", {}).items():
        if not isinstance(node, dict) or not node.get("description"):
            yield name
