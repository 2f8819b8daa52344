"""A project's metadata as installers read them: METADATA and entry_points.txt."""

from collections.abc import Iterator

from isaacd.errors import InvalidParams
from isaacd.plugin.entries import GROUP
from isaacd.plugin.receipts import normalized
from isaacd.workshop.project import Project
from isaacd.workshop.pyproject import License, Person, ProjectTable, Readme

_CONTENT_TYPES = {".md": "text/markdown", ".rst": "text/x-rst", ".txt": "text/plain"}


def core_metadata(project: Project) -> str:
    """Write METADATA (packaging.python.org: core metadata)."""
    table = project.table
    # 2.4 has the field for an expression; what is older is read by more.
    lines = ["Metadata-Version: " + ("2.4" if isinstance(table.license, str) or project.licenses else "2.1")]
    lines += [f"{field}: {_one_line(value)}" for field, value in _fields(project, table) if value]
    description, kind = _description(project, table.readme)
    if kind:
        lines.append(f"Description-Content-Type: {kind}")
    return "\n".join(lines) + "\n" + (f"\n{description}" if description else "")


def _fields(project: Project, table: ProjectTable) -> Iterator[tuple[str, str]]:
    yield "Name", table.name
    yield "Version", project.version
    yield "Summary", table.description
    for role, people in (("Author", table.authors), ("Maintainer", table.maintainers)):
        yield role, ", ".join(item.name for item in people if item.name and not item.email)
        yield f"{role}-email", ", ".join(_address(item) for item in people if item.email)
    if isinstance(table.license, str):
        yield "License-Expression", table.license
    elif isinstance(table.license, License):
        yield "License", table.license.text or ""
    for file in project.licenses:
        yield "License-File", file.relative_to(project.root).as_posix()
    yield "Keywords", ",".join(table.keywords)
    for classifier in table.classifiers:
        yield "Classifier", classifier
    for label, url in table.urls.items():
        yield "Project-URL", f"{label}, {url}"
    yield "Requires-Python", table.requires_python or ""
    for requirement in table.dependencies:
        yield "Requires-Dist", requirement
    for extra, requirements in table.optional_dependencies.items():
        yield "Provides-Extra", normalized(extra)
        for requirement in requirements:
            wanted, _, condition = requirement.partition(";")
            marker = f'extra == "{normalized(extra)}"'
            condition = f"({condition.strip()}) and {marker}" if condition.strip() else marker
            yield "Requires-Dist", f"{wanted.strip()} ; {condition}"


def _description(project: Project, readme: str | Readme | None) -> tuple[str, str]:
    if readme is None:
        return "", ""
    if isinstance(readme, str):
        readme = Readme(file=readme)
    if readme.file is None:
        return readme.text or "", readme.content_type or "text/plain"
    file = project.root / readme.file
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InvalidParams(f"cannot read the readme that pyproject.toml names, {file}: {error}") from None
    return text, readme.content_type or _CONTENT_TYPES.get(file.suffix.lower(), "text/plain")


def entry_points_text(project: Project) -> str:
    """Write entry_points.txt: the plugins, and whatever else the project offers."""
    table = project.table
    groups = {
        "console_scripts": table.scripts,
        "gui_scripts": table.gui_scripts,
        **table.entry_points,
        GROUP: {item.name: item.target for item in project.plugins},
    }
    return "\n".join(
        "\n".join([f"[{group}]", *(f"{name} = {target}" for name, target in sorted(items.items())), ""])
        for group, items in sorted(groups.items())
        if items
    )


def _address(person: Person) -> str:
    return f"{person.name} <{person.email}>" if person.name else person.email or ""


def _one_line(value: str) -> str:
    """Keep a value from beginning another field."""
    return " ".join(value.split())
