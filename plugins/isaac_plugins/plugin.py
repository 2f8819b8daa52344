"""Begin, check, test and pack plugins of your own."""

import sys
from pathlib import Path
from typing import Annotated

from isaacd.api import Argument, Context, Handover, InvalidParams, Option, Plugin

plugin = Plugin("plugin", version="1", api="1", capabilities=("run",))

Where = Annotated[
    Path | None, Argument("The project's folder, or a plugin's file; by default this directory.")
]


def _handed(module: str, *arguments: str) -> Handover:
    """Have the client run a module of ours: the author's code must not come into the daemon."""
    argv = (sys.executable, "-P", "-m", module)
    # Before all that a person has written, which may follow a `--`.
    own, rest = arguments[: arguments.index("--")], arguments[arguments.index("--") :]
    return Handover(argv=(*argv, *arguments), always=True, json=(*argv, *own, "--json", *rest))


def _place(context: Context, path: Path | None) -> str:
    place = path or context.cwd
    if place is None:
        raise InvalidParams("there is no current directory", hint="name the project's folder")
    return str(place)


@plugin.command
def new(
    context: Context,
    name: Annotated[str, Argument("The plugin's name: a-z, 0-9 and _, a letter first.")],
    directory: Annotated[
        Path | None, Option("The folder to make; by default one of that name, here.", name="dir")
    ] = None,
) -> Handover:
    """Begin a plugin: a project that works, with a test and a README.

    Examples:
        isaacctl plugin new weather
        isaacctl plugin new weather --dir ~/src/isaac-weather
    """
    if directory is None:
        directory = Path(_place(context, None), name)
    return _handed("isaacd.workshop", "new", f"--dir={directory}", "--", name)


@plugin.command
def check(
    context: Context,
    path: Where = None,
    strict: Annotated[bool, "Fail for warnings too."] = False,
) -> Handover:
    """Look for what is wrong with a plugin, by file and line.

    It looks at names, help, versions, capabilities, tiers, imports, and at what would block the daemon. Each finding comes with what to do about it. Exits with 1 if there are errors.

    Examples:
        isaacctl plugin check
        isaacctl plugin check ~/src/isaac-weather --strict
        isaacctl plugin check weather.py --json
    """
    return _handed("isaacd.workshop", "check", *(["--strict"] if strict else []), "--", _place(context, path))


@plugin.command(name="test")
def try_out(
    context: Context,
    path: Where = None,
    trusted: Annotated[bool, "Let it run inside the daemon, as for users who trust it."] = False,
) -> Handover:
    """Test a plugin against a daemon of its own in a temporary home.

    It is packed and installed there, and runs isolated, as its users will have it at first. Then come the laws that every
    plugin must keep, and its own tests, if pytest is there.

    Examples:
        isaacctl plugin test
        isaacctl plugin test ~/src/isaac-weather --trusted
    """
    return _handed("isaacd.trial", *(["--trusted"] if trusted else []), "--", _place(context, path))


@plugin.command
def pack(
    context: Context,
    path: Where = None,
    out: Annotated[Path | None, "Where the wheel goes; by default `dist` in the project."] = None,
    own: Annotated[bool, "Never use the project's build backend, which runs its code."] = False,
) -> Handover:
    """Make a wheel of a plugin, ready to be installed or published.

    The project's build backend makes it where that is installed, else Isaac does. The same files give the same wheel.

    Examples:
        isaacctl plugin pack
        isaacctl plugin pack weather.py --out /tmp
    """
    options = [*([f"--out={out}"] if out else []), *(["--own"] if own else [])]
    return _handed("isaacd.workshop", "pack", *options, "--", _place(context, path))
