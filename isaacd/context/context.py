"""What a command handler may use: its caller, its configuration, its events, and the daemon's shared rooms."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import anyio
import msgspec

from isaacd.clock import Clock
from isaacd.config import Config, Loaded
from isaacd.context.caller import NO_META, NOWHERE, Meta, Origin, Terminal
from isaacd.context.piped import text_of
from isaacd.context.ports import Daemon, Events, PluginDesk, Services, Tools
from isaacd.errors import InvalidParams, PermissionDenied, PluginFailed
from isaacd.log import Log
from isaacd.paths import Paths

if TYPE_CHECKING:
    from isaacd.ai.chat import Answer, Message
    from isaacd.ai.router import AIRouter
    from isaacd.answers.answers import Answers
    from isaacd.answers.asking import Asking
    from isaacd.answers.care import Care
    from isaacd.batch.desk import BatchDesk
    from isaacd.belongings import Belongings
    from isaacd.belongings.cache import PluginCache
    from isaacd.belongings.secrets import Secrets
    from isaacd.belongings.state import State
    from isaacd.chats.conversations import Conversations
    from isaacd.context.gather import Gathered
    from isaacd.database import Database, Schema
    from isaacd.history.history import History
    from isaacd.jobs.desk import JobDesk
    from isaacd.judge.verdict import Verdict
    from isaacd.ledger.ledger import Ledger
    from isaacd.plans.plans import Plans
    from isaacd.routing.alias_desk import AliasDesk
    from isaacd.routing.route import Route
    from isaacd.tokens.book import TokenBook

MAX_INPUT_BYTES = 1024 * 1024
_INPUT_CHUNK_BYTES = 64 * 1024
CONFIRM_TIMEOUT_S = 300.0
# What runs for the daemon itself, and for no plugin, may use everything.
_HOUSE = ("", "isaacd")

S = TypeVar("S", bound=msgspec.Struct)


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


class Context(msgspec.Struct, eq=False):
    """One request's view of the daemon; handlers get it as their first argument.

    `plugin` is the plugin whose code runs; what it has not declared is refused.

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
        """The daemon's log, each line with the plugin's name; secrets are redacted there."""
        log = self.services.log
        return log if self.plugin in _HOUSE else log.bind(plugin=self.plugin)

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
    def ai(self) -> "AIRouter":
        """Ask an AI provider."""
        self._need("ask", "context.ai")
        return self.services.router(self.config, self.environ, self.caller)

    @property
    def answers(self) -> "Answers":
        """Ask an AI provider, unless the answer is kept already."""
        # The cache costs a daemon that is only asked for its status.
        from isaacd.answers.answers import Answers

        return Answers(
            self.ai,
            self.services.shelf,
            self.config.cache,
            clock=self.clock,
            on_hit=self._count_hit,
            on_answer=self._tell_answer,
        )

    async def ask(self, question: "str | Sequence[Message]", asking: "Asking | None" = None) -> "Answer":
        """Ask a question, or go on with a conversation, and return the whole answer, kept or new; `asking` says how."""
        return await self.answers.chat(question, asking)

    @property
    def ledger(self) -> "Ledger":
        """What calls cost."""
        return self.services.ledger

    @property
    def batches(self) -> "BatchDesk":
        """Ask many questions at once, and go on with earlier batches."""
        from isaacd.batch.desk import BatchDesk, Means

        ledger, config, caller = self.ledger, self.config, self.caller
        means = Means(
            answers=self.answers,
            router=self.ai,
            meter=lambda discount: ledger.view(config, caller, deferred=discount),
            caller=self.caller,
            config=self.config.batch,
            cwd=self.cwd,
            read=self.read,
            read_typed=self._read_typed,
            emit=self.emit,
        )
        return BatchDesk(self.services.batches, means)

    @property
    def jobs(self) -> "JobDesk":
        """Work that goes on when the caller has left."""
        from isaacd.jobs.desk import JobDesk, Origin

        self._need("run", "context.jobs")
        origin = Origin(self.cwd, self.meta.env or {}, self.caller)
        return JobDesk(self.services.jobs, origin, self.services.check_line)

    def route(self, line: str) -> "Route":
        """Say what should happen with a line that the caller typed, and why; nothing of it is run."""
        return self.services.lines.route(
            line, config=self.config.routing, environ=self.environ, cwd=self.meta.cwd
        )

    def judge(self, line: str) -> "Verdict":
        """Say how dangerous a line is that somebody suggests, just as it stands; nothing of it is run."""
        return self.services.lines.verdict(line, environ=self.environ, cwd=self.meta.cwd)

    def programs(self) -> frozenset[str]:
        """Return the names of all programs on the caller's PATH."""
        return self.services.lines.programs(self.environ)

    @property
    def plans(self) -> "Plans":
        """What would be executed for lines: shown, agreed to, and left for the client to carry out."""
        from isaacd.context.person import TheCaller
        from isaacd.plans.plan import Caller
        from isaacd.plans.plans import Plans

        self._need("run", "context.plans")
        caller = Caller(
            routing=self.config.routing,
            environ=self.environ,
            told=self.meta.env or {},
            cwd=self.meta.cwd,
            owner=f"{self.origin.owner(is_command_line=self.is_command_line)} as {self.caller}",
            pid=self.origin.pid() if self.is_command_line else None,
            hands_back=not self.is_command_line or "ISAAC_EVAL_FD" in (self.meta.env or {}),
        )
        return Plans(self.services.desk, caller, TheCaller(self))

    @property
    def aliases(self) -> "AliasDesk":
        """The caller's own names for the beginnings of lines."""
        from isaacd.routing.alias_desk import AliasDesk

        return AliasDesk(self.services.lines, self.config.routing, self.environ, self.meta.cwd)

    @property
    def history(self) -> "History":
        """The commands that were run in shells."""
        self._need("history", "context.history")
        return self.services.history

    @property
    def shell_session(self) -> str | None:
        """What the history calls the shell that the caller was started from; None if it does not tell."""
        return self.environ.get("ISAAC_SESSION") or None

    @property
    def tokens(self) -> "TokenBook":
        """The tokens with which programs may ask for some of what the person may; for Isaac's own plugin `token`."""
        self._need_to_be("token", "context.tokens")
        return self.services.tokens

    @property
    def toolbox(self) -> Tools:
        """The commands that models may call."""
        return self.services.toolbox

    async def call(self, command: str, /, **arguments: object) -> object:
        """Run another command of Isaac for the same caller, and return its result as plain data.

        The plugin needs the command's scope among its capabilities: `ask`, `run` or `admin`. What is not only read is
        agreed to by the person at the caller, whom Isaac asks in its own words. Raises MethodNotFound, InvalidParams,
        PermissionDenied, and what the command raises.
        """
        from isaacd.belongings.capabilities import scopes_of
        from isaacd.tokens.scope import SCOPES

        scopes = SCOPES
        if self.plugin not in _HOUSE:
            scopes = scopes_of(self.services.belongings(self.plugin).declared.capabilities)
        result = await self.services.toolbox.perform(self, command, arguments, scopes)
        return msgspec.to_builtins(result, enc_hook=str, str_keys=True)

    @property
    def plugin_desk(self) -> PluginDesk:
        """What a person decides about plugins."""
        return self.services.plugin_desk

    @property
    def chats(self) -> "Conversations":
        """Conversations: those that are kept, and new ones."""
        from isaacd.chats.conversations import Conversations

        self._need("ask", "context.chats")
        return Conversations(
            self.services.chats,
            lambda: self.answers,
            self.config.chat,
            roles=self.paths.config_dir / "roles",
            variables=self._variables(),
            tell=lambda text: self.emit("log", text),
        )

    @property
    def state(self) -> "State":
        """What the plugin keeps for good: values by key, durable once a call has returned."""
        return self._own("state", "context.state").state

    @property
    def cache(self) -> "PluginCache":
        """What the plugin keeps for a while: values by key, with a time to live."""
        return self._own("cache", "context.cache").cache

    @property
    def secrets(self) -> "Secrets":
        """The secrets that the plugin has declared (`secrets:NAME`)."""
        return self._belongings("context.secrets").secrets(self.environ)

    def database(self, schema: "Schema", name: str = "data") -> "Database":
        """Return a SQLite file of the plugin's own, opened at its first use; `name` tells several apart."""
        return self._own("state", "context.database").database(schema, name)

    def settings(self, kind: type[S]) -> S:
        """Return the plugin's settings for this request, as the Struct `kind` that it has declared.

        They are what `[plugins.settings.NAME]` says, with the caller's ISAAC_* variables and `--set` over it. Raises
        ConfigInvalid, with the line, if something is wrong there.
        """
        return self.loaded.settings(self.plugin, kind)

    def publish(self, event: str, data: Mapping[str, object] | None = None) -> None:
        """Tell whoever wants to know that something happened: one of the plugin's own `events`, with or without its name.

        Never waits. Raises PluginFailed for an event that the plugin has not declared.
        """
        own = self._own("publish", "context.publish")
        name = event if event.startswith(f"{own.name}.") else f"{own.name}.{event}"
        if name.removeprefix(f"{own.name}.") not in own.declared.events:
            raise PluginFailed(
                f"the plugin {own.name} publishes {event[:80]!r} without having said so",
                hint=f'write events=("{event[:80]}",) into its Plugin(...)',
            )
        self.services.publish(name, {} if data is None else data)

    def _own(self, capability: str, what: str) -> "Belongings":
        own = self._belongings(what)
        own.demand(capability, what)
        return own

    def _belongings(self, what: str) -> "Belongings":
        if self.plugin in _HOUSE:
            raise PluginFailed(f"{what} belongs to a plugin, and none runs here")
        return self.services.belongings(self.plugin)

    def _need(self, capability: str, what: str) -> None:
        if self.plugin not in _HOUSE:
            self.services.belongings(self.plugin).demand(capability, what)

    def _need_to_be(self, plugin: str, what: str) -> None:
        if self.plugin not in (*_HOUSE, plugin):
            raise PermissionDenied(
                f"the plugin {self.plugin} cannot use {what}: it is for the plugin {plugin} alone"
            )

    async def care(self) -> "Care":
        """Open what is kept of answers, to look into it and to change it."""
        from isaacd.answers.care import Care

        shelf = self.services.shelf
        await shelf.open(self.config.cache)
        return Care(shelf, self.clock.now())

    def editor(self) -> tuple[str, ...]:
        """Return the words that start the caller's editor; raises NotFound or InvalidParams if there is none."""
        from isaacd.context.editor import editor_of

        return editor_of(self.environ)

    @property
    def cwd(self) -> Path | None:
        """The caller's working directory, if it told one."""
        return Path(self.meta.cwd) if self.meta.cwd else None

    @property
    def terminal(self) -> Terminal:
        """The caller's terminal; what the daemon's own was like, when somebody started it, does not count."""
        return Terminal.of(self.meta.tty, self.meta.env or {})

    def _count_hit(self, answer: "Answer") -> None:
        hit = answer.hit
        assert hit is not None
        self.ledger.record_hit(
            self.caller, answer.provider, answer.model, hit.saved_usd, hit.saved_tokens, hit.kind
        )

    def _tell_answer(self, answer: "Answer") -> None:
        self.services.publish(
            "ask.answered",
            {
                "provider": answer.provider,
                "model": answer.model,
                "caller": self.caller,
                "cached": answer.hit is not None,
                "elapsed_ms": round(answer.elapsed_ms, 3),
            },
        )

    def _variables(self) -> Mapping[str, str]:
        """Return what may stand in the text of a role."""
        import os
        from datetime import datetime

        environ, system = self.environ, os.uname()
        return {
            "cwd": self.meta.cwd or "",
            "os": f"{system.sysname} {system.release}",
            "shell": environ.get("SHELL", "sh").rpartition("/")[2],
            "date": datetime.fromtimestamp(self.clock.now()).astimezone().date().isoformat(),
            "user": environ.get("USER", ""),
        }

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

    async def fill(self, line: str, named: Sequence[str] = ()) -> str | None:
        """Have the person put something in place of every placeholder of a line; None if they give up.

        `named` are words that are placeholders, whatever they look like.
        """
        from isaacd.context.filling import filled

        return await filled(self, line, named)

    async def gather(self, what: str, *arguments: str) -> "Gathered | None":
        """Have the client run a command of its own list that only reads, such as `git-staged`, and return its output.

        None if the caller is no isaacctl. The list is `isaacctl/gather.py`.
        """
        self._need("run", "context.gather")
        if self._events is None or self.meta.tty is None:
            return None
        from isaacd.context.gather import gather

        return await gather(self._events, what, arguments)

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
