"""Writes a backlog behind its callers' backs: one task, begun a moment after the first write or when asked to."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from isaacd.cache.backlog import Backlog, Batch, Wipe


class Target(Protocol):
    """What is written to."""

    @property
    def writable(self) -> bool:
        """Whether the last attempt succeeded."""
        ...

    @property
    def retry_delay_s(self) -> float:
        """How long to wait after an attempt that failed."""
        ...

    async def write(self, write: Batch | Wipe | None) -> None:
        """Write, and end what was written by `Backlog.done`; None is only whatever else is due."""
        ...

    async def suffer(self, error: Exception) -> bool:
        """Get over an error of `write`; tell whether it may be tried again at once."""
        ...


class WriteBehind:
    """The one task that writes, and the timer that starts it.

    `due` says that there is something to do though no write waits; the target takes it back. `off` ends all.
    """

    def __init__(self, backlog: Backlog, target: Target, delay_s: float) -> None:
        self.due = False
        self.off = False
        self._backlog = backlog
        self._target = target
        self._delay_s = delay_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def running(self) -> bool:
        """Whether there is a loop to work on."""
        return self._loop is not None and not self.off

    def begin(self) -> None:
        """Work from now on, on the loop that runs."""
        self._loop = asyncio.get_running_loop()

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something that `end` waits for, and that nobody's cancellation reaches."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def wake(self, batch: Batch | None = None) -> None:
        """See to it that what waits is written soon; at once if the batch is full."""
        if self._task is not None or not self.running:
            return
        if not self._target.writable:
            self.retry_later()
        elif batch is not None and batch.full:
            self.now()
        else:
            self._after(self._delay_s)

    def retry_later(self) -> None:
        """Try again after a failure; success is what ends the trouble, so something is due even if nothing waits."""
        self.due = True
        self._after(self._target.retry_delay_s)

    def now(self) -> asyncio.Task[None]:
        """Begin to write, unless that goes on already; return the task."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is None:
            self._task = self.start(self._drain())
        return self._task

    async def flush(self) -> None:
        """Return when all earlier writes have reached the target, or cannot at present."""
        last = self._backlog.last
        while self.running and ((last is not None and not last.finished) or self.due):
            before = self._task
            # Whoever waits may be cancelled; the write may not.
            await asyncio.shield(before or self.now())
            if before is None and not self._target.writable:
                return

    async def end(self) -> None:
        """Begin nothing more, and wait for what was begun."""
        self.off = True
        if self._timer is not None:
            self._timer.cancel()
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _after(self, delay_s: float) -> None:
        if self._timer is None and self._loop is not None and not self.off:
            self._timer = self._loop.call_later(delay_s, self.now)

    async def _drain(self) -> None:
        try:
            while not self.off:
                write = self._backlog.take()
                if write is None and not self.due:
                    return
                try:
                    await self._target.write(write)
                except Exception as error:  # noqa: BLE001 - whatever it is, it must not take the daemon along
                    if not await self._target.suffer(error):
                        return
        except (asyncio.CancelledError, GeneratorExit):
            self.off = True  # the loop has ended under it, and nothing can be begun there any more
            raise
        finally:
            self._task = None
            if self._backlog or self.due:
                self.wake()
