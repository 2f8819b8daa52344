"""A command whose function is elsewhere: callers see all of it, and its arguments travel as they came."""

from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any

import msgspec

from isaacd.command.arguments import Arguments, Call, meta_of
from isaacd.command.command import Command
from isaacd.command.outline import Outline
from isaacd.command.signature import META_KEY, Parameter, Signature, params_struct
from isaacd.context import Context, Meta
from isaacd.trace import span
from isaacd.wire.messages import Format


class Undecoded(msgspec.Struct, frozen=True, gc=False):
    """The arguments of a request as they came."""

    raw: msgspec.Raw
    format: Format


# Runs a command with arguments that nobody has decoded, and returns its result.
Forward = Callable[[Context, Undecoded], Awaitable[Any]]
Find = Callable[[], Awaitable[Command]]


class OutlinedCommand(Command):
    """A command made of its outline; to run it is to call `forward`, which knows where the function is.

    Its parameters say how they are written and shown, but not all of their types: whoever has the function checks the
    values. It is never answered without a task, whatever its `mode`.
    """

    def __init__(self, outline: Outline, forward: Forward) -> None:
        self.outline = outline
        self.name = outline.name
        self.plugin = outline.plugin
        self.hidden = outline.hidden
        self.tool = outline.tool
        self.markdown = outline.markdown
        self.scope = outline.scope
        self.mode = outline.mode
        self.doc = outline.doc
        self.summary = outline.doc.partition("\n")[0].strip()
        self.returns = Any
        self.view = None
        self.live = False
        self.at_once = None
        self.plain = None
        self.immediate = None
        self.under_way = 0
        self._forward = forward
        self.decode = self._undecoded

    def _undecoded(self, raw: msgspec.Raw, format: Format) -> Call:  # noqa: A002 - the wire's word
        return Call(Undecoded(raw, format), meta_of(raw, format))

    def bind(self, values: Mapping[str, object], meta: Meta) -> Call:
        """Make a call of values, by the names of the handler's own parameters."""
        names = {item.field: item.name for item in self.parameters}
        own = {"cwd": meta.cwd, "env": meta.env}
        named = {names[field]: value for field, value in values.items()} | {META_KEY: own}
        return Call(Undecoded(msgspec.Raw(msgspec.msgpack.encode([named], enc_hook=str)), "msgpack"), meta)

    def seen(self, args: Any) -> Any:
        """Return the arguments as far as their types are known; raises InvalidParams."""
        return self._arguments.decode(args.raw, args.format).args

    async def run(self, context: Context, args: Any) -> Any:
        """Have the function run; raises IsaacError only."""
        self.under_way += 1
        try:
            return await self._forward(context, args)
        finally:
            self.under_way -= 1

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:  # type: ignore[override]
        """How the arguments are written on a command line."""
        return tuple(item.parameter() for item in self.outline.parameters)

    @cached_property
    def output(self) -> dict[str, object] | None:
        """The JSON Schema of the result."""
        return msgspec.json.decode(self.outline.output) if self.outline.output else None

    @cached_property
    def schema(self) -> dict[str, object]:
        """The JSON Schema of the arguments."""
        schema: dict[str, object] = msgspec.json.decode(self.outline.schema)
        return schema

    @cached_property
    def _arguments(self) -> Arguments:
        unset = tuple(
            item if item.required else msgspec.structs.replace(item, default=None) for item in self.parameters
        )
        struct = params_struct(self.name.rpartition(".")[2], unset, strict=True)
        return Arguments(self.name, Signature(unset, struct, Any))


class LazyCommand(OutlinedCommand):
    """A command whose function is there when it is first needed: `find` brings the command that has it."""

    def __init__(self, outline: Outline, find: Find) -> None:
        super().__init__(outline, self._run_real)
        self._find = find

    async def ready(self) -> Command:
        """Return the command with its function; raises IsaacError if that cannot be had."""
        with span("import", plugin=self.plugin):
            return await self._find()

    async def _run_real(self, context: Context, args: Undecoded) -> Any:
        real = await self.ready()
        return await real.run(context, real.decode(args.raw, args.format).args)
