"""The composition root: the only room that knows all others."""

import asyncio
import gc
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import anyio
import msgspec

from isaacd import __version__
from isaacd.belongings import Belongings, Household
from isaacd.clock import Clock
from isaacd.command import Catalog, Command
from isaacd.config import Config, ConfigSource, KnowledgeConfig, Loaded
from isaacd.context import (
    CommandCard,
    Context,
    DaemonCard,
    HouseCard,
    MemoryCard,
    PluginCard,
    PluginChanges,
    PluginTimes,
)
from isaacd.errors import ConfigInvalid, IsaacError, PermissionDenied
from isaacd.log import Log
from isaacd.paths import Paths
from isaacd.server.life import Life
from isaacd.server.methods import BUILTIN
from isaacd.server.place import Place
from isaacd.server.singleton import Singleton

if TYPE_CHECKING:
    from isaacd.ai.router import AIRouter
    from isaacd.answers.shelf import Shelf
    from isaacd.batch.store import BatchStore
    from isaacd.chats.store import ChatStore
    from isaacd.cli.run import CommandLine
    from isaacd.context.traced import TraceCard
    from isaacd.history.history import History
    from isaacd.history.learned import Learned
    from isaacd.jobs.cards import Judged, Work
    from isaacd.jobs.jobs import Jobs
    from isaacd.ledger.ledger import Ledger
    from isaacd.observe.lag import LoopLag
    from isaacd.plans.desk import Desk
    from isaacd.plugin.desk import PluginDesk
    from isaacd.plugin.residents import Residents
    from isaacd.routing.lines import Lines
    from isaacd.server.pulse import Pulse
    from isaacd.server.supervisor import Supervisor
    from isaacd.server.tcp import TcpDoor
    from isaacd.tokens.book import TokenBook
    from isaacd.tools.toolbox import Toolbox


# As in isaacd.jobs, which is only imported where there are any.
_JOBS_FILE = "jobs.sqlite"
_SPOOL_FILE = "spool/commands"
_SPOOL_S = 10.0
_LAST_TRACES_S = 1.0


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How this daemon was started: what it was given, and whether it may leave when idle."""

    on_demand: bool = False
    sets: tuple[str, ...] = ()


class App:
    """One daemon: the services that requests share, the commands, and the state that `status` shows."""

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
        self.paths = paths
        self.environ = environ
        self.clock = clock
        self.log = log
        self.catalog = Catalog()
        self._source = source
        source.changed = self._config_changed
        self._launch = launch
        self._is_supervised = supervisor is not None
        self._born = clock.monotonic()
        self._household = Household(paths, clock, log, lambda plugin: self._residents.roster.declared(plugin))
        # One for each way to look things up offline, which nearly always means one.
        self._routers: dict[KnowledgeConfig, AIRouter] = {}
        self._shelf: Shelf | None = None
        self._chats: ChatStore | None = None
        self._batches: BatchStore | None = None
        self._ledger: Ledger | None = None
        self._jobs: Jobs | None = None
        self._tokens: TokenBook | None = None
        self._door: TcpDoor | None = None
        self._history: History | None = None
        self._lag: LoopLag | None = None
        self._is_exporting = False
        self._spool_watch = anyio.Event()
        self._pulse: Pulse | None = None
        self._life = Life(
            catalog=self.catalog,
            services=self,
            config=self._config,
            settled=self._settled,
            reload=self._reload,
            holds_open=lambda: (
                (self._jobs is not None and self._jobs.holds_open)
                or (self._door is not None and self._door.is_open)
            ),
            busy=lambda: self._jobs is not None and self._jobs.busy,
            leaving=self._leaving,
            answers=self._databases_answer,
            supervisor=supervisor,
        )

    @cached_property
    def command_line(self) -> "CommandLine":
        """The command line; imported when it is first needed, because a daemon can be ready without it."""
        from isaacd.cli.run import CommandLine

        return CommandLine(self.catalog, self._config_warning)

    @cached_property
    def _residents(self) -> "Residents":
        """The plugins; a daemon is ready before it looks for any."""
        from isaacd.plugin.residents import Residents

        return Residents(
            self,
            self.catalog,
            reserved=BUILTIN,
            config=lambda: self._config().plugins,
            spawn=self._life.spawn,
            learn=self._source.learn,
            uid=os.geteuid(),
        )

    @property
    def _has_residents(self) -> bool:
        return "_residents" in self.__dict__

    # What requests share (the port Services of isaacd.context).

    @property
    def daemon(self) -> "App":
        """This daemon, for commands that describe or stop it."""
        return self

    def loaded(self, environ: Mapping[str, str], sets: Sequence[str]) -> Loaded:
        """Return the configuration with a caller's ISAAC_* variables and `--set` values laid over it."""
        return self._source.with_overrides(environ, (*self._launch.sets, *sets))

    def router(self, config: Config, environ: Mapping[str, str], caller: str = "isaacd") -> "AIRouter":
        """Return the AI router as this configuration, these keys and this caller's budget show it."""
        # With the first question, or the first command that could ask one: a daemon is ready without.
        from isaacd.ai.keys import KEY_FOLDER, stored_names, with_stored
        from isaacd.ai.provider import Host
        from isaacd.ai.router import AIRouter

        router = self._routers.get(config.knowledge)
        if router is None:
            host = Host(self.environ, self.paths, self.log, config.knowledge)
            router = AIRouter(
                config.ai, self._residents.registry.factories, host, clock=self.clock, coming=self._all_known
            )
            self._routers[config.knowledge] = router
        stored = stored_names(environ, self.paths.config_dir / KEY_FOLDER)
        ai = with_stored(config.ai, self._residents.registry.factories, stored)
        return router.seen_by(ai, environ, caller=caller, meter=self.ledger.view(config, caller))

    async def _all_known(self) -> None:
        """Wait until it is known what all plugins offer, if that is still being found out; not for long."""
        if (wait := self.catalog.waiting()) is not None:
            await wait()

    @property
    def shelf(self) -> "Shelf":
        """The answers that are kept; imported and made when they are first needed."""
        if self._shelf is None:
            from isaacd.answers.shelf import Shelf

            self._shelf = Shelf(self.paths, self.clock, self.log, lambda: self._residents.registry.policies)
        return self._shelf

    @property
    def batches(self) -> "BatchStore":
        """The batches that are kept; imported and made when they are first needed."""
        if self._batches is None:
            from isaacd.batch.store import BatchStore

            self._batches = BatchStore(
                self.paths.state_dir / "batches.sqlite",
                self.clock,
                self.log,
                leaving=self._life.until_draining,
            )
        return self._batches

    @property
    def ledger(self) -> "Ledger":
        """The calls that were made; imported and made when the first one is."""
        if self._ledger is None:
            from isaacd.ledger.ledger import Ledger

            self._ledger = Ledger.of(self.paths, clock=self.clock, log=self.log)
        return self._ledger

    @property
    def tokens(self) -> "TokenBook":
        """The tokens of programs; imported and made when the first one is shown or made."""
        if self._tokens is None:
            from isaacd.tokens.book import FILE_NAME, TokenBook

            self._tokens = TokenBook(
                self.paths.state_dir / FILE_NAME, clock=self.clock, log=self.log, spawn=self._life.spawn
            )
        return self._tokens

    @cached_property
    def lines(self) -> "Lines":
        """What becomes of lines that are typed; imported when the first one is."""
        from isaacd.routing.lines import Lines

        return Lines(
            config_dir=self.paths.config_dir,
            monotonic=self.clock.monotonic,
            log=self.log,
            commands=lambda: [item.name for item in self.catalog if not item.hidden],
            rewrites=lambda: self._residents.registry.rewrites,
            names=self.learned,
        )

    @cached_property
    def learned(self) -> "Learned":
        """What the history teaches about typing mistakes; it is read a moment after it was first asked for."""
        from isaacd.history.learned import Learned

        self._spool_watch.set()
        return Learned()

    @property
    def history(self) -> "History":
        """The commands that were run in shells; imported and made when they are first needed."""
        if self._history is None:
            from isaacd.history.history import History

            self._history = History(
                self.paths,
                config=lambda: self._config().shell,
                publish=self.publish,
                learned=self.learned,
                clock=self.clock,
                log=self.log,
            )
        return self._history

    @cached_property
    def desk(self) -> "Desk":
        """What is planned for lines that are to be executed; imported when the first one is."""
        from isaacd.plans.desk import Desk

        return Desk(self.lines, monotonic=self.clock.monotonic)

    @cached_property
    def plugin_desk(self) -> "PluginDesk":
        """What a person decides about plugins; imported when somebody does."""
        from isaacd.plugin.desk import House, PluginDesk

        house = House(self._residents.roster.find_all, self.plugins, self.check_plugins, self.reload_plugins)
        return PluginDesk(self.paths, self.clock, os.geteuid(), house)

    @cached_property
    def toolbox(self) -> "Toolbox":
        """The commands that models may call; imported when they are first needed."""
        from isaacd.tools.toolbox import Toolbox

        return Toolbox(self.catalog)

    @property
    def jobs(self) -> "Jobs":
        """Tasks and schedules; imported and made when they are first needed, or at the start if there are any."""
        if self._jobs is None:
            from isaacd.cli.background import Background
            from isaacd.jobs.jobs import FILE_NAME, Jobs
            from isaacd.jobs.ports import House

            life = self._life
            self._jobs = Jobs(
                self.paths.state_dir / FILE_NAME,
                executor=Background(lambda: self.command_line, self),
                judge=self._judge_scheduled,
                config=lambda: self._config().jobs,
                clock=self.clock,
                log=self.log,
                house=House(
                    spawn=life.spawn,
                    tell=self.publish,
                    began=life.run_started,
                    left=life.run_ended,
                    draining=lambda: life.draining,
                ),
            )
        return self._jobs

    def _judge_scheduled(self, work: "Work") -> "Judged":
        """Judge a line that is due now, as if it were typed in its directory; raises PermissionDenied if it is none."""
        from isaacd.jobs.cards import Judged
        from isaacd.plans.plan import Caller

        caller = Caller(
            routing=self._config().routing,
            environ={**self.environ, **work.env},
            told=work.env,
            cwd=work.cwd,
            owner="schedules",
        )
        # Exactly as it was agreed to: no alias and no correction may make another line of it.
        route, plan = self.desk.prepare(f"!! {work.argv[0]}", caller)
        if plan is None or plan.kind != "shell":
            raise PermissionDenied(f"it is no line that a shell of its own could run: {route.because}")
        reason = plan.verdict.reasons[0].text if plan.verdict.reasons else "it only reads"
        return Judged(plan.tier.label, plan.argv, reason)

    def check_line(self, argv: Sequence[str]) -> None:
        """Raise InvalidParams or MethodNotFound for a command line that isaacctl would not understand."""
        self.command_line.check(argv)

    @property
    def chats(self) -> "ChatStore":
        """The conversations that are kept; imported and made when they are first needed."""
        if self._chats is None:
            from isaacd.chats.store import ChatStore

            self._chats = ChatStore(self.paths.data_dir / "chats.sqlite", clock=self.clock, log=self.log)
        return self._chats

    def belongings(self, plugin: str) -> Belongings:
        """Return what belongs to a plugin; its files are opened when they are first needed."""
        return self._household.of(plugin)

    def publish(self, name: str, data: Mapping[str, object]) -> None:
        """Tell all handlers of an event that it happened."""
        if self._has_residents:  # else nobody listens yet
            self._residents.activity.publish(name, data)

    # The daemon as commands see it (the port Daemon of isaacd.context).

    def status(self) -> DaemonCard:
        """Describe the daemon now."""
        return DaemonCard(
            version=__version__,
            pid=os.getpid(),
            uptime_s=round(self.clock.monotonic() - self._born, 3),
            socket=str(self.paths.socket),
            log=self.log.place,
            python=sys.version.partition(" ")[0],
            rss_kib=_rss_kib(),
            connections=self._life.connections,
            requests=self._life.requests,
            in_flight=self._life.in_flight,
            plugins=self._residents.roster.usable,
            draining=self._life.draining,
            http="" if self._door is None else self._door.shown,
            providers=tuple(item for router in self._routers.values() for item in router.health()),
        )

    def house(self) -> HouseCard:
        """Describe what else there is to know of it."""
        from isaacd.observe.house import House, describe

        rooms = {
            "jobs": self._jobs,
            "history": self._history,
            "answers": self._shelf,
            "chats": self._chats,
            "batches": self._batches,
            "ledger": self._ledger,
        }
        return describe(
            House(
                tallies=self._life.traces.tallies,
                lag=self._lag,
                plugins=self.plugins(),
                rooms=tuple(name for name, room in rooms.items() if room is not None),
                cache=None if self._shelf is None else self._shelf.cache.get_stats(),
                lines_dropped=self.log.dropped,
            )
        )

    async def memory(self) -> MemoryCard:
        """Measure where the daemon's memory is."""
        from isaacd.observe.memory import measure

        shelf, made = self._shelf, self.__dict__
        rooms: dict[str, Sequence[object]] = {
            "cache: answers in memory": () if shelf is None else (shelf.cache,),
            "cache: what is asked next": () if shelf is None else (shelf.warmer,),
            "cache: file": () if shelf is None else (shelf,),
            "plugins known": (made.get("_residents"), made.get("plugin_desk"), made.get("toolbox")),
            "catalog of commands": (self.catalog,),
            "command line": (made.get("command_line"),),
            "typed lines": (made.get("lines"), made.get("desk")),
            "plugins' belongings": (self._household,),
            "AI providers": (self._routers,),
            "history": (self._history, made.get("learned")),
            "conversations": (self._chats,),
            "tasks and schedules": (self._jobs,),
            "batches": (self._batches,),
            "ledger": (self._ledger,),
            "connections": tuple(self._life.listener.connections) if self._life.listener else (),
            "traces": (self._life.traces,),
            "configuration": (self._source,),
            "log": (self.log,),
        }
        shared = (self, self.__dict__, self._life, self._life.__dict__, self.clock, self.paths, self.environ)
        used = {name: tuple(item for item in roots if item is not None) for name, roots in rooms.items()}
        return await measure({name: roots for name, roots in used.items() if roots}, shared)

    def traces(self, name: str | None = None, limit: int = 20) -> Sequence["TraceCard"]:
        """Describe the last requests, or those of that name, the newest first."""
        from isaacd.context.traced import card_of

        traces = self._life.traces
        found = traces.recent() if name is None else traces.find(name)
        return [card_of(trace) for trace in islice(found, limit)]

    def metrics(self) -> str:
        """Return the daemon's figures as Prometheus reads them."""
        from isaacd.observe.metrics import Figures, exposition

        lag = self._lag
        return exposition(
            Figures(
                card=self.status(),
                tallies=self._life.traces.tallies,
                states=[card.state for card in self.plugins()],
                lag_s=0.0 if lag is None else lag.last_s,
                worst_lag_s=0.0 if lag is None else lag.worst_s,
                log_dropped=self.log.dropped,
            )
        )

    def _begin_to_observe(self) -> None:
        """Watch the event loop from now on, and send traces if there is somebody who takes them."""
        from isaacd.observe.lag import LoopLag

        self._lag = LoopLag(self.clock.monotonic)
        self._life.spawn(self._lag.run)
        self._export_if_wanted()

    def _export_if_wanted(self) -> None:
        if self._lag is not None and not self._is_exporting and self._config().observe.otlp_endpoint:
            self._is_exporting = True
            self._life.spawn(self._export_traces)

    async def _export_traces(self) -> None:
        from isaacd.observe.otlp import Exporter, HttpPost

        post = HttpPost()
        exporter = Exporter(lambda: self._config().observe.otlp_endpoint, post, self.log)
        self._life.traces.listener = exporter.ended
        try:
            await exporter.run(anyio.sleep)
        finally:
            with anyio.move_on_after(_LAST_TRACES_S, shield=True):
                await exporter.send()
                await post.aclose()

    def plugins(self) -> Sequence[PluginCard]:
        """Describe every plugin found."""
        return self._residents.roster.cards()

    async def check_plugins(self) -> None:
        """Look whether files of plugins have changed, came or went, and wait a moment for what comes of it."""
        await self._residents.roster.look_again()

    async def reload_plugins(self, names: Sequence[str] = ()) -> PluginChanges:
        """Load plugins anew: those named, or all but Isaac's own; raises NotFound for a name that none has."""
        return await self._residents.roster.reload(names, force=True)

    def plugin_times(self) -> PluginTimes:
        """Say what the plugins have cost so far."""
        return self._residents.roster.times()

    def commands(self) -> Sequence[CommandCard]:
        """Describe every command."""
        return self.catalog.cards()

    def stop(self) -> None:
        """Begin to drain and exit."""
        self._life.stop_alone()

    # From ready to gone.

    def load(self) -> None:
        """Put the commands in place; the plugins are imported when the first one is wanted, or when all is quiet."""
        self.catalog.add(*self._own_commands())
        self.log.set_level(self._config().log.level)
        self.catalog.later(lambda: self._residents.roster, BUILTIN)

    async def serve(self, singleton: Singleton) -> bool:
        """Answer until told to stop, then drain and leave; say whether a newer daemon is to follow at once.

        Then the lock is kept for it, and so is the socket.
        """
        place = Place(
            files=(self.paths.socket, self.paths.lock), folders=(self.paths.state_dir, self.paths.data_dir)
        )
        await self._life.serve(singleton, leave_when_idle=self._launch.on_demand, place=place)
        if self._pulse is not None:
            self._pulse.stop()
        with anyio.CancelScope(shield=True):
            if self._has_residents:
                await self._residents.end()
            for router in self._routers.values():
                await router.aclose()
            rooms = (
                self._jobs,
                self._history,
                self._shelf,
                self._chats,
                self._batches,
                self._ledger,
                self._tokens,
                self._household,
                self._residents.activity if self._has_residents else None,
            )
            for room in rooms:
                if room is not None:
                    await room.aclose()
        # Not earlier: whoever gets the lock may take it that nobody has these files open.
        if not self._life.has_heir:
            singleton.release()
        self.log.info("stopped", requests=self._life.requests)
        return self._life.has_heir

    async def _databases_answer(self) -> None:
        """Come back once every database that is open has answered."""
        for room in (self._jobs, self._chats):
            if room is not None:
                await room.answers()
        if self._ledger is not None:
            await self._ledger.database.answers()

    def _settled(self) -> None:
        """Do what could wait until the first requests were answered."""
        self.log.info(
            "ready", version=__version__, socket=str(self.paths.socket), on_demand=self._launch.on_demand
        )
        self.command_line.tree()
        self._residents.activity.start(self._life.spawn)
        self._life.spawn(self._residents.roster.start, self._config().plugins.load)
        self._life.spawn(self._tell_ready)
        if (self.paths.state_dir / _JOBS_FILE).exists():
            self._life.spawn(self.jobs.wake)
        self._life.spawn(self._watch_spool)
        self._begin_to_observe()
        self._feel_pulse()
        self._open_door()
        gc.freeze()  # what is loaded stays, so later collections need not look at it

    async def _tell_ready(self) -> None:
        """Tell that it is ready once every plugin is known: who is not known yet could not hear it."""
        await self._residents.roster.settled()
        self.publish("daemon.ready", {"version": __version__})

    def _open_door(self) -> None:
        """Have HTTP spoken over TCP where the configuration says so; nobody pays for it where it does not."""
        listener = self._life.listener
        if listener is None or (self._door is None and self._config().http.listen is None):
            return
        if self._door is None:
            from isaacd.server.tcp import TcpDoor

            self._door = TcpDoor(listener, self.log)
        self._life.spawn(self._door.follow, self._config().http)

    def _feel_pulse(self) -> None:
        from isaacd.server.pulse import Pulse

        owner_of = self._residents.roster.owner_of
        self._pulse = Pulse(asyncio.get_running_loop(), owner_of, self.log)
        self._pulse.start()

    async def _watch_spool(self) -> None:
        """Take in what shells have appended, a while after; as long as there is nothing, that is one system call."""
        spool = str(self.paths.state_dir / _SPOOL_FILE)
        while True:
            self._spool_watch = anyio.Event()
            try:
                if _has_content(spool):
                    await self.history.drain()
                if "learned" in self.__dict__ and not self.learned.is_ready:
                    await self.history.learn()
            except IsaacError as error:
                self.log.warning("the history was not kept", reason=error.message)
            except OSError as error:
                self.log.warning("the spool of the history cannot be read", reason=str(error))
            except Exception:  # whatever it is, the daemon goes on, and tries again
                self.log.exception("the history was not kept")
            with anyio.move_on_after(_SPOOL_S):
                await self._spool_watch.wait()

    def _config_changed(self) -> None:
        self._export_if_wanted()
        self._open_door()
        if self._has_residents:
            self._residents.roster.check()
        self.publish("config.changed", {"file": str(self.paths.config_file)})

    async def _leaving(self) -> None:
        """Tell those who want to know that the daemon stops, and let them finish what they have."""
        self.publish("daemon.stopping", {})
        if self._has_residents:
            await self._residents.activity.farewell()

    def _reload(self) -> None:
        """Open the log and read the configuration anew; one that cannot be used is told and the old one stays."""
        self.log.reopen()
        self._source.current()
        problem = self._source.problem
        if problem is None:
            self.log.set_level(self._config().log.level)
            self.log.info("configuration read")
            self._open_door()  # what could not be opened may be free now
            if self._has_residents:
                self._residents.roster.check()
        else:
            self.log.warning("configuration refused", reason=problem.message)

    def _own_commands(self) -> list[Command]:
        async def run(context: Context, argv: list[Any], version: str = "") -> object:
            """Run one command line of `isaacctl`, whose own version is `version`; words that are no text are bytes."""
            self._meet(version)
            return await self.command_line.run(context, _words(argv), version)

        def run_at_once(context: Context, args: Any) -> object:
            self._meet(args.version)
            return self.command_line.answer(context, _words(args.argv))

        async def complete(context: Context, words: list[str]) -> Sequence[object]:
            """Say what may come next on a command line."""
            return await self.command_line.complete(words)

        def stop(context: Context) -> bool:
            """Stop the daemon: running requests end first."""
            self.stop()
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
            self.log.info(
                "makes room for a newer version",
                version=__version__,
                newer=version[:64],
                follows_at_once=self._life.has_heir,
            )
            self._life.steps_aside = True

    def _config(self) -> Config:
        """Return the daemon's own configuration; defaults where the file cannot be used."""
        try:
            return self._source.with_overrides({}, self._launch.sets).config
        except ConfigInvalid as error:
            self.log.warning("configuration refused", reason=error.message)
            return Config()

    def _config_warning(self) -> str | None:
        problem = self._source.problem
        return problem.message if problem is not None else None


def _waits_in(awaited: object) -> list[str]:
    """Follow what a coroutine waits for, as far as it is Python; `Task.get_stack` knows the first frame only."""
    places = []
    while (frame := getattr(awaited, "cr_frame", None) or getattr(awaited, "ag_frame", None)) is not None:
        places.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "ag_await", None)
    return places


def _has_content(file: str) -> bool:
    try:
        return os.stat(file).st_size > 0  # noqa: PTH116 - asked again and again
    except OSError:
        return False


def _words(argv: Sequence[Any]) -> list[str]:
    """Return the words of a command line; the names of files may be bytes that are no text."""
    return [os.fsdecode(word) if isinstance(word, bytes) else str(word) for word in argv]


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
