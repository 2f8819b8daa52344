"""The context of code that runs in a process of its own: the same names, and every use of the daemon a request to it."""

import traceback
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import anyio
import msgspec

from isaacd.belongings import Belongings, Declared
from isaacd.clock import Clock
from isaacd.context import Context
from isaacd.errors import ConfigInvalid, PermissionDenied
from isaacd.paths import Paths
from isaacd.plugin.isolation.guest_ai import GuestAnswers, GuestRouter
from isaacd.plugin.isolation.guest_belongings import GuestCache, GuestSecrets, GuestState
from isaacd.plugin.isolation.link import Link
from isaacd.plugin.isolation.terms import Head, Opening

S = TypeVar("S", bound=msgspec.Struct)


def refused(plugin: str, what: str) -> PermissionDenied:
    """Say that something is only for plugins that share the daemon's process."""
    return PermissionDenied(
        f"{plugin} runs isolated, and {what} is not there for isolated plugins",
        hint=f"if you trust it: isaacctl plugins trust {plugin}",
    )


class GuestContext(Context):
    """One request's view of the daemon from outside of it.

    What an isolated plugin cannot have raises PermissionDenied with its name; what it could have and has not declared
    is refused by the daemon.
    """

    @property
    def ai(self) -> Any:
        """Ask an AI provider."""
        self._need("ask", "context.ai")
        return GuestRouter(self.services.link, self.services.call)  # type: ignore[attr-defined]

    @property
    def answers(self) -> Any:
        """Ask an AI provider, unless the answer is kept already."""
        self._need("ask", "context.answers")
        return GuestAnswers(self.services.link, self.services.call)  # type: ignore[attr-defined]

    @property
    def environ(self) -> Mapping[str, str]:
        """The caller's variables, as far as they cannot hold secrets."""
        return self.meta.env or {}

    @property
    def loaded(self) -> Any:
        """The plugin's settings for this request, and nothing else of the configuration."""
        return GuestLoaded(self.plugin, self.services.settings)  # type: ignore[attr-defined]

    async def call(self, command: str, /, **arguments: object) -> object:
        """Run another command of Isaac for the same caller, as far as that was granted."""
        plain = msgspec.to_builtins(arguments, enc_hook=str)
        raw = await self.services.link.call("call", self.services.call, command, plain)  # type: ignore[attr-defined]
        return msgspec.msgpack.decode(raw)

    def route(self, line: str) -> NoReturn:
        """Refuse."""
        raise refused(self.plugin, "context.route")

    def judge(self, line: str) -> NoReturn:
        """Refuse."""
        raise refused(self.plugin, "context.judge")

    def programs(self) -> NoReturn:
        """Refuse."""
        raise refused(self.plugin, "context.programs")

    async def gather(self, what: str, *arguments: str) -> NoReturn:
        """Refuse: it would read what the plugin may not."""
        raise refused(self.plugin, "context.gather")


class GuestLoaded:
    """The configuration, as far as it is the plugin's own."""

    def __init__(self, plugin: str, values: Mapping[str, Any]) -> None:
        self._plugin = plugin
        self._values = values

    @property
    def config(self) -> NoReturn:
        """Refuse: it tells of accounts and budgets."""
        raise refused(self._plugin, "context.config (use context.settings)")

    def settings(self, plugin: str, kind: type[S]) -> S:
        """Return the settings of the plugin as its Struct; raises ConfigInvalid."""
        try:
            return msgspec.convert(self._values, kind)
        except msgspec.ValidationError as error:
            raise ConfigInvalid(f"the settings of the plugin {plugin} cannot be used: {error}") from None


class GuestServices:
    """What the contexts of one process share, as the port Services has it, for one call."""

    def __init__(self, house: "GuestHouse", head: Head) -> None:
        self.link = house.link
        self.call = head.call
        self.settings = head.settings
        self.paths = house.paths
        self.clock = house.clock
        self.log = GuestLog(house.link, {})
        self.environ: Mapping[str, str] = {}
        self._house = house

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse what only plugins inside the daemon have, by the name that a plugin has asked for."""
        raise refused(self._house.name, f"context.{name}")

    def belongings(self, plugin: str) -> Belongings:
        """Return what belongs to the plugin."""
        return self._house.belongings(self.call)

    def publish(self, name: str, data: Mapping[str, object]) -> None:
        """Tell the daemon that something happened."""
        self.link.tell("publish", name, data)


class GuestHouse:
    """What the daemon has lent to the process: the link, places, and the plugin's own things."""

    def __init__(self, link: Link, opening: Opening, clock: Clock) -> None:
        self.link = link
        self.clock = clock
        self.paths = _paths(opening)
        self.declared = Declared()
        self.name = opening.name
        self._folder = Path(opening.folder)
        self._databases: Belongings | None = None
        self._turn = anyio.Lock()

    def belongings(self, call: int) -> Belongings:
        """Return the plugin's own things, for one call: secrets are looked up for its caller."""
        one = Belongings(
            self.name,
            self.declared,
            folder=self._folder,
            state=lambda: GuestState(self.link, call, self._turn),
            cache=lambda: GuestCache(self.link, call),
            secrets=lambda: GuestSecrets(self.link, call),
            clock=self.clock,
            log=GuestLog(self.link, {}),  # type: ignore[arg-type]
        )
        if self._databases is None:
            self._databases = one
        one._databases = self._databases._databases  # noqa: SLF001 - a file is opened once, whichever call does it
        return one

    async def aclose(self) -> None:
        """Let go of the plugin's databases."""
        if self._databases is not None:
            await self._databases.aclose()


class GuestLog:
    """The daemon's log from outside: lines that it redacts, counts and writes."""

    place = "the daemon's log"

    def __init__(self, link: Link, fields: Mapping[str, object]) -> None:
        self._link = link
        self._fields = fields

    def debug(self, event: str, /, **fields: object) -> None:
        """Log what only a developer wants to know."""
        self._tell("debug", event, fields)

    def info(self, event: str, /, **fields: object) -> None:
        """Log what happened as it should."""
        self._tell("info", event, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        """Log what went wrong without harm so far."""
        self._tell("warning", event, fields)

    def error(self, event: str, /, **fields: object) -> None:
        """Log what failed."""
        self._tell("error", event, fields)

    def exception(self, event: str, /, **fields: object) -> None:
        """Log what failed, with the traceback of the exception being handled."""
        self._tell("error", event, {**fields, "traceback": traceback.format_exc()})

    def bind(self, **fields: object) -> "GuestLog":
        """Return a log that adds `fields` to every line."""
        return GuestLog(self._link, {**self._fields, **fields})

    def _tell(self, level: str, event: str, fields: Mapping[str, object]) -> None:
        told = {
            name: msgspec.to_builtins(value, enc_hook=str)
            for name, value in {**self._fields, **fields}.items()
        }
        self._link.tell("log", level, str(event), told)


class GuestEvents:
    """Where a command's events go, and where its answers come from (the port Events)."""

    def __init__(self, link: Link, call: int) -> None:
        self._link = link
        self._call = call

    async def emit(self, kind: str, data: object) -> None:
        """Send one event; returns when the daemon has taken it, so a caller that is behind is waited for."""
        await self._link.call("emit", self._call, kind, data)

    async def read(self, max_bytes: int) -> bytes | None:
        """Return the next bytes of the caller's standard input, b"" at its end, None if it has none."""
        return await self._link.ask(bytes | None, "read", self._call, max_bytes)  # type: ignore[arg-type]

    async def ask(
        self, kind: str, data: Mapping[str, object], timeout_s: float | None = None
    ) -> bytes | None:
        """Ask the person at the caller (`line` or `confirm`); None if the caller cannot be asked."""
        return await self._link.ask(bytes | None, "ask", self._call, kind, data, timeout_s)  # type: ignore[arg-type]

    def interruptible(self) -> AbstractContextManager[anyio.CancelScope]:
        """Mark work that the caller can stop; from outside of the daemon, only the whole command can be stopped."""
        return anyio.CancelScope()


def _paths(opening: Opening) -> Paths:
    """Return the only places that there are for isolated code: all in its own folder."""
    folder = Path(opening.folder)
    return Paths(
        config_file=folder / "config.toml",
        config_dir=folder,
        data_dir=folder,
        state_dir=folder,
        cache_dir=Path(opening.temporary),
        runtime_dir=Path(opening.temporary),
        socket=folder / "none.sock",
        lock=folder / "none.lock",
        log_file=folder / "none.log",
    )
