"""One process of one isolated plugin, as the daemon sees it: started, watched, ended, and why it ended."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anyio
import msgspec

from isaacd.errors import PluginFailed
from isaacd.log import Log
from isaacd.plugin.isolation.fence import MIB
from isaacd.plugin.isolation.forks import Fork, Forks
from isaacd.plugin.isolation.link import Link
from isaacd.plugin.isolation.output import PipeEnd, keep_output
from isaacd.plugin.isolation.terms import EXIT_MEMORY, Opened, Opening

_WATCH_EVERY_S = 0.5
_REAPED_WITHIN_S = 2.0


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long an isolated plugin may take, in seconds.

    `open_s` for its start and import, `call_s` for one call, `hang_s` without a sign of life during one, `grace_s`
    after it was told to stop; after `idle_s` without a call its process ends.
    """

    open_s: float = 10.0
    call_s: float = 600.0
    hang_s: float = 10.0
    grace_s: float = 2.0
    idle_s: float = 300.0


class Desk(msgspec.Struct, frozen=True):
    """Who answers the requests of the process."""

    answer: Callable[..., Any]
    told: Callable[[str, msgspec.Raw], None]


class Process:
    """A running process; `start` makes it, and `on_end` is told why it has ended, exactly once."""

    def __init__(self, opening: Opening, desk: Desk, log: Log, patience: Patience) -> None:
        self.name = opening.name
        self.opening = opening
        self.opened: Opened | None = None
        self.retired = False
        self.in_flight = 0
        self.on_end: Callable[[Process, str], None] = lambda process, cause: None
        self._desk = desk
        self._log = log
        self._patience = patience
        self._fork: Fork | None = None
        self._output: PipeEnd | None = None
        self._written = asyncio.Event()
        self._link: Link | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching = False
        self._cause = ""

    @property
    def pid(self) -> int:
        """Its number."""
        return self._fork.pid if self._fork is not None else 0

    @property
    def alive(self) -> bool:
        """Whether it can be called."""
        return self._link is not None and not self._link.closed

    async def start(self, forks: Forks, path: Sequence[str], environ: Mapping[str, str]) -> Opened:
        """Start it and have the plugin imported; raises PluginFailed with what went wrong, and it is gone then."""
        await self._spawn(forks, path, environ)
        assert self._link is not None
        try:
            with anyio.fail_after(self._patience.open_s):
                self.opened = await self._link.ask(Opened, "open", self.opening)
        except TimeoutError:
            self.end(f"did not get through its import within {self._patience.open_s:g} s")
            raise PluginFailed(self._told(), detail=self._detail()) from None
        except BaseException as error:
            self.end("was not opened")
            if isinstance(error, PluginFailed):
                error.detail = error.detail or self._detail()
            raise
        return self.opened

    async def call(self, method: str, *params: object) -> msgspec.Raw:
        """Ask it for something; raises what it answers, or PluginFailed with the reason why it has ended."""
        assert self._link is not None
        self.in_flight += 1
        self._watch()
        try:
            return await self._link.call(method, *params)
        except PluginFailed as error:
            if self._cause:
                raise PluginFailed(
                    self._told(),
                    hint=f"isaacctl logs tells more; it is started again at its next use ({self.name})",
                    detail=self._detail(),
                ) from error
            raise
        finally:
            self.in_flight -= 1

    def end(self, cause: str) -> None:
        """Kill it, for good; calls under way fail with the cause."""
        if not self._cause:
            self._cause = cause
        if self._link is not None:
            self._link.close(self._told())
        self._kill()

    async def gone(self) -> None:
        """Wait until it is dead and reaped."""
        if self._fork is not None:
            await self._fork.wait()
        if self._output is not None:
            with anyio.move_on_after(_REAPED_WITHIN_S):
                await self._written.wait()
            self._output.close()

    # What the link calls (the port Answering).

    async def answer(self, method: str, params: msgspec.Raw) -> object:
        """Answer a request of the plugin."""
        return await self._desk.answer(method, params)

    def told(self, method: str, params: msgspec.Raw) -> None:
        """Take what wants no answer."""
        self._desk.told(method, params)

    def lost(self, error: Exception | None) -> None:
        """Find out why it has hung up."""
        self._spawn_task(self._find_out())

    def ended(self, reason: str) -> None:
        """Make sure that it is dead."""
        if not self._cause:
            self._cause = reason
        self._kill()
        self.on_end(self, self._cause)

    async def _spawn(self, forks: Forks, path: Sequence[str], environ: Mapping[str, str]) -> None:
        try:
            await self._open(forks, path, environ)
        except OSError as error:
            raise PluginFailed(f"no process can be started for {self.name}: {error}") from error

    async def _open(self, forks: Forks, path: Sequence[str], environ: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        try:
            read, write = os.pipe()
        except OSError:
            ours.close()
            theirs.close()
            raise
        self._output = output = PipeEnd(read)
        try:
            ours.setblocking(False)
            self._fork = await forks.fork(self.name, theirs, write, environ, path)
            link = Link(self)
            await asyncio.get_running_loop().create_unix_connection(lambda: link, sock=ours)
            self._link = link
        except BaseException:  # a start that is cancelled leaves nothing behind either
            ours.close()
            output.close()
            self._kill()
            raise
        finally:
            theirs.close()
            os.close(write)
        self._spawn_task(self._keep(output))

    async def _keep(self, output: PipeEnd) -> None:
        try:
            await keep_output(output, self._log, asyncio.get_running_loop().time)
        finally:
            output.close()
            self._written.set()

    async def _find_out(self) -> None:
        assert self._link is not None
        with anyio.move_on_after(_REAPED_WITHIN_S):
            await self.gone()
        self.end(self._why())

    def _why(self) -> str:
        code = self._fork.returncode if self._fork is not None else None
        if code is None:
            return "has hung up"
        limits = self.opening.fence.limits
        if code == EXIT_MEMORY:
            return f"has run out of the memory that it may use ({limits.memory_bytes // MIB} MiB)"
        if code >= 0:
            return f"has ended its process (exit code {code})"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        if -code == signal.SIGXCPU:
            return f"has used up its {limits.cpu_s} s of CPU time ({name})"
        if -code == signal.SIGKILL:
            return f"was killed from outside ({name}), perhaps because the machine ran out of memory"
        return f"has crashed ({name})"

    def _watch(self) -> None:
        if not self._watching:
            self._watching = True
            self._spawn_task(self._keep_watch())

    async def _keep_watch(self) -> None:
        """As long as something is under way: end the process when it gives no sign of life, or does not stop."""
        link, patience = self._link, self._patience
        assert link is not None
        loop = asyncio.get_running_loop()
        try:
            while (self.in_flight or link.abandoned) and not link.closed:
                try:
                    with anyio.fail_after(patience.hang_s):
                        await link.call("ping")
                except TimeoutError:
                    self.end(f"gave no sign of life for {patience.hang_s:g} s: it is in a loop, or blocks")
                    return
                except PluginFailed:
                    return
                if any(loop.time() - since > patience.grace_s for since in link.abandoned.values()):
                    self.end(f"did not stop within {patience.grace_s:g} s when it was told to")
                    return
                await asyncio.sleep(_WATCH_EVERY_S)
        finally:
            self._watching = False

    def _kill(self) -> None:
        if self._fork is not None and self._fork.returncode is None:
            self._fork.kill()

    def _told(self) -> str:
        return f"the plugin {self.name} {self._cause}"

    def _detail(self) -> dict[str, object]:
        return {"plugin": self.name, "cause": self._cause}

    def _spawn_task(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
