"""The daemon's life from the first connection to the last answer: counting, draining, signals, leaving when idle."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import anyio
import anyio.abc
import anyio.lowlevel

from isaacd.clock import Clock
from isaacd.command import Catalog
from isaacd.config import Config
from isaacd.context import Services
from isaacd.log import Log
from isaacd.server.listener import Listener
from isaacd.server.peer import Timeouts
from isaacd.server.place import LOOK_EVERY_S, Place
from isaacd.server.singleton import Singleton
from isaacd.trace import Traces

if TYPE_CHECKING:
    from isaacd.server.supervisor import Supervisor

# How long cancelled commands get to answer, and then peers to read what was written, before the daemon leaves.
FAREWELL_S = 1.0
# A command that goes on although it was cancelled ends with the process, this long after.
STUBBORN_S = 2.0
# And what is not asked for by a client gets this long.
LEAVING_S = 2.0
# What can wait does so for this long, because a client is usually waiting for the daemon that it started.
SETTLED_S = 0.2
EXIT_STUBBORN = 70
# What was accepted last becomes a connection in the next turn of the loop, and is held in the one after.
_TURNS = 3
_NEVER_S = 3600.0


class Life:
    """What all sessions of one daemon share, and when it ends.

    `settled` is called once the first clients have had their answers; `reload` is what SIGHUP asks for. `holds_open`
    says that there is something to do although nobody asks, so that the daemon does not leave; `busy` that it is being
    done just now. With `has_heir` another daemon follows at once, and what is only due later is for that one.
    `leaving` is awaited, for a while, after the last answer; `answers` comes back if the databases do, which the
    watchdog of a `supervisor` asks.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        services: Services,
        config: Callable[[], Config],
        settled: Callable[[], None],
        reload: Callable[[], None],
        leaving: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint,
        answers: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint,
        supervisor: "Supervisor | None" = None,
        holds_open: Callable[[], bool] = lambda: False,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self.catalog = catalog
        self.services = services
        self.draining = False
        self.steps_aside = False  # whether to stop as soon as nobody needs this daemon
        self.has_heir = False
        self.requests = 0
        self.in_flight = 0
        self.listener: Listener | None = None
        self.traces = Traces()
        self._log: Log = services.log
        self._clock: Clock = services.clock
        self._config = config
        self._settled = settled
        self._reload = reload
        self._holds_open = holds_open
        self._busy = busy
        self._leaving = leaving
        self._answers = answers
        self._supervisor = supervisor
        self._last_request = self._clock.monotonic()
        self._group: anyio.abc.TaskGroup | None = None
        self._stop = anyio.Event()
        self._parting = anyio.Event()
        self._idle = anyio.Event()
        self._patience = anyio.CancelScope()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self.listener.connections) if self.listener else 0

    def spawn(self, main: Callable[..., Any], *args: object) -> None:
        """Start a task; what it raises is logged, and ends nothing but the task."""
        assert self._group is not None
        self._group.start_soon(self._guarded, main, *args, name=getattr(main, "__qualname__", None))

    async def _guarded(self, main: Callable[..., Any], *args: object) -> None:
        try:
            await main(*args)
        except Exception:  # noqa: BLE001 - one task must not take the daemon and all others with it
            self._log.exception("a task of the daemon failed", task=getattr(main, "__qualname__", str(main)))

    def run_started(self) -> None:
        """Count a run."""
        self.in_flight += 1

    def run_ended(self) -> None:
        """Count it no longer."""
        self.in_flight -= 1
        self.changed()

    def changed(self) -> None:
        """Note that a run or a connection has ended."""
        self._last_request = self._clock.monotonic()
        self._idle.set()
        needed = self._busy if self.has_heir else self._holds_open
        if self.steps_aside and not (self.in_flight or self._held_open_by_peers or needed()):
            self.stop()

    @property
    def _held_open_by_peers(self) -> bool:
        """Whether anybody is connected who does not come back by itself once this daemon has left."""
        return self.listener is not None and any(not item.returns for item in self.listener.connections)

    def stop(self) -> None:
        """Begin to drain and exit."""
        self._stop.set()

    def stop_alone(self) -> None:
        """Begin to drain and exit, and let nobody follow: that was for a daemon that leaves by itself."""
        self.has_heir = False
        self.stop()

    async def until_draining(self) -> None:
        """Come back when the daemon is about to leave, for work that goes on in the next one."""
        await self._parting.wait()

    async def serve(self, singleton: Singleton, *, leave_when_idle: bool, place: Place | None = None) -> None:
        """Answer until told to stop, then drain; the lock stays with the caller, who may have files to close.

        It stops by itself when nobody could find it any more at its `place`.
        """
        limits = self._config().limits
        async with anyio.create_task_group() as group:
            self._group = group
            self.listener = listener = Listener(
                shared=self,
                log=self._log,
                uid=os.geteuid(),
                changed=self.changed,
                timeouts=Timeouts(limits.first_byte_s, limits.stalled_peer_s),
            )
            await listener.open(singleton.listening)
            try:
                await group.start(self._obey_signals)  # before anybody is told that we are ready
                group.start_soon(self._settle)
                if leave_when_idle:
                    group.start_soon(self._leave_when_idle)
                if place is not None:
                    group.start_soon(self._leave_when_lost, place)
                if self._supervisor is not None:
                    await self._supervisor.began(listener, group, answers=self._answers, status=self._said)
                await self._stop.wait()
                if self.has_heir:
                    singleton.keep_listening()
                if self._supervisor is not None:
                    self._supervisor.keep_door(listener)
                listener.stop_accepting()
                if not self.has_heir:
                    singleton.stop_listening()
                if self._supervisor is not None:
                    self._supervisor.stopping(listener, limits.drain_s)
                await self._drain(listener, limits.drain_s)
                with anyio.move_on_after(LEAVING_S):
                    await self._leaving()
            finally:
                listener.close()
            group.cancel_scope.cancel()
            last_resort = asyncio.get_running_loop().call_later(STUBBORN_S, self._give_up)
        last_resort.cancel()

    async def _drain(self, listener: Listener, drain_s: float) -> None:
        """Let running requests end for a while, then cancel them; what they answer is sent."""
        self.draining = True
        self._parting.set()
        self._log.info("draining", in_flight=self.in_flight)
        self._patience.deadline = anyio.current_time() + drain_s
        with self._patience:
            await self._until(lambda: not self.in_flight)
        listener.stop_runs()
        with anyio.move_on_after(FAREWELL_S):
            await self._until(lambda: not self.in_flight)
        if self._supervisor is not None:
            for _ in range(_TURNS):
                await anyio.lowlevel.checkpoint()
            self._supervisor.leave(listener)
        listener.close()
        # What was written is sent before the loop ends; a peer that does not read cannot hold us up.
        with anyio.move_on_after(FAREWELL_S):
            await self._until(lambda: not listener.connections)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._idle = anyio.Event()
            await self._idle.wait()

    def _give_up(self) -> None:
        """Leave although a command does not stop when it is cancelled; all others have been answered."""
        self._log.error("a command does not stop", in_flight=self.in_flight)
        os._exit(EXIT_STUBBORN)

    async def _settle(self) -> None:
        await anyio.sleep(SETTLED_S)
        self._settled()

    async def _obey_signals(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        with anyio.open_signal_receiver(
            signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1
        ) as signals:
            task_status.started()
            async for number in signals:
                if number == signal.SIGHUP:
                    self._read_anew()
                elif number == signal.SIGUSR1:
                    self._log_tasks()
                elif number == signal.SIGTERM:
                    self.stop_alone()
                else:
                    self._patience.cancel()
                    self.stop_alone()

    def _read_anew(self) -> None:
        if self._supervisor is None:
            self._reload()
            return
        self._supervisor.reloading()
        self._reload()
        self._supervisor.reloaded(self._said())

    def _said(self) -> str:
        """Say in one line how the daemon does, for `systemctl status`."""
        busy = f", {self.in_flight} running" if self.in_flight else ""
        return f"{self.connections} connections, {self.requests} requests answered{busy}"

    def _log_tasks(self) -> None:
        """Write down where every task waits, for someone who wonders what the daemon is doing."""
        for task in asyncio.all_tasks():
            self._log.info("task", name=task.get_name(), waits_in=list(_places(task.get_coro())))

    async def _leave_when_idle(self) -> None:
        """Stop after a while without requests or connections."""
        while True:
            limit_s = self._config().daemon.idle_exit_s or _NEVER_S * 24 * 365
            left_s = limit_s - (self._clock.monotonic() - self._last_request)
            if self.in_flight or self.connections or self._holds_open():
                left_s = limit_s
            if left_s <= 0:
                self._log.info("idle", after_s=limit_s)
                self.stop()
                return
            # Not longer, since the limit may be changed meanwhile.
            await anyio.sleep(min(left_s, _NEVER_S))

    async def _leave_when_lost(self, place: Place) -> None:
        """Stop once socket, lock or folders were taken away: clients would wait for us, or another daemon works beside us."""
        while True:
            await anyio.sleep(LOOK_EVERY_S)
            reason = place.lost()
            if reason is not None:
                self._log.warning("leaves, as it cannot be found any more", reason=reason)
                self.stop_alone()
                return


def _places(waiting: Any) -> Iterator[str]:
    """Name the functions that a task is in, from its first to the one that waits."""
    while waiting is not None:
        for kind in ("cr", "ag", "gi"):
            frame = getattr(waiting, f"{kind}_frame", None)
            if frame is not None:
                yield f"{frame.f_code.co_qualname}:{frame.f_lineno}"
                waiting = getattr(waiting, f"{kind}_await" if kind != "gi" else "gi_yieldfrom")
                break
        else:
            return
