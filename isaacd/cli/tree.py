"""The catalog as a tree of click commands, and a command line understood with it."""

import re
import shlex
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, NoReturn

import click

from isaacd.cli.help import Help, page
from isaacd.cli.local import LOCAL_COMMANDS
from isaacd.cli.parameters import Place, click_parameters, collect
from isaacd.cli.values import MARK
from isaacd.command import Catalog, Command
from isaacd.context import Terminal

PROGRAM = "isaacctl"
_INTRODUCTION = """Isaac, the resident assistant of your shell and editor.

Examples:
    isaacctl ask "find files larger than 100 MB under /var"
    git diff | isaacctl ask "explain this change"
    isaacctl status
"""
_NEGATIVE = re.compile(r"-(\d|\.\d|inf\Z)")
_LONGEST_WORD = 60
AFTER_DASHES = "--line"


class Mistake(click.UsageError):
    """A line that cannot be understood, and what to do instead."""

    def __init__(
        self, message: str, ctx: click.Context, hint: str | None = None, *, no_command: bool = False
    ) -> None:
        super().__init__(message, ctx)
        self.hint = hint
        self.no_command = no_command


class Parsed:
    """A line understood: the command, the values given, and the options that all commands share."""

    __slots__ = ("command", "json", "sets", "values")

    def __init__(
        self, command: Command, values: dict[str, Any], *, json: bool, sets: tuple[str, ...]
    ) -> None:
        self.command = command
        self.values = values
        self.json = json
        self.sets = sets


class _Command(click.Command):
    """A command whose help comes as the exception Help, since there is no terminal here to print to."""

    doc = ""

    def get_help_option(self, ctx: click.Context) -> click.Option:
        """Return our own `--help`."""
        return click.Option(
            ["_help", "-h", "--help"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_show_help,
            help="Show this message.",
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; a negative number is none of the options."""
        if any(isinstance(param, Place) for param in self.params):
            shorts = {name[1] for param in self.params for name in param.opts if len(name) == 2}
            args = [MARK + word if _NEGATIVE.match(word) and word[1] not in shorts else word for word in args]
        return super().parse_args(ctx, args)


class _Leaf(_Command):
    def __init__(self, command: Command, name: str) -> None:
        super().__init__(
            name,
            params=[*click_parameters(command), *_common(hidden=True)],
            callback=lambda **_: _parsed(command, click.get_current_context()),
            short_help=command.summary,
            context_settings={"allow_extra_args": True},
        )
        self.doc = command.doc

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse arguments that have no place, with the option that may have been meant.

        What stands behind `--` is the value of an option called `--line`, where there is one.
        """
        if "--" in args and any(AFTER_DASHES in param.opts for param in self.params):
            at = args.index("--")
            behind = args[at + 1 :]
            line = behind[0] if len(behind) == 1 else shlex.join(behind)
            args = [*args[:at], *([f"{AFTER_DASHES}={line}"] if behind else [])]
        rest = super().parse_args(ctx, args)
        if rest:
            word = rest[0].removeprefix(MARK)
            hint = None
            options = [item for item in self.params if isinstance(item, click.Option) and not item.is_flag]
            if not any(isinstance(item, Place) for item in self.params) and not options[0].hidden:
                hint = f"did you mean {options[0].opts[0]} {word[:_LONGEST_WORD]}?"
            raise Mistake(f"unexpected argument {word[:_LONGEST_WORD]!r}", ctx, hint)
        return rest


class _Group(_Command, click.Group):
    def __init__(self, name: str, *, doc: str, summary: str, bare: Command | None, top: bool = False) -> None:
        super().__init__(
            name,
            params=[*(_options(bare) if bare else ()), *_common(hidden=not top)],
            invoke_without_command=True,
            callback=_alone(bare),
            short_help=summary,
            subcommand_metavar="COMMAND [ARGS]..." if bare is None else "[COMMAND] [ARGS]...",
        )
        self.doc = doc

    def rows(self) -> list[tuple[str, str]]:
        """Return every command below with its line of help."""
        return [(name, self.commands[name].short_help or "") for name in sorted(self.commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command; `_` is as good as `-`."""
        return super().get_command(ctx, cmd_name.replace("_", "-"))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may have been meant."""
        if self.get_command(ctx, args[0]) is None:
            self._unknown(ctx, args[0])
        return super().resolve_command(ctx, args)

    def refuse(self, word: str) -> None:
        """Raise IsaacError if a word is a plugin's that cannot be used."""

    def _unknown(self, ctx: click.Context, word: str) -> NoReturn:
        self.refuse(word)
        names = self.list_commands(ctx)
        if ctx.parent is None:
            names = sorted({*names, *(name for name, _ in LOCAL_COMMANDS)})
        near = get_close_matches(word.lower(), names, 2) if len(word) <= _LONGEST_WORD else []
        hint = None
        if near:
            hint = f"did you mean {' or '.join(f'{ctx.command_path} {name}' for name in near)}?"
        elif "say" in names:
            hint = f'to say it: {ctx.command_path} say "..."; there are: {", ".join(names)}'
        elif ctx.parent is not None:
            hint = f"there are: {', '.join(names)}"
        elif "ask" in names:
            hint = f'to ask a question: {PROGRAM} ask "..."'
        known = ctx.command_path.removeprefix(PROGRAM).lstrip()
        raise Mistake(f"no command {f'{known} {word[:_LONGEST_WORD]}'.strip()!r}", ctx, hint, no_command=True)


class _FileOrGroup(_Group):
    """A group whose own command takes a file: a word that is none of the commands below it is the file's name."""

    def __init__(self, name: str, *, doc: str, summary: str, bare: Command) -> None:
        super().__init__(name, doc=doc, summary=summary, bare=bare)
        self.leaf = _Leaf(bare, name)
        self.places = [param for param in self.leaf.params if isinstance(param, Place)]
        self.subcommand_metavar = f"[{' '.join(place.title for place in self.places)} | COMMAND [ARGS]...]"

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Choose by the first word that is neither an option nor an option's value."""
        valued = {
            name
            for param in self.leaf.params
            if isinstance(param, click.Option) and not param.is_flag
            for name in param.opts
        }
        words = iter(args)
        for word in words:
            if word in ("-h", "--help"):
                return super().make_context(info_name, args, parent, **extra)
            if word in valued:
                next(words, None)
            elif word == "-" or not word.startswith("-"):
                if word.replace("_", "-") in self.commands:
                    return super().make_context(info_name, args, parent, **extra)
                break
            elif word == "--":
                break
        return self.leaf.make_context(info_name, args, parent, **extra)


class _Root(_Group):
    """All plugins of a catalog; what is below each is made when it is first looked at."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__(PROGRAM, doc=_INTRODUCTION, summary="", bare=None, top=True)
        self._catalog = catalog
        self._shown: dict[str, list[Command]] = {}
        for command in sorted(catalog, key=lambda item: item.name):
            if not command.hidden:
                plugin = command.name.partition(".")[0].replace("_", "-")
                self._shown.setdefault(plugin, []).append(command)

    def __contains__(self, name: str) -> bool:
        return name in self._shown

    def current(self, command: Command) -> Command:
        """Return the command of this name that the catalog has now; it looks the same, or the tree would be another."""
        return self._catalog.find(command.name) or command

    def refuse(self, word: str) -> None:
        """Raise IsaacError if a word is a plugin's that cannot be used."""
        error = self._catalog.refusal(word.replace("-", "_"))
        if error is not None:
            raise error

    def rows(self) -> list[tuple[str, str]]:
        """Return every plugin with its line of help."""
        return [(name, _summary(self._catalog, commands)) for name, commands in sorted(self._shown.items())]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all plugins."""
        return sorted(self._shown)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a plugin's commands."""
        name = cmd_name.replace("_", "-")
        if name not in self.commands and name in self._shown:
            self.add_command(_branch(self._catalog, name, self._shown[name]))
        return self.commands.get(name)


class Tree:
    """All commands of a catalog as one click group."""

    def __init__(self, catalog: Catalog) -> None:
        catalog.complete()
        self.version = catalog.version
        self.root = _Root(catalog)

    def parse(self, argv: list[str], terminal: Terminal) -> Parsed:
        """Understand a command line; raises Help or click.UsageError."""
        if argv[:1] == ["help"]:
            if len(argv) > 1 and argv[1] in dict(LOCAL_COMMANDS) and argv[1] not in self.root:
                ctx = click.Context(self.root, info_name=PROGRAM)
                raise Mistake(
                    f"{argv[1]} is a command that needs no daemon", ctx, f"{PROGRAM} {argv[1]} --help"
                )
            argv = [*argv[1:], "--help"]
        with self.root.make_context(PROGRAM, list(argv), obj=terminal) as ctx:
            result = self.root.invoke(ctx)
        assert isinstance(result, Parsed), "every callback returns one or raises"
        return result


def _bare(commands: list[Command]) -> Command | None:
    """Return the command that has the plugin's own name."""
    return next((item for item in commands if "." not in item.name), None)


def _summary(catalog: Catalog, commands: list[Command]) -> str:
    """Return the line of help of a plugin's commands."""
    bare = _bare(commands)
    if bare is not None and len(commands) == 1:
        return bare.summary
    plugin = commands[0].name.partition(".")[0]
    return catalog.summaries.get(plugin) or (bare.summary if bare else f"Commands of the plugin {plugin}.")


def _branch(catalog: Catalog, name: str, commands: list[Command]) -> click.Command:
    """Return a plugin's commands: one of its own name alone, or a group."""
    bare = _bare(commands)
    if bare is not None and len(commands) == 1:
        return _Leaf(bare, name)
    summary = _summary(catalog, commands)
    if bare is not None and any(item.positional for item in bare.parameters):
        group: _Group = _FileOrGroup(name, doc=bare.doc, summary=summary, bare=bare)
    else:
        group = _Group(name, doc=bare.doc if bare else summary, summary=summary, bare=bare)
    for command in commands:
        if command is not bare:
            group.add_command(_Leaf(command, command.name.partition(".")[2].replace("_", "-")))
    return group


def _options(command: Command) -> list[click.Parameter]:
    return [param for param in click_parameters(command) if not isinstance(param, Place)]


def _alone(bare: Command | None) -> Callable[..., Parsed | None]:
    """Return what a group does when no command follows: run the bare one, or show its help."""

    def callback(**_: object) -> Parsed | None:
        ctx = click.get_current_context()
        if ctx.invoked_subcommand is not None:
            return None
        if bare is None and _wants_json(ctx):
            names = ", ".join(row[0] for row in getattr(ctx.command, "rows", list)())
            raise Mistake("no command was named", ctx, f"there are: {names}", no_command=True)
        if bare is None:
            raise Help(help_page(ctx))
        return _parsed(bare, ctx)

    return callback


def _wants_json(ctx: click.Context) -> bool:
    return bool(ctx.params.get("_json")) or (ctx.parent is not None and _wants_json(ctx.parent))


def _common(*, hidden: bool) -> list[click.Option]:
    """Return the options that every command has; `--set` is told once, in the help of the whole."""
    return [
        click.Option(
            ["_sets", "--set"],
            multiple=True,
            metavar="KEY=VALUE",
            hidden=hidden,
            help="Change a setting for this call only.",
        ),
        click.Option(["_json", "--json"], is_flag=True, help="Answer in JSON."),
    ]


def _parsed(command: Command, ctx: click.Context) -> Parsed:
    root = ctx.find_root().command
    command = root.current(command) if isinstance(root, _Root) else command
    json = False
    sets: tuple[str, ...] = ()
    at: click.Context | None = ctx
    while at is not None:
        json = json or bool(at.params.get("_json"))
        sets = (*at.params.get("_sets", ()), *sets)
        at = at.parent
    return Parsed(command, collect(command, ctx), json=json, sets=sets)


def help_page(ctx: click.Context) -> str:
    """Return the help of the command that `ctx` is about."""
    command = ctx.command
    return page(ctx, command.doc if isinstance(command, _Command) else "")


def _show_help(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        raise Help(help_page(ctx))
