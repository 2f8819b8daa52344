"""The plugin inside its own process: imported, and run as the daemon asks for it."""

import importlib
import importlib.util
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import msgspec

from isaacd.ai.chat import ChatRequest
from isaacd.belongings import Declared
from isaacd.command import Command
from isaacd.config import ProviderConfig
from isaacd.context import Context, Handover
from isaacd.errors import IsaacError, MethodNotFound, PermissionDenied, PluginFailed
from isaacd.plugin.calling import call
from isaacd.plugin.isolation.guest import GuestContext, GuestEvents, GuestHouse, GuestServices
from isaacd.plugin.isolation.terms import OUT_OF_MEMORY, Arguments, Happened, Head, Hook, Opening, Result
from isaacd.plugin.places import NAMESPACE
from isaacd.plugin.plugin import Plugin
from isaacd.plugin.why import why_not
from isaacd.wire import MAX_FRAME_BYTES
from isaacd.wire.values import decode_value

_ADVICE = (
    "it runs isolated: no programs, no files but its own and those it declares, no network unless declared;"
    " if you trust it: isaacctl plugins trust {name}"
)

# Room for what is around the result of a command.
_MOST_BYTES = MAX_FRAME_BYTES - 64 * 1024


def import_plugin(opening: Opening) -> Plugin:
    """Import the plugin's own file or folder, whatever else has its name; raises PluginFailed with the reason."""
    name = opening.name
    try:
        module = _module_of(opening)
        plugin = getattr(module, opening.attribute, None)
    except MemoryError as error:
        raise PluginFailed(*_told(name, "it cannot be imported", error, Path(opening.origin))) from error
    except (Exception, SystemExit) as error:
        reason, hint = why_not(error, Path(opening.origin))
        told = reason if isinstance(error, IsaacError) else f"it cannot be imported: {reason}"
        raise PluginFailed(told, hint=hint) from error
    if not isinstance(plugin, Plugin):
        raise PluginFailed(f'{module.__name__} has no `{opening.attribute} = Plugin("{name}")`')
    if plugin.name != name:
        raise PluginFailed(
            f'{module.__name__} calls itself Plugin("{plugin.name}"); it must be Plugin("{name}")'
        )
    plugin.summary = plugin.summary or (module.__doc__ or "").strip().partition("\n")[0]
    return plugin


def _module_of(opening: Opening) -> ModuleType:
    """Import by the file, so that no folder has to be listed; only an entry point's module is looked for by name."""
    if opening.module:
        return importlib.import_module(opening.module)
    origin = Path(opening.origin)
    full = f"{NAMESPACE}.{opening.name}"
    parent = importlib.import_module(NAMESPACE)
    is_folder = origin.is_dir()
    spec = importlib.util.spec_from_file_location(
        full,
        origin / "__init__.py" if is_folder else origin,
        submodule_search_locations=[str(origin)] if is_folder else None,
    )
    if spec is None or spec.loader is None:
        raise PluginFailed(f"{origin} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[full] = module
    setattr(parent, opening.name, module)
    spec.loader.exec_module(module)
    return module


class Inmate:
    """Runs the commands, handlers, jobs and hooks of one plugin."""

    def __init__(self, plugin: Plugin, house: GuestHouse, origin: Path) -> None:
        self._plugin = plugin
        self._origin = origin
        self._house = house
        self._commands = {item.name: item for item in plugin.commands}
        house.declared = Declared(capabilities=plugin.capabilities, events=plugin.events)
        self._methods: dict[str, Callable[[msgspec.Raw], Awaitable[object]]] = {
            "run": self._command,
            "event": self._event,
            "job": self._job,
            "hook": self._hook,
            "provider": self._provider,
        }

    async def answer(self, method: str, params: msgspec.Raw) -> object:
        """Do what the daemon asks for; raises IsaacError, whatever the plugin raises."""
        act = self._methods.get(method)
        if act is None:
            raise MethodNotFound(f"an isolated plugin cannot be asked for {method[:80]!r}")
        try:
            return await act(params)
        except PluginFailed as error:
            raise self._explained(error) from error
        except IsaacError:
            raise
        except (Exception, SystemExit) as error:
            raise PluginFailed(*_told(self._plugin.name, f"{method} failed", error, self._origin)) from error

    def _explained(self, error: PluginFailed) -> PluginFailed:
        """Say more of a failure whose cause is the isolation itself."""
        cause = error.__cause__
        if isinstance(cause, MemoryError):
            return PluginFailed(
                f"{error.message}: it ran out of the memory that it may use",
                detail={**(error.detail or {}), "cause": OUT_OF_MEMORY},
            )
        if isinstance(cause, OSError) and not isinstance(cause, TimeoutError):
            advice = _ADVICE.format(name=self._plugin.name)
            told = error.message if str(cause) in error.message else f"{error.message}: {cause}"
            return PluginFailed(told, hint=advice, detail=error.detail)
        return error

    async def _command(self, params: msgspec.Raw) -> Result:
        name, arguments, head = msgspec.msgpack.decode(
            params, type=tuple[str, Arguments, Head], dec_hook=decode_value
        )
        command = self._commands.get(name)
        if command is None:
            raise MethodNotFound(f"the plugin has no command {name[:80]!r} any more")
        decoded = command.decode(msgspec.Raw(arguments.raw), arguments.format)
        context = self._context(head)
        result = await command.run(context, decoded.args)
        return self._result(command, result, context, head)

    def _result(self, command: Command, result: Any, context: Context, head: Head) -> Result:
        handover = isinstance(result, Handover)
        if handover and "run" not in self._plugin.capabilities:
            raise PermissionDenied(
                f"{command.name} hands a program over to the terminal without having declared it",
                hint='write capabilities=("run",) into its Plugin(...)',
            )
        text = unshown = None
        if head.view and command.view is not None and not handover:
            try:
                text = command.view(result, context.terminal)
            except Exception as error:  # noqa: BLE001 - it may raise anything, and the result is there all the same
                unshown = f"{type(error).__name__}: {error}"
        return Result(value=_encoded(command.name, result), handover=handover, text=text, unshown=unshown)

    async def _event(self, params: msgspec.Raw) -> None:
        happened, head = msgspec.msgpack.decode(params, type=tuple[Happened, Head], dec_hook=decode_value)
        for handler in self._plugin.handlers:
            if handler.event == happened.event.name and happened.handler in ("", handler.name):
                with anyio.fail_after(handler.timeout_s):
                    await call(handler.function, self._context(head, quiet=True), happened.event)

    async def _job(self, params: msgspec.Raw) -> None:
        name, head = msgspec.msgpack.decode(params, type=tuple[str, Head], dec_hook=decode_value)
        job = next((item for item in self._plugin.jobs if item.name == name), None)
        if job is None:
            raise MethodNotFound(f"the plugin has no job {name[:80]!r} any more")
        await call(job.function, self._context(head, quiet=True))

    async def _hook(self, params: msgspec.Raw) -> None:
        which, head = msgspec.msgpack.decode(params, type=tuple[Hook, Head], dec_hook=decode_value)
        hook = self._plugin.begin if which == "setup" else self._plugin.end
        try:
            if hook is not None:
                with anyio.fail_after(hook.timeout_s):
                    await call(hook.function, self._context(head, quiet=True))
        except TimeoutError as error:
            raise PluginFailed(f"it took longer than {hook.timeout_s if hook else 0:g} s") from error
        except (Exception, SystemExit) as error:
            raise PluginFailed(why_not(error, self._origin)[0]) from error
        finally:
            if which == "teardown":
                await self._house.aclose()

    async def _provider(self, params: msgspec.Raw) -> None:
        """Let a provider of the plugin answer; its pieces go out as requests, so the daemon sets the pace."""
        kind, name, config, environ, request, head = msgspec.msgpack.decode(
            params,
            type=tuple[str, str, ProviderConfig, dict[str, str], ChatRequest, Head],
            dec_hook=decode_value,
        )
        factory = next((item for item in self._plugin.providers if item.kind == kind), None)
        if factory is None:
            raise MethodNotFound(f"the plugin has no provider {kind[:80]!r} any more")
        from isaacd.ai.provider import Host

        context = self._context(head)
        provider = factory(name, config, Host(environ, context.paths, context.log))
        try:
            pieces = provider.stream(request)
            try:
                async for piece in pieces:
                    await self._house.link.call("piece", head.call, piece)
            finally:
                close = getattr(pieces, "aclose", None)
                if close is not None:
                    await close()
        finally:
            await provider.aclose()

    def _context(self, head: Head, *, quiet: bool = False) -> Context:
        services: Any = GuestServices(self._house, head)
        events = None if quiet else GuestEvents(self._house.link, head.call)
        context = GuestContext(services, head.meta, events, head.call, (), self._plugin.name)
        context.wants_json = head.wants_json
        return context


def _encoded(name: str, result: Any) -> msgspec.Raw:
    try:
        encoded = msgspec.msgpack.encode(result, enc_hook=str)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise PluginFailed(f"the result of {name} cannot be sent: {error}") from error
    if len(encoded) > _MOST_BYTES:
        raise PluginFailed(
            f"the result of {name} cannot be sent: {len(encoded)} bytes are more than the {_MOST_BYTES} of a message"
        )
    return msgspec.Raw(encoded)


def _told(name: str, what: str, error: BaseException, origin: Path) -> tuple[str]:
    if isinstance(error, IsaacError):
        return (error.message,)
    if isinstance(error, MemoryError):
        return (f"the plugin {name}: {what}: it ran out of the memory that it may use",)
    return (f"the plugin {name}: {what}: {why_not(error, origin)[0]}",)
