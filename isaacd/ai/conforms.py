"""Whether an answer is JSON of the schema that was asked for, checked as far as that is cheap."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from isaacd.ai.chat import OutputSchema

_FENCED = re.compile(r"\A```[a-zA-Z]*[ \t]*\n(.*)\n```\Z", re.DOTALL)
_MAX_DEPTH = 64
_MAX_STEPS = 100_000
_IS: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
}


def unfenced(text: str) -> str:
    """Return the text without blanks around it, and without the fence that models like to put around JSON."""
    text = text.strip()
    match = _FENCED.match(text)
    return match[1].strip() if match else text


def complaint(text: str, schema: OutputSchema) -> str | None:
    """Say what is wrong with an answer, None if nothing was found.

    Types, required and further properties, items, enum, const, anyOf, oneOf, allOf and references within the schema
    (JSON Schema 2020-12) are looked at; other keywords are left to the provider.
    """
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return f"it is not JSON ({str(error).removeprefix('JSON is malformed: ')})"
    return next(_Check(schema.schema).wrong(value, schema.schema, "$", 0), None)


class _Check:
    """One look at one answer; a schema that would take too long to follow is followed only so far."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._steps = _MAX_STEPS

    def wrong(self, value: Any, schema: Any, where: str, depth: int) -> Iterator[str]:
        """Find what is wrong with a value at a place in the answer."""
        self._steps -= 1
        if self._steps < 0 or depth > _MAX_DEPTH:
            return
        if schema is False:
            yield f"{where} must not be there"
        if not isinstance(schema, dict):
            return
        if "$ref" in schema:
            yield from self.wrong(value, self._referred(schema["$ref"]), where, depth + 1)
        kinds = [schema["type"]] if isinstance(schema.get("type"), str) else _list(schema.get("type"))
        known = [kind for kind in kinds if isinstance(kind, str) and kind in _IS]
        if known and not any(_IS[kind](value) for kind in known):
            yield f"{where} is not of type {' or '.join(known)}"
            return
        if isinstance(schema.get("enum"), list) and not any(_same(value, item) for item in schema["enum"]):
            yield f"{where} is none of the values allowed"
        if "const" in schema and not _same(value, schema["const"]):
            yield f"{where} is not the value required"
        yield from self._choice(value, schema, where, depth)
        if isinstance(value, dict):
            yield from self._object(value, schema, where, depth)
        if isinstance(value, list) and "items" in schema:
            for number, item in enumerate(value):
                yield from self.wrong(item, schema["items"], f"{where}[{number}]", depth + 1)

    def _choice(self, value: Any, schema: dict[str, Any], where: str, depth: int) -> Iterator[str]:
        for part in _list(schema.get("allOf")):
            yield from self.wrong(value, part, where, depth + 1)
        for keyword in ("anyOf", "oneOf"):
            choices = _list(schema.get(keyword))
            if choices and all(any(self.wrong(value, choice, where, depth + 1)) for choice in choices):
                yield f"{where} fits none of the forms allowed"

    def _object(self, value: dict[str, Any], schema: dict[str, Any], where: str, depth: int) -> Iterator[str]:
        for name in _list(schema.get("required")):
            if isinstance(name, str) and name not in value:
                yield f"{where} lacks {name!r}"
        given = schema.get("properties")
        properties = given if isinstance(given, dict) else {}
        further = schema.get("additionalProperties", True)
        for name, item in value.items():
            if name in properties:
                yield from self.wrong(item, properties[name], f"{where}.{name}", depth + 1)
            elif "patternProperties" not in schema:
                yield from self.wrong(item, further, f"{where}.{name}", depth + 1)

    def _referred(self, reference: Any) -> Any:
        """Follow a reference within the schema; anything else allows everything."""
        found: Any = self._root
        if not isinstance(reference, str) or not reference.startswith("#"):
            return True
        for part in reference[1:].strip("/").split("/") if reference != "#" else ():
            if not isinstance(found, dict):
                return True
            found = found.get(part.replace("~1", "/").replace("~0", "~"), True)
        return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _same(value: Any, other: Any) -> bool:
    """Compare as JSON does, where true is not 1."""
    return isinstance(value, bool) == isinstance(other, bool) and bool(value == other)
