"""Two environments: a clean one with nothing but the installed wheel, and one for the tools that measure it."""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TOOLS = "pyperf>=2.8,<3"


class Environment(NamedTuple):
    """The Python of each environment."""

    clean: Path
    tools: Path


class InstallError(Exception):
    """An environment could not be made; what pip said is in the message."""


def make_environment(directory: Path) -> Environment:
    """Build the wheel and install it as a user's pip would.

    What is in `directory` already is used again if the same Python made it for the same dependencies, and made anew
    otherwise. The clean environment has no pip and no setuptools, whose start-up file costs every Python 1 ms or more:
    the floor must be the bare interpreter.
    """
    clean, tools = (directory / name / "bin" / "python" for name in ("clean", "tools"))
    made, wanted = directory / "made.json", _wanted()
    if not made.exists() or json.loads(made.read_text() or "null") != wanted or not clean.exists():
        for name in ("clean", "tools", "wheels", "before"):
            shutil.rmtree(directory / name, ignore_errors=True)
        made.unlink(missing_ok=True)
        _call(sys.executable, "-m", "venv", tools.parent.parent)
        _call(tools, "-m", "pip", "install", TOOLS)
    wheels = directory / "wheels"
    for old in wheels.glob("*.whl"):
        old.unlink()
    _call(tools, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", wheels, ROOT)
    install(tools, wheel_of(directory), clean)
    made.write_text(json.dumps(wanted))
    return Environment(clean, tools)


def wheel_of(directory: Path) -> Path:
    """Return the wheel that was built there."""
    (wheel,) = directory.joinpath("wheels").glob("*.whl")
    return wheel


def install(tools: Path, wheel: Path, python: Path) -> None:
    """Have a wheel and what it needs in an environment, and no older content of the same version."""
    if not python.exists():
        _call(sys.executable, "-m", "venv", "--clear", "--without-pip", python.parent.parent)
    into = (tools, "-m", "pip", "--python", python, "install", "--no-warn-script-location")
    _call(*into, wheel)
    # The version may be the same while the content is not.
    _call(*into, "--force-reinstall", "--no-deps", wheel)


def _wanted() -> dict[str, object]:
    """Say what an environment depends on besides the wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        "python": [sys.version, os.path.realpath(sys.executable)],
        "tools": TOOLS,
        "needs": project["dependencies"],
    }


@contextlib.contextmanager
def only_one(directory: Path) -> Iterator[None]:
    """Keep others from using an environment meanwhile; raises InstallError if somebody does."""
    directory.mkdir(parents=True, exist_ok=True)
    with directory.joinpath("lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InstallError(
                f"another run uses {directory}: wait for it, or give another folder by --env"
            ) from None
        yield


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
            except InstallError as error:
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
        raise InstallError(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout
