"""What an isolated plugin says of itself, checked: nothing of it may claim another's name, or steer a terminal."""

import re

import msgspec

from isaacd.belongings.capabilities import parse_all
from isaacd.command.outline import Outline, ParameterOutline
from isaacd.errors import PluginFailed
from isaacd.plugin.declared import MIN_PERIOD_S
from isaacd.plugin.manifest import Manifest
from isaacd.plugin.version import check_api, parse_requirement
from isaacd.safety.visible import plain

_OWN = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_MOST = 200
_DOC_CHARS = 20_000
_LINE_CHARS = 500


def checked(name: str, manifest: Manifest) -> Manifest:
    """Return the manifest with texts that can be shown; raises PluginFailed for one that no honest code could make."""
    if manifest.name != name:
        raise PluginFailed(f"the plugin {name} calls itself {manifest.name[:80]!r}")
    check_api(name, manifest.api)
    parse_all(manifest.capabilities)
    for text in manifest.requires:
        parse_requirement(text)
    for kind in (
        "commands",
        "providers",
        "policies",
        "handlers",
        "jobs",
        "events",
        "capabilities",
        "requires",
    ):
        if len(getattr(manifest, kind)) > _MOST:
            raise PluginFailed(f"the plugin {name} declares more than {_MOST} {kind}")
    for job in manifest.jobs:
        if not job.every_s >= MIN_PERIOD_S:
            raise PluginFailed(f"the plugin {name} has a job more often than every {MIN_PERIOD_S:g} s")
    for handler in manifest.handlers:
        # It tells what the person types: inside the daemon a matter of trust, here one of saying so.
        if handler.event.startswith("history.") and "history" not in manifest.capabilities:
            raise PluginFailed(
                f"the plugin {name} handles {handler.event} without having said so",
                hint='write "history" into its capabilities',
            )
    for event in manifest.events:
        if not _OWN.match(event):
            raise PluginFailed(f"the plugin {name} has an event with the name {event[:80]!r}")
    return msgspec.structs.replace(
        manifest,
        summary=_line(manifest.summary),
        version=_line(manifest.version),
        commands=tuple(_command(name, item) for item in manifest.commands),
    )


def _command(plugin: str, outline: Outline) -> Outline:
    first, _, own = outline.name.partition(".")
    if first != plugin or outline.plugin != plugin or (own and not _OWN.match(own)):
        raise PluginFailed(f"the plugin {plugin} has a command with the name {outline.name[:80]!r}")
    try:
        schema = msgspec.json.decode(outline.schema, type=dict[str, object])
        output = msgspec.json.decode(outline.output or b"null", type=dict[str, object] | None)
    except (ValueError, RecursionError):
        raise PluginFailed(f"{outline.name}: its schema cannot be read") from None
    return msgspec.structs.replace(
        outline,
        doc=plain(outline.doc[:_DOC_CHARS]),
        parameters=tuple(_parameter(outline.name, item) for item in outline.parameters),
        schema=msgspec.json.encode(schema),
        output=b"" if output is None else msgspec.json.encode(output),
    )


def _parameter(command: str, item: ParameterOutline) -> ParameterOutline:
    if not _OWN.match(item.name) or not item.field.isidentifier():
        raise PluginFailed(f"{command} has a parameter with the name {item.name[:80]!r}")
    shown = item.default
    return msgspec.structs.replace(
        item, help=_line(item.help), default=_line(shown) if isinstance(shown, str) else shown
    )


def _line(text: str) -> str:
    return plain(text[:_LINE_CHARS]).replace("\n", " ")
