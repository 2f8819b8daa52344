"""The daemon as commands see it: what `status` and `plugins` describe, and what stops it."""

import os
import sys
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from isaacd import __version__
from isaacd.app.rooms import Rooms
from isaacd.context import (
    CommandCard,
    DaemonCard,
    HouseCard,
    MemoryCard,
    PluginCard,
    PluginChanges,
    PluginTimes,
)

if TYPE_CHECKING:
    from isaacd.context.traced import TraceCard
    from isaacd.plugin.roster import Roster


class TheDaemon:
    """The port Daemon of isaacd.context; what only few ask for is imported when somebody does.

    `born` is when it began, on the monotonic clock of `rooms`; `apart` are objects whose memory belongs to no room.
    """

    def __init__(self, rooms: Rooms, born: float, *, apart: Sequence[object]) -> None:
        self._rooms = rooms
        self._life = rooms.life
        self._born = born
        self._apart = apart

    @property
    def _roster(self) -> "Roster":
        return self._rooms.residents.roster

    def status(self) -> DaemonCard:
        """Describe the daemon now."""
        rooms, life = self._rooms, self._life
        door, routers = rooms.made(Rooms.door), rooms.made(Rooms.routers)
        return DaemonCard(
            version=__version__,
            pid=os.getpid(),
            uptime_s=round(rooms.clock.monotonic() - self._born, 3),
            socket=str(rooms.paths.socket),
            log=rooms.log.place,
            python=sys.version.partition(" ")[0],
            rss_kib=_rss_kib(),
            connections=life.connections,
            requests=life.requests,
            in_flight=life.in_flight,
            plugins=self._roster.usable,
            draining=life.draining,
            http="" if door is None else door.shown,
            providers=() if routers is None else tuple(routers.health()),
        )

    def house(self) -> HouseCard:
        """Describe what else there is to know of it."""
        from isaacd.observe.house import House, describe

        rooms = self._rooms
        shelf, observer = rooms.made(Rooms.shelf), rooms.made(Rooms.observer)
        named = {
            "jobs": rooms.made(Rooms.jobs),
            "history": rooms.made(Rooms.history),
            "answers": shelf,
            "chats": rooms.made(Rooms.chats),
            "batches": rooms.made(Rooms.batches),
            "ledger": rooms.made(Rooms.ledger),
        }
        return describe(
            House(
                tallies=self._life.traces.tallies,
                lag=None if observer is None else observer.lag,
                plugins=self.plugins(),
                rooms=tuple(name for name, room in named.items() if room is not None),
                cache=None if shelf is None else shelf.cache.get_stats(),
                lines_dropped=rooms.log.dropped,
            )
        )

    async def memory(self) -> MemoryCard:
        """Measure where the daemon's memory is."""
        from isaacd.observe.memory import measure

        rooms, life = self._rooms, self._life
        shelf = rooms.made(Rooms.shelf)
        roots: dict[str, Sequence[object]] = {
            "cache: answers in memory": () if shelf is None else (shelf.cache,),
            "cache: what is asked next": () if shelf is None else (shelf.warmer,),
            "cache: file": () if shelf is None else (shelf,),
            "plugins known": tuple(map(rooms.made, (Rooms.residents, Rooms.plugin_desk, Rooms.toolbox))),
            "catalog of commands": (rooms.catalog,),
            "command line": (rooms.made(Rooms.command_line),),
            "typed lines": (rooms.made(Rooms.lines), rooms.made(Rooms.desk)),
            "plugins' belongings": (rooms.household,),
            "AI providers": (rooms.made(Rooms.routers),),
            "history": (rooms.made(Rooms.history), rooms.made(Rooms.learned)),
            "conversations": (rooms.made(Rooms.chats),),
            "tasks and schedules": (rooms.made(Rooms.jobs),),
            "batches": (rooms.made(Rooms.batches),),
            "ledger": (rooms.made(Rooms.ledger),),
            "connections": tuple(life.listener.connections) if life.listener else (),
            "traces": (life.traces,),
            "configuration": (rooms.source,),
            "log": (rooms.log,),
        }
        used = {name: tuple(item for item in items if item is not None) for name, items in roots.items()}
        everyones = (
            self,
            rooms,
            rooms.__dict__,
            life,
            life.__dict__,
            rooms.clock,
            rooms.paths,
            rooms.environ,
        )
        return await measure({name: items for name, items in used.items() if items}, everyones)

    def traces(self, name: str | None = None, limit: int = 20) -> "Sequence[TraceCard]":
        """Describe the last requests, or those of that name, the newest first."""
        from isaacd.context.traced import card_of

        kept = self._life.traces
        found = kept.recent() if name is None else kept.find(name)
        return [card_of(trace) for trace in islice(found, limit)]

    def metrics(self) -> str:
        """Return the daemon's figures as Prometheus reads them."""
        from isaacd.observe.metrics import Figures, exposition

        observer = self._rooms.made(Rooms.observer)
        return exposition(
            Figures(
                card=self.status(),
                tallies=self._life.traces.tallies,
                states=[card.state for card in self.plugins()],
                lag_s=0.0 if observer is None else observer.lag.last_s,
                worst_lag_s=0.0 if observer is None else observer.lag.worst_s,
                log_dropped=self._rooms.log.dropped,
            )
        )

    def plugins(self) -> Sequence[PluginCard]:
        """Describe every plugin found."""
        return self._roster.cards()

    async def check_plugins(self) -> None:
        """Look whether files of plugins have changed, came or went, and wait a moment for what comes of it."""
        await self._roster.look_again()

    async def reload_plugins(self, names: Sequence[str] = ()) -> PluginChanges:
        """Load plugins anew: those named, or all but Isaac's own; raises NotFound for a name that none has."""
        return await self._roster.reload(names, force=True)

    def plugin_times(self) -> PluginTimes:
        """Say what the plugins have cost so far."""
        return self._roster.times()

    def commands(self) -> Sequence[CommandCard]:
        """Describe every command."""
        return self._rooms.catalog.cards()

    def stop(self) -> None:
        """Begin to drain and exit."""
        self._life.stop_alone()


def _rss_kib() -> int:
    """Return the resident set size; where /proc is missing, the largest it ever was."""
    try:
        file = os.open("/proc/self/statm", os.O_RDONLY)  # no file object for a hot `status`
        try:
            return int(os.read(file, 256).split()[1]) * os.sysconf("SC_PAGESIZE") // 1024
        finally:
            os.close(file)
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
