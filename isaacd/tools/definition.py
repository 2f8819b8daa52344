"""A command described for a model: a name, what it does, and the schema of its arguments."""

import re
from collections.abc import Iterable
from typing import Any

from isaacd.ai.chat import Tool
from isaacd.command import Command

# The least that providers allow: 64 of a-z A-Z 0-9 _ -.
MAX_NAME_CHARS = 64
MAX_DESCRIPTION_CHARS = 1024
_MAX_DEPTH = 24
_NOT_A_NAME = re.compile(r"[^a-z0-9_]")
# How a docstring's examples begin; they are command lines, which a model cannot use.
_EXAMPLES = re.compile(r"^Examples?:\s*$", re.MULTILINE)
# Annotations that say nothing to a model, and that some providers refuse.
_LEFT_OUT = frozenset({"title", "format", "contentMediaType", "contentEncoding", "$defs", "$schema"})


def named(commands: Iterable[Command]) -> dict[str, Command]:
    """Give each command a name that every provider takes: `knowledge.search` becomes `knowledge_search`.

    Names depend on the set of commands only, not on its order; two that would be equal are numbered.
    """
    found: dict[str, Command] = {}
    for command in sorted(commands, key=lambda item: item.name):
        name = base = _NOT_A_NAME.sub("_", command.name.lower())[:MAX_NAME_CHARS]
        number = 1
        while name in found:
            number += 1
            name = f"{base[: MAX_NAME_CHARS - 4]}_{number}"
        found[name] = command
    return found


def definition(name: str, command: Command) -> Tool:
    """Describe a command as the tool `name`."""
    return Tool(name=name, description=_description(command), parameters=_parameters(command.schema))


def _description(command: Command) -> str:
    text = _EXAMPLES.split(command.doc, maxsplit=1)[0].strip()
    return text if len(text) <= MAX_DESCRIPTION_CHARS else command.summary[:MAX_DESCRIPTION_CHARS]


def _parameters(schema: dict[str, Any]) -> dict[str, object]:
    """Return the schema in the form that providers take: an object, without references."""
    definitions = schema.get("$defs", {})
    plain = _plain(schema, definitions, ())
    properties = {name: _optional(item) for name, item in plain.get("properties", {}).items()}
    return {
        "type": "object",
        "properties": properties,
        "required": list(plain.get("required", ())),
        "additionalProperties": False,
    }


def _optional(item: Any) -> Any:
    """Say `X` for `X or null, by default null`: a model leaves out what it does not want."""
    if not isinstance(item, dict) or item.get("default", ...) is not None:
        return item
    choices = [choice for choice in item.get("anyOf", ()) if choice != {"type": "null"}]
    rest = {name: value for name, value in item.items() if name not in ("anyOf", "default")}
    if len(choices) == 1:
        return {**choices[0], **rest}
    return {"anyOf": choices, **rest} if choices else rest


def _plain(schema: Any, definitions: dict[str, Any], inside: tuple[str, ...]) -> Any:
    """Put definitions in the place of references; one that contains itself becomes any value."""
    if isinstance(schema, list):
        return [_plain(item, definitions, inside) for item in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference.rpartition("/")[2]
        if name in inside or name not in definitions or len(inside) >= _MAX_DEPTH:
            return {}
        found = _plain(definitions[name], definitions, (*inside, name))
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {**found, **_plain(rest, definitions, inside)}
    return {
        key: _named_parts(key, value, definitions, inside)
        for key, value in schema.items()
        if key not in _LEFT_OUT
    }


def _named_parts(key: str, value: Any, definitions: dict[str, Any], inside: tuple[str, ...]) -> Any:
    """Plain what a keyword holds; the names of properties are no keywords, and defaults and choices no schemas."""
    if key in ("default", "enum", "const", "required", "description"):
        return value
    if key == "properties" and isinstance(value, dict):
        return {name: _plain(item, definitions, inside) for name, item in value.items()}
    return _plain(value, definitions, inside)
