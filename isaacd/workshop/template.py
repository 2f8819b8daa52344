"""A new plugin: a small one that works, with its project, its test and its README."""

import keyword
import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

from isaacd.errors import InvalidParams, PermissionDenied, PluginFailed
from isaacd.plugin.declared import check_name

_MODULE = '''"""{title}: what it is for, in a line."""

from typing import Annotated

from isaacd.api import Context, InvalidParams, Option, Plugin, Tier

plugin = Plugin("{name}", summary="{title}: what it is for, in a line.", version="0.1.0", api="1")


@plugin.command(tool=Tier.READ)
def {name}(
    context: Context,
    to: Annotated[str, Option("Whom to greet.", short="t")] = "world",
    times: Annotated[int, Option("How often.", short="n")] = 1,
) -> str:
    """Say hello.

    Examples:
        isaacctl {name}
        isaacctl {name} --to Ada --times 2
    """
    if times < 1:
        raise InvalidParams("nobody can be greeted less than once", hint="try --times 1")
    return "\\n".join([f"hello {{to}}"] * times)
'''

_TEST = '''"""What the plugin {name} promises; `isaacctl plugin test` runs this against a daemon of its own."""

import pytest
from isaacctl.client import Client, RemoteError


def test_it_greets_as_often_as_asked() -> None:
    with Client() as isaac:
        assert isaac.call("{name}", to="Ada", times=2) == "hello Ada\\nhello Ada"


def test_less_than_once_is_refused() -> None:
    with Client() as isaac, pytest.raises(RemoteError, match="less than once"):
        isaac.call("{name}", times=0)
'''

_PYPROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "isaac-plugin-{dashed}"
version = "0.1.0"
description = "{title}: what it is for, in a line."
readme = "README.md"
requires-python = ">=3.11"
# What the plugin imports besides Isaac and its own packages; Isaac itself is there already.
dependencies = []

[project.entry-points."isaac.plugins"]
{name} = "isaac_plugins.{name}"

[tool.hatch.build.targets.wheel]
packages = ["src/isaac_plugins"]
"""

_README = """# {title}

A plugin for Isaac: what it is for, in a line.

```sh
isaacctl plugins install isaac-plugin-{dashed}
isaacctl {name} --to Ada
```

## Working on it

```sh
isaacctl plugin check     # is it what a plugin should be?
isaacctl plugin test      # its tests, against a daemon in a temporary home
isaacctl plugin pack      # a wheel in dist/
isaacctl plugins install .
```
"""

_IGNORED = "__pycache__/\n*.pyc\ndist/\n.venv/\n.pytest_cache/\n"


def files_of(name: str) -> dict[str, str]:
    """Return the files of a new plugin, by their places in its folder."""
    words = {"name": name, "dashed": name.replace("_", "-"), "title": name.replace("_", " ").capitalize()}
    return {
        "pyproject.toml": _PYPROJECT.format(**words),
        "README.md": _README.format(**words),
        ".gitignore": _IGNORED,
        f"src/isaac_plugins/{name}.py": _MODULE.format(**words),
        f"tests/test_{name}.py": _TEST.format(**words),
    }


def check_new_name(name: str, bundled: Collection[str]) -> None:
    """Raise InvalidParams unless a new plugin can have this name."""
    try:
        check_name(name)
    except PluginFailed as error:
        raise InvalidParams(error.message) from None
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise InvalidParams(f"{name} is a word of Python's own", hint=f"such as {name}_plugin")
    if name in bundled:
        raise InvalidParams(f"Isaac has a plugin {name} of its own", hint="choose another name")


def begin(name: str, folder: Path, bundled: Collection[str]) -> list[Path]:
    """Write a new plugin into a folder that is not there yet, or empty; returns its files.

    All of it is there at the end, or nothing. Raises InvalidParams or PermissionDenied.
    """
    check_new_name(name, bundled)
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidParams(f"{folder} is there already", hint="give another place: --dir FOLDER")
    files = files_of(name)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            for place, text in files.items():
                file = made / place
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            made.chmod(0o777 & ~_umask())
            os.replace(made, folder)  # noqa: PTH105 - it replaces an empty folder too
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise PermissionDenied(
            f"cannot write {folder}: {error.strerror}", hint="give another place: --dir FOLDER"
        ) from None
    return [folder / place for place in files]


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
