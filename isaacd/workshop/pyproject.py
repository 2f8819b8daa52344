"""What a plugin project says of itself: the `[project]` table of its pyproject.toml, read and checked."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from isaacd.errors import InvalidParams, NotFound
from isaacd.plugin.entries import GROUP

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
# PEP 440, without the spellings that it only tolerates.
_VERSION = re.compile(
    r"(?:\d+!)?\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.post\d+)?(?:\.dev\d+)?(?:\+[a-z0-9]+(?:\.[a-z0-9]+)*)?\Z"
)


class Person(msgspec.Struct, frozen=True):
    """Somebody who wrote a plugin."""

    name: str | None = None
    email: str | None = None


class Readme(msgspec.Struct, frozen=True, rename="kebab"):
    """Where the long description is: a file of the project, or the text itself."""

    file: str | None = None
    text: str | None = None
    content_type: str | None = None


class License(msgspec.Struct, frozen=True):
    """A licence in the older form: a file of the project, or the text itself."""

    file: str | None = None
    text: str | None = None


class ProjectTable(msgspec.Struct, frozen=True, rename="kebab"):
    """The `[project]` table (packaging.python.org: pyproject.toml specification)."""

    name: str
    version: str | None = None
    description: str = ""
    readme: str | Readme | None = None
    requires_python: str | None = None
    license: str | License | None = None
    license_files: tuple[str, ...] = ()
    authors: tuple[Person, ...] = ()
    maintainers: tuple[Person, ...] = ()
    keywords: tuple[str, ...] = ()
    classifiers: tuple[str, ...] = ()
    urls: dict[str, str] = {}
    scripts: dict[str, str] = {}
    gui_scripts: dict[str, str] = {}
    entry_points: dict[str, dict[str, str]] = {}
    dependencies: tuple[str, ...] = ()
    optional_dependencies: dict[str, tuple[str, ...]] = {}
    dynamic: tuple[str, ...] = ()


class BuildSystem(msgspec.Struct, frozen=True, rename="kebab"):
    """What builds the project (PEP 517)."""

    requires: tuple[str, ...] = ()
    build_backend: str = "setuptools.build_meta:__legacy__"
    backend_path: tuple[str, ...] = ()


class PyProject(msgspec.Struct, frozen=True, rename="kebab"):
    """A pyproject.toml, as far as a plugin's wheel depends on it.

    Without a `build_system` old tools take setuptools; nothing is in the way of packing it ourselves.
    """

    project: ProjectTable
    build_system: BuildSystem | None = None
    tool: dict[str, Any] = {}

    @property
    def plugins(self) -> dict[str, str]:
        """The plugins that its entry points offer: name to `module` or `module:attribute`."""
        return self.project.entry_points.get(GROUP, {})


def read_pyproject(file: Path) -> PyProject:
    """Read and check a pyproject.toml; raises NotFound or InvalidParams, which name the file and the key."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFound(f"there is no {file}") from None
    except (OSError, ValueError) as error:
        raise InvalidParams(f"cannot read {file}: {error}") from None
    try:
        found = msgspec.convert(tomllib.loads(text), PyProject)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise InvalidParams(f"{file}: {error}") from None
    check_name(found.project.name, file)
    if found.project.version is not None:
        check_version(found.project.version, file)
    return found


def check_name(name: str, file: Path) -> None:
    """Raise InvalidParams unless a distribution can have this name."""
    if not _NAME.match(name):
        raise InvalidParams(
            f"{file}: {name[:80]!r} is no name for a distribution: letters, digits, - _ and ."
        )


def check_version(version: str, file: Path) -> None:
    """Raise InvalidParams unless this is a version that a wheel can have."""
    if not _VERSION.match(version):
        raise InvalidParams(f"{file}: {version[:80]!r} is no version", hint='such as "0.1.0" or "1.2rc1"')


def is_version(text: str) -> bool:
    """Tell whether a wheel can have this version."""
    return bool(_VERSION.match(text))


def requirement_name(requirement: str) -> str:
    """Return the distribution that a requirement asks for, without extras, versions and markers (PEP 508)."""
    found = re.match(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)", requirement)
    return found[1] if found else requirement.strip()
