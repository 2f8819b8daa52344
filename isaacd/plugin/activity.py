"""What plugins do without being asked by anybody: handle events, and work at their times."""

import random
from collections.abc import Callable, Iterable, Mapping

import anyio

from isaacd.clock import Clock
from isaacd.context import Services
from isaacd.log import Log
from isaacd.paths import Paths
from isaacd.plugin.bus import Bus, Spawn, Subscriber
from isaacd.plugin.inside import subscribers, timed
from isaacd.plugin.plugin import Plugin
from isaacd.plugin.runs import Runs
from isaacd.plugin.timetable import JobState, Timed, Timetable

# How long handlers of the last events get before the daemon leaves.
FAREWELL_S = 1.0


class Activity:
    """The bus and the timetable of one daemon; nothing runs before `start`."""

    def __init__(
        self, paths: Paths, clock: Clock, log: Log, *, chance: Callable[[], float] = random.random
    ) -> None:
        self.bus = Bus(clock, log)
        self._timetable = Timetable(
            Runs(paths.state_dir / "plugin-jobs.sqlite", clock=clock, log=log),
            clock=clock,
            log=log,
            random=chance,
        )

    def take(self, plugin: Plugin, services: Services) -> None:
        """Put the handlers and jobs of a plugin in this process in place of those it had."""
        self.put(plugin.name, subscribers(plugin, services), timed(plugin, services))

    def put(self, plugin: str, handlers: Iterable[Subscriber], jobs: Iterable[Timed]) -> None:
        """Put handlers and jobs in place of those that a plugin had; without any, it does nothing unasked."""
        self.bus.replace(plugin, handlers)
        self._timetable.replace(plugin, jobs)

    def start(self, spawn: Spawn) -> None:
        """Begin, in tasks that `spawn` starts and that are cancelled at the daemon's end."""
        self.bus.start(spawn)
        spawn(self._timetable.keep)

    def publish(self, name: str, data: Mapping[str, object]) -> None:
        """Tell all handlers of an event that it happened."""
        self.bus.publish(name, data)

    def jobs(self) -> list[JobState]:
        """Say how all jobs stand."""
        return self._timetable.states()

    async def farewell(self) -> None:
        """Let handlers finish what they have, for a moment."""
        with anyio.move_on_after(FAREWELL_S):
            await self.bus.drained()

    async def aclose(self) -> None:
        """Let go of files."""
        await self._timetable.aclose()
