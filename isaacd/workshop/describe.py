"""A plugin imported and described in a process of its own, because nobody knows yet what it does when imported.

Run as `python -m isaacd.workshop.describe FOLDER NAME TARGET ANSWER`; the answer is written to a file, since a plugin may
print.
"""

import importlib
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path

import msgspec

from isaacd.errors import IsaacError, PluginFailed
from isaacd.plugin.manifest import Manifest, manifest_of
from isaacd.plugin.plugin import Plugin
from isaacd.workshop.apart import run_apart
from isaacd.workshop.project import Entry, Project

IMPORT_TIMEOUT_S = 30.0


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: the manifest, or what went wrong and where in the plugin's own files (`place` as in its wheel).

    `missing` is a module that it could not import because it is not there.
    """

    manifest: Manifest | None = None
    error: str = ""
    hint: str | None = None
    place: str = ""
    line: int = 0
    missing: str = ""


def describe(project: Project, entry: Entry, environ: Mapping[str, str]) -> Described:
    """Import one plugin of a project in a fresh process and describe it; never raises for what the plugin does."""
    with tempfile.TemporaryDirectory(prefix="isaac-describe-") as folder:
        laid_out = Path(folder, "site")
        lay_out(project, laid_out)
        arguments = [str(laid_out), entry.name, entry.target]
        try:
            said = run_apart(
                "isaacd.workshop.describe", arguments, Path(folder, "answer"), environ, IMPORT_TIMEOUT_S
            )
        except PluginFailed as error:
            return Described(error=error.message, hint=error.hint)
    return msgspec.json.decode(said, type=Described)


def lay_out(project: Project, folder: Path) -> None:
    """Copy a project's files to where an installed plugin has them, closed to everybody else."""
    for place, source in project.files.items():
        target = folder / place
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        target.chmod(0o600)


def plugin_at(target: str, name: str) -> Plugin:
    """Import what an entry point names, a module or an object in one; raises whatever the plugin raises."""
    module, _, attribute = target.partition(":")
    found: object = importlib.import_module(module)
    for part in (attribute or "plugin").split("."):
        found = getattr(found, part, None)
    if not isinstance(found, Plugin):
        raise PluginFailed(f'{module} has no `{attribute or "plugin"} = Plugin("{name}")`')
    if found.name != name:
        raise PluginFailed(f'{module} calls itself Plugin("{found.name}"); it must be Plugin("{name}")')
    return found


def _describe(folder: str, name: str, target: str) -> Described:
    sys.path.append(folder)
    try:
        return Described(manifest=manifest_of(plugin_at(target, name)))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything while it is imported
        place, line = _place_of(error, Path(folder))
        if isinstance(error, IsaacError):
            return Described(error=error.message, hint=error.hint, place=place, line=line)
        missing = str(error.name or "") if isinstance(error, ModuleNotFoundError) else ""
        return Described(error=f"{type(error).__name__}: {error}", place=place, line=line, missing=missing)


def _place_of(error: BaseException, folder: Path) -> tuple[str, int]:
    """Find the last line of the plugin's own that the error went through."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_relative_to(folder):
        return Path(error.filename).relative_to(folder).as_posix(), error.lineno or 0
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_relative_to(folder):
            return Path(frame.filename).relative_to(folder).as_posix(), frame.lineno or 0
    return "", 0


if __name__ == "__main__":
    Path(sys.argv[4]).write_bytes(msgspec.json.encode(_describe(*sys.argv[1:4])))
