"""`cli.run`: argv in, text and an exit code out."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from isaacd.cli.exits import OK, exit_code
from isaacd.cli.failure import error_json, error_text
from isaacd.cli.inputs import read_inputs
from isaacd.cli.output import Output
from isaacd.cli.render import plain, render, sendable, styled, to_json
from isaacd.command import Catalog, Command, Input, Later
from isaacd.command.outlined import LazyCommand
from isaacd.context import Context, Ending, Handover, Sent, Terminal
from isaacd.errors import Cancelled, ConfigInvalid, IsaacError
from isaacd.plans.handover import Released
from isaacd.trace import current, span

if TYPE_CHECKING:
    from isaacd.cli.complete import Completion
    from isaacd.cli.tree import Parsed, Tree

_LINES_KEPT = 64
# How often a plugin may be exchanged between a look at its command and the next.
_ATTEMPTS = 5
_LONGEST_KEPT = 1000


class Execution(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A plan as bytes, as programs are given them, to be carried out by the client; `folder` is where it was made for."""

    line: bytes
    shell: bytes
    argv: tuple[bytes, ...]
    builtin: bool = False
    folder: tuple[int, int] | None = None


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is left for the client to do: print, carry out a plan or run `exec` in its terminal, then `after`, and exit.

    `run` is a plan that was agreed to. With `plan`, its JSON, the client adds what came of it and prints both.
    """

    exit: int
    out: str | bytes = ""
    err: str = ""
    exec: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    run: Execution | None = None
    plan: str = ""


class CommandLine:
    """The command line of one daemon; it follows the catalog as that changes.

    `warning` returns what every person should be told, such as a configuration file that cannot be used.
    """

    def __init__(self, catalog: Catalog, warning: Callable[[], str | None]) -> None:
        self._catalog = catalog
        self._warning = warning
        self._tree: Tree | None = None
        self._understood: dict[tuple[object, ...], Parsed | Outcome] = {}

    async def run(self, context: Context, argv: list[str], version: str = "") -> Outcome:
        """Run one command line of `isaacctl`, whose own version is `version`."""
        terminal = context.terminal
        if (wait := self._catalog.waiting(_plugin_in(argv))) is not None:
            with span("wait for plugins"):
                await wait()
        with span("parse"):
            parsed = await self._ready(argv, terminal)
        if isinstance(parsed, Outcome):
            return parsed
        command = parsed.command
        _name(command.name)
        output = Output(context.events, terminal, context.clock, quiet=parsed.json, markdown=command.markdown)
        try:
            inner = _within(context, output, parsed)
            values = await read_inputs(command, parsed.values, output, context.meta)
            result = await command.run(inner, command.bind(values, context.meta).args)
            await output.finish()
            return self._done(result, parsed, output, terminal)
        except IsaacError as error:
            await output.finish()
            return self._failed(error, parsed, output, terminal)

    def answer(self, context: Context, argv: list[str]) -> Outcome | None:
        """Answer a line that needs no waiting, such as help or `status`; None for all others."""
        terminal = context.terminal
        if self._catalog.waiting(_plugin_in(argv)) is not None:
            return None
        parsed = self._parse(argv, terminal)
        if isinstance(parsed, Outcome):
            return parsed
        command = parsed.command
        newest = command if command.renew is None else command.renew()
        if newest is not command:
            if newest.immediate is None:
                return None  # its code has to be waited for
            parsed = self._parse(argv, terminal)
            if isinstance(parsed, Outcome):
                return parsed
            command = parsed.command
        if command.immediate is None or command.mode != "inline":
            return None
        _name(command.name)
        if any(item.inner is Input for item in command.parameters):
            return None
        output = Output(context.events, terminal, context.clock, quiet=parsed.json)
        try:
            inner = _within(context, output, parsed)
            result = command.answer(command.start, inner, command.bind(parsed.values, context.meta).args)
            return self._done(result, parsed, output, terminal)
        except Later:
            return None
        except IsaacError as error:
            return self._failed(error, parsed, output, terminal)

    async def complete(self, words: list[str]) -> "list[Completion]":
        """Say what may come next on a command line, the last of whose words may be empty."""
        from isaacd.cli.complete import complete

        wait = self._catalog.waiting(_plugin_in(words[:-1]))
        if wait is not None and words[:-1]:  # all plugins together may take too long for somebody who types
            await wait()
        return complete(self.tree(), words)

    def check(self, argv: Sequence[str]) -> None:
        """Raise InvalidParams or MethodNotFound, in the words of the command line, for one that is not understood."""
        from click import UsageError

        from isaacd.cli.help import Help
        from isaacd.cli.usage import told_error

        try:
            self.tree().parse(list(argv), Terminal())
        except Help:
            pass
        except UsageError as error:
            raise told_error(error) from None

    def tree(self) -> "Tree":
        """Return the commands as click sees them; the first call imports click."""
        from isaacd.cli.tree import Tree

        self._catalog.complete()
        if self._tree is None or self._tree.version != self._catalog.version:
            self._tree = Tree(self._catalog)
            self._understood.clear()
        return self._tree

    async def _ready(self, argv: list[str], terminal: Terminal) -> "Parsed | Outcome":
        """Understand a line, with the function of its command as it is now."""
        parsed = self._parse(argv, terminal)
        for _ in range(_ATTEMPTS):
            if isinstance(parsed, Outcome):
                return parsed
            command = parsed.command
            try:
                newest = command if command.renew is None else command.renew()
                if await newest.ready() is command:
                    return parsed
            except IsaacError as error:
                return _told(error, terminal, json=parsed.json)
            parsed = self._parse(argv, terminal)
        return parsed

    def _parse(self, argv: list[str], terminal: Terminal) -> "Parsed | Outcome":
        """Understand a line; help and usage errors come as what is to be printed. Short lines are remembered.

        click takes more than half of the time of a command such as `status`, and people repeat themselves.
        """
        from isaacd.cli.usage import outcome_of

        key = (*argv, terminal)
        tree = self.tree()
        known = self._understood.get(key)
        if known is not None:
            return known
        try:
            found = outcome_of(tree, argv, terminal)
        except IsaacError as error:
            return _told(error, terminal, json="--json" in argv)
        if isinstance(found, tuple):
            code, out, err = found
            understood: Parsed | Outcome = Outcome(exit=code, out=out, err=err)
        else:
            understood = found
            if isinstance(found.command, LazyCommand) or any(
                isinstance(value, list | dict | set) for value in found.values.values()
            ):
                return understood  # a handler may change what it is given
        if sum(map(len, argv)) <= _LONGEST_KEPT:
            if len(self._understood) >= _LINES_KEPT:
                self._understood.clear()
            self._understood[key] = understood
        return understood

    def _done(self, result: Any, parsed: "Parsed", output: Output, terminal: Terminal) -> Outcome:
        warning = self._warned(terminal)
        if isinstance(result, Handover) and result.card is not None and parsed.json:
            return Outcome(exit=OK, out=to_json(result.card, terminal), err=warning)
        if isinstance(result, Handover) and (
            result.run or (_prints_json(result) if parsed.json else result.always or terminal.stdout)
        ):
            return _handed_over(result, warning, json=parsed.json)
        if isinstance(result, Sent):
            return Outcome(exit=OK, err=warning)
        code = result.exit_code if isinstance(result, Ending) else OK
        if parsed.json:
            return Outcome(exit=code, out=to_json(result, terminal), err=warning)
        text = _shown(parsed.command, result, output, terminal)
        return Outcome(exit=code, out=sendable("\n" + text if output.ends_open else text), err=warning)

    def _failed(self, error: IsaacError, parsed: "Parsed", output: Output, terminal: Terminal) -> Outcome:
        _blame(error)
        code = exit_code(error)
        out = "\n" if output.ends_open else ""
        if isinstance(error, Cancelled):
            return Outcome(exit=code, out=out)
        if parsed.json:
            return Outcome(exit=code, out=error_json(error, terminal))
        # An error about the configuration says all that the warning about it would.
        warning = "" if isinstance(error, ConfigInvalid) else self._warned(terminal)
        return Outcome(exit=code, out=out, err=warning + error_text(error, terminal))

    def _warned(self, terminal: Terminal) -> str:
        warning = self._warning()
        return f"{terminal.style('warning:', 33)} {plain(warning)}\n" if warning else ""


def _told(error: IsaacError, terminal: Terminal, *, json: bool) -> Outcome:
    """Say why a command cannot be had."""
    _blame(error)
    code = exit_code(error)
    if json:
        return Outcome(exit=code, out=error_json(error, terminal))
    return Outcome(exit=code, err=error_text(error, terminal))


def _plugin_in(argv: list[str]) -> str:
    """Return the plugin that a line names, "" if it could be any."""
    return argv[0].replace("-", "_") if argv and argv[0].replace("-", "_").isidentifier() else ""


def _within(context: Context, output: Output, parsed: "Parsed") -> Context:
    """Return the context of the command itself; a setting that does not exist is refused, whoever would use it."""
    inner = Context(
        context.services,
        context.meta,
        output,
        context.request_id,
        parsed.sets,
        parsed.command.plugin,
        origin=context.origin,
        is_command_line=True,
        wants_json=parsed.json,
    )
    if parsed.sets:
        inner.loaded  # noqa: B018 - it is looked at so that it raises
    return inner


def _handed_over(plan: Handover, warning: str, *, json: bool) -> Outcome:
    if plan.run is not None:
        shown = _json_of(plan.run) if json else ""
        run = _execution(plan.run)
        return Outcome(exit=OK, out=plan.text, err=warning, after=plan.after, run=run, plan=shown)
    if not json:
        return Outcome(exit=OK, out=plan.text, err=warning, exec=plan.argv, after=plan.after)
    # Behind `--` it would be a word like any other.
    at = plan.after.index("--") if "--" in plan.after else len(plan.after)
    after = (*plan.after[:at], "--json", *plan.after[at:]) if plan.after else ()
    return Outcome(exit=OK, err=warning, exec=plan.json, after=after)


def _prints_json(plan: Handover) -> bool:
    """Say whether what is to be run prints JSON itself: a program that does, or another command of ours."""
    return bool(plan.json) or (plan.always and bool(plan.after) and not plan.argv)


def _execution(released: Released) -> Execution:
    return Execution(
        line=os.fsencode(released.line),
        shell=os.fsencode(released.shell),
        argv=tuple(os.fsencode(word) for word in released.argv),
        builtin=released.kind == "builtin",
        folder=released.folder,
    )


def _json_of(released: Released) -> str:
    """Write a plan as JSON on one line; what is no text in it is replaced."""
    texts = {
        name: value.encode("utf-8", "replace").decode()
        for name in ("line", "cwd")
        if isinstance(value := getattr(released, name), str)
    }
    argv = tuple(word.encode("utf-8", "replace").decode() for word in released.argv)
    return msgspec.json.encode(msgspec.structs.replace(released, argv=argv, **texts)).decode()


def _shown(command: Command, result: Any, output: Output, terminal: Terminal) -> str:
    """Return what a person should still read of a result; the text of a stream has been shown as it came."""
    if command.view is None:
        return "" if command.mode == "stream" and output.wrote else render(result, terminal)
    try:
        text = command.view(result, terminal)
    except IsaacError:
        raise
    except Exception as error:
        raise command.failed(error) from error
    text = styled(text) if terminal.stdout else text
    return text if not text or text.endswith("\n") else text + "\n"


def _name(command: str) -> None:
    """Note which command a line was, for its trace; not with which words."""
    trace = current()
    if trace is not None:
        trace.command = command


def _blame(error: IsaacError) -> None:
    """Note for its trace that a line has failed, although the request that brought it has not."""
    trace = current()
    if trace is not None:
        trace.outcome = error.name
