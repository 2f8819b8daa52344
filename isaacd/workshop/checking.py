"""`plugin check`: everything that can be said about a plugin without using it, by file and line."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import msgspec

from isaacd.errors import InvalidParams
from isaacd.plugin.places import NAMESPACE
from isaacd.plugin.receipts import normalized
from isaacd.workshop.describe import Described, describe
from isaacd.workshop.finding import Finding
from isaacd.workshop.modules import Module
from isaacd.workshop.project import Entry, Project
from isaacd.workshop.provided import provided
from isaacd.workshop.pyproject import requirement_name
from isaacd.workshop.rules.capabilities import check_capabilities
from isaacd.workshop.rules.commands import check_commands
from isaacd.workshop.rules.declared import check_declared
from isaacd.workshop.rules.identity import check_identity
from isaacd.workshop.rules.imports import check_imports
from isaacd.workshop.rules.layout import check_layout
from isaacd.workshop.rules.waiting import check_waiting


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What the check of one project found.

    `not_loaded` are plugins that cannot be loaded here because a package that the project asks for is not here, each
    with the module that it misses.
    """

    findings: tuple[Finding, ...]
    plugins: tuple[str, ...]
    files: int
    not_loaded: dict[str, str] = {}

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(item.severity == "error" for item in self.findings)


def check(project: Project, bundled: Collection[str], environ: Mapping[str, str]) -> Checked:
    """Check a project; `bundled` are the names of Isaac's own plugins. Its code is imported in a process of its own."""
    findings = list(check_layout(project))
    modules: dict[Path, Module] = {}
    for place, file in project.files.items():
        if place.endswith(".py"):
            try:
                modules[file] = Module.read(file)
            except InvalidParams as error:
                findings.append(_unreadable(file, error))
    not_loaded: dict[str, str] = {}
    ours = provided()
    needs = {normalized(requirement_name(item)) for item in project.table.dependencies} - ours
    for module in modules.values():
        findings += check_imports(project, module, ours)
        findings += check_waiting(module)
        findings += check_commands(module)
    for entry in project.plugins:
        if entry.source in modules:
            findings += check_identity(project, entry, modules[entry.source], bundled)
            findings += check_capabilities(modules[entry.source], modules.values())
            described = describe(project, entry, environ)
            if needs and described.missing and not _is_own(project, described.missing):
                not_loaded[entry.name] = described.missing
                continue
            findings += _loaded(project, entry, described, [*findings])
    findings = [msgspec.structs.replace(item, file=_shown(item.file)) for item in dict.fromkeys(findings)]
    findings.sort(key=lambda item: (item.severity, str(item.file), item.line, item.rule))
    return Checked(
        findings=tuple(findings),
        plugins=tuple(item.name for item in project.plugins),
        files=len(project.files),
        not_loaded=not_loaded,
    )


def _is_own(project: Project, module: str) -> bool:
    """Tell whether a module would be one of Isaac's or of the project, which nothing else brings."""
    top = module.partition(".")[0]
    return top in ("isaacd", "isaacctl", NAMESPACE) or any(
        place.split("/")[0] in (top, f"{top}.py") for place in project.files
    )


def _loaded(
    project: Project, entry: Entry, described: Described, known: Collection[Finding]
) -> Iterator[Finding]:
    """Say what is wrong with what was declared, or why the plugin could not be loaded."""
    if described.manifest is not None:
        yield from check_declared(entry.source, described.manifest)
        return
    place = project.written_at(described.place) if described.place else entry.source
    if any(item.severity == "error" and item.file == place and item.line == described.line for item in known):
        return  # its source has told why already
    yield Finding(
        file=place,
        line=described.line,
        rule="import",
        message=f"it cannot be loaded: {described.error}",
        hint=described.hint or "isaacctl loads it in the same way",
    )


def _unreadable(file: Path, error: InvalidParams) -> Finding:
    line, _, message = error.message.removeprefix(f"{file}:").partition(": ")
    known = line.isdigit()
    return Finding(
        file=file,
        line=int(line) if known else 0,
        rule="syntax",
        message=message if known else error.message,
        hint="python -m py_compile FILE tells more",
    )


def _shown(file: Path) -> Path:
    """Shorten a path to what it is from here, where it is below."""
    here = Path.cwd()
    return file.relative_to(here) if file.is_relative_to(here) else file
