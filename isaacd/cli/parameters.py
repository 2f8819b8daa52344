"""A command's parameters in click's terms."""

import enum
from typing import Any

import click
import msgspec

from isaacd.cli.values import Value
from isaacd.command import Command, Option, Words
from isaacd.command.explain import wrong_value
from isaacd.command.signature import Parameter
from isaacd.command.types import decode_hook


class Place(click.Argument):
    """A positional argument with its title and help, for the section that click does not write.

    `words` may stand without quotes.
    """

    def __init__(self, item: Parameter) -> None:
        kind = Value(item)
        self.title = item.name.upper().replace("_", "-")
        self.explained = f"{item.marker.help}  {kind.metavar if kind.choices else ''}".strip()
        self.words = isinstance(item.marker, Words)
        super().__init__(
            [item.name],
            required=item.required,
            nargs=-1 if item.rest else 1,
            type=kind,
            metavar=(self.title if item.required else f"[{self.title}]") + ("..." if item.rest else ""),
        )


def click_parameters(command: Command) -> list[click.Parameter]:
    """Return click's parameters for a command, in the order of its signature."""
    return [Place(item) if item.positional else _option(item) for item in command.parameters]


def collect(command: Command, ctx: click.Context) -> dict[str, Any]:
    """Return what was given, by the names of the handler's own parameters; raises click.BadParameter."""
    found: dict[str, Any] = {}
    for item in command.parameters:
        value = ctx.params.get(item.name)
        if item.many or item.rest:
            value = list(value or ()) or None
        if value is None and not item.required:
            continue  # the handler's own default holds
        if isinstance(item.marker, Words):
            value = " ".join(value or ())
        try:
            found[item.field] = msgspec.convert(value, item.type, dec_hook=decode_hook, str_keys=True)
        except msgspec.ValidationError as error:
            param = next(param for param in ctx.command.params if param.name == item.name)
            what, where = wrong_value(str(error))
            raise click.BadParameter(f"{where} {what}".strip(), ctx, param) from None
    return found


def _option(item: Parameter) -> click.Option:
    names = [item.name, item.flag]
    if isinstance(item.marker, Option) and item.marker.short:
        names.append(f"-{item.marker.short}")
    settings: dict[str, Any] = {"required": True} if item.required else {"default": None}
    if item.inner is bool and not item.many:
        settings["is_flag"] = True
        if item.required or item.default is not False:
            names[1] = f"{item.flag}/--no-{item.flag[2:]}"
    else:
        kind = Value(item)
        settings |= {"type": kind, "metavar": kind.metavar, "multiple": item.many}
    return click.Option(names, help=_with_default(item), **settings)


def _with_default(item: Parameter) -> str:
    """Return an option's help; the default is shown here, but filled in by the command: one place decides."""
    notes = []
    if item.many:
        notes.append("[can be repeated]")
    if item.default is True:
        notes.append("[default: yes]")
    elif item.default not in (None, False, "") and not isinstance(item.default, list | tuple | set | dict):
        notes.append(f"[default: {_shown(item.default)}]")
    return "  ".join([item.marker.help, *notes]).strip()


def _shown(value: object) -> str:
    return str(value.value if isinstance(value, enum.Enum) else value)
