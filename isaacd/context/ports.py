"""What a context needs of the daemon that made it: events out, input in, and the shared rooms."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from isaacd.clock import Clock
from isaacd.config import Config, Loaded
from isaacd.context.cards import (
    CommandCard,
    DaemonCard,
    HouseCard,
    MemoryCard,
    PluginCard,
    PluginChanges,
    PluginDiagnosis,
    PluginTimes,
    PluginTrust,
    ToolCard,
)
from isaacd.log import Log
from isaacd.paths import Paths

if TYPE_CHECKING:
    from anyio import CancelScope

    from isaacd.ai.router import AIRouter
    from isaacd.ai.toolloop import Toolset
    from isaacd.answers.shelf import Shelf
    from isaacd.batch.store import BatchStore
    from isaacd.belongings import Belongings
    from isaacd.chats.store import ChatStore
    from isaacd.context.traced import TraceCard
    from isaacd.history.history import History
    from isaacd.jobs.jobs import Jobs
    from isaacd.ledger.ledger import Ledger
    from isaacd.plans.desk import Desk
    from isaacd.routing.lines import Lines
    from isaacd.tokens.book import TokenBook
    from isaacd.tokens.scope import Scope


class Events(Protocol):
    """Where a running command sends its events and asks for input."""

    async def emit(self, kind: str, data: object) -> None:
        """Send one event; waits while the peer is behind and the event must not be lost."""
        ...

    async def read(self, max_bytes: int) -> bytes | None:
        """Return the next bytes of the caller's standard input, b"" at its end, None if it has none."""
        ...

    async def ask(
        self, kind: str, data: Mapping[str, object], timeout_s: float | None = None
    ) -> bytes | None:
        """Ask the person at the caller (`line` or `confirm`): a line with its newline, b"" at the end or in vain.

        None if the caller cannot be asked.
        """
        ...

    def interruptible(self) -> "AbstractContextManager[CancelScope]":
        """Mark work that the caller can stop while the command itself goes on."""
        ...


class Daemon(Protocol):
    """The running daemon, as far as commands may see and steer it."""

    def status(self) -> DaemonCard:
        """Describe the daemon now."""
        ...

    def house(self) -> HouseCard:
        """Describe what else there is to know of it."""
        ...

    async def memory(self) -> MemoryCard:
        """Measure where the daemon's memory is."""
        ...

    def traces(self, name: str | None = None, limit: int = 20) -> "Sequence[TraceCard]":
        """Describe the last requests, or those of that name, the newest first."""
        ...

    def metrics(self) -> str:
        """Return the daemon's figures as Prometheus reads them."""
        ...

    def plugins(self) -> Sequence[PluginCard]:
        """Describe every plugin found, the failed and disabled ones too."""
        ...

    def commands(self) -> Sequence[CommandCard]:
        """Describe every command."""
        ...

    async def reload_plugins(self, names: Sequence[str] = ()) -> PluginChanges:
        """Load plugins anew: those named, or all but Isaac's own; raises NotFound for a name that none has."""
        ...

    async def check_plugins(self) -> None:
        """Look whether files of plugins have changed, came or went, and wait a moment for what comes of it."""
        ...

    def plugin_times(self) -> PluginTimes:
        """Say what the plugins have cost so far."""
        ...

    def stop(self) -> None:
        """Begin to drain and exit."""
        ...


class Tools(Protocol):
    """The commands that models may call."""

    def cards(self) -> Sequence[ToolCard]:
        """Describe every tool, by name."""
        ...

    def open(self, context: Any, patterns: Sequence[str] = ()) -> "Toolset":
        """Return the tools for one request: all, or those that `patterns` name; raises NotFound for one that fits none.

        `context` is the Context of that request, which this module cannot name: it is made of what is declared here.
        """
        ...

    async def perform(
        self, context: Any, name: str, arguments: Mapping[str, object], scopes: "Collection[Scope]"
    ) -> Any:
        """Run a command for a plugin that has these scopes, as far as its caller agrees; return the result."""
        ...


class PluginDesk(Protocol):
    """What a person decides about plugins; see `isaacd.plugin.desk`. All raise NotFound for what is not there."""

    async def look(self) -> Sequence[PluginCard]:
        """Have the daemon look at the plugins anew, and describe them."""
        ...

    async def disable(self, name: str) -> PluginCard:
        """Switch a plugin off."""
        ...

    async def enable(self, name: str, loaded: Loaded) -> PluginCard:
        """Switch a plugin on again; raises InvalidParams if config.toml switches it off."""
        ...

    async def choose(self, name: str, label: str | None, loaded: Loaded) -> PluginCard:
        """Take one of several plugins of one name, by where it comes from; raises InvalidParams with all of them."""
        ...

    async def trust(self, name: str) -> PluginTrust:
        """Trust a plugin as it is now."""
        ...

    async def trust_folder(self, folder: Path) -> PluginTrust:
        """Trust whatever lies in a folder, now and later."""
        ...

    async def untrust(self, name_or_folder: str) -> list[PluginTrust]:
        """Trust a plugin or a folder no more."""
        ...

    def trusted(self, name: str) -> PluginTrust:
        """Say whether a plugin is trusted, and why, and what it may have the daemon do."""
        ...

    async def grant(self, name: str, scopes: Sequence[str]) -> PluginTrust:
        """Let a plugin have scopes that it wants, all of them without any."""
        ...

    async def revoke(self, name: str) -> list[PluginTrust]:
        """Let a plugin have no scope any more."""
        ...

    async def diagnose(self, loaded: Loaded) -> PluginDiagnosis:
        """Look at everything about plugins on this machine."""
        ...


class Services(Protocol):
    """What all requests of one daemon share."""

    paths: Paths
    clock: Clock
    log: Log
    environ: Mapping[str, str]

    @property
    def daemon(self) -> Daemon:
        """The running daemon."""
        ...

    def loaded(self, environ: Mapping[str, str], sets: Sequence[str]) -> Loaded:
        """Return the configuration with a caller's ISAAC_* variables and `--set` values laid over it."""
        ...

    def router(self, config: Config, environ: Mapping[str, str], caller: str) -> "AIRouter":
        """Return the AI router for this configuration, these keys and this caller's budget."""
        ...

    @property
    def chats(self) -> "ChatStore":
        """The conversations that are kept."""
        ...

    @property
    def shelf(self) -> "Shelf":
        """The answers that are kept."""
        ...

    @property
    def ledger(self) -> "Ledger":
        """What calls cost."""
        ...

    @property
    def batches(self) -> "BatchStore":
        """The batches that are kept."""
        ...

    @property
    def jobs(self) -> "Jobs":
        """Tasks and schedules."""
        ...

    def check_line(self, argv: Sequence[str]) -> None:
        """Raise InvalidParams or MethodNotFound for a command line that isaacctl would not understand."""
        ...

    @property
    def lines(self) -> "Lines":
        """What becomes of lines that are typed."""
        ...

    @property
    def desk(self) -> "Desk":
        """What is planned for lines that are to be executed."""
        ...

    @property
    def history(self) -> "History":
        """The commands that were run in shells."""
        ...

    @property
    def tokens(self) -> "TokenBook":
        """The tokens of programs."""
        ...

    @property
    def toolbox(self) -> Tools:
        """The commands that models may call."""
        ...

    @property
    def plugin_desk(self) -> PluginDesk:
        """What a person decides about plugins."""
        ...

    def belongings(self, plugin: str) -> "Belongings":
        """Return what belongs to a plugin; raises NotFound if there is no such plugin."""
        ...

    def publish(self, name: str, data: Mapping[str, object]) -> None:
        """Tell all handlers of an event that it happened; never waits, whatever they do.

        Raises PluginFailed if `data` cannot be sent.
        """
        ...
