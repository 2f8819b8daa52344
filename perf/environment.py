"""Two environments: a clean one with nothing but the installed wheel, and one for the tools that measure it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Environment(NamedTuple):
    """The Python of each environment."""

    clean: Path
    tools: Path


def make_environment(directory: Path) -> Environment:
    """Build the wheel and install it as a user's pip would; what is in `directory` already is used again.

    The clean environment has no pip and no setuptools, whose start-up file costs every Python 1 ms or more: the
    floor must be the bare interpreter.
    """
    clean, tools = (directory / name / "bin" / "python" for name in ("clean", "tools"))
    wheels = directory / "wheels"
    if not tools.exists():
        _call(sys.executable, "-m", "venv", tools.parent.parent)
        _call(tools, "-m", "pip", "install", "pyperf>=2.8,<3")
    if not clean.exists():
        _call(sys.executable, "-m", "venv", "--without-pip", clean.parent.parent)
    for old in wheels.glob("*.whl"):
        old.unlink()
    _call(tools, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", wheels, ROOT)
    (wheel,) = wheels.glob("*.whl")
    into_clean = (tools, "-m", "pip", "--python", clean, "install", "--no-warn-script-location")
    _call(*into_clean, wheel)
    # The version may be the same while the content is not.
    _call(*into_clean, "--force-reinstall", "--no-deps", wheel)
    return Environment(clean, tools)


class Peer(NamedTuple):
    """The Python of an environment in which others are, and the versions of what was asked for."""

    python: Path
    versions: Mapping[str, str]

    @property
    def version(self) -> str:
        """The version of the first."""
        return next(iter(self.versions.values()), "")


def make_peers(directory: Path, wanted: Mapping[str, Sequence[str]]) -> dict[str, Peer]:
    """Install each of `wanted` into an environment of its own, or use what is there; who cannot be installed is left out.

    pip and setuptools are taken away again, as their start-up file costs every Python 1 ms or more.
    """
    found = {}
    for name, packages in wanted.items():
        python = directory / name / "bin" / "python"
        ready = directory / f"{name}.json"
        if not ready.exists():
            print(f"installing {', '.join(packages)}", file=sys.stderr, flush=True)
            try:
                _call(sys.executable, "-m", "venv", "--clear", python.parent.parent)
                _call(python, "-m", "pip", "install", *packages)
                report = json.loads(_call(python, "-m", "pip", "list", "--format", "json"))
                _call(python, "-m", "pip", "uninstall", "--yes", "setuptools", "pip")
            except SystemExit as error:
                print(f"{name} cannot be installed: {str(error)[-300:]}", file=sys.stderr)
                continue
            known = {item["name"].lower().replace("_", "-"): item["version"] for item in report}
            ready.write_text(
                json.dumps({package: known.get(package.partition("[")[0], "") for package in packages})
            )
        found[name] = Peer(python, json.loads(ready.read_text()))
    return found


def clean_environ(**changes: str) -> dict[str, str]:
    """Return a small, usual environment without anything that changes how Python starts."""
    usual = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "SHELL": "/bin/sh",
        "EDITOR": "vi",
        "USER": "someone",
    }
    return usual | changes


def _call(*words: str | Path) -> str:
    # pip compiles what it installs, unless it is told that nobody wants byte code.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    done = subprocess.run(
        [str(word) for word in words], env=environ, check=False, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout
