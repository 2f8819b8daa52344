"""Help pages: what a command does, examples, and everything that it takes."""

from collections.abc import Sequence

import click

from isaacd.cli.local import LOCAL_COMMANDS
from isaacd.cli.parameters import Place
from isaacd.context import Terminal

_WIDEST = 100


class Help(Exception):
    """Help was asked for; `text` is it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class _Formatter(click.HelpFormatter):
    def __init__(self, terminal: Terminal) -> None:
        super().__init__(width=min(terminal.columns, _WIDEST))
        self._terminal = terminal

    def write_heading(self, heading: str) -> None:
        """Write a heading, bold where the terminal can."""
        super().write_heading(self._terminal.style(heading, 1))


def split_doc(doc: str) -> tuple[str, list[str]]:
    """Split a docstring into its text and the lines of its examples."""
    text, _, examples = doc.partition("Examples:\n")
    return text.strip(), [line.strip() for line in examples.strip().splitlines()]


def page(ctx: click.Context, doc: str) -> str:
    """Write the help of the command that `ctx` is about."""
    command = ctx.command
    formatter = _Formatter(terminal_of(ctx))
    command.format_usage(ctx, formatter)
    text, examples = split_doc(doc)
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(text)
    if examples:
        with formatter.section("Examples"):
            for line in examples:
                # An example is for copying: it is never wrapped.
                formatter.write(f"  {line}\n" if line else "\n")
    _section(formatter, "Arguments", _arguments(command))
    if isinstance(command, click.Group):
        _section(formatter, "Commands", _commands(ctx, command))
        if ctx.parent is None:
            _section(formatter, "Daemon", LOCAL_COMMANDS)
    options = [
        item.get_help_record(ctx) for item in command.get_params(ctx) if isinstance(item, click.Option)
    ]
    _section(formatter, "Options", [record for record in options if record is not None])
    return formatter.getvalue().rstrip("\n") + "\n"


def terminal_of(ctx: click.Context) -> Terminal:
    """Return the terminal that a line was typed at."""
    return ctx.find_object(Terminal) or Terminal()


def _section(formatter: click.HelpFormatter, heading: str, rows: Sequence[tuple[str, str]]) -> None:
    if rows:
        with formatter.section(heading):
            formatter.write_dl(rows)


def _arguments(command: click.Command) -> list[tuple[str, str]]:
    places = [param for param in getattr(command, "places", command.params) if isinstance(param, Place)]
    return (
        [(param.title, param.explained) for param in places]
        if any(param.explained for param in places)
        else []
    )


def _commands(ctx: click.Context, group: click.Group) -> list[tuple[str, str]]:
    local = {name for name, _ in LOCAL_COMMANDS} if ctx.parent is None else set()
    return [(name, summary) for name, summary in rows_of(group) if name not in local]


def rows_of(group: click.Group) -> list[tuple[str, str]]:
    """Return the commands of a group, each with its line of help."""
    rows: list[tuple[str, str]] = group.rows()  # type: ignore[attr-defined] # every group of the tree has it
    return rows
