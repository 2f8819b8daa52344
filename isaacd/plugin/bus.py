"""The bus: every event once to each of its handlers, in order, and none of them waits for another.

A handler that is behind keeps its events in a queue of its own; when that is full the oldest are dropped, and said. One that
raises, or takes too long, is logged with its plugin's name, and its next event comes all the same.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import anyio
import msgspec

from isaacd.clock import Clock
from isaacd.context import Event
from isaacd.errors import PluginFailed
from isaacd.log import Log
from isaacd.plugin.calling import TookTooLong, attempt, failure
from isaacd.plugin.unasked import Subscriber

MAX_WAITING = 1000
# A handler that keeps the loop, or its thread, for this long is worth a line in the log.
SLOW_S = 1.0
Spawn = Callable[..., None]


class Bus:
    """The events of one daemon; `start` gives it what runs its tasks, and what was published before comes then."""

    def __init__(self, clock: Clock, log: Log) -> None:
        self._clock = clock
        self._log = log
        self._lines: dict[str, list[_Line]] = {}
        self._spawn: Spawn | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(dict[str, Any]).decode

    def start(self, spawn: Spawn) -> None:
        """Begin to call handlers, each in a task that `spawn` starts; called inside the event loop."""
        self._spawn, self._loop = spawn, asyncio.get_running_loop()
        for line in self._all():
            self._wake(line)

    def replace(self, plugin: str, subscribers: Iterable[Subscriber]) -> None:
        """Put a plugin's handlers in place of those it had; events that wait for one of the same name go to the new one."""
        before = {(line.to.event, line.to.name): line for line in self._all() if line.to.plugin == plugin}
        for lines in self._lines.values():
            lines[:] = [line for line in lines if line.to.plugin != plugin]
        for subscriber in subscribers:
            line = before.get((subscriber.event, subscriber.name)) or _Line(subscriber)
            line.to = subscriber
            self._lines.setdefault(subscriber.event, []).append(line)

    def publish(self, name: str, data: Mapping[str, object]) -> None:
        """Give an event to all its handlers; may be called in any thread, never waits.

        Raises PluginFailed if the data cannot be sent.
        """
        if not self._lines.get(name):
            return
        try:
            encoded = self._encode(data)
            self._decode(encoded)
        except (TypeError, ValueError, OverflowError, RecursionError, msgspec.DecodeError) as error:
            raise PluginFailed(f"the data of the event {name} cannot be sent: {error}") from None
        at = self._clock.now()
        if self._loop is None or _inside(self._loop):
            self._put(name, encoded, at)
        else:
            self._loop.call_soon_threadsafe(self._put, name, encoded, at)

    async def drained(self) -> None:
        """Wait until no event waits and no handler runs."""
        while busy := [line for line in self._all() if line.busy or line.waiting]:
            await busy[0].idle.wait()

    def _put(self, name: str, encoded: bytes, at: float) -> None:
        for line in self._lines.get(name, ()):
            if len(line.waiting) >= MAX_WAITING:
                line.waiting.popleft()
                line.dropped += 1
            line.waiting.append((name, encoded, at))
            self._wake(line)

    def _wake(self, line: "_Line") -> None:
        if self._spawn is not None and not line.busy and line.waiting:
            line.busy = True
            line.idle = anyio.Event()
            self._spawn(self._serve, line)

    async def _serve(self, line: "_Line") -> None:
        """Give one handler all that waits for it, one after another."""
        try:
            while line.waiting:
                name, encoded, at = line.waiting.popleft()
                if line.dropped:
                    self._log.warning(
                        "events were dropped",
                        plugin=line.to.plugin,
                        handler=line.to.name,
                        event_name=name,
                        count=line.dropped,
                    )
                    line.dropped = 0
                await self._call(line.to, Event(name, self._decode(encoded), at))
        finally:
            line.busy = False
            line.idle.set()

    async def _call(self, to: Subscriber, event: Event) -> None:
        start = self._clock.monotonic()
        told: dict[str, object] = {"plugin": to.plugin, "handler": to.name, "event_name": event.name}
        error = await attempt(partial(to.call, event), to.timeout_s)
        if isinstance(error, TookTooLong):
            self._log.error("event handler took too long", timeout_s=to.timeout_s, **told)
            return
        if error is not None:
            self._log.error("event handler failed", **failure(error), **told)
        took_s = self._clock.monotonic() - start
        if took_s > SLOW_S:
            self._log.warning("event handler is slow", took_s=round(took_s, 3), **told)

    def _all(self) -> list["_Line"]:
        return [line for lines in self._lines.values() for line in lines]


class _Line:
    """One handler and the events that wait for it."""

    __slots__ = ("busy", "dropped", "idle", "to", "waiting")

    def __init__(self, to: Subscriber) -> None:
        self.to = to
        self.waiting: deque[tuple[str, bytes, float]] = deque()
        self.dropped = 0
        self.busy = False
        self.idle = anyio.Event()


def _inside(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
