"""The JSON Schema of what a command returns, for programs that want to know it before they call."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from isaacd.command.types import schema_hook
from isaacd.context import Handover

_STREAMS = (AsyncGenerator, AsyncIterator, AsyncIterable)
_VAGUE = (Any, object, str, bytes, None, NoneType)


def output_of(returns: Any) -> dict[str, Any] | None:
    """Return the schema of a result that is data, None where it is text, nothing, or cannot be told.

    It is that of an object; what is none by itself is under `result`. A Handover is no result of its own.
    """
    if get_origin(returns) in _STREAMS:
        returns = get_args(returns)[0]
    parts = _parts(returns)
    kinds = [kind for kind in parts if kind is not Handover]
    if len(kinds) != 1 or kinds[0] in _VAGUE:
        return None
    try:
        (schema,), definitions = msgspec.json.schema_components(
            kinds, schema_hook=schema_hook, ref_template="#/$defs/{name}"
        )
    except (TypeError, ValueError):
        return None
    reference = schema.get("$ref")
    if isinstance(reference, str):
        own = dict(definitions.pop(reference.rpartition("/")[2]))
    else:
        own = {"type": "object", "properties": {"result": schema}, "required": ["result"]}
    if own.get("type") != "object":
        return None
    own.pop("title", None)
    if definitions:
        own["$defs"] = definitions
    return own


def _parts(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
