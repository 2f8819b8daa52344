"""What stands in the daemon for an isolated plugin: commands, providers, handlers and jobs that go over to its process."""

import asyncio
from collections.abc import AsyncIterator
from contextvars import ContextVar
from functools import partial
from typing import Any

import anyio
import msgspec

from isaacd.ai.chat import ChatRequest, Piece
from isaacd.ai.provider import Host
from isaacd.command.outline import Outline
from isaacd.command.outlined import OutlinedCommand, Undecoded
from isaacd.command.signature import META_KEY
from isaacd.config import ProviderConfig
from isaacd.context import Context, Event, Handover, Meta, Services, Terminal
from isaacd.errors import InvalidParams, IsaacError, PermissionDenied, PluginFailed, ProviderUnavailable
from isaacd.plugin.declared import Handler, Hook, Job
from isaacd.plugin.isolation import environment
from isaacd.plugin.isolation.cell import Cell
from isaacd.plugin.isolation.terms import Arguments, Happened, Result
from isaacd.plugin.manifest import HandlerOutline, JobOutline, KindOutline
from isaacd.plugin.plugin import Plugin
from isaacd.safety.visible import one_line
from isaacd.wire.params import params_shape

_PIECES_AHEAD = 16


class _Shown(msgspec.Struct, frozen=True):
    """The text for people that came along with a result."""

    value: Any
    text: str | None
    unshown: str | None


# A view is asked for after its command has ended, in the same task, with the same result.
_last: ContextVar[_Shown | None] = ContextVar("_last", default=None)


def plugin_of(cell: Cell, services: Services) -> Plugin:
    """Return a plugin that declares what the isolated one does, and has it done in its own process."""
    manifest = cell.manifest
    plugin = Plugin(
        manifest.name,
        summary=manifest.summary,
        version=manifest.version,
        api=manifest.api,
        requires=manifest.requires,
        capabilities=manifest.capabilities,
        activation=manifest.activation,
        events=manifest.events,
    )
    plugin.commands.extend(IsolatedCommand(item, cell) for item in manifest.commands)
    plugin.providers.extend(IsolatedKind(item, cell, services) for item in manifest.providers)
    plugin.handlers.extend(_handler(item, cell) for item in manifest.handlers)
    plugin.jobs.extend(_job(item, cell) for item in manifest.jobs)
    if manifest.activation == "start" or manifest.has_setup:
        plugin.begin = Hook(function=cell.warm, timeout_s=cell.start_s)
    return plugin


class IsolatedCommand(OutlinedCommand):
    """A command of an isolated plugin."""

    def __init__(self, outline: Outline, cell: Cell) -> None:
        super().__init__(outline, self._over)
        self._cell = cell
        self.view = self._seen if outline.has_view else None

    async def _over(self, context: Context, args: Undecoded) -> Any:
        meta = msgspec.structs.replace(context.meta, env=environment.callers(context.meta.env or {}))
        arguments = Arguments(format=args.format, raw=with_meta(args, meta))
        view = self.view is not None and context.meta.tty is not None
        raw = await self._cell.call(context, "run", self.name, arguments, view=view)
        try:
            result = msgspec.msgpack.decode(raw, type=Result)
            value = msgspec.msgpack.decode(result.value)
        except (ValueError, TypeError, RecursionError) as error:
            raise PluginFailed(f"what {self.name} returned cannot be read: {error}") from None
        if result.handover:
            return await self._handed_over(context, result)
        _last.set(_Shown(value, result.text, result.unshown))
        return value

    async def _handed_over(self, context: Context, result: Result) -> Handover:
        """Let a program run in the caller's terminal only if a person has seen it and agrees."""
        if "run" not in self._cell.manifest.capabilities:
            raise PermissionDenied(f"{self.name} has not declared that it runs programs")
        self._cell.demand("run:confirm")
        try:
            handover = msgspec.msgpack.decode(result.value, type=Handover)
        except (ValueError, TypeError, RecursionError) as error:
            raise PluginFailed(f"what {self.name} hands over cannot be read: {error}") from None
        words = [*handover.argv, *(("&&", "isaacctl", *handover.after) if handover.after else ())]
        line = " ".join(
            one_line(word) if word.isprintable() and " " not in word else repr(word) for word in words
        )
        if not await context.confirm(f"{self.plugin}, which is not trusted, wants to run: {line}\nRun it?"):
            raise PermissionDenied(
                f"{self.name} wanted to run a program in your terminal, and nobody agreed",
                hint=f"if you trust it: isaacctl plugins trust {self.plugin}",
            )
        return msgspec.structs.replace(handover, text=one_line(handover.text), always=False, json=())

    def _seen(self, result: Any, terminal: Terminal) -> str:
        """Return the text that came along; raises PluginFailed if the view has failed."""
        held = _last.get()
        if held is None or held.value is not result or held.text is None:
            reason = held.unshown if held is not None else None
            raise PluginFailed(f"{self.name}: its view failed: {reason or 'there is no text'}"[:500])
        return held.text


def with_meta(args: Undecoded, meta: Meta) -> bytes:
    """Return the arguments as they came, with `meta` in place of what the request said about itself.

    What cannot be taken apart is sent on as it is, without any meta: whoever decodes it says what is wrong.
    """
    codec: Any = msgspec.msgpack if args.format == "msgpack" else msgspec.json
    own = msgspec.Raw(codec.encode(meta))
    try:
        shape = params_shape(args.raw, args.format)
        if shape == "positional":
            items = codec.decode(args.raw, type=list[msgspec.Raw])
            if _is_meta(items[-1], codec):
                items.pop()
            return bytes(codec.encode([*items, {META_KEY: own}]))
        named: dict[str, msgspec.Raw] = {}
        if shape == "wrapped":
            (named,) = codec.decode(args.raw, type=tuple[dict[str, msgspec.Raw]])
        elif shape == "named":
            named = codec.decode(args.raw, type=dict[str, msgspec.Raw])
        named[META_KEY] = own
        return bytes(codec.encode([named] if args.format == "msgpack" else named))
    except (IsaacError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidParams(f"the arguments cannot be sent: {error}") from None


def _is_meta(item: msgspec.Raw, codec: Any) -> bool:
    try:
        return set(codec.decode(item, type=dict[str, msgspec.Raw])) == {META_KEY}
    except (ValueError, TypeError, RecursionError):
        return False


def _handler(outline: HandlerOutline, cell: Cell) -> Handler:
    async def handle(context: Context, event: Event) -> None:
        await cell.call(context, "event", Happened(outline.name, event))

    return Handler(name=outline.name, event=outline.event, function=handle, timeout_s=outline.timeout_s)


def _job(outline: JobOutline, cell: Cell) -> Job:
    async def work(context: Context) -> None:
        await cell.call(context, "job", outline.name)

    return Job(
        name=outline.name,
        every_s=outline.every_s,
        function=work,
        jitter=outline.jitter,
        timeout_s=outline.timeout_s,
    )


class IsolatedKind:
    """A kind of AI provider that answers in the plugin's process (the port ProviderFactory)."""

    def __init__(self, outline: KindOutline, cell: Cell, services: Services) -> None:
        self.__name__ = outline.kind
        self.kind = outline.kind
        self.default_url = outline.default_url
        self.key_variable = outline.key_variable
        self.default_model = outline.default_model
        self.aliases = dict(outline.aliases)
        self._cell = cell
        self._services = services

    def __call__(self, name: str, config: ProviderConfig, host: Host) -> "IsolatedProvider":
        """Make the provider that the configuration calls `name`."""
        declared = self._cell.manifest.capabilities
        # Its key, and only if it has said that it uses it.
        keys = {
            variable: host.environ[variable]
            for variable in (self.key_variable, config.api_key_env)
            if variable and f"secrets:{variable}" in declared and variable in host.environ
        }
        return IsolatedProvider(name, self.kind, config, keys, self._cell, self._services)


class IsolatedProvider:
    """An AI provider that answers in the plugin's process (the port Provider)."""

    def __init__(
        self,
        name: str,
        kind: str,
        config: ProviderConfig,
        keys: dict[str, str],
        cell: Cell,
        services: Services,
    ) -> None:
        self.name = name
        self._kind = kind
        self._config = config
        self._keys = keys
        self._cell = cell
        self._services = services

    async def stream(self, request: ChatRequest) -> AsyncIterator[Piece]:
        """Answer `request` piece by piece; a process that fails is a provider that cannot be reached."""
        send, receive = anyio.create_memory_object_stream[Piece](_PIECES_AHEAD)
        context = Context(self._services, plugin=self._cell.found.name)
        asked = (self._kind, self.name, self._config, self._keys, request)

        async def answer() -> None:
            async with send:
                await self._cell.call(context, "provider", *asked, on_piece=send.send)

        task = asyncio.get_running_loop().create_task(answer())
        try:
            async with receive:
                async for piece in receive:
                    yield piece
            await task
        except PluginFailed as error:
            raise ProviderUnavailable(error.message, hint=error.hint) from error
        finally:
            task.cancel()
            task.add_done_callback(partial(_fetched))

    async def aclose(self) -> None:
        """Let go of nothing: the process ends by itself."""


def _fetched(task: "asyncio.Task[None]") -> None:
    """Take a task's error, which whoever left early does not want any more."""
    if not task.cancelled():
        task.exception()
