"""One request: who asks for what, how it is configured, and the talk with the person or program at the other end."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import anyio
import msgspec

from isaacd.clock import Clock
from isaacd.config import Config, Loaded
from isaacd.context.caller import NO_META, NOWHERE, Meta, Origin, Terminal
from isaacd.context.piped import text_of
from isaacd.context.ports import Events, Services
from isaacd.errors import InvalidParams
from isaacd.log import Log
from isaacd.paths import Paths

MAX_INPUT_BYTES = 1024 * 1024
_INPUT_CHUNK_BYTES = 64 * 1024
CONFIRM_TIMEOUT_S = 300.0
# What runs for the daemon itself, and for no plugin, may use everything.
HOUSE = ("", "isaacd")


class Unattended(Events):
    """Events of what runs with no input and nobody to ask; forgotten, unless a subclass has a place for them."""

    async def emit(self, kind: str, data: object) -> None:
        """Forget it."""

    async def read(self, max_bytes: int) -> bytes | None:
        """Have no input."""
        return None

    async def ask(
        self, kind: str, data: Mapping[str, object], timeout_s: float | None = None
    ) -> bytes | None:
        """Have nobody to ask."""
        return None

    def interruptible(self) -> AbstractContextManager[anyio.CancelScope]:
        """Mark nothing: what cancels the request cancels all of it."""
        return anyio.CancelScope()


_NOWHERE = Unattended()


def _line(answer: bytes | None) -> str | None:
    return answer.decode(errors="replace").removesuffix("\n") if answer else None


class OneRequest(msgspec.Struct, eq=False):
    """What comes with a request, and with its connection; `plugin` is the plugin whose code runs.

    A Struct, because one is made for every request, in a third of the time that an `__init__` takes.
    """

    services: Services
    meta: Meta = NO_META
    _events: Events | None = None
    request_id: int | str | None = None
    sets: Sequence[str] = ()
    plugin: str = ""
    origin: Origin = NOWHERE
    _environ: Mapping[str, str] | None = None
    _loaded: Loaded | None = None
    # Whether a command line of `isaacctl` runs here, which has a connection for itself.
    is_command_line: bool = False
    # Whether the result is wanted as JSON, so that a talk about it would only be in the way.
    wants_json: bool = False

    @property
    def has_person(self) -> bool:
        """Whether a person sits at a terminal, types there and reads the result there."""
        tty = self.meta.tty
        return tty is not None and tty.stdin and tty.stdout and not self.wants_json

    @property
    def is_kept(self) -> bool:
        """Whether nobody waits for the result, which is kept in a file instead: this is a task."""
        return self.origin.number < 0

    @property
    def events(self) -> Events:
        """Where this request's events go."""
        return self._events or _NOWHERE

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
        """The daemon's log, each line with the plugin's name; secrets are redacted there."""
        log = self.services.log
        return log if self.plugin in HOUSE else log.bind(plugin=self.plugin)

    @property
    def environ(self) -> Mapping[str, str]:
        """The daemon's environment with the caller's variables laid over it."""
        if self._environ is None:
            caller = self.meta.env
            self._environ = {**self.services.environ, **caller} if caller else self.services.environ
        return self._environ

    @property
    def caller(self) -> str:
        """The program that asks, as it names itself; `isaacctl` for a command line, else `socket`."""
        named = self.meta.caller or (self.meta.env or {}).get("ISAAC_CALLER")
        return named or ("isaacctl" if self.meta.tty is not None else "socket")

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
    def cwd(self) -> Path | None:
        """The caller's working directory, if it told one."""
        return Path(self.meta.cwd) if self.meta.cwd else None

    @property
    def terminal(self) -> Terminal:
        """The caller's terminal; what the daemon's own was like, when somebody started it, does not count."""
        return Terminal.of(self.meta.tty, self.meta.env or {})

    @property
    def shell_session(self) -> str | None:
        """What the history calls the shell that the caller was started from; None if it does not tell."""
        return self.environ.get("ISAAC_SESSION") or None

    def editor(self) -> tuple[str, ...]:
        """Return the words that start the caller's editor; raises NotFound or InvalidParams if there is none."""
        from isaacd.context.editor import editor_of

        return editor_of(self.environ)

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

    async def _read_typed(self) -> bytes | None:
        if self._events is None or self.meta.tty is None:
            return None
        return await self._events.read(_INPUT_CHUNK_BYTES)

    async def read_input(self, limit_bytes: int = MAX_INPUT_BYTES) -> str | None:
        """Return all of the caller's piped standard input as text, None if nothing is piped.

        Raises InvalidParams when it is longer than `limit_bytes`, or no text: it has NULs, or a tenth of it is not UTF-8.
        Fewer such bytes, as a diff or a log may have, become U+FFFD.
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
        return None if chunk is None else text_of(b"".join(chunks))

    async def fill(self, line: str, named: Sequence[str] = ()) -> str | None:
        """Have the person put something in place of every placeholder of a line; None if they give up.

        `named` are words that are placeholders, whatever they look like.
        """
        from isaacd.context.filling import filled

        return await filled(self, line, named)

    async def ask_line(
        self,
        prompt: str,
        *,
        history: Path | None = None,
        multiline: bool = False,
        text: str = "",
        words: Sequence[str] = (),
        hidden: bool = False,
        stays: bool = False,
    ) -> str | None:
        """Have the person type a line; None at the end of input, or if there is no person at a terminal.

        `history` is the file of earlier lines, `text` stands in the line to begin with, `words` are completed.
        With `multiline`, a line that ends with a backslash goes on, as does all between lines of three quotes. A
        `hidden` line is not shown and not remembered. After a line that `stays`, Ctrl-C stops what is `interruptible`
        instead of the command.
        """
        if self._events is None or (self.meta.tty is not None and not self.meta.tty.stdin):
            return None
        question: dict[str, object] = {"prompt": prompt, "multiline": multiline}
        if history is not None:
            question["history"] = str(history)
        if text:
            question["text"] = text
        if words:
            question["words"] = list(words)
        if hidden or stays:
            question["hidden" if hidden else "stays"] = True
        return _line(await self._events.ask("line", question))

    async def confirm(self, text: str, *, timeout_s: float = CONFIRM_TIMEOUT_S) -> bool:
        """Have the person say yes; no terminal, no answer, a timeout, and all other answers mean no."""
        answer = await self.choose(f"{text} [y/N] ", timeout_s=timeout_s)
        return answer is not None and answer.strip().lower() in ("y", "yes")

    async def choose(self, prompt: str, *, timeout_s: float = CONFIRM_TIMEOUT_S) -> str | None:
        """Have the person answer on the terminal itself, whatever is piped in; None if nobody does in time."""
        if self._events is None:
            return None
        question = {"prompt": prompt, "timeout_ms": int(timeout_s * 1000)}
        return _line(await self._events.ask("confirm", question, timeout_s))

    def interruptible(self) -> AbstractContextManager[anyio.CancelScope]:
        """Mark work that Ctrl-C stops while the command itself goes on; ask `cancelled_caught` afterwards."""
        return self.events.interruptible()
