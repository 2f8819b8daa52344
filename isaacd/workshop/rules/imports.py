"""Rules about imports: what belongs to the daemon's inside, and what nobody installs with the plugin."""

import sys
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import packages_distributions

from isaacd.plugin.places import NAMESPACE
from isaacd.plugin.receipts import normalized
from isaacd.workshop.finding import Finding
from isaacd.workshop.modules import Module, imports
from isaacd.workshop.project import Project
from isaacd.workshop.pyproject import requirement_name

_DOORS = ("isaacd.api", "isaacd.testing")


def check_imports(project: Project, module: Module, provided: Collection[str]) -> Iterator[Finding]:
    """Check what a file imports; `provided` are the distributions that every plugin may use, since Isaac has them."""
    own = {place.partition("/")[0].removesuffix(".py") for place in project.files}
    wanted = {normalized(requirement_name(item)) for item in project.table.dependencies}
    owners: Mapping[str, list[str]] | None = None
    for name, node in imports(module.tree):
        top = name.partition(".")[0]
        if top == "isaacd" and name not in _DOORS:
            yield Finding(
                file=module.file,
                line=node.lineno,
                rule="inside",
                message=f"{name} is the inside of the daemon, which changes without notice",
                hint="import from isaacd.api",
            )
        elif top == "isaacctl":
            yield Finding(
                file=module.file,
                line=node.lineno,
                rule="inside",
                message="isaacctl is the client: a plugin runs in the daemon, and would wait for itself",
                hint="use the context; in tests isaacctl.client is right",
            )
        elif top == NAMESPACE and name != NAMESPACE and not _is_own(project, name):
            yield Finding(
                file=module.file,
                line=node.lineno,
                rule="other-plugin",
                message=f"{name} is another plugin, which may be disabled, or run in a process of its own",
                hint="handle its events, or copy what you need",
            )
        elif top not in sys.stdlib_module_names and top not in own and top not in ("isaacd", NAMESPACE):
            if owners is None:
                owners = packages_distributions()
            dists = {normalized(item) for item in (*owners.get(top, ()), top)}
            # What is not here may bring a module of any name: PyYAML brings `yaml`.
            unknown = top not in owners and not wanted <= {
                normalized(item) for names in owners.values() for item in names
            }
            if not unknown and not dists & (wanted | set(provided)):
                yield _missing(project, module, node.lineno, top)


def _is_own(project: Project, name: str) -> bool:
    place = name.replace(".", "/")
    return any(item == f"{place}.py" or item.startswith(f"{place}/") for item in project.files)


def _missing(project: Project, module: Module, line: int, top: str) -> Finding:
    hint = f'add it in pyproject.toml: [project] dependencies = ["{top}"]'
    if project.pyproject is None:
        hint = f"a single file can ask for nothing to be installed: make a project of it (isaacctl plugin new), and {hint}"
    return Finding(
        file=module.file,
        line=line,
        rule="requirement",
        message=f"{top} is imported, but nothing installs it with the plugin",
        hint=hint,
    )
