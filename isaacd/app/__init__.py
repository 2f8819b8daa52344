"""The composition root: the only room that knows all others."""

import asyncio
import gc
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import anyio
import msgspec

from isaacd import __version__
from isaacd.app.rooms import Rooms
from isaacd.clock import Clock
from isaacd.command import Command
from isaacd.config import ConfigSource
from isaacd.context import Context, Daemon
from isaacd.log import Log
from isaacd.paths import Paths
from isaacd.server.life import Life
from isaacd.server.methods import BUILTIN
from isaacd.server.place import Place
from isaacd.server.singleton import Singleton

if TYPE_CHECKING:
    from isaacd.server.pulse import Pulse
    from isaacd.server.supervisor import Supervisor

# As in isaacd.jobs, which is only imported where there are any.
_JOBS_FILE = "jobs.sqlite"


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How this daemon was started: what it was given, and whether it may leave when idle."""

    on_demand: bool = False
    sets: tuple[str, ...] = ()


class App:
    """One daemon: its rooms, its life, and the commands that are its own."""

    def __init__(
        self,
        *,
        paths: Paths,
        environ: Mapping[str, str],
        clock: Clock,
        log: Log,
        source: ConfigSource,
        launch: Launch,
        supervisor: "Supervisor | None" = None,
    ) -> None:
        self._paths = paths
        self._log = log
        self._source = source
        source.changed = self._config_changed
        self._launch = launch
        self._is_supervised = supervisor is not None
        self._born = clock.monotonic()
        self._rooms = rooms = Rooms(
            daemon=self._described,
            paths=paths,
            environ=environ,
            clock=clock,
            log=log,
            source=source,
            sets=launch.sets,
        )
        self._pulse: Pulse | None = None
        self._life = rooms.life = Life(
            catalog=rooms.catalog,
            services=rooms,
            config=rooms.config,
            settled=self._settled,
            reload=self._reload,
            holds_open=self._holds_open,
            busy=self._busy,
            leaving=self._leaving,
            answers=rooms.databases_answer,
            supervisor=supervisor,
        )

    def _holds_open(self) -> bool:
        jobs, door = self._rooms.made(Rooms.jobs), self._rooms.made(Rooms.door)
        return (jobs is not None and jobs.holds_open) or (door is not None and door.is_open)

    def _busy(self) -> bool:
        jobs = self._rooms.made(Rooms.jobs)
        return jobs is not None and jobs.busy

    def _described(self, rooms: Rooms) -> Daemon:
        from isaacd.app.daemon import TheDaemon

        return TheDaemon(rooms, self._born, apart=(self, self.__dict__))

    # From ready to gone.

    def load(self) -> None:
        """Put the commands in place; the plugins are imported when the first one is wanted, or when all is quiet."""
        rooms = self._rooms
        rooms.catalog.add(*self._own_commands())
        self._log.set_level(rooms.config().log.level)
        rooms.catalog.later(lambda: rooms.residents.roster, BUILTIN)

    async def serve(self, singleton: Singleton) -> bool:
        """Answer until told to stop, then drain and leave; say whether a newer daemon is to follow at once.

        Then the lock is kept for it, and so is the socket.
        """
        paths = self._paths
        place = Place(files=(paths.socket, paths.lock), folders=(paths.state_dir, paths.data_dir))
        await self._life.serve(singleton, leave_when_idle=self._launch.on_demand, place=place)
        if self._pulse is not None:
            self._pulse.stop()
        with anyio.CancelScope(shield=True):
            await self._rooms.aclose()
        # Not earlier: whoever gets the lock may take it that nobody has these files open.
        if not self._life.has_heir:
            singleton.release()
        self._log.info("stopped", requests=self._life.requests)
        return self._life.has_heir

    def _settled(self) -> None:
        """Do what could wait until the first requests were answered."""
        rooms, spawn = self._rooms, self._life.spawn
        self._log.info(
            "ready", version=__version__, socket=str(self._paths.socket), on_demand=self._launch.on_demand
        )
        rooms.command_line.tree()
        residents = rooms.residents
        residents.activity.start(spawn)
        spawn(residents.roster.start, rooms.config().plugins.load)
        spawn(self._tell_ready)
        if (self._paths.state_dir / _JOBS_FILE).exists():
            spawn(rooms.jobs.wake)
        spawn(rooms.spool_watch.run)
        rooms.observer.begin()
        self._feel_pulse()
        self._open_door()
        gc.freeze()  # what is loaded stays, so later collections need not look at it

    async def _tell_ready(self) -> None:
        """Tell that it is ready once every plugin is known: who is not known yet could not hear it."""
        await self._rooms.residents.roster.settled()
        self._rooms.publish("daemon.ready", {"version": __version__})

    def _feel_pulse(self) -> None:
        from isaacd.server.pulse import Pulse

        owner_of = self._rooms.residents.hall.owner_of
        self._pulse = Pulse(asyncio.get_running_loop(), owner_of, self._log)
        self._pulse.start()

    def _open_door(self) -> None:
        """Have HTTP spoken over TCP where the configuration says so; nobody pays for it where it does not."""
        rooms = self._rooms
        if self._life.listener is None:
            return
        http = rooms.config().http
        if http.listen is not None or rooms.made(Rooms.door) is not None:
            self._life.spawn(rooms.door.follow, http)
        else:
            self._life.listener.drop_doors()

    def _config_changed(self) -> None:
        if (observer := self._rooms.made(Rooms.observer)) is not None:
            observer.export_if_wanted()
        self._open_door()
        self._check_plugins()
        self._rooms.publish("config.changed", {"file": str(self._paths.config_file)})

    def _check_plugins(self) -> None:
        if (residents := self._rooms.made(Rooms.residents)) is not None:
            residents.roster.check()

    async def _leaving(self) -> None:
        """Tell those who want to know that the daemon stops, and let them finish what they have."""
        self._rooms.publish("daemon.stopping", {})
        if (residents := self._rooms.made(Rooms.residents)) is not None:
            await residents.activity.farewell()

    def _reload(self) -> None:
        """Open the log and read the configuration anew; one that cannot be used is told and the old one stays."""
        self._log.reopen()
        self._source.current()
        problem = self._source.problem
        if problem is None:
            self._log.set_level(self._rooms.config().log.level)
            self._log.info("configuration read")
            self._open_door()  # what could not be opened may be free now
            self._check_plugins()
        else:
            self._log.warning("configuration refused", reason=problem.message)

    def _own_commands(self) -> list[Command]:
        rooms = self._rooms

        async def run(context: Context, argv: list[Any], version: str = "") -> object:
            """Run one command line of `isaacctl`, whose own version is `version`; words that are no text are bytes."""
            self._meet(version)
            return await rooms.command_line.run(context, _words(argv), version)

        def run_at_once(context: Context, args: Any) -> object:
            self._meet(args.version)
            return rooms.command_line.answer(context, _words(args.argv))

        async def complete(context: Context, words: list[str]) -> Sequence[object]:
            """Say what may come next on a command line."""
            return await rooms.command_line.complete(words)

        def stop(context: Context) -> bool:
            """Stop the daemon: running requests end first."""
            self._life.stop_alone()
            return True

        return [
            Command(run, name="cli.run", plugin="isaacd", hidden=True, live=True, at_once=run_at_once),
            Command(complete, name="cli.complete", plugin="isaacd", hidden=True),
            Command(stop, name="daemon.stop", plugin="isaacd", hidden=True),
        ]

    def _meet(self, version: str) -> None:
        """Make room for a newer daemon, once nobody needs this one, when a newer client comes; it is answered first.

        Not if nobody would start the next one. An older client is answered by what is here, so that two builds in use
        at the same time do not take turns in starting. Schedules need a daemon at all times: if the newer one is
        installed where this one is, it follows at once; from elsewhere it could not be started, and this one stays.
        """
        if not version or version == __version__ or self._life.steps_aside:
            return
        from isaacd.server.upgrade import installed_version, is_newer

        if is_newer(version, __version__) and (self._launch.on_demand or self._is_supervised):
            self._life.has_heir = is_newer(installed_version(), __version__)
            self._log.info(
                "makes room for a newer version",
                version=__version__,
                newer=version[:64],
                follows_at_once=self._life.has_heir,
            )
            self._life.steps_aside = True


def _words(argv: Sequence[Any]) -> list[str]:
    """Return the words of a command line; the names of files may be bytes that are no text."""
    return [os.fsdecode(word) if isinstance(word, bytes) else str(word) for word in argv]
