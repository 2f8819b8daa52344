"""The types that a parameter may have: taken apart for the command line, and explained to msgspec."""

import collections.abc
import enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints, is_typeddict

import msgspec

from isaacd.command.markers import Input, Marker

_MANY = (list, tuple, set, frozenset, collections.abc.Sequence, collections.abc.Collection)
_MAPPINGS = (dict, collections.abc.Mapping)
_NATIVE = frozenset(
    f"{module}.{name}"
    for module, names in (
        ("builtins", "str int float bool bytes bytearray object list tuple set frozenset dict NoneType"),
        ("datetime", "datetime date time timedelta"),
        ("decimal", "Decimal"),
        ("msgspec", "Raw"),
        ("uuid", "UUID"),
    )
    for name in names.split()
)


class Anatomy(msgspec.Struct, frozen=True):
    """An annotation taken apart: `inner` is the type without None and list, `marker` what Annotated said.

    `optional` says that there was a None, `many` that there was a list.
    """

    inner: Any
    marker: Marker
    optional: bool
    many: bool


def take_apart(annotation: Any) -> Anatomy:
    """Find the innermost type of an annotation and its marker; the outermost marker counts."""
    kind, marker = annotation, None
    optional = many = False
    while True:
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is Annotated:
            marker = marker or _marker_of(arguments[1:])
            kind = arguments[0]
        elif origin in (Union, UnionType) and NoneType in arguments:
            kind = Union[tuple(item for item in arguments if item is not NoneType)]  # noqa: UP007 - made at run time
            optional = optional or not many
        elif not many and kind in _MANY:
            kind, many = str, True
        elif not many and _is_list(origin, arguments):
            kind, many = arguments[0], True
        elif isinstance(kind, NewType):
            kind = kind.__supertype__
        else:
            return Anatomy(kind, marker or Marker(), optional, many)


def _is_list(origin: Any, arguments: tuple[Any, ...]) -> bool:
    """Say whether a generic type holds any number of one type; `tuple[int, str]` does not."""
    return origin in _MANY and (origin is not tuple or arguments[1:] == (...,))


def _marker_of(extras: tuple[Any, ...]) -> Marker | None:
    """Return what an Annotated says to us; a msgspec.Meta constraint speaks to msgspec."""
    for extra in extras:
        if isinstance(extra, Marker):
            return extra
        if isinstance(extra, str):
            return Marker(extra)
    return None


def untellable(annotation: Any, seen: frozenset[type] = frozenset()) -> str | None:
    """Return the name of a type that no message can carry, if there is one in an annotation."""
    origin = get_origin(annotation)
    if annotation in (Any, ...) or origin is Literal:
        return None
    if origin is None and isinstance(annotation, NewType):
        return untellable(annotation.__supertype__, seen)
    if origin is None:
        return _untellable_class(annotation, seen)
    if origin not in (Annotated, Union, UnionType, *_MANY, *_MAPPINGS):
        return str(annotation)
    parts = get_args(annotation)[:1] if origin is Annotated else get_args(annotation)
    return next((name for part in parts if (name := untellable(part, seen))), None)


def _untellable_class(kind: Any, seen: frozenset[type]) -> str | None:
    if not isinstance(kind, type):
        return str(kind)
    if kind in seen or kind in (Path, Input) or issubclass(kind, enum.Enum):
        return None
    if f"{kind.__module__}.{kind.__name__}" in _NATIVE:
        return None
    is_record = hasattr(kind, "__dataclass_fields__") or (
        issubclass(kind, tuple) and hasattr(kind, "_fields")
    )
    if is_record or is_typeddict(kind) or issubclass(kind, msgspec.Struct):
        fields = get_type_hints(kind, include_extras=True).values()
        return next((name for item in fields if (name := untellable(item, seen | {kind}))), None)
    return f"{kind.__module__}.{kind.__name__}".removeprefix("builtins.")


def decode_hook(kind: type, value: Any) -> Any:
    """Decode the types that msgspec does not know: Path and Input, both sent as text, and `object`, as it comes."""
    if kind is object:
        return value
    if kind not in (Path, Input):
        raise NotImplementedError(kind)
    if not isinstance(value, str):
        raise TypeError(f"Expected `str`, got `{type(value).__name__}`")  # msgspec makes it a ValidationError
    return kind(value)


def schema_hook(kind: type) -> dict[str, object]:
    """Give the JSON Schema of the types that msgspec does not know."""
    if kind is object:
        return {"description": "any value"}
    if kind is Path:
        return {"type": "string", "format": "path"}
    if kind is Input:
        return {"type": "string", "contentMediaType": "text/plain"}
    raise NotImplementedError(kind)
