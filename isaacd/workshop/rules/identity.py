"""Rules about what a plugin says that it is: name, summary, version, API, requirements, capabilities."""

import ast
from collections.abc import Collection, Iterator

from isaacd.errors import PluginFailed
from isaacd.plugin.declared import check_name
from isaacd.workshop.finding import Finding
from isaacd.workshop.modules import Module
from isaacd.workshop.project import Entry, Project
from isaacd.workshop.pyproject import is_version
from isaacd.workshop.source import Declaration, declaration_of

LONGEST_SUMMARY = 80


def check_identity(
    project: Project, entry: Entry, module: Module, bundled: Collection[str]
) -> Iterator[Finding]:
    """Check the call of `Plugin(...)`; `bundled` are the names of Isaac's own plugins."""
    said = declaration_of(module.tree)
    if not said.line:
        yield Finding(
            file=module.file,
            rule="no-plugin",
            message="there is no `plugin = Plugin(...)` at the top level of the module",
            hint=f'from isaacd.api import Plugin, then: plugin = Plugin("{entry.name}", summary="...", version="0.1.0")',
        )
        return
    yield from _name(entry, module, said, bundled)
    yield from _summary(module, said)
    yield from _version(project, module, said)
    if "api" not in said.given:
        yield Finding(
            file=module.file,
            line=said.line,
            rule="api",
            message="the plugin does not say for which version of the plugin API it is written",
            hint='write api="1" into Plugin(...)',
            severity="warning",
        )


def _name(entry: Entry, module: Module, said: Declaration, bundled: Collection[str]) -> Iterator[Finding]:
    def finding(message: str, hint: str) -> Finding:
        return Finding(file=module.file, line=said.line, rule="name", message=message, hint=hint)

    if not said.name:
        yield finding("the plugin's name is not written as a text", f'write Plugin("{entry.name}", ...)')
        return
    try:
        check_name(said.name)
    except PluginFailed as error:
        yield finding(error.message, "choose another name, and name the module after it")
        return
    if said.name != entry.name:
        yield finding(
            f"the plugin calls itself {said.name}, and its file or entry point calls it {entry.name}",
            "give both the same name",
        )
    if said.name in bundled:
        yield finding(
            f"Isaac has a plugin {said.name} of its own, which would hide this one",
            "choose another name; or have the person choose: isaacctl plugins choose NAME FROM",
        )


def _summary(module: Module, said: Declaration) -> Iterator[Finding]:
    message = ""
    if not said.summary:
        message = "there is no summary"
    elif "\n" in said.summary or len(said.summary) > LONGEST_SUMMARY:
        message = f"the summary does not fit on one line of {LONGEST_SUMMARY} characters"
    elif not said.summary.endswith("."):
        message = "the summary is no sentence: it has no full stop"
    if message:
        yield Finding(
            file=module.file,
            line=said.line,
            rule="summary",
            message=message,
            hint='write Plugin(..., summary="What it is for, in a line.")',
        )


def _version(project: Project, module: Module, said: Declaration) -> Iterator[Finding]:
    def finding(message: str, hint: str) -> Finding:
        return Finding(file=module.file, line=said.line, rule="version", message=message, hint=hint)

    if not said.version:
        yield finding("there is no version", 'write Plugin(..., version="0.1.0")')
    elif not is_version(said.version):
        yield finding(f"{said.version[:40]!r} is no version", 'such as "0.1.0" or "1.2rc1"')
    elif project.pyproject and project.table.version not in (None, said.version):
        yield finding(
            f"the plugin says version {said.version}, and pyproject.toml says {project.table.version}",
            "give both the same version",
        )


def keyword_line(module: Module, name: str) -> int:
    """Return the line of an argument of `Plugin(...)`, or of the call itself."""
    said = declaration_of(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and node.lineno == said.line:
            for item in node.keywords:
                if item.arg == name:
                    return item.value.lineno
    return said.line
