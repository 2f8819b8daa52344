"""Usage errors: what is wrong with a line, how it is written, and an example."""

import click

from isaacd.cli.exits import OK, USAGE
from isaacd.cli.failure import error_json, error_text
from isaacd.cli.help import Help, split_doc
from isaacd.cli.parameters import Place
from isaacd.cli.tree import PROGRAM, Mistake, Parsed, Tree, help_page
from isaacd.cli.values import MARK
from isaacd.context import Terminal
from isaacd.errors import InvalidParams, IsaacError, MethodNotFound


def outcome_of(tree: Tree, argv: list[str], terminal: Terminal) -> Parsed | tuple[int, str, str]:
    """Parse a line; where that ends in help or an error, return exit code, output and error text."""
    try:
        return tree.parse(argv, terminal)
    except Help as shown:
        return OK, shown.text, ""
    except click.UsageError as error:
        # The line was not understood as far as its options, so these are looked for by hand.
        options = argv[: argv.index("--")] if "--" in argv else argv
        if error.ctx is not None and not _is_unknown_command(error) and {"-h", "--help"} & set(options):
            return OK, help_page(error.ctx), ""
        told = told_error(error)
        if "--json" in options:
            return USAGE, error_json(told, terminal), ""
        return USAGE, "", error_text(told, terminal) + _directions(error)


def told_error(error: click.UsageError) -> IsaacError:
    """Turn click's error into one of ours, in our own words where click's differ between its releases."""
    if isinstance(error, Mistake):
        kind = MethodNotFound if _is_unknown_command(error) else InvalidParams
        return kind(error.message, hint=error.hint)
    if isinstance(error, click.NoSuchOption):
        return InvalidParams(f"no option {error.option_name[:60]}", hint=_option_hint(error))
    if isinstance(error, click.MissingParameter) and error.param is not None:
        message = f"missing {error.param.param_type_name} {_name_of(error.param)}"
    elif isinstance(error, click.BadParameter) and error.param is not None:
        message = f"{_name_of(error.param)}: {error.message}"
    elif isinstance(error, click.BadOptionUsage) and "requires" in error.message:
        message = f"option {error.option_name} needs a value"
    else:
        message = error.format_message()
        message = message[:1].lower() + message[1:].rstrip(".")
    return InvalidParams(message.replace(MARK, ""))


def _is_unknown_command(error: click.UsageError) -> bool:
    return isinstance(error, Mistake) and error.no_command


def _option_hint(error: click.NoSuchOption) -> str | None:
    near = sorted(error.possibilities or ())[:3]
    if near and error.option_name.startswith("--"):
        return f"did you mean {' or '.join(near)}?"
    ctx = error.ctx
    if ctx is not None and any(isinstance(item, Place) and item.words for item in ctx.command.params):
        return f'quote words that begin with a dash: {ctx.command_path} "..."'
    return None


def _name_of(param: click.Parameter) -> str:
    if isinstance(param, click.Argument):
        return param.title if isinstance(param, Place) else str(param.name)
    return "/".join([*param.opts[:1], *param.secondary_opts[:1]])


def _directions(error: click.UsageError) -> str:
    """Say how the command is written, with an example, and where the help is."""
    ctx = error.ctx
    if ctx is None:
        return f"  help: {PROGRAM} --help\n"
    text = f"  help: {ctx.command_path} --help\n"
    if isinstance(ctx.command, click.Group):
        return text
    usage = " ".join(ctx.command.get_usage(ctx).split()).removeprefix("Usage: ")
    _, examples = split_doc(getattr(ctx.command, "doc", ""))
    example = f"  example: {examples[0]}\n" if examples else ""
    return f"  usage: {usage}\n{example}{text}"
