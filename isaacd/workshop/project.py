"""A plugin project: a folder with a pyproject.toml, or a single file or package that is a plugin already."""

import keyword
from collections.abc import Iterator
from pathlib import Path

import msgspec

from isaacd.errors import InvalidParams, NotFound
from isaacd.plugin.entries import GROUP
from isaacd.plugin.places import NAMESPACE
from isaacd.workshop.pyproject import (
    BuildSystem,
    ProjectTable,
    PyProject,
    check_version,
    is_version,
    read_pyproject,
)
from isaacd.workshop.source import Declaration, declaration_in

_NOT_PACKED = ("__pycache__", ".pyc", ".pyo", ".egg-info", ".dist-info")
_LICENSES = ("LICENSE*", "LICENCE*", "COPYING*", "NOTICE*")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin of a project: its name, what imports it (`module` or `module:attribute`) and its source file."""

    name: str
    target: str
    source: Path

    @property
    def module(self) -> str:
        """The module to import."""
        return self.target.partition(":")[0]


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a wheel is made of; `files` maps places in the wheel to files of the project.

    `pyproject` is None for a bare file or package: then all that is known comes from the plugin itself.
    """

    root: Path
    table: ProjectTable
    version: str
    plugins: tuple[Entry, ...]
    files: dict[str, Path]
    pyproject: PyProject | None = None

    @property
    def distribution(self) -> str:
        """The name that it is installed by."""
        return self.table.name

    @property
    def build(self) -> BuildSystem | None:
        """What it wants to be built by."""
        return self.pyproject.build_system if self.pyproject else None

    @property
    def licenses(self) -> list[Path]:
        """The files of licences, by name."""
        if self.pyproject is None:
            return []
        found = {
            file
            for pattern in self.table.license_files or _LICENSES
            for file in self.root.glob(pattern)
            if file.is_file()
        }
        return sorted(found)

    def written_at(self, place: str) -> Path:
        """Return the project's file that is at `place` in the wheel, or the place itself if there is none."""
        return self.files.get(place, Path(place))


def open_project(path: Path) -> Project:
    """Find out what lies at `path`; raises NotFound or InvalidParams, which say what is missing."""
    path = path.absolute()
    if path.name == "pyproject.toml":
        path = path.parent
    if (path / "pyproject.toml").is_file():
        return _with_pyproject(path)
    if path.suffix == ".py" and path.is_file():
        return _bare(path, path.stem, {f"{NAMESPACE}/{path.name}": path})
    if (path / "__init__.py").is_file():
        return _bare(path / "__init__.py", path.name, dict(_files(path, f"{NAMESPACE}/{path.name}/")))
    if not path.exists():
        raise NotFound(f"there is nothing at {path}", hint="isaacctl plugin new NAME begins a plugin")
    raise NotFound(
        f"{path} is no plugin: it has neither a pyproject.toml nor an __init__.py",
        hint="give the folder of a project, or a plugin's file; isaacctl plugin new NAME begins one",
    )


def _bare(source: Path, name: str, files: dict[str, Path]) -> Project:
    declared = declaration_in(source)
    version = declared.version if is_version(declared.version) else "0"
    table = ProjectTable(name=f"isaac-plugin-{name.replace('_', '-')}", description=declared.summary)
    entry = Entry(name=name, target=f"{NAMESPACE}.{name}", source=source)
    root = source.parent if source.name != "__init__.py" else source.parent.parent
    return Project(root=root, table=table, version=version, plugins=(entry,), files=files)


def _with_pyproject(root: Path) -> Project:
    file = root / "pyproject.toml"
    pyproject = read_pyproject(file)
    base = root / "src" if (root / "src").is_dir() else root
    if not pyproject.plugins:
        example = f'[project.entry-points."{GROUP}"]\\nhello = "{NAMESPACE}.hello"'
        raise InvalidParams(f"{file} names no plugin", hint="add one:\n" + example.replace("\\n", "\n"))
    entries = tuple(_entry(base, name, target, file) for name, target in sorted(pyproject.plugins.items()))
    files: dict[str, Path] = {}
    for top in _tops(base, entries, whole=base != root):
        files.update(_files(top, f"{top.name}/") if top.is_dir() else [(top.name, top)])
    return Project(
        root=root,
        table=pyproject.project,
        version=_version(pyproject, entries, file),
        plugins=entries,
        files=dict(sorted(files.items())),
        pyproject=pyproject,
    )


def _entry(base: Path, name: str, target: str, file: Path) -> Entry:
    module = target.partition(":")[0].strip()
    parts = module.split(".")
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in parts):
        raise InvalidParams(f"{file}: {name} = {target!r} names no module")
    stem = base.joinpath(*parts)
    for source in (stem.with_name(stem.name + ".py"), stem / "__init__.py"):
        if source.is_file():
            return Entry(name=name, target=target.strip(), source=source)
    raise NotFound(f"{file}: {name} = {target!r}, but there is no {stem}.py", hint=f"looked in {base}")


def _tops(base: Path, entries: tuple[Entry, ...], *, whole: bool) -> list[Path]:
    """Return what is packed: everything in `src`; without one, the top-level modules that hold plugins."""
    if whole:
        found = [item for item in base.iterdir() if not _is_left_out(item.name)]
        return sorted(item for item in found if item.is_dir() or item.suffix == ".py")
    names = {item.module.partition(".")[0] for item in entries}
    return sorted(base / name if (base / name).is_dir() else base / f"{name}.py" for name in names)


def _files(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    for item in sorted(folder.iterdir()):
        if _is_left_out(item.name):
            continue
        if item.is_dir():
            yield from _files(item, f"{prefix}{item.name}/")
        elif item.is_file():
            yield f"{prefix}{item.name}", item


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name.endswith(_NOT_PACKED)


def _version(pyproject: PyProject, entries: tuple[Entry, ...], file: Path) -> str:
    written = pyproject.project.version
    if written is not None:
        return written
    if "version" not in pyproject.project.dynamic:
        raise InvalidParams(f"{file} says no version", hint='[project] needs `version = "0.1.0"`')
    first: Declaration = declaration_in(entries[0].source)
    check_version(first.version, entries[0].source)
    return first.version
