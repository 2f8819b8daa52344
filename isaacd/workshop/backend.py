"""Building with the project's own build backend, where that is installed: it knows best what belongs into the wheel."""

import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from isaacd.errors import PluginFailed
from isaacd.workshop.project import Project

BUILD_TIMEOUT_S = 600.0
# What a backend needs besides may be known only to itself, so it is asked first.
_HOOK = """
import importlib, importlib.metadata, re, sys
module, _, names = sys.argv[1].partition(":")
backend = importlib.import_module(module)
for name in filter(None, names.split(".")):
    backend = getattr(backend, name)
for wanted in getattr(backend, "get_requires_for_build_wheel", list)():
    name = re.match(r"[A-Za-z0-9._-]+", wanted)[0]
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        sys.exit(NOT_THERE)
built = backend.build_wheel(sys.argv[2])
with open(sys.argv[3], "w") as answer:
    answer.write(built)
"""
_NOT_THERE = 93


def is_installed(project: Project) -> bool:
    """Tell whether the backend that a project names can be imported here."""
    build = project.build
    if build is None or build.backend_path:
        return False
    try:
        return importlib.util.find_spec(build.build_backend.partition(":")[0]) is not None
    except (ImportError, ValueError):
        return False


def build_wheel(project: Project, folder: Path, environ: Mapping[str, str]) -> Path | None:
    """Have the backend build the wheel into `folder` (PEP 517), in a process of its own; None if it lacks something.

    Raises PluginFailed with the end of what the backend said.
    """
    assert project.build is not None
    answer = folder / ".built"
    hook = _HOOK.replace("NOT_THERE", str(_NOT_THERE))
    command = [sys.executable, "-c", hook, project.build.build_backend, str(folder), str(answer)]
    # Reproducible unless somebody says otherwise: most backends take the times of files from this.
    environ = {"SOURCE_DATE_EPOCH": "315532800", **environ}
    try:
        done = subprocess.run(
            command, cwd=project.root, env=environ, capture_output=True, timeout=BUILD_TIMEOUT_S, check=False
        )
        if done.returncode == 0 and answer.is_file():
            return folder / answer.read_text()
        if done.returncode == _NOT_THERE:
            return None
    except subprocess.TimeoutExpired:
        raise PluginFailed(
            f"{project.build.build_backend} has not built the wheel within {BUILD_TIMEOUT_S:g} s"
        ) from None
    finally:
        answer.unlink(missing_ok=True)
    said = done.stderr.decode(errors="replace").strip().splitlines()[-15:]
    raise PluginFailed(f"{project.build.build_backend} cannot build the wheel", hint="\n".join(said) or None)
