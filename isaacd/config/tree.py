"""The schema as a tree that can be walked: tables, tables with free names, and leaves with words for people."""

from functools import cache
from typing import Any, get_args

import msgspec
from msgspec import inspect

from isaacd.config.keys import quoted
from isaacd.config.schema import Config


class Leaf(msgspec.Struct, frozen=True):
    """One value: `type` is what msgspec converts to, `words` what a person should write."""

    type: Any
    words: str
    default: object = None
    description: str = ""
    choices: tuple[str, ...] = ()
    is_text: bool = False
    is_list: bool = False
    is_truth: bool = False
    secret: bool = False
    example: object = None


class Table(msgspec.Struct, frozen=True):
    """A table whose keys are known."""

    fields: "dict[str, Node]"
    summary: str = ""


class Names(msgspec.Struct, frozen=True):
    """A table whose keys are names that the user chooses."""

    item: "Node"
    description: str = ""
    example: object = None


Node = Leaf | Table | Names


@cache
def schema_tree() -> Table:
    """Return the tree of the whole configuration, built once; nobody may change it."""
    return table_of(Config)


def leaves(node: Node, key: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Leaf]]:
    """List every leaf with its key, `NAME` standing for each name the user chooses."""
    if isinstance(node, Leaf):
        return [(key, node)]
    below = node.fields.items() if isinstance(node, Table) else [("NAME", node.item)]
    return [found for name, child in below for found in leaves(child, (*key, name))]


def to_toml(value: object) -> str:
    """Write a value of the configuration as TOML."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(to_toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{quoted(name)} = {to_toml(item)}' for name, item in value.items())} }}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return (
        f"{value:g}" if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)
    )


def table_of(struct: type[msgspec.Struct]) -> Table:
    """Return the tree of one Struct."""
    fields = {item.name: _node(item) for item in msgspec.structs.fields(struct)}
    return Table(fields, (struct.__doc__ or "").partition("\n")[0])


def _node(field: msgspec.structs.FieldInfo) -> Node:
    kind, extra = _unwrap(inspect.type_info(field.type))
    description = str(extra.get("description", ""))
    if isinstance(kind, inspect.StructType):
        return table_of(kind.cls)
    if isinstance(kind, inspect.DictType):
        value, _ = _unwrap(kind.value_type)
        if isinstance(value, inspect.StructType):
            return Names(table_of(value.cls), description, extra.get("example"))
        _, item = get_args(get_args(field.type)[0])
        return Names(_leaf(item, value, extra, None), description, extra.get("example"))
    return _leaf(field.type, kind, extra, None if field.default is msgspec.NODEFAULT else field.default)


def _leaf(type_: Any, kind: inspect.Type, extra: dict[str, Any], default: object) -> Leaf:
    # msgspec sorts the values of a Literal; people want them in the order they were written in.
    choices = get_args(get_args(type_)[0]) if isinstance(kind, inspect.LiteralType) else ()
    return Leaf(
        type=type_,
        words=str(extra.get("expected", "")) or _words(kind, choices),
        default=default,
        description=str(extra.get("description", "")),
        choices=choices,
        is_text=isinstance(kind, (inspect.StrType, inspect.LiteralType)),
        is_list=isinstance(kind, inspect.VarTupleType),
        is_truth=isinstance(kind, inspect.BoolType),
        secret=bool(extra.get("secret", False)),
        example=extra.get("example"),
    )


def _unwrap(kind: inspect.Type) -> tuple[inspect.Type, dict[str, Any]]:
    """Take off metadata and `| None`: TOML has no null, so a key is set or absent."""
    extra: dict[str, Any] = {}
    while True:
        if isinstance(kind, inspect.Metadata):
            extra = {**(kind.extra or {}), **(kind.extra_json_schema or {}), **extra}
            kind = kind.type
        elif isinstance(kind, inspect.UnionType):
            # Where a text or a list may stand, a text is what is expected on a command line.
            kind = next(item for item in kind.types if not isinstance(item, inspect.NoneType))
        else:
            return kind, extra


def _words(kind: inspect.Type, choices: tuple[str, ...]) -> str:
    if choices:
        return "one of " + ", ".join(map(to_toml, choices))
    if isinstance(kind, inspect.VarTupleType):
        return 'a list of texts, such as ["one", "two"]'
    if isinstance(kind, (inspect.IntType, inspect.FloatType)):
        return _number_words(kind)
    if isinstance(kind, inspect.StrType):
        return _text_words(kind)
    return "true or false" if isinstance(kind, inspect.BoolType) else "text in quotes"


def _text_words(kind: inspect.StrType) -> str:
    least, most = kind.min_length or 0, kind.max_length
    words = "text in quotes"
    if most is not None:
        words += f", {least} to {most} characters long" if least != most else f", {most} characters long"
    elif least:
        words += f", {least} or more characters long" if least > 1 else ", not empty"
    return words if kind.pattern is None else f"{words}, that fits `{kind.pattern}`"


def _number_words(kind: inspect.IntType | inspect.FloatType) -> str:
    what = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
    bounds = []
    if kind.gt is not None:
        bounds.append(f"above {to_toml(kind.gt)}")
    if kind.ge is not None:
        bounds.append(f"from {to_toml(kind.ge)}")
    if kind.le is not None:
        bounds.append(f"to {to_toml(kind.le)}" if kind.ge is not None else f"up to {to_toml(kind.le)}")
    between = " and " if kind.gt is not None else " "
    return f"{what} {between.join(bounds)}".rstrip()
