"""The text of one argument, turned into the value that a program would have sent."""

import enum
from collections.abc import Callable
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

import click
import msgspec

from isaacd.command.markers import Input
from isaacd.command.signature import Parameter

# Stands before a negative number, so that click does not take it for an option. No argument can contain a NUL.
MARK = "\0"
_BOOLS = {
    **dict.fromkeys(("yes", "true", "on", "1", "y", "t"), True),
    **dict.fromkeys(("no", "false", "off", "0", "n", "f"), False),
}
# What msgspec reads from text by itself.
_TEXTUAL = {"datetime", "decimal", "uuid"}


if TYPE_CHECKING:
    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType  # it takes a type only since click 8.5


class Value(_ParamType):
    """How one parameter is written on a command line; `metavar` names it in help, `choices` are all it may be."""

    name = "value"

    def __init__(self, item: Parameter) -> None:
        self.choices = _choices(item.inner)
        self.is_file = item.inner in (Path, Input)
        self.metavar, self._read = _reader(item.inner, self.choices)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the text; raises click.BadParameter."""
        if not isinstance(value, str):
            return value
        text = value.removeprefix(MARK)
        try:
            return self._read(text)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _choices(kind: Any) -> dict[str, Any] | None:
    """Return what may be written and what each of it means, if that is a closed list."""
    if get_origin(kind) is Literal:
        return {str(value): value for value in get_args(kind) if value is not None}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {str(member.value): member.value for member in kind}
    return None


def _reader(kind: Any, choices: dict[str, Any] | None) -> tuple[str, Callable[[str], Any]]:
    """Return the name of a type in help and what reads its text; the latter raises ValueError."""
    if choices is not None:
        return f"[{'|'.join(choices)}]", _choosing(choices)
    simple: dict[Any, tuple[str, Callable[[str], Any]]] = {
        str: ("TEXT", str),
        bytes: ("BASE64", str),
        Input: ("FILE", str),
        Path: ("PATH", str),
        int: ("INTEGER", _integer),
        float: ("NUMBER", _number),
        bool: ("[yes|no]", _boolean),
    }
    if kind in simple:
        return simple[kind]
    if getattr(kind, "__module__", "") in _TEXTUAL:
        return kind.__name__.upper(), str
    takes_text = kind in (Any, object) or (get_origin(kind) in (Union, UnionType) and str in get_args(kind))
    return ("VALUE", _json_or_text) if takes_text else ("JSON", _json)


def _choosing(choices: dict[str, Any]) -> Callable[[str], Any]:
    def choose(text: str) -> Any:
        if text in choices:
            return choices[text]
        folded = {name.lower(): value for name, value in choices.items()}
        if text.lower() in folded:
            return folded[text.lower()]
        raise ValueError(f"{text[:80]!r} is not one of {', '.join(choices)}")

    return choose


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text[:80]!r} is not a whole number") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text[:80]!r} is not a number") from None


def _boolean(text: str) -> bool:
    found = _BOOLS.get(text.lower())
    if found is None:
        raise ValueError(f"{text[:80]!r} is neither yes nor no")
    return found


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"{text[:80]!r} is not JSON: {error}") from None


def _json_or_text(text: str) -> Any:
    try:
        return _json(text)
    except ValueError:
        return text
