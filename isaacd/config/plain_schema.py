"""Settings as plain data: what a Struct of settings says of itself as a JSON Schema, and a Struct made of that again.

So the configuration can be checked, shown and described without importing the plugin whose settings they are.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

# What a plugin in another process says of itself is not believed without limits.
MAX_DEPTH = 5
MAX_FIELDS = 200
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,59}\Z")
_TYPES = "str, int, float, bool, a Literal of texts, tuple[str, ...], dict[str, ...] of those, or a Struct; each may be `| None`"
_NUMBERS = {"minimum": "ge", "maximum": "le", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt"}
_TEXTS = {"minLength": "min_length", "maxLength": "max_length", "pattern": "pattern"}
_SIMPLE: dict[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool}


class Unfit(ValueError):
    """A Struct that cannot be settings; the message names the field and what is possible."""


def schema_of(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the JSON Schema of a Struct of settings; raises Unfit if config.toml cannot hold one."""
    try:
        schema: dict[str, Any] = msgspec.json.schema(struct)
    except TypeError as error:
        raise Unfit(f"{error}; a setting can be {_TYPES}") from None
    struct_of(schema)
    try:
        struct()
    except Exception as error:  # noqa: BLE001 - a __post_init__ may raise anything
        raise Unfit(f"its defaults do not make a {struct.__name__}: {error}") from None
    return schema


def struct_of(schema: Mapping[str, Any]) -> type[msgspec.Struct]:
    """Make a Struct of a JSON Schema that `schema_of` has made; raises Unfit."""
    try:
        made = _Maker(schema.get("$defs", {})).type_of(schema, "settings", 0)
    except (TypeError, AttributeError, KeyError, RecursionError, re.error) as error:
        raise Unfit(f"this is no schema of settings: {error}") from None
    if not (isinstance(made, type) and issubclass(made, msgspec.Struct)):
        raise Unfit("settings must be a Struct")
    return made


class _Maker:
    """Makes types of one schema and its definitions."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._fields = 0

    def type_of(self, schema: Mapping[str, Any], where: str, depth: int) -> Any:
        """Return the type that a schema describes; `where` is the key that it is for."""
        if depth > MAX_DEPTH:
            raise Unfit(f"{where}: settings can be nested {MAX_DEPTH} deep")
        if "$ref" in schema:
            schema = {**self._definitions[str(schema["$ref"]).rpartition("/")[2]], **_without_ref(schema)}
        if "anyOf" in schema:
            options = [item for item in schema["anyOf"] if item.get("type") != "null"]
            if len(options) != 1:
                raise Unfit(f"{where}: a setting has one type: {_TYPES}")
            return self.type_of(options[0], where, depth + 1) | None
        if "enum" in schema:
            return _choice(schema["enum"], where)
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema, where, depth)
        if kind == "array":
            if schema.get("items", {}).get("type") != "string" or "maxItems" in schema:
                raise Unfit(f"{where}: a list holds texts: tuple[str, ...]")
            return tuple[str, ...]
        if kind not in _SIMPLE or "contentEncoding" in schema or "format" in schema:
            raise Unfit(f"{where}: a setting can be {_TYPES}")
        bounds = {ours: schema[theirs] for theirs, ours in {**_NUMBERS, **_TEXTS}.items() if theirs in schema}
        made: Any = _SIMPLE[kind]
        return _annotated(made, msgspec.Meta(**bounds)) if bounds else made

    def _object(self, schema: Mapping[str, Any], where: str, depth: int) -> Any:
        inner = schema.get("additionalProperties")
        if "properties" not in schema:
            if not isinstance(inner, Mapping) or not inner:
                raise Unfit(f"{where}: a table of any names says what its values are: dict[str, str]")
            return dict[str, self.type_of(inner, f"{where}.NAME", depth + 1)]  # type: ignore[misc]
        if schema.get("required"):
            raise Unfit(f"{where}.{schema['required'][0]}: every setting needs a default")
        fields = [
            self._field(name, item, f"{where}.{name}", depth) for name, item in schema["properties"].items()
        ]
        return msgspec.defstruct(
            "Settings",
            fields,
            namespace={"__doc__": str(schema.get("description", ""))},
            frozen=True,
            kw_only=True,
            forbid_unknown_fields=True,
        )

    def _field(self, name: str, schema: Mapping[str, Any], where: str, depth: int) -> tuple[str, Any, Any]:
        self._fields += 1
        if self._fields > MAX_FIELDS:
            raise Unfit(f"there can be {MAX_FIELDS} settings, and these are more")
        if not _FIELD.match(name):
            raise Unfit(f"{where}: a setting has a name of a-z, 0-9 and _")
        if "default" not in schema:
            raise Unfit(f"{where}: the default must be a value that a file can hold")
        made = self.type_of(schema, where, depth + 1)
        examples = schema.get("examples")
        extra = {"secret": schema.get("writeOnly") is True, "example": examples[0] if examples else None}
        meta = msgspec.Meta(description=str(schema.get("description", "")), extra=extra)
        annotated = _annotated(made, meta)
        default = schema["default"]
        if isinstance(default, dict):
            plain = made if isinstance(made, type) and issubclass(made, msgspec.Struct) else None
            return (
                name,
                annotated,
                msgspec.field(default_factory=plain or (default.copy if default else dict)),
            )
        return name, annotated, tuple(default) if isinstance(default, list) else default


def _annotated(kind: Any, meta: msgspec.Meta) -> Any:
    form: Any = Annotated  # a special form from Python 3.13 on, a class before
    return form[kind, meta]


def _without_ref(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What is said beside a reference counts for the field, not for the Struct that it refers to."""
    return {
        name: item for name, item in schema.items() if name not in ("$ref", "$defs", "description", "default")
    }


def _choice(values: Any, where: str) -> Any:
    if not isinstance(values, list) or not values or not all(isinstance(item, str) for item in values):
        raise Unfit(f"{where}: a choice is one of several texts")
    return Literal[tuple(values)]
