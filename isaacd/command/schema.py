"""The JSON Schema (draft 2020-12) of a command's arguments, for editors, agents and other programs."""

from typing import Any

import msgspec

from isaacd.command.signature import Parameter, params_struct
from isaacd.command.types import schema_hook


def schema_of(name: str, parameters: tuple[Parameter, ...], *, strict: bool) -> dict[str, Any]:
    """Describe the named form of the arguments; `_meta` is no argument and not part of it."""
    try:
        schema = _exact(name, parameters, strict=strict)
    except TypeError:
        # msgspec cannot describe all that it can decode; that must not take the other commands' schemas away.
        schema = {
            "type": "object",
            "properties": {item.name: {} for item in parameters},
            "required": [item.name for item in parameters if item.required],
        }
    for item in parameters:
        if item.marker.help:
            schema["properties"][item.name]["description"] = item.marker.help
    return schema


def _exact(name: str, parameters: tuple[Parameter, ...], *, strict: bool) -> dict[str, Any]:
    shown = tuple(
        msgspec.structs.replace(item, default=msgspec.to_builtins(item.default, enc_hook=str, str_keys=True))
        for item in parameters
    )
    struct = params_struct(name, shown, strict=strict, meta=False)
    (schema,), definitions = msgspec.json.schema_components(
        [struct], schema_hook=schema_hook, ref_template="#/$defs/{name}"
    )
    own = dict(definitions.pop(str(schema["$ref"]).rpartition("/")[2]))
    own.pop("title", None)
    if definitions:
        own["$defs"] = definitions
    return own
