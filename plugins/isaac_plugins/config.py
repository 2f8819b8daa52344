"""See, check and edit the configuration."""

import shlex
from pathlib import Path
from typing import Annotated

import msgspec

from isaacd.api import Argument, ConfigRow, Context, Handover, NotFound, Plugin, Terminal, Tier

plugin = Plugin(
    "config", summary="See, check and edit the configuration.", version="1", capabilities=("run",)
)


def _table(rows: list[ConfigRow], terminal: Terminal) -> str:
    """Align keys and origins; values come last, written as in the file, because they may be long."""
    cells = [(row, "-" if row.value is None else msgspec.json.encode(row.value).decode()) for row in rows]
    key, origin = (max((len(getattr(row, name)) for row in rows), default=0) for name in ("key", "origin"))
    return "\n".join(
        f"{row.key:<{key}}  {terminal.style(f'{row.origin:<{origin}}', 2)}  {value}" for row, value in cells
    )


# It holds no secrets, but addresses, names and instructions of your own: a model gets them only if you agree.
@plugin.command(view=_table, tool=Tier.BEYOND)
def show(
    context: Context,
    key: Annotated[str | None, Argument("A key such as `ai.model`, or a section such as `ai`.")] = None,
    changed: Annotated[bool, "Leave out what is the default."] = False,
) -> list[ConfigRow]:
    """Show the values that hold here, and where each comes from.

    A value comes from the default, the file, an ISAAC_<SECTION>_<KEY> variable or --set; the last of these wins.

    Examples:
        isaacctl config show
        isaacctl config show --changed
        isaacctl config show ai.model --json
    """
    return context.loaded.rows(key, changed=changed)


@plugin.command
def path(context: Context) -> str:
    """Print the path of the configuration file, whether it exists or not.

    Examples:
        isaacctl config path
    """
    return str(context.paths.config_file)


@plugin.command
def check(
    context: Context,
    file: Annotated[Path | None, Argument("Another file than the one in use.")] = None,
) -> str:
    """Check the configuration file and the ISAAC_* variables, and tell everything that is wrong.

    Exits with 78 if something is.

    Examples:
        isaacctl config check
        isaacctl config check ~/dotfiles/isaac.toml
    """
    found = context.loaded.again(file).file
    if file is not None and not found.exists:
        raise NotFound(f"there is no file {file}")
    verdict = f"ok: {found.name}" if found.exists else f"ok: there is no {found.name}, so the defaults hold"
    return "\n".join([verdict, *(f"warning: {item}" for item in found.warnings)])


@plugin.command(view=lambda plan, _: shlex.join(plan.argv))
def edit(context: Context) -> Handover:
    """Open the configuration file in $VISUAL or $EDITOR, and check it afterwards.

    A file that does not exist yet is created with every key and its default in a comment. Without a terminal, the
    editor's command line is printed instead.

    Examples:
        isaacctl config edit
    """
    editor = _editor(context)
    file = context.loaded.file
    text = f"created {file.name}\n" if file.create(context.loaded.offered.tree) else ""
    return Handover(argv=(*editor, str(file.path)), after=("config", "check"), text=text)


def _editor(context: Context) -> tuple[str, ...]:
    try:
        return context.editor()
    except NotFound as error:
        hint = f"export EDITOR=..., or edit {context.paths.config_file}"
        raise NotFound(error.message, hint=hint) from None
