"""What all requests of one daemon share; nearly every room is imported and made when it is first needed."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from isaacd.belongings import Belongings, Household
from isaacd.clock import Clock
from isaacd.command import Catalog
from isaacd.config import Config, ConfigSource, Loaded
from isaacd.context import Daemon
from isaacd.errors import ConfigInvalid
from isaacd.log import Log
from isaacd.paths import Paths
from isaacd.server.methods import BUILTIN

if TYPE_CHECKING:
    from isaacd.ai.router import AIRouter
    from isaacd.ai.routers import Routers
    from isaacd.answers.shelf import Shelf
    from isaacd.batch.store import BatchStore
    from isaacd.chats.store import ChatStore
    from isaacd.cli.run import CommandLine
    from isaacd.history.history import History
    from isaacd.history.learned import Learned
    from isaacd.history.watch import SpoolWatch
    from isaacd.jobs.jobs import Jobs
    from isaacd.ledger.ledger import Ledger
    from isaacd.observe.observer import Observer
    from isaacd.plans.desk import Desk
    from isaacd.plugin.desk import PluginDesk
    from isaacd.plugin.residents import Residents
    from isaacd.routing.lines import Lines
    from isaacd.server.life import Life
    from isaacd.server.tcp import TcpDoor
    from isaacd.tokens.book import TokenBook
    from isaacd.tools.toolbox import Toolbox

# As in isaacd.history, which is only imported where there is anything in it.
_SPOOL_FILE = "spool/commands"

_Room = TypeVar("_Room")


class Rooms:
    """The port Services of isaacd.context. `life` has to be there before the first request: it is made with this.

    `sets` are the settings that the daemon was started with; they are laid over the file and below a caller's.
    """

    life: "Life"

    def __init__(
        self,
        *,
        daemon: "Callable[[Rooms], Daemon]",
        paths: Paths,
        environ: Mapping[str, str],
        clock: Clock,
        log: Log,
        source: ConfigSource,
        sets: Sequence[str],
    ) -> None:
        self.paths = paths
        self.environ = environ
        self.clock = clock
        self.log = log
        self.source = source
        self.catalog = Catalog()
        self.household = Household(paths, clock, log, lambda plugin: self.residents.hall.declared(plugin))
        self._sets = tuple(sets)
        self._daemon = daemon

    def made(self, room: "Callable[[Rooms], _Room]") -> _Room | None:
        """Return a room, such as `Rooms.jobs`, if it was needed by now; nothing is made."""
        name: str = room.attrname  # type: ignore[attr-defined] # mypy takes the property for its function
        return self.__dict__.get(name)

    async def aclose(self) -> None:
        """Let go of plugins, providers and files."""
        residents = self.made(Rooms.residents)
        if residents is not None:
            await residents.end()
        rooms = (
            self.made(Rooms.routers),
            self.made(Rooms.jobs),
            self.made(Rooms.history),
            self.made(Rooms.shelf),
            self.made(Rooms.chats),
            self.made(Rooms.batches),
            self.made(Rooms.ledger),
            self.made(Rooms.tokens),
            self.household,
            None if residents is None else residents.activity,
        )
        for room in rooms:
            if room is not None:
                await room.aclose()

    async def databases_answer(self) -> None:
        """Come back once every database that is open has answered."""
        for room in (self.made(Rooms.jobs), self.made(Rooms.chats)):
            if room is not None:
                await room.answers()
        if (ledger := self.made(Rooms.ledger)) is not None:
            await ledger.database.answers()

    # Configuration.

    def loaded(self, environ: Mapping[str, str], sets: Sequence[str]) -> Loaded:
        """Return the configuration with a caller's ISAAC_* variables and `--set` values laid over it."""
        return self.source.with_overrides(environ, (*self._sets, *sets))

    def config(self) -> Config:
        """Return the daemon's own configuration; defaults where the file cannot be used."""
        try:
            return self.source.with_overrides({}, self._sets).config
        except ConfigInvalid as error:
            self.log.warning("configuration refused", reason=error.message)
            return Config()

    def _config_warning(self) -> str | None:
        problem = self.source.problem
        return problem.message if problem is not None else None

    # The daemon itself.

    @cached_property
    def daemon(self) -> Daemon:
        """This daemon, for commands that describe or stop it."""
        return self._daemon(self)

    @cached_property
    def observer(self) -> "Observer":
        """How it fares, for collectors outside."""
        from isaacd.observe.observer import Observer

        return Observer(
            monotonic=self.clock.monotonic,
            traces=self.life.traces,
            endpoint=lambda: self.config().observe.otlp_endpoint,
            spawn=self.life.spawn,
            log=self.log,
        )

    @cached_property
    def door(self) -> "TcpDoor":
        """HTTP over TCP; needs a listener."""
        from isaacd.server.tcp import TcpDoor

        assert self.life.listener is not None
        return TcpDoor(self.life.listener, self.log)

    # Commands and plugins.

    @cached_property
    def command_line(self) -> "CommandLine":
        """The command line; a daemon can be ready without it."""
        from isaacd.cli.run import CommandLine

        return CommandLine(self.catalog, self._config_warning)

    def check_line(self, argv: Sequence[str]) -> None:
        """Raise InvalidParams or MethodNotFound for a command line that isaacctl would not understand."""
        self.command_line.check(argv)

    @cached_property
    def residents(self) -> "Residents":
        """The plugins; a daemon is ready before it looks for any."""
        from isaacd.plugin.residents import Residents

        return Residents(
            self,
            self.catalog,
            reserved=BUILTIN,
            config=lambda: self.config().plugins,
            spawn=self.life.spawn,
            learn=self.source.learn,
            uid=os.geteuid(),
        )

    @cached_property
    def plugin_desk(self) -> "PluginDesk":
        """What a person decides about plugins."""
        from isaacd.plugin.desk import House, PluginDesk

        daemon = self.daemon
        house = House(
            self.residents.hall.find_all, daemon.plugins, daemon.check_plugins, daemon.reload_plugins
        )
        return PluginDesk(self.paths, self.clock, os.geteuid(), house)

    @cached_property
    def toolbox(self) -> "Toolbox":
        """The commands that models may call."""
        from isaacd.tools.toolbox import Toolbox

        return Toolbox(self.catalog)

    def belongings(self, plugin: str) -> Belongings:
        """Return what belongs to a plugin; its files are opened when they are first needed."""
        return self.household.of(plugin)

    def publish(self, name: str, data: Mapping[str, object]) -> None:
        """Tell all handlers of an event that it happened."""
        if (residents := self.made(Rooms.residents)) is not None:  # else nobody listens yet
            residents.activity.publish(name, data)

    # Questions and answers.

    @cached_property
    def routers(self) -> "Routers":
        """Who answers questions, by where it may be looked up."""
        from isaacd.ai.routers import Routers

        return Routers(
            self.residents.registry.factories,
            environ=self.environ,
            paths=self.paths,
            clock=self.clock,
            log=self.log,
            coming=self._all_known,
        )

    def router(self, config: Config, environ: Mapping[str, str], caller: str = "isaacd") -> "AIRouter":
        """Return the AI router as this configuration, these keys and this caller's budget show it."""
        return self.routers.seen_by(config, environ, caller, self.ledger.view(config, caller))

    async def _all_known(self) -> None:
        """Wait until it is known what all plugins offer, if that is still being found out; not for long."""
        if (wait := self.catalog.waiting()) is not None:
            await wait()

    @cached_property
    def shelf(self) -> "Shelf":
        """The answers that are kept."""
        from isaacd.answers.shelf import Shelf

        return Shelf(
            self.paths, self.clock, self.log, lambda: self.residents.registry.policies, self._all_known
        )

    @cached_property
    def ledger(self) -> "Ledger":
        """The calls that were made."""
        from isaacd.ledger.ledger import Ledger

        return Ledger.of(self.paths, clock=self.clock, log=self.log)

    @cached_property
    def tokens(self) -> "TokenBook":
        """The tokens of programs."""
        from isaacd.tokens.book import FILE_NAME, TokenBook

        file = self.paths.state_dir / FILE_NAME
        return TokenBook(file, clock=self.clock, log=self.log, spawn=self.life.spawn)

    @cached_property
    def batches(self) -> "BatchStore":
        """The batches that are kept."""
        from isaacd.batch.store import BatchStore

        file = self.paths.state_dir / "batches.sqlite"
        return BatchStore(file, self.clock, self.log, leaving=self.life.until_draining)

    @cached_property
    def chats(self) -> "ChatStore":
        """The conversations that are kept."""
        from isaacd.chats.store import ChatStore

        return ChatStore(self.paths.data_dir / "chats.sqlite", clock=self.clock, log=self.log)

    # Lines, and what becomes of them.

    @cached_property
    def lines(self) -> "Lines":
        """What becomes of lines that are typed."""
        from isaacd.routing.lines import Lines

        return Lines(
            config_dir=self.paths.config_dir,
            monotonic=self.clock.monotonic,
            log=self.log,
            commands=lambda: [item.name for item in self.catalog if not item.hidden],
            rewrites=lambda: self.residents.registry.rewrites,
            names=self.learned,
        )

    @cached_property
    def desk(self) -> "Desk":
        """What is planned for lines that are to be executed."""
        from isaacd.plans.desk import Desk

        return Desk(self.lines, monotonic=self.clock.monotonic)

    @cached_property
    def history(self) -> "History":
        """The commands that were run in shells."""
        from isaacd.history.history import History

        return History(
            self.paths,
            config=lambda: self.config().shell,
            publish=self.publish,
            learned=self.learned,
            clock=self.clock,
            log=self.log,
        )

    @cached_property
    def learned(self) -> "Learned":
        """What the history teaches about typing mistakes; it is read a moment after it was first asked for."""
        from isaacd.history.learned import Learned

        if (watch := self.made(Rooms.spool_watch)) is not None:
            watch.wake()
        return Learned()

    @cached_property
    def spool_watch(self) -> "SpoolWatch":
        """What takes in the commands that shells have noted down."""
        from isaacd.history.watch import SpoolWatch

        return SpoolWatch(
            self.paths.state_dir / _SPOOL_FILE,
            history=lambda: self.history,
            learned=lambda: self.made(Rooms.learned),
            log=self.log,
        )

    @cached_property
    def jobs(self) -> "Jobs":
        """Tasks and schedules."""
        from isaacd.app.jobs import open_jobs

        return open_jobs(self, self.life, lambda: self.command_line, self.config)
