"""Plugins installed and removed, by a program that the client runs."""

import sys
from pathlib import Path
from typing import Annotated

from isaacd.api import Argument, Context, Handover


def install(
    context: Context,
    what: Annotated[
        str, Argument("A name on PyPI (NAME or NAME==1.2), a wheel, or a plugin's folder or file.")
    ],
    find_links: Annotated[list[str], "Folders or pages of wheels to look in besides."] = [],  # noqa: B006 - it is copied
    offline: Annotated[bool, "Ask no package index."] = False,
    build: Annotated[bool, "Also take what has to be built first, which runs its code."] = False,
    pre: Annotated[bool, "Also take versions that are not released yet."] = False,
) -> Handover:
    """Install a plugin, or another version of it, into a private folder.

    What it needs comes along; nothing of it gets into your system's Python or into Isaac's own packages. Until you trust
    the plugin, it runs isolated.

    Examples:
        isaacctl plugins install isaac-plugin-weather
        isaacctl plugins install ./dist/isaac_plugin_weather-0.1.0-py3-none-any.whl
        isaacctl plugins install ~/src/isaac-weather
    """
    options = [*(f"--find-links={_absolute(context, item)}" for item in find_links)]
    flags = {"--offline": offline, "--build": build, "--pre": pre}
    return _handed(
        context, "install", *options, *(name for name, given in flags.items() if given), "--", what
    )


def remove(
    context: Context, name: Annotated[str, Argument("The name of the plugin, or of what was installed.")]
) -> Handover:
    """Remove a plugin that was installed, and everything that only it needed.

    Examples:
        isaacctl plugins remove weather
        isaacctl plugins remove isaac-plugin-weather
    """
    return _handed(context, "remove", "--", name)


def _handed(context: Context, command: str, *arguments: str) -> Handover:
    """Have the client run it: pip needs the network, the person's settings, and a terminal for its progress."""
    argv = (sys.executable, "-P", "-m", "isaacd.installing", command)
    own = (f"--folder={context.paths.data_dir / 'plugins'}", f"--socket={context.paths.socket}")
    return Handover(argv=(*argv, *own, *arguments), always=True, json=(*argv, "--json", *own, *arguments))


def _absolute(context: Context, place: str) -> str:
    if "://" in place or context.cwd is None:
        return place
    return str(context.cwd / Path(place).expanduser())
