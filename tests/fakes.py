"""Hand-written stand-ins for the ports of the daemon's rooms."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio.abc
import msgspec

from isaacd.ai.provider import Host
from isaacd.ai.router import AIRouter
from isaacd.answers.shelf import Shelf
from isaacd.batch.store import BatchStore
from isaacd.belongings import Belongings, Declared, Household
from isaacd.chats.store import ChatStore
from isaacd.command import Catalog, Command
from isaacd.config import Config, Loaded, load
from isaacd.context import CommandCard, DaemonCard, PluginCard, PluginChanges, PluginTimes
from isaacd.ledger.ledger import Ledger
from isaacd.log import Log, open_log
from isaacd.paths import Paths
from isaacd.plans.desk import Desk
from isaacd.routing.lines import Lines
from isaacd.server.outbox import Outbox
from isaacd.server.session import Session
from isaacd.tokens.book import TokenBook
from isaacd.tools.toolbox import Toolbox
from isaacd.trace import Traces
from isaacd.wire import Codec, NativeCodec, Notification, Request, Response
from tests.fake_plugin_desk import FakePluginDesk

EVERYTHING = Declared(capabilities=("ask", "cache", "history", "publish", "run", "state"))
HOME = {"HOME": "/nonexistent", "XDG_RUNTIME_DIR": "/nonexistent"}


class FakeClock:
    """A clock whose hands only the test moves."""

    def __init__(self, now: float = 1_750_000_000.0) -> None:
        self.wall = now
        self.ticks = 0.0

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.ticks

    def advance(self, seconds: float) -> None:
        self.wall += seconds
        self.ticks += seconds


class FakeDaemon:
    """A daemon that can be described and asked to stop."""

    def __init__(self) -> None:
        self.stopped = False
        self.cards: list[PluginCard] = []
        self.changes = PluginChanges()
        self.times = PluginTimes(load="lazy")

    def status(self) -> DaemonCard:
        return DaemonCard(
            version="0",
            pid=1,
            uptime_s=3.0,
            socket="/s",
            log="/l",
            python="3",
            rss_kib=1024,
            connections=1,
            requests=2,
            in_flight=0,
            plugins=0,
        )

    def plugins(self) -> Sequence[PluginCard]:
        return self.cards

    def commands(self) -> Sequence[CommandCard]:
        return []

    async def check_plugins(self) -> None:
        self.checked = True

    async def reload_plugins(self, names: Sequence[str] = ()) -> PluginChanges:
        return self.changes

    def plugin_times(self) -> PluginTimes:
        return self.times

    def stop(self) -> None:
        self.stopped = True


class FakeServices:
    """The shared rooms, with defaults for everything and no files."""

    def __init__(self, environ: Mapping[str, str] | None = None, log_file: Path | None = None) -> None:
        self.environ: Mapping[str, str] = dict(environ or {})
        self.paths = Paths.from_environ({**HOME, **self.environ}, 12345)
        self.clock = FakeClock()
        self.log: Log = open_log(log_file or Path("/nonexistent/log"), level="error", stderr=log_file is None)
        self.daemon = FakeDaemon()
        self.plugin_desk = FakePluginDesk()
        self.factories: dict[str, Any] = {}
        self.counts = False  # whether calls are written into the ledger; then the ledger has to be closed
        self._router: AIRouter | None = None
        self._shelf: Shelf | None = None
        self._lines: Lines | None = None
        self._desk: Desk | None = None
        self._chats: ChatStore | None = None
        self._batches: BatchStore | None = None
        self._ledger: Ledger | None = None
        self._tokens: TokenBook | None = None
        self.toolbox = Toolbox(Catalog())
        self.declared: dict[str, Declared] = {}  # a plugin that is not in it may use everything but secrets
        self.published: list[tuple[str, dict[str, object]]] = []
        self._household = Household(
            self.paths, self.clock, self.log, lambda name: self.declared.get(name, EVERYTHING)
        )

    def belongings(self, plugin: str) -> Belongings:
        return self._household.of(plugin)

    def publish(self, name: str, data: Mapping[str, object]) -> None:
        self.published.append((name, dict(data)))

    def loaded(self, environ: Mapping[str, str], sets: Sequence[str]) -> Loaded:
        return load(self.paths.config_file, environ, sets)

    def router(self, config: Config, environ: Mapping[str, str], caller: str = "") -> AIRouter:
        if self._router is None:
            self._router = AIRouter(config.ai, self.factories, Host(environ, self.paths, self.log))
        meter = self.ledger.view(config, caller) if self.counts else None
        return self._router.seen_by(config.ai, environ, caller=caller, meter=meter)

    @property
    def lines(self) -> Lines:
        if self._lines is None:
            self._lines = Lines(
                config_dir=self.paths.config_dir, monotonic=self.clock.monotonic, log=self.log, commands=list
            )
        return self._lines

    @property
    def desk(self) -> Desk:
        if self._desk is None:
            self._desk = Desk(self.lines, monotonic=self.clock.monotonic)
        return self._desk

    @property
    def shelf(self) -> Shelf:
        if self._shelf is None:
            # Nothing is written before it is closed: not every test does, and its loop may end in the middle of it.
            self._shelf = Shelf(self.paths, self.clock, self.log, write_delay_s=3600.0)
        return self._shelf

    @property
    def batches(self) -> BatchStore:
        if self._batches is None:
            self._batches = BatchStore(self.paths.state_dir / "batches.sqlite", self.clock, self.log)
        return self._batches

    @property
    def ledger(self) -> Ledger:
        if self._ledger is None:
            self._ledger = Ledger.of(self.paths, clock=self.clock, log=self.log)
        return self._ledger

    @property
    def tokens(self) -> TokenBook:
        if self._tokens is None:
            file = self.paths.state_dir / "tokens.sqlite"
            self._tokens = TokenBook(file, clock=self.clock, log=self.log, spawn=lambda *_: None)
        return self._tokens

    @tokens.setter
    def tokens(self, book: TokenBook) -> None:
        self._tokens = book

    @property
    def chats(self) -> ChatStore:
        if self._chats is None:
            self._chats = ChatStore(self.paths.data_dir / "chats.sqlite", clock=self.clock, log=self.log)
        return self._chats


class FakePeer:
    """A transport that remembers what it was told."""

    def __init__(self) -> None:
        self.reading = True
        self.closed = False

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def close(self) -> None:
        self.closed = True


class FakeShared:
    """What sessions share, around one catalog and one task group."""

    def __init__(self, catalog: Catalog, group: anyio.abc.TaskGroup | None = None) -> None:
        self.catalog = catalog
        self.services = FakeServices()
        self.draining = False
        self.requests = 0
        self.traces = Traces()
        self.in_flight = 0
        self._group = group

    def spawn(self, main: Callable[..., Any], *args: object) -> None:
        assert self._group is not None
        self._group.start_soon(main, *args)

    def run_started(self) -> None:
        self.in_flight += 1

    def run_ended(self) -> None:
        self.in_flight -= 1


class Conversation:
    """A session with its peer: say something, and read what came back."""

    def __init__(
        self, *handlers: Any, group: anyio.abc.TaskGroup | None = None, codec: Codec | None = None
    ) -> None:
        catalog = Catalog(Command(item, name=item.__name__, plugin="test") for item in handlers)
        self.shared = FakeShared(catalog, group)
        self.peer = FakePeer()
        self.written: list[bytes] = []
        self.codec = codec or NativeCodec()
        self._changed = anyio.Event()
        self.outbox = Outbox(self._write)
        self.session = Session(self.codec, self.outbox, self.peer, self.shared)
        self._client = type(self.codec)()
        self.heard: list[Any] = []

    def _write(self, data: bytes) -> None:
        self.written.append(data)
        self._changed.set()

    def say(self, *messages: bytes) -> None:
        self.session.receive(b"".join(messages))

    def request(self, request_id: int | str, method: str, *params: object) -> None:
        self.say(type(self.codec)().encode_request(request_id, method, list(params)))

    def notify(self, method: str, *params: object) -> None:
        self.say(type(self.codec)().encode_notification(method, list(params)))

    def hear(self) -> list[Any]:
        """Return everything written since the last call: ("reply", id, result), ("error", id, ...), ("event", ...)."""
        for data in self.written:
            self._client.receive_data(data)
        self.written.clear()
        heard = []
        while (message := self._client.next_message()) is not None:
            heard.append(self._plain(message))
        return heard

    async def hear_until(self, wanted: Callable[[Any], bool]) -> list[Any]:
        """Collect messages until one is as wanted."""
        collected: list[Any] = []
        with anyio.fail_after(60):
            while True:
                self._changed = anyio.Event()
                collected += self.hear()
                if any(wanted(item) for item in collected):
                    return collected
                await self._changed.wait()

    def _plain(self, message: Request | Response | Notification) -> Any:
        module: Any = msgspec.msgpack if self.codec.format == "msgpack" else msgspec.json
        if isinstance(message, Response):
            error = module.decode(message.error) if bytes(message.error) else None
            if error is not None:
                return ("error", message.id, error)
            return ("reply", message.id, module.decode(message.result))
        params = module.decode(message.params)
        if isinstance(message, Notification):
            return ("event", message.method, params)
        return ("request", message.id, message.method, params)
