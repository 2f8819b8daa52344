"""What is known of a command without its code: enough for help, completion, schemas, tools and lists."""

import enum
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from isaacd.command.command import Command, Mode
from isaacd.command.markers import Argument, Input, Marker, Option, Words
from isaacd.command.signature import Parameter
from isaacd.safety.tier import Tier

_KINDS: dict[Any, str] = {
    str: "str", bytes: "bytes", Input: "input", Path: "path", int: "int", float: "float", bool: "bool",
}  # fmt: skip
_TYPES = {kind: inner for inner, kind in _KINDS.items()} | {"value": object, "json": dict}
# Types that msgspec reads from text: a command line shows their names, and needs no more of them.
_TEXTUAL = ("datetime", "decimal", "uuid")
_MARKERS: dict[str, type[Marker]] = {"": Marker, "argument": Argument, "words": Words, "option": Option}


class ParameterOutline(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """One parameter as people see it; `kind` says how its text is read, `choices` are all that it may be.

    `default` is for showing only: the function itself fills it in.
    """

    field: str
    name: str
    kind: str
    marker: str = ""
    help: str = ""
    short: str | None = None
    required: bool = False
    default: bool | str | list[str] | None = None
    many: bool = False
    choices: tuple[Any, ...] | None = None

    def parameter(self) -> Parameter:
        """Return what the command line makes its options of: the same text is read, shown and completed."""
        marker = _MARKERS[self.marker]
        made = Option(self.help, self.short) if marker is Option else marker(self.help)
        inner = _type_of(self)
        return Parameter(
            field=self.field,
            name=self.name,
            type=_whole_type(self, inner),
            inner=inner,
            marker=made,
            required=self.required,
            default=self.default,
            many=self.many,
        )


class Outline(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """A command without its function; `schema` is the JSON Schema of its arguments, `output` of its result, as JSON."""

    name: str
    plugin: str
    doc: str
    mode: Mode
    parameters: tuple[ParameterOutline, ...]
    schema: bytes
    hidden: bool = False
    tool: Tier | None = None
    markdown: bool = False
    has_view: bool = False
    scope: Literal["ask", "run:confirm", "admin"] = "admin"
    output: bytes = b""


def outline_of(command: Command) -> Outline:
    """Write down what can be known of a command without running it."""
    return Outline(
        name=command.name,
        plugin=command.plugin,
        doc=command.doc,
        mode=command.mode,
        parameters=tuple(_outline_of(item) for item in command.parameters),
        schema=msgspec.json.encode(command.schema, enc_hook=str),
        hidden=command.hidden,
        tool=command.tool,
        markdown=command.markdown,
        has_view=command.view is not None,
        scope=command.scope,
        output=_output_of(command),
    )


def _output_of(command: Command) -> bytes:
    """Write down what comes of a command that other programs may call; nobody asks it of the others."""
    if command.tool is None and command.scope == "admin":
        return b""
    output = command.output
    return b"" if output is None else msgspec.json.encode(output, enc_hook=str)


def _outline_of(item: Parameter) -> ParameterOutline:
    kind, choices = _kind_of(item.inner)
    marker = item.marker
    return ParameterOutline(
        field=item.field,
        name=item.name,
        kind=kind,
        marker=next(name for name, known in reversed(_MARKERS.items()) if isinstance(marker, known)),
        help=marker.help,
        short=marker.short if isinstance(marker, Option) else None,
        required=item.required,
        default=_shown(item.default),
        many=item.many,
        choices=choices,
    )


def _kind_of(inner: Any) -> tuple[str, tuple[Any, ...] | None]:
    """Say how the text of a type is read; it follows `isaacd.cli.values`, which reads it."""
    if get_origin(inner) is Literal:
        return "choice", tuple(value for value in get_args(inner) if value is not None)
    if isinstance(inner, type) and issubclass(inner, enum.Enum):
        return "choice", tuple(msgspec.to_builtins(member.value, enc_hook=str) for member in inner)
    if inner in _KINDS:
        return _KINDS[inner], None
    if getattr(inner, "__module__", "") in _TEXTUAL:
        return f"{inner.__module__}.{inner.__name__}", None
    takes_text = get_origin(inner) in (Union, UnionType) and str in get_args(inner)
    return ("value" if takes_text or inner in (Any, object) else "json"), None


def _type_of(item: ParameterOutline) -> Any:
    """Return a type that the command line reads and shows as it does the real one, which only the plugin has."""
    if item.kind == "choice":
        return Literal[item.choices]
    module, _, name = item.kind.rpartition(".")
    return type(name, (), {"__module__": module}) if module else _TYPES[item.kind]


def _whole_type(item: ParameterOutline, inner: Any) -> Any:
    """Return what a value is checked against before the function's own types can: what is certain, and no more."""
    certain = item.kind in ("str", "bytes", "input", "path", "int", "float", "bool")
    if item.kind == "choice" and all(type(choice) in (int, str) for choice in item.choices or ()):
        certain = bool(item.choices)
    kind: Any = inner if certain else object
    if item.many:
        kind = list[kind]
    return kind if item.required or kind is object else kind | None


def _shown(default: object) -> bool | str | list[str] | None:
    if default is None or isinstance(default, bool):
        return default
    if isinstance(default, list | tuple | set | dict):
        return []
    if default in (0, ""):
        return ""
    return str(default.value if isinstance(default, enum.Enum) else default)
