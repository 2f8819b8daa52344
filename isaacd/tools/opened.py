"""The tools of one request, and the one way in which they are called: checked, shown, agreed to, run."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from isaacd.ai.chat import Message, Tool, ToolCall
from isaacd.command import Command
from isaacd.context import Context, Events, Handover, Unattended
from isaacd.errors import InvalidParams, IsaacError, NotFound, PermissionDenied
from isaacd.safety.tier import Tier
from isaacd.safety.visible import one_line
from isaacd.tools.consent import Consent, Person
from isaacd.tools.definition import definition
from isaacd.tools.judge import Judgement, judge
from isaacd.tools.result import failure_message, result_message
from isaacd.tools.shown import line_of, short

MAX_ARGUMENT_BYTES = 64 * 1024
_META = "_meta"
# What msgspec raises for bytes that are not what they should be.
_REFUSED = (msgspec.DecodeError, UnicodeError, RecursionError)


class _Prepared(msgspec.Struct, frozen=True):
    """A call that could run: its command, its decoded arguments, how it is written, and its tier."""

    command: Command
    args: Any
    line: str
    judgement: Judgement


class OpenTools:
    """The tools of one request; which they are, and their tiers, is fixed when the request begins.

    Nothing that a model says or a tool returns changes them. `definitions` is what the model is told.
    """

    def __init__(
        self,
        context: Context,
        tools: Mapping[str, tuple[Command, Tier]],
        person: Person,
        *,
        show: Callable[[str], Awaitable[None]] | None = None,
        who: str = "The model",
    ) -> None:
        self._context = context
        self._tools = dict(tools)
        self._home = context.environ.get("HOME")
        self._consent = Consent(person, show or self._say, who=who)
        self.definitions: tuple[Tool, ...] = tuple(
            definition(name, command) for name, (command, _) in tools.items()
        )

    def independent(self, call: ToolCall) -> bool:
        """Say whether a call only reads, so that it may run beside others like it."""
        try:
            return self._prepare(call).judgement.tier is Tier.READ
        except IsaacError:
            return True  # it will only be refused

    async def call(self, call: ToolCall) -> Message:
        """Check a call, show it, have it agreed to as its tier demands, run it, and return its result as a turn.

        Whatever is wrong with the call, or goes wrong in it, comes back as a result that says so.
        """
        try:
            result = await self.perform(call)
        except IsaacError as error:
            return failure_message(call.id, error, self._home)
        return result_message(call.id, result, self._home)

    async def perform(self, call: ToolCall, events: Events | None = None) -> Any:
        """Do the same, and return the result itself; raises IsaacError, PermissionDenied where nobody has agreed.

        `events` is where those of the command go; without it a person sees its progress, and nothing else of it.
        """
        try:
            await self._make_ready(call)
            prepared = self._prepare(call)
        except IsaacError as error:
            await self._show(short(one_line(call.name), 80), None, f"refused: {one_line(error.message)}")
            raise
        tier = prepared.judgement.tier
        refusal = await self._consent.refusal(prepared.command.name, prepared.line, prepared.judgement)
        if refusal is not None:
            await self._show(short(prepared.line), tier, f"refused: {refusal}")
            raise PermissionDenied(refusal)
        await self._show(short(prepared.line), tier, "can be taken back" if tier is Tier.REVERSIBLE else "")
        inner = self._inner(prepared.command, events or _Muted(self._context))
        result = await prepared.command.run(inner, prepared.args)
        if isinstance(result, Handover):
            raise PermissionDenied("this command needs the person's own terminal")
        return result

    async def _make_ready(self, call: ToolCall) -> None:
        """Have the function of a command here, since its types say which of its arguments are paths."""
        command, tier = self._tools.get(call.name, (None, Tier.BEYOND))
        if command is not None:
            self._tools[call.name] = await command.ready(), tier

    def _prepare(self, call: ToolCall) -> _Prepared:
        """Find the command, and decode the arguments with the caller's directory; the model has no say in that."""
        command, tier = self._tools.get(call.name, (None, Tier.BEYOND))
        if command is None:
            names = ", ".join(self._tools) or "none"
            raise NotFound(f"there is no tool {call.name[:80]!r}", hint=f"the tools are: {names}")
        given = _given(call.arguments)
        cwd = self._context.cwd
        own = {"cwd": str(cwd) if cwd else None, "env": {"HOME": self._home} if self._home else None}
        raw = msgspec.Raw(msgspec.json.encode({**given, _META: own}))
        args = command.decode(raw, "json").args
        home = Path(self._home) if self._home else None
        line = line_of(command.name, {name: _canonical(value) for name, value in given.items()})
        return _Prepared(command, args, line, judge(tier, command, command.seen(args), cwd, home))

    def _inner(self, command: Command, events: Events) -> Context:
        """Return the caller's context for the command: the same rights, but neither its output nor its input."""
        outer = self._context
        return Context(outer.services, outer.meta, events, outer.request_id, outer.sets, command.plugin)

    async def _say(self, text: str) -> None:
        await self._context.emit("log", text)

    async def _show(self, call: str, tier: Tier | None, note: str) -> None:
        label = None if tier is None else tier.label
        await self._context.emit("tool", {"call": call, "tier": label, "note": short(note)})


class _Muted(Unattended):
    """The events of a command that a model runs: a person sees its progress, and nothing else of it.

    It has no input, and can ask nobody: consent is given before it starts.
    """

    def __init__(self, outer: Context) -> None:
        self._outer = outer

    async def emit(self, kind: str, data: object) -> None:
        """Pass progress on."""
        if kind == "progress":
            await self._outer.emit(kind, data)


def _given(text: str) -> dict[str, msgspec.Raw]:
    """Take the JSON apart that a model wrote; raises InvalidParams with what it should have been."""
    data = text.strip().encode(errors="replace") or b"{}"
    if len(data) > MAX_ARGUMENT_BYTES:
        raise InvalidParams(f"the arguments are longer than {MAX_ARGUMENT_BYTES // 1024} KiB")
    try:
        given = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except _REFUSED as error:
        raise InvalidParams(f"the arguments must be one JSON object: {error}") from None
    if _META in given:
        raise InvalidParams(f"there is no argument `{_META}`")
    return given


def _canonical(value: msgspec.Raw) -> str:
    """Write a value without escapes that only hide what it says."""
    try:
        return msgspec.json.encode(msgspec.json.decode(value)).decode()
    except (*_REFUSED, OverflowError):
        return bytes(value).decode(errors="replace")
