"""The reference of the commands: each with its help, its examples, and the schema of its arguments, read from the catalog."""

import json
import textwrap
from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import click

import isaac_plugins
from isaacctl.local import cli as local
from isaacd.cli.help import split_doc
from isaacd.cli.local import LOCAL_COMMANDS
from isaacd.cli.parameters import click_parameters
from isaacd.command import Command
from isaacd.plugin import Plugin

_HEAD = """\
What `isaacctl COMMAND --help` says, for all of them. The word in front of the dot is the plugin: `notes.add` is
`isaacctl notes add` on a command line, and the method `notes.add` [on the socket](protocol.md). Every command takes `--json`,
`--help` and, before or behind its name, `--set KEY=VALUE` for a setting of this call only. Arguments without a dash go by
place; a `...` may come several times.
"""
_LOCAL = """\
These are answered by the client itself, with or without a daemon.
"""


def bundled() -> list[Plugin]:
    """Return the plugins that come with Isaac, by name, each with the line that says what it is for."""
    names = sorted(
        item.name for item in iter_modules(isaac_plugins.__path__) if not item.name.startswith("_")
    )
    modules = [import_module(f"isaac_plugins.{name}") for name in names]
    for module in modules:
        module.plugin.summary = module.plugin.summary or (module.__doc__ or "").strip().partition("\n")[0]
    return [module.plugin for module in modules]


def commands_page(note: str) -> str:
    """Describe every command that can be typed or called, hidden ones left out."""
    plugins = [item for item in bundled() if any(not command.hidden for command in item.commands)]
    plugins.sort(key=lambda item: item.name)
    lines = ["# Commands", "", note, "", _HEAD, *_overview(plugins)]
    for plugin in plugins:
        lines += [f"## {plugin.name}", "", plugin.summary, ""]
        for command in sorted(plugin.commands, key=lambda item: item.name):
            if not command.hidden:
                lines += _entry(command)
    lines += ["## Without a daemon", "", _LOCAL]
    for name, summary in LOCAL_COMMANDS:
        lines += _local(name, summary)
    return "\n".join(lines).rstrip("\n") + "\n"


def _overview(plugins: Iterable[Plugin]) -> Iterator[str]:
    yield from ("| plugin | | commands |", "|---|---|---|")
    for plugin in plugins:
        names = sorted(command.name for command in plugin.commands if not command.hidden)
        links = ", ".join(f"[{_last(name)}](#{_anchor(name)})" for name in names)
        yield f"| `{plugin.name}` | {_cell(plugin.summary)} | {links} |"
    local_links = ", ".join(f"[{name}](#isaacctl-{name})" for name, _ in LOCAL_COMMANDS)
    yield f"| | Without a daemon. | {local_links} |"
    yield ""


def _entry(command: Command) -> Iterator[str]:
    """Describe one command: how it is typed, what it does, what it takes, and what programs send."""
    words = command.name.replace("_", "-").replace(".", " ")
    text, examples = split_doc(command.doc)
    yield from (f"### {_heading(command.name)}", "")
    yield from _fenced("text", [f"isaacctl {words} {_usage(command)}".rstrip()])
    yield from (text, "")
    if examples:
        yield from _fenced("sh", examples)
    rows = list(_rows(command))
    if rows:
        yield from ("| takes | | |", "|---|---|---|", *rows, "")
    if command.tool is not None:
        yield from (f"A model may call it: a tool of tier {command.tool.label}.", "")
    yield from ("Arguments on the socket:", "")
    yield from _fenced("json", [_compact(command.schema)])


def _usage(command: Command) -> str:
    params = click_parameters(command)
    places = [
        str(item.make_metavar(click.Context(click.Command("x"))))
        for item in params
        if isinstance(item, click.Argument)
    ]
    options = ["[OPTIONS]"] if any(isinstance(item, click.Option) for item in params) else []
    return " ".join([*options, *places])


def _rows(command: Command) -> Iterator[str]:
    """Give a row for each argument and option, as the help shows them."""
    context = click.Context(click.Command("x"))
    for item in click_parameters(command):
        if isinstance(item, click.Option):
            record = item.get_help_record(context)
            if record is not None:
                yield f"| `{_cell(record[0])}` | {_cell(record[1])} | |"
        else:
            needed = "needed" if item.required else ""
            yield f"| `{_cell(getattr(item, 'title', item.name or ''))}` | {_cell(getattr(item, 'explained', ''))} | {needed} |"


def _local(name: str, summary: str) -> Iterator[str]:
    command = local.get_command(click.Context(local), name)
    yield from (f"### isaacctl {name}", "", summary, "")
    assert command is not None
    yield from _fenced("text", _page(command, f"isaacctl {name}"))
    if isinstance(command, click.Group):
        for below in command.list_commands(click.Context(command)):
            child = command.get_command(click.Context(command), below)
            assert child is not None
            yield from _fenced("text", _page(child, f"isaacctl {name} {below}"))


def _page(command: click.Command, path: str) -> list[str]:
    settings: dict[str, Any] = {"terminal_width": 100, "max_content_width": 100, **command.context_settings}
    context = click.Context(command, info_name=path, **settings)
    return command.get_help(context).splitlines()


def _compact(schema: Any) -> str:
    """Write a schema on few lines: one for each argument."""
    text = json.dumps(schema, ensure_ascii=False)
    if len(text) <= 110:
        return text
    lines = []
    for key, value in schema.items():
        written = json.dumps(value, ensure_ascii=False)
        if key in ("properties", "$defs"):
            rows = [
                f"    {json.dumps(name)}: {json.dumps(item, ensure_ascii=False)}"
                for name, item in value.items()
            ]
            written = "{\n" + ",\n".join(rows) + "\n  }"
        lines.append(f"  {json.dumps(key)}: {written}")
    return "{\n" + ",\n".join(lines) + "\n}"


def _fenced(kind: str, lines: Iterable[str]) -> list[str]:
    return [f"```{kind}", *textwrap.dedent("\n".join(lines)).splitlines(), "```", ""]


def _heading(name: str) -> str:
    return f"`{name}`"


def _anchor(name: str) -> str:
    return name.replace(".", "")


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
