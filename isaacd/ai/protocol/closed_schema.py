"""A JSON Schema cut down to what services can enforce while a model writes."""

import msgspec

from isaacd.errors import InvalidParams

# Every object has to be closed, and these are all the words that count (Anthropic, structured outputs).
_KEPT = frozenset(
    "$ref $defs type enum const anyOf allOf description title properties required items".split()
)
_FORMATS = frozenset("date-time time date duration email hostname uri ipv4 ipv6 uuid".split())


def closed(schema: dict[str, object]) -> dict[str, object]:
    """Return `schema` with every object closed; limits that cannot be enforced become a part of its description.

    Raises InvalidParams for an object whose names are free: closed, nothing could be in it.
    """
    kept: dict[str, object] = {}
    left: dict[str, object] = {}
    for word, value in schema.items():
        if word == "oneOf":
            kept["anyOf"] = _inside(value)
        elif word in ("properties", "$defs", "definitions") and isinstance(value, dict):
            kept[word] = {name: _inside(item) for name, item in value.items()}
        elif word == "additionalProperties" and isinstance(value, dict) and value:
            raise InvalidParams(
                "this provider cannot keep to a schema with additionalProperties of its own",
                hint="name each property, or use a list of objects with a name and a value",
            )
        elif word in ("items", "anyOf", "allOf"):
            kept[word] = _inside(value)
        elif (
            word in _KEPT
            or (word == "format" and value in _FORMATS)
            or (word == "minItems" and value in (0, 1))
        ):
            kept[word] = value
        elif word not in ("additionalProperties", "$schema", "$id"):
            left[word] = value
    if kept.get("type") == "object" or "properties" in kept:
        kept["additionalProperties"] = False
    if left:
        told = msgspec.json.encode(left).decode()
        described = kept.get("description")
        kept["description"] = f"{described} {told}" if described else told
    return kept


def _inside(value: object) -> object:
    if isinstance(value, dict):
        return closed(value)
    return [_inside(item) for item in value] if isinstance(value, list) else value
