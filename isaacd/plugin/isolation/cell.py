"""One isolated plugin: its processes, started when they are needed, again after a failure, and ended when idle."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import anyio
import msgspec

from isaacd.ai.chat import Piece
from isaacd.belongings.capabilities import scopes_of
from isaacd.context import Context, Services
from isaacd.errors import IsaacError, PluginFailed
from isaacd.plugin.choices import label_of
from isaacd.plugin.isolation import environment
from isaacd.plugin.isolation.circuit import Circuit
from isaacd.plugin.isolation.fence import Fence, Limits, expected, told
from isaacd.plugin.isolation.forks import Forks
from isaacd.plugin.isolation.office import Office
from isaacd.plugin.isolation.places import depends_on_cwd
from isaacd.plugin.isolation.process import Desk, Patience, Process
from isaacd.plugin.isolation.quarters import Quarters
from isaacd.plugin.isolation.terms import OUT_OF_MEMORY, Head, Opened, Opening
from isaacd.plugin.manifest import Manifest
from isaacd.plugin.places import NAMESPACE, Found
from isaacd.tokens.scope import Scope

# Processes of one plugin at once; it has more than one only if what it may read depends on the caller's directory.
_MOST_PROCESSES = 4
_CLEANED_WITHIN_S = 5.0


class Granting(Protocol):
    """Who knows what a person lets a plugin have."""

    def of(self, name: str, label: str) -> tuple[Scope, ...]:
        """Return what a plugin was granted, by its name and where it comes from."""
        ...


class House(msgspec.Struct, frozen=True, kw_only=True):
    """What all cells of one daemon share; `services` are the daemon's, `grants` what a person lets plugins have."""

    services: Services
    grants: Granting
    limits: Limits = Limits()
    patience: Patience = Patience()
    forks: Forks


class Cell:
    """One isolated plugin, as it was found and as it describes itself; unless it `keeps` things, it has no own folder."""

    def __init__(self, found: Found, manifest: Manifest, house: House, *, keeps: bool = True) -> None:
        self.found = found
        self.manifest = manifest
        self._house = house
        self._services = house.services
        self._log = house.services.log.bind(plugin=found.name)
        self._label = label_of(found)
        self._office = Office(
            found.name,
            house.services,
            self._log,
            grace_s=house.patience.grace_s,
            scopes=lambda: house.grants.of(found.name, self._label),
            wanted=scopes_of(manifest.capabilities),
        )
        self._circuit = Circuit(found.name, house.services.clock.monotonic)
        self._processes: dict[str, Process] = {}
        self._starting = anyio.Lock()
        self._by_cwd = depends_on_cwd(manifest.capabilities)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._opened: Opened | None = None
        self._dropped = False
        services = house.services
        self._quarters = Quarters(found, manifest.capabilities, services.paths, services.environ, keeps=keeps)

    @property
    def isolation(self) -> str:
        """What holds of the isolation, for people; before its first start, what will hold."""
        fence = Fence(read=(), network="network" in self.manifest.capabilities, limits=self._house.limits)
        parts = [told(fence, expected() if self._opened is None else self._opened.in_force)]
        running = ", ".join(str(item.pid) for item in self._processes.values() if item.alive)
        parts.append(f"running: process {running}" if running else "not running: starts at its first use")
        if self._circuit.crashes:
            parts.append(f"failed lately: {self._circuit.crashes} times")
        if self.manifest.routes or self.manifest.policies:
            parts.append("not offered, for it would run inside the daemon: rules about lines, cache policies")
        return "; ".join(parts)

    def demand(self, scope: Scope) -> None:
        """Raise PermissionDenied unless a person has granted what the plugin has declared."""
        self._office.demand(scope)

    @property
    def start_s(self) -> float:
        """The seconds that a start may take, setup included."""
        return 2 * self._house.patience.open_s

    async def describe(self) -> Manifest:
        """Start a process and return what the plugin says of itself there."""
        process = await self._process(Context(self._services, plugin=self.found.name))
        assert process.opened is not None
        return process.opened.manifest

    async def warm(self, context: Context) -> None:
        """Start it now, so that nobody waits for that later."""
        await self._process(context)

    async def call(
        self,
        context: Context,
        method: str,
        *params: object,
        view: bool = False,
        on_piece: Callable[[Piece], Awaitable[None]] | None = None,
    ) -> msgspec.Raw:
        """Have the plugin do something for a caller; raises what it raises, PluginFailed when its process fails."""
        process = await self._process(context)
        patience = self._house.patience
        async with self._office.call(context, on_piece) as number:
            head = self._head(context, number, view=view)
            try:
                with anyio.fail_after(patience.call_s):
                    result = await process.call(method, *params, head)
                self._circuit.worked()
                return result
            except PluginFailed as error:
                if (error.detail or {}).get("cause") == OUT_OF_MEMORY:
                    self._wear(process)
                raise
            except TimeoutError:
                raise PluginFailed(
                    f"the plugin {self.found.name} did not end within {patience.call_s:g} s",
                    detail={"plugin": self.found.name, "cause": "timeout"},
                ) from None
            finally:
                self._rest(process)

    async def drop(self) -> None:
        """End all of its processes, after its `teardown`, and let nothing start any more."""
        self._dropped = True
        for process in tuple(self._processes.values()):
            await self._stop(process)
        for timer in self._timers.values():
            timer.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLEANED_WITHIN_S)

    def _head(self, context: Context, number: int, *, view: bool = False) -> Head:
        meta = context.meta
        seen = msgspec.structs.replace(
            meta,
            deadline_ms=None,
            env=environment.callers(meta.env or {}),
            sink=None,
            idempotency_key=None,
            caller=context.caller,
        )
        settings: Mapping[str, Any] = {}
        if self.manifest.settings is not None:
            settings = context.config.plugins.settings.get(self.found.name, {})
        return Head(call=number, meta=seen, view=view, wants_json=context.wants_json, settings=dict(settings))

    async def _process(self, context: Context) -> Process:
        """Return a process for this caller, a running one if there is; raises PluginFailed if there cannot be one."""
        key = (context.meta.cwd or "") if self._by_cwd else ""
        process = self._processes.get(key)
        if process is not None and process.alive:
            return process
        async with self._starting:
            process = self._processes.get(key)
            if process is not None and process.alive:
                return process
            if self._dropped:
                raise PluginFailed(f"the plugin {self.found.name} is no longer in place; try again")
            await anyio.sleep(self._circuit.wait_s())
            await self._make_room()
            return await self._start(key, Path(key) if key else None, context)

    async def _start(self, key: str, cwd: Path | None, context: Context) -> Process:
        folder, temporary = await self._quarters.make()
        fence = await self._quarters.fence(temporary, self._house.limits, cwd)
        process = Process(
            self._opening(fence, folder, temporary),
            Desk(self._office.answer, self._office.told),
            self._log,
            self._house.patience,
        )
        process.on_end = partial(self._ended, key, temporary)
        try:
            self._opened = await process.start(
                self._house.forks,
                tuple(str(item) for item in self.found.path),
                environment.own(self._services.environ, folder, temporary),
            )
            if self.manifest.has_setup:
                async with self._office.call(Context(self._services, plugin=self.found.name)) as number:
                    await process.call("hook", "setup", self._head(context, number))
        except IsaacError:
            self._circuit.crashed("it could not be started")
            process.end("could not be started")
            raise
        except BaseException:
            process.end("was not needed any more")
            raise
        self._processes[key] = process
        self._log.info("plugin process started", pid=process.pid, import_ms=round(self._opened.import_ms, 1))
        return process

    def _opening(self, fence: Fence, folder: Path, temporary: Path) -> Opening:
        found = self.found
        return Opening(
            name=found.name,
            origin=str(found.origin),
            module=_module_of(found),
            attribute=found.attribute,
            fence=fence,
            folder=str(folder),
            temporary=str(temporary),
        )

    async def _make_room(self) -> None:
        if len(self._processes) >= _MOST_PROCESSES:
            idle = next((item for item in self._processes.values() if not item.in_flight), None)
            if idle is None:
                raise PluginFailed(f"the plugin {self.found.name} is busy in {_MOST_PROCESSES} other folders")
            await self._stop(idle)

    def _ended(self, key: str, temporary: Path, process: Process, cause: str) -> None:
        """Note the end of a process; one that was not meant to end counts as a crash."""
        if self._processes.get(key) is process:
            del self._processes[key]
            if not process.retired:
                self._circuit.crashed(cause)
                self._log.warning("plugin process ended", cause=cause, crashes=self._circuit.crashes)
            timer = self._timers.pop(key, None)
            if timer is not None:
                timer.cancel()
        self._later(self._clean(process, temporary))

    async def _clean(self, process: Process, temporary: Path) -> None:
        await process.gone()
        await self._quarters.clear(temporary)

    def _rest(self, process: Process) -> None:
        """When nothing is under way in a process, set the time at which it ends."""
        if process.in_flight:
            return
        key = next((name for name, item in self._processes.items() if item is process), None)
        if key is None:
            self._leave(process)
            return
        known = self._timers.pop(key, None)
        if known is not None:
            known.cancel()
        # Its seconds of CPU count over its whole life, so one that has used half of them makes room for another.
        worn = cpu_s(process.pid) > self._house.limits.cpu_s / 2
        wait_s = 0.0 if worn else self._house.patience.idle_s
        self._timers[key] = asyncio.get_running_loop().call_later(wait_s, self._leave, process)

    def _wear(self, process: Process) -> None:
        """Let a process that has had no memory left do what is under way, and nothing more."""
        for key, item in tuple(self._processes.items()):
            if item is process:
                del self._processes[key]
                self._circuit.crashed("it ran out of memory")

    def _leave(self, process: Process) -> None:
        if not process.in_flight and process.alive:
            self._later(self._stop(process))

    async def _stop(self, process: Process) -> None:
        """End a process as it wishes to end: its `teardown` first."""
        process.retired = True
        if self.manifest.has_teardown and process.alive:
            context = Context(self._services, plugin=self.found.name)
            try:
                async with self._office.call(context) as number:
                    with anyio.fail_after(self._house.patience.open_s):
                        await process.call("hook", "teardown", self._head(context, number))
            except (IsaacError, TimeoutError) as error:
                self._log.error("plugin teardown failed", reason=str(error))
        process.end("was ended")
        with anyio.move_on_after(self._house.patience.grace_s):
            await process.gone()

    def _later(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def cpu_s(pid: int) -> float:
    """Return the seconds of CPU that a process has used, 0 where that cannot be seen."""
    if sys.platform != "linux":
        return 0.0
    import os

    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


def _module_of(found: Found) -> str:
    """Return the module of an entry point; one in the shared namespace is told apart from its namesakes by its file."""
    return "" if found.source != "entry" or found.module == f"{NAMESPACE}.{found.name}" else found.module
