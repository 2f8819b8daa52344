"""What plugins do without being asked by anybody: handle events, and work at their times."""

import random
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import anyio

from isaacd.clock import Clock
from isaacd.context import Services
from isaacd.log import Log
from isaacd.paths import Paths

if TYPE_CHECKING:
    from isaacd.plugin.bus import Bus, Spawn
    from isaacd.plugin.plugin import Plugin
    from isaacd.plugin.timetable import JobState, Timetable
    from isaacd.plugin.unasked import Subscriber, Timed

# How long handlers of the last events get before the daemon leaves.
FAREWELL_S = 1.0


class Activity:
    """The bus and the timetable of one daemon; nothing runs before `start`.

    Both are imported when the first plugin has a use for them: a daemon is ready without.
    """

    def __init__(
        self, paths: Paths, clock: Clock, log: Log, *, chance: Callable[[], float] = random.random
    ) -> None:
        self._paths = paths
        self._clock = clock
        self._log = log
        self._chance = chance
        self._spawn: Spawn | None = None
        # What was made of the two; nothing is asked of one that nobody has used.
        self._used: set[str] = set()

    @cached_property
    def bus(self) -> "Bus":
        """The events."""
        from isaacd.plugin.bus import Bus

        self._used.add("bus")
        bus = Bus(self._clock, self._log)
        if self._spawn is not None:
            bus.start(self._spawn)
        return bus

    @cached_property
    def timetable(self) -> "Timetable":
        """The jobs."""
        from isaacd.plugin.runs import Runs
        from isaacd.plugin.timetable import Timetable

        self._used.add("timetable")
        file = self._paths.state_dir / "plugin-jobs.sqlite"
        timetable = Timetable(
            Runs(file, clock=self._clock, log=self._log),
            clock=self._clock,
            log=self._log,
            random=self._chance,
        )
        if self._spawn is not None:
            self._spawn(timetable.keep)
        return timetable

    def take(self, plugin: "Plugin", services: Services) -> None:
        """Put the handlers and jobs of a plugin in this process in place of those it had."""
        from isaacd.plugin.inside import subscribers, timed

        self.put(plugin.name, subscribers(plugin, services), timed(plugin, services))

    def put(self, plugin: str, handlers: "Iterable[Subscriber]", jobs: "Iterable[Timed]") -> None:
        """Put handlers and jobs in place of those that a plugin had; without any, it does nothing unasked."""
        handlers, jobs = tuple(handlers), tuple(jobs)
        if handlers or "bus" in self._used:
            self.bus.replace(plugin, handlers)
        if jobs or "timetable" in self._used:
            self.timetable.replace(plugin, jobs)

    def start(self, spawn: "Spawn") -> None:
        """Begin, in tasks that `spawn` starts and that are cancelled at the daemon's end."""
        self._spawn = spawn
        if "bus" in self._used:
            self.bus.start(spawn)
        if "timetable" in self._used:
            spawn(self.timetable.keep)

    def publish(self, name: str, data: Mapping[str, object]) -> None:
        """Tell all handlers of an event that it happened."""
        if "bus" in self._used:
            self.bus.publish(name, data)

    def jobs(self) -> "list[JobState]":
        """Say how all jobs stand."""
        return self.timetable.states() if "timetable" in self._used else []

    async def farewell(self) -> None:
        """Let handlers finish what they have, for a moment."""
        if "bus" in self._used:
            with anyio.move_on_after(FAREWELL_S):
                await self.bus.drained()

    async def aclose(self) -> None:
        """Let go of files."""
        if "timetable" in self._used:
            await self.timetable.aclose()
