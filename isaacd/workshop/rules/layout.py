"""Rules about a project as a whole: what its users need besides the code."""

from collections.abc import Iterator

from isaacd.plugin.places import NAMESPACE
from isaacd.workshop.finding import Finding
from isaacd.workshop.project import Project


def check_layout(project: Project) -> Iterator[Finding]:
    """Check the files of a project; a bare file or package has none."""
    init = project.files.get(f"{NAMESPACE}/__init__.py")
    if init is not None:
        yield Finding(
            file=init,
            rule="namespace",
            message=f"{NAMESPACE} is shared by all plugins; with this file it would be yours alone, and hide the others",
            hint=f"rm {init}",
        )
    if project.pyproject is None:
        return
    file = project.root / "pyproject.toml"

    def missing(rule: str, message: str, hint: str) -> Finding:
        return Finding(file=file, rule=rule, message=message, hint=hint, severity="warning")

    if not project.table.description:
        yield missing("description", "there is no description", '[project] description = "..."')
    if project.table.requires_python is None:
        yield missing("python", "it does not say which Python it needs", 'requires-python = ">=3.11"')
    if project.table.readme is None:
        yield missing("readme", "there is no README", 'write README.md, and [project] readme = "README.md"')
    if not any(project.root.glob("tests/test_*.py")) and not any(project.root.glob("test_*.py")):
        yield missing("tests", "there are no tests", "write tests/test_*.py; isaacctl plugin test runs them")
    if not any(item.endswith(".py") for item in project.files):
        yield Finding(
            file=file, rule="files", message="no source files would be packed", hint="put them into src/"
        )
