"""What every plugin must keep, looked at in a process of its own.

Run as `python -m isaacd.trial.laws SITE NAME TARGET ANSWER`; the answer, what was broken, is written to a file.
"""

import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import msgspec

from isaacd.cli.help import split_doc
from isaacd.cli.tree import Tree
from isaacd.cli.usage import outcome_of
from isaacd.command import Catalog, Command
from isaacd.context import Terminal
from isaacd.errors import IsaacError, PluginFailed
from isaacd.plugin.manifest import Manifest, manifest_of
from isaacd.plugin.plugin import Plugin
from isaacd.testing import (
    bench,
    check_command,
    check_hooks,
    check_plugin,
    check_policy,
    check_rule,
    check_settings,
)
from isaacd.workshop.apart import run_apart
from isaacd.workshop.describe import plugin_at

TIMEOUT_S = 60.0


class Broken(msgspec.Struct, frozen=True):
    """A law that is broken, and what to do."""

    message: str
    hint: str


def look(site: Path, name: str, target: str, answer: Path, environ: Mapping[str, str]) -> list[Broken]:
    """Look at an installed plugin in a fresh process."""
    try:
        said = run_apart("isaacd.trial.laws", [str(site), name, target], answer, environ, TIMEOUT_S)
    except PluginFailed as error:
        return [Broken(error.message, error.hint or "")]
    return msgspec.json.decode(said, type=list[Broken])


def broken_laws(plugin: Plugin) -> Iterator[Broken]:
    """Check a plugin that was imported; its setup and teardown are run, in a folder of their own."""
    yield from _manifest(plugin)
    yield from _conformance(plugin)
    catalog = Catalog()
    try:
        catalog.add(*plugin.commands)
    except PluginFailed as error:
        yield Broken(error.message, error.hint or "rename one of them")
        return
    tree = Tree(catalog)
    for command in plugin.commands:
        if not command.hidden:
            yield from _help(tree, command)
            yield from _examples(tree, command)
    for factory in plugin.providers:
        if not callable(getattr(factory, "stream", None)):
            yield Broken(
                f"the provider {getattr(factory, 'kind', factory)} has no `stream`", "see isaacd.api.Provider"
            )


def _manifest(plugin: Plugin) -> Iterator[Broken]:
    try:
        manifest = manifest_of(plugin)
        again = msgspec.msgpack.decode(msgspec.msgpack.encode(manifest), type=Manifest)
    except (IsaacError, TypeError, ValueError) as error:
        yield Broken(f"its manifest cannot be written down: {error}", "use types that can be sent")
        return
    if again != manifest:
        yield Broken("its manifest does not survive being written down", "use types that can be sent")


def _conformance(plugin: Plugin) -> Iterator[Broken]:
    """Run the checks that isaacd.testing has for each kind of thing; a plugin as a whole stops at its first fault."""
    checks: list[Callable[[], None]] = [partial(check_command, item) for item in plugin.commands]
    checks += [partial(check_rule, item) for item in plugin.rewrites]
    checks += [partial(check_policy, item) for item in plugin.policies.values()]
    checks += [partial(check_settings, plugin.settings)] if plugin.settings is not None else []
    checks += [partial(anyio.run, _hooks, plugin)] if plugin.begin or plugin.end else []
    faults = [fault for fault in map(_fault, checks) if fault is not None]
    yield from faults or filter(None, [_fault(partial(check_plugin, plugin))])


async def _hooks(plugin: Plugin) -> None:
    with TemporaryDirectory(prefix="isaac-hooks-") as folder:
        async with bench(plugin, Path(folder)) as made:
            await check_hooks(made)


def _fault(check: Callable[[], None]) -> Broken | None:
    try:
        check()
    except IsaacError as error:
        return Broken(error.message, error.hint or "")
    except Exception as error:  # noqa: BLE001 - a plugin's own code may raise anything
        return Broken(str(error) or type(error).__name__, "")
    return None


def _help(tree: Tree, command: Command) -> Iterator[Broken]:
    words = command.name.replace("_", "-").split(".")
    for terminal in (Terminal(), Terminal(stdout=True, columns=40, color=True)):
        outcome = outcome_of(tree, [*words, "--help"], terminal)
        if not isinstance(outcome, tuple) or outcome[0] != 0 or not outcome[1].strip():
            yield Broken(f"isaacctl {' '.join(words)} --help shows no help", "give the function a docstring")
            return


def _examples(tree: Tree, command: Command) -> Iterator[Broken]:
    _, examples = split_doc(command.doc)
    for example in examples:
        for part in re.split(r"\||\$\(|\)|&&|;", example):
            if not part.strip().startswith("isaacctl "):
                continue
            try:
                words = shlex.split(part.partition(" > ")[0], comments=True)[1:]
            except ValueError as error:
                yield Broken(f"the example `{part.strip()}` is no command line: {error}", "mend its quotes")
                continue
            first = words[0].replace("-", "_") if words else ""
            if first != command.plugin:
                continue  # another plugin's command, which is not there
            outcome = outcome_of(tree, words, Terminal())
            if isinstance(outcome, tuple) and outcome[0] != 0:
                complaint = outcome[2].partition("\n")[0].removeprefix("error: ")
                yield Broken(f"the example `{part.strip()}` is refused: {complaint}", "mend the example")


def _answer(site: str, name: str, target: str) -> list[Broken]:
    sys.path.append(site)
    try:
        return list(broken_laws(plugin_at(target, name)))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything while it is imported
        reason = error.message if isinstance(error, IsaacError) else f"{type(error).__name__}: {error}"
        return [Broken(f"it cannot be loaded: {reason}", "isaacctl plugin check tells where")]


if __name__ == "__main__":
    Path(sys.argv[4]).write_bytes(msgspec.json.encode(_answer(*sys.argv[1:4])))
