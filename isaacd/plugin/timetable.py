"""The jobs of all plugins, each run when it is due and never beside itself."""

import math
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import anyio
import msgspec

from isaacd.clock import Clock
from isaacd.errors import IsaacError
from isaacd.log import Log
from isaacd.plugin.calling import TookTooLong, attempt, failure
from isaacd.plugin.runs import LastRun, RunKeeper
from isaacd.plugin.unasked import Timed

# The wall clock may be set, and a laptop may sleep: no wait is longer than this before somebody looks again.
LOOK_S = 300.0
# What runs more often than this is not written down; it would be due at each start anyway.
REMEMBERED_S = 60.0
# A run that was broken off is repeated, but not at once: it may be what ended the daemon.
AGAIN_S = 60.0
_FIRST_JITTER_S = 30.0


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """How a job stands: seconds since the epoch; `last` is None if it never ran."""

    plugin: str
    job: str
    every_s: float
    due: float
    running: bool
    last: LastRun | None = None


class _Entry:
    """One job, and how it stands."""

    __slots__ = ("due", "job", "last", "scope")

    def __init__(self, job: Timed, due: float, last: LastRun | None) -> None:
        self.job = job
        self.due = due
        self.last = last
        self.scope: anyio.CancelScope | None = None


class Timetable:
    """Runs jobs while `keep` runs; `random` gives numbers from 0 to 1, `sleep` waits."""

    def __init__(
        self,
        runs: RunKeeper,
        *,
        clock: Clock,
        log: Log,
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._runs = runs
        self._clock = clock
        self._log = log
        self._random = random
        self._sleep = sleep
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._remembered: dict[tuple[str, str], LastRun] = {}
        self._changed = anyio.Event()
        self._trouble: str | None = None

    def replace(self, plugin: str, jobs: Iterable[Timed]) -> None:
        """Put a plugin's jobs in place of those it had; a run under way goes on, unless its job is gone."""
        before = {key: entry for key, entry in self._entries.items() if key[0] == plugin}
        for key in before:
            del self._entries[key]
        for job in jobs:
            key = (plugin, job.name)
            entry = before.pop(key, None)
            if entry is None:
                last = self._remembered.get(key)
                entry = _Entry(job, self._first(job, last), last)
            elif entry.job.every_s != job.every_s:
                entry.due = min(entry.due, self._clock.now() + job.every_s)
            entry.job = job
            self._entries[key] = entry
        for entry in before.values():
            if entry.scope is not None:
                entry.scope.cancel()
        self._changed.set()

    def states(self) -> list[JobState]:
        """Say how all jobs stand."""
        return [
            JobState(
                plugin=entry.job.plugin,
                job=entry.job.name,
                every_s=entry.job.every_s,
                due=entry.due,
                running=entry.scope is not None,
                last=entry.last,
            )
            for entry in self._entries.values()
        ]

    async def keep(self) -> None:
        """Run what is due, until cancelled; then runs under way are cancelled too."""
        await self._recall()
        async with anyio.create_task_group() as group:
            while True:
                self._changed = anyio.Event()
                now = self._clock.now()
                for entry in list(self._entries.values()):
                    # A clock that was set back must not keep a job waiting for longer than a period.
                    entry.due = min(entry.due, now + entry.job.every_s * (1 + entry.job.jitter))
                    if entry.due <= now and entry.scope is None:
                        entry.scope = anyio.CancelScope()
                        group.start_soon(self._run, entry, entry.scope)
                await self._wait()

    async def aclose(self) -> None:
        """Let go of the file."""
        await self._runs.aclose()

    async def _recall(self) -> None:
        """Remember the last runs; what was put in place before is due accordingly."""
        try:
            self._remembered = await self._runs.all()
        except IsaacError as error:
            self._tell(error)
        for key, entry in self._entries.items():
            if entry.last is None and key in self._remembered:
                entry.last = self._remembered[key]
                entry.due = self._first(entry.job, entry.last)

    async def _wait(self) -> None:
        """Wait until something is due, something has changed, or it is time to look again."""
        waiting = [entry.due for entry in self._entries.values() if entry.scope is None]
        left_s = min([LOOK_S, *(due - self._clock.now() for due in waiting)])
        async with anyio.create_task_group() as group:

            async def first(wait: Callable[[], Awaitable[Any]]) -> None:
                await wait()
                group.cancel_scope.cancel()

            group.start_soon(first, self._changed.wait)
            group.start_soon(first, lambda: self._sleep(max(left_s, 0.0)))

    def _first(self, job: Timed, last: LastRun | None) -> float:
        """Return when a job is due for the first time since the daemon's start."""
        now = self._clock.now()
        if last is None:
            return now + self._random() * min(job.every_s * job.jitter, _FIRST_JITTER_S)
        if last.ended is None:
            return now + min(job.every_s, AGAIN_S)
        return max(now, min(last.started, now) + self._period(job))

    def _period(self, job: Timed) -> float:
        return job.every_s * (1 + job.jitter * self._random())

    async def _run(self, entry: _Entry, scope: anyio.CancelScope) -> None:
        job, started = entry.job, self._clock.now()
        entry.last = LastRun(started)
        await self._remember(job, entry.last)
        error: str | None = None
        try:
            with scope:
                error = await self._call(job)
            if not scope.cancelled_caught:
                entry.last = LastRun(started, self._clock.now(), error)
                await self._remember(job, entry.last)
        finally:
            # What came due meanwhile is left out.
            missed = math.floor(max(0.0, self._clock.now() - started) / job.every_s)
            entry.due = started + missed * job.every_s + self._period(job)
            entry.scope = None
            self._changed.set()

    async def _call(self, job: Timed) -> str | None:
        """Run a job to its end; return what went wrong, which is logged too."""
        told: dict[str, object] = {"plugin": job.plugin, "job": job.name}
        error = await attempt(job.call, job.timeout_s)
        if isinstance(error, TookTooLong):
            self._log.error("job took too long", timeout_s=job.timeout_s, **told)
            return f"took longer than {job.timeout_s:g} s"
        if error is not None:
            self._log.error("job failed", **failure(error), **told)
            return error.message if isinstance(error, IsaacError) else type(error).__name__
        self._log.debug("job done", **told)
        return None

    async def _remember(self, job: Timed, run: LastRun) -> None:
        self._remembered[job.plugin, job.name] = run
        if job.every_s < REMEMBERED_S:
            return
        try:
            await self._runs.put(job.plugin, job.name, run)
            self._trouble = None
        except IsaacError as error:
            self._tell(error)

    def _tell(self, error: IsaacError) -> None:
        """Log trouble with the file once, not at each run."""
        if self._trouble != error.message:
            self._trouble = error.message
            self._log.warning("the last runs of jobs cannot be remembered", reason=error.message)
