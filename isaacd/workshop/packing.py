"""A project becomes a wheel: by its own backend where that is installed, else by ours."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from isaacd.errors import InvalidParams, PermissionDenied
from isaacd.workshop import backend
from isaacd.workshop.project import Project
from isaacd.workshop.wheel import write_wheel
from isaacd.workshop.wheelfile import check_wheel

# Backends whose plain projects hold what ours packs: the files below src/, or the modules that are named.
_LIKE_OURS = frozenset(
    "hatchling.build setuptools.build_meta setuptools.build_meta:__legacy__ flit_core.buildapi pdm.backend uv_build "
    "poetry.core.masonry.api".split()
)
_COMPILED = (".c", ".cc", ".cpp", ".pyx", ".rs", ".f90")


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """A wheel that was made; `by` is the backend, or `isaac`."""

    wheel: str
    distribution: str
    version: str
    plugins: tuple[str, ...]
    files: int
    size_bytes: int
    sha256: str
    by: str


def pack(project: Project, folder: Path, environ: Mapping[str, str], *, own: bool = False) -> Packed:
    """Make a project's wheel in `folder`; with `own`, never by its backend. An older one of the same name is replaced.

    Raises InvalidParams, PluginFailed, or PermissionDenied where nothing can be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".pack-", dir=folder))
    except OSError as error:
        raise PermissionDenied(
            f"cannot write into {folder}: {error.strerror}", hint="give another: --out FOLDER"
        ) from None
    try:
        wheel, by = None, "isaac"
        if not own and backend.is_installed(project):
            assert project.build is not None
            wheel, by = backend.build_wheel(project, made, environ), project.build.build_backend
        if wheel is None:
            _check_plain(project)
            wheel, by = write_wheel(project, made, environ.get("SOURCE_DATE_EPOCH")), "isaac"
        found = check_wheel(wheel)
        final = folder / wheel.name
        os.replace(wheel, final)  # noqa: PTH105 - within one file system, all or nothing
    except OSError as error:
        raise PermissionDenied(f"cannot write the wheel: {error.strerror or error}") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return Packed(
        wheel=str(final),
        distribution=found.distribution,
        version=found.version,
        plugins=tuple(sorted(found.plugins)),
        files=found.files,
        size_bytes=final.stat().st_size,
        sha256=found.sha256,
        by=by,
    )


def _check_plain(project: Project) -> None:
    """Refuse what only the project's own backend can build."""
    if project.build is None or project.pyproject is None:
        return
    name = project.build.build_backend
    install = f"pip install {' '.join(project.build.requires) or name.partition('.')[0]}"
    tools = project.pyproject.tool
    reason = ""
    if name not in _LIKE_OURS or project.build.backend_path:
        reason = f"it is built by {name}, which is not installed here"
    elif unknown := [item for item in project.table.dynamic if item != "version"]:
        reason = f"only {name}, which is not installed here, can tell its {', '.join(unknown)}"
    elif any(file.suffix in _COMPILED for file in project.files.values()) or "ext-modules" in tools.get(
        "setuptools", {}
    ):
        reason = f"it has parts to compile, and {name} is not installed here"
    elif tools.get("hatch", {}).get("build", {}).get("hooks"):
        reason = f"it has build hooks, and {name} is not installed here"
    if reason:
        raise InvalidParams(f"{project.root}: {reason}", hint=install)
