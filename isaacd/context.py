"""What a command handler may use: its caller, its configuration, its events, and the daemon's shared rooms."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from isaacd.ai.router import AIRouter
from isaacd.clock import Clock
from isaacd.config import Config, Loaded
from isaacd.errors import InvalidParams
from isaacd.log import Log
from isaacd.paths import Paths

if TYPE_CHECKING:
    from isaacd.ai.chat import Usage
    from isaacd.answers.answers import Answers
    from isaacd.answers.care import Care
    from isaacd.answers.shelf import Shelf

MAX_INPUT_BYTES = 1024 * 1024
_INPUT_CHUNK_BYTES = 64 * 1024


class TTY(msgspec.Struct, frozen=True, gc=False):
    """Which standard streams of the caller are terminals, and how large the terminal is."""

    stdin: bool = True
    stdout: bool = False
    stderr: bool = False
    columns: int = 80
    lines: int = 24


# Plain values only: whatever an event nests, it can then be sent.
Sink = tuple[str | int | float | bool | None, ...]


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What any request may say about itself; unknown keys are ignored.

    `deadline_ms` counts from the arrival of the request. `stream` asks for events before the response.
    `sink` is `[method, *arguments]`: the method that each event notification calls, instead of `$/event`.
    """

    deadline_ms: int | None = None
    cwd: str | None = None
    env: dict[str, str] | None = None
    tty: TTY | None = None
    trace: str | None = None
    idempotency_key: str | None = None
    stream: bool = False
    sink: Sink | None = None


NO_META = Meta()


class Terminal(msgspec.Struct, frozen=True):
    """Where the output of a command goes, as far as its looks depend on that."""

    stdout: bool = False
    stderr: bool = False
    columns: int = 80
    lines: int = 24
    color: bool = False

    @classmethod
    def of(cls, tty: TTY | None, environ: Mapping[str, str]) -> "Terminal":
        """Describe the caller's terminal by its own variables.

        NO_COLOR and FORCE_COLOR (no-color.org, force-color.org), CLICOLOR, CLICOLOR_FORCE (bixense.com/clicolors) and
        TERM=dumb are obeyed; NO_COLOR wins.
        """
        tty = tty or TTY()
        color = tty.stdout and environ.get("TERM", "dumb") != "dumb" and environ.get("CLICOLOR") != "0"
        if any(environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
            color = True
        if environ.get("NO_COLOR"):
            color = False
        columns = max(20, min(tty.columns or 80, 1000))
        return cls(tty.stdout, tty.stderr, columns, max(1, tty.lines), color)

    def style(self, text: str, *codes: int) -> str:
        """Wrap `text` in SGR codes (ECMA-48: 1 bold, 2 dim, 31 red ...), or leave it plain."""
        if not self.color or not text:
            return text
        return f"\x1b[{';'.join(map(str, codes))}m{text}\x1b[0m"


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """A result that the client has to carry out in its own terminal: print `text`, run `argv`, then run `after`.

    `after` is a command line of isaacctl. The daemon never runs a user's programs itself.
    """

    argv: tuple[str, ...]
    after: tuple[str, ...] = ()
    text: str = ""


class Events(Protocol):
    """Where a running command sends its events and asks for input."""

    async def emit(self, kind: str, data: object) -> None:
        """Send one event; waits while the peer is behind and the event must not be lost."""
        ...

    async def read(self, max_bytes: int) -> bytes | None:
        """Return the next bytes of the caller's standard input, b"" at its end, None if it has none."""
        ...


class CommandCard(msgspec.Struct, frozen=True, kw_only=True):
    """What the outside may know of a command; `schema` is the JSON Schema of its arguments."""

    name: str
    summary: str
    mode: str
    plugin: str
    schema: dict[str, object]
    hidden: bool = False


class PluginCard(msgspec.Struct, frozen=True, kw_only=True):
    """What the outside may know of a plugin; `import_ms` is the wall time of its import."""

    name: str
    summary: str
    version: str
    origin: str
    state: str
    import_ms: float
    commands: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    error: str | None = None


class DaemonCard(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon's state at one moment; times in seconds, memory in KiB."""

    version: str
    pid: int
    uptime_s: float
    socket: str
    log: str
    python: str
    rss_kib: int
    connections: int
    requests: int
    in_flight: int
    plugins: int
    draining: bool = False


class Daemon(Protocol):
    """The running daemon, as far as commands may see and steer it."""

    def status(self) -> DaemonCard:
        """Describe the daemon now."""
        ...

    def plugins(self) -> Sequence[PluginCard]:
        """Describe every plugin found, the failed and disabled ones too."""
        ...

    def commands(self) -> Sequence[CommandCard]:
        """Describe every command."""
        ...

    def stop(self) -> None:
        """Begin to drain and exit."""
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

    def router(self, config: Config, environ: Mapping[str, str]) -> AIRouter:
        """Return the AI router for this configuration and these keys."""
        ...

    @property
    def shelf(self) -> "Shelf":
        """The answers that are kept."""
        ...


class _Nowhere:
    """Events that nobody asked for."""

    async def emit(self, kind: str, data: object) -> None:
        """Forget it."""

    async def read(self, max_bytes: int) -> bytes | None:
        """Have no input."""
        return None


_NOWHERE = _Nowhere()


def _price(model: str, usage: "Usage", base_url: str | None) -> float | None:
    """Look a price up; the table is read when the first one is wanted."""
    from isaacd.ai.prices import Prices

    return Prices.bundled().charged(model, usage, base_url)


class Context(msgspec.Struct, eq=False):
    """One request's view of the daemon; handlers get it as their first argument.

    A Struct, because one is made for every request, in a third of the time that an `__init__` takes.
    """

    services: Services
    meta: Meta = NO_META
    _events: Events | None = None
    request_id: int | str | None = None
    sets: Sequence[str] = ()
    _environ: Mapping[str, str] | None = None
    _loaded: Loaded | None = None

    @property
    def events(self) -> Events:
        """Where this request's events go."""
        return self._events or _NOWHERE

    @property
    def daemon(self) -> Daemon:
        """The daemon that runs this command."""
        return self.services.daemon

    @property
    def paths(self) -> Paths:
        """Where Isaac keeps its files."""
        return self.services.paths

    @property
    def clock(self) -> Clock:
        """The time."""
        return self.services.clock

    @property
    def log(self) -> Log:
        """The daemon's log; secrets are redacted there."""
        return self.services.log

    @property
    def environ(self) -> Mapping[str, str]:
        """The daemon's environment with the caller's variables laid over it."""
        if self._environ is None:
            caller = self.meta.env
            self._environ = {**self.services.environ, **caller} if caller else self.services.environ
        return self._environ

    @property
    def loaded(self) -> Loaded:
        """The configuration for this request, with the origin of every value."""
        if self._loaded is None:
            self._loaded = self.services.loaded(self.meta.env or {}, self.sets)
        return self._loaded

    @property
    def config(self) -> Config:
        """The configuration for this request."""
        return self.loaded.config

    @property
    def ai(self) -> AIRouter:
        """Ask an AI provider."""
        return self.services.router(self.config, self.environ)

    @property
    def answers(self) -> "Answers":
        """Ask an AI provider, unless the answer is kept already."""
        # The cache costs a daemon that is only asked for its status.
        from isaacd.answers.answers import Answers

        return Answers(self.ai, self.services.shelf, self.config.cache, clock=self.clock, price=_price)

    async def care(self) -> "Care":
        """Open what is kept of answers, to look into it and to change it."""
        from isaacd.answers.care import Care

        shelf = self.services.shelf
        await shelf.open(self.config.cache)
        return Care(shelf, self.clock.now())

    @property
    def cwd(self) -> Path | None:
        """The caller's working directory, if it told one."""
        return Path(self.meta.cwd) if self.meta.cwd else None

    @property
    def terminal(self) -> Terminal:
        """The caller's terminal; what the daemon's own was like, when somebody started it, does not count."""
        return Terminal.of(self.meta.tty, self.meta.env or {})

    async def emit(self, kind: str, data: object) -> None:
        """Send an event (`delta`, `progress`, `log`, `usage`); lost silently if the caller wants none."""
        if self._events is not None:
            await self._events.emit(kind, data)

    async def progress(self, done: float, total: float | None = None, label: str = "") -> None:
        """Tell how far the work is; `total` None means unknown."""
        await self.emit("progress", {"done": done, "total": total, "label": label})

    async def read(self, max_bytes: int = _INPUT_CHUNK_BYTES) -> bytes | None:
        """Return the next piece of the caller's piped standard input, b"" at its end, None if there is none."""
        if self._events is None or self.meta.tty is None or self.meta.tty.stdin:
            return None
        return await self._events.read(max_bytes)

    async def read_input(self, limit_bytes: int = MAX_INPUT_BYTES) -> str | None:
        """Return all of the caller's piped standard input as text, None if nothing is piped.

        Raises InvalidParams when it is longer than `limit_bytes`. Bytes that are not UTF-8 become U+FFFD.
        """
        chunks = []
        size = 0
        while chunk := await self.read():
            size += len(chunk)
            if size > limit_bytes:
                raise InvalidParams(
                    f"standard input is longer than {limit_bytes // 1024} KiB",
                    hint="send a part of it, for example through `head -c 1000000`",
                )
            chunks.append(chunk)
        return None if chunk is None else b"".join(chunks).decode(errors="replace")
