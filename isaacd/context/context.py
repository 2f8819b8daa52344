"""What a command handler may use: its caller, its configuration, its events, and the daemon's shared rooms."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from isaacd.context.one_request import HOUSE, OneRequest
from isaacd.context.ports import Daemon, PluginDesk, Tools
from isaacd.errors import PermissionDenied, PluginFailed

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


S = TypeVar("S", bound=msgspec.Struct)


class Context(OneRequest, eq=False):
    """One request's view of the daemon; handlers get it as their first argument.

    `plugin` is the plugin whose code runs; what it has not declared is refused.
    """

    @property
    def daemon(self) -> Daemon:
        """The daemon that runs this command."""
        return self.services.daemon

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
        from isaacd.answers.telling import Telling

        telling = Telling(self.caller, lambda: self.ledger, self.services.publish)
        return Answers(
            self.ai,
            self.services.shelf,
            self.config.cache,
            clock=self.clock,
            on_hit=telling.hit,
            on_answer=telling.answered,
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
        from isaacd.jobs.desk import JobDesk
        from isaacd.jobs.orders import Orders, Origin

        self._need("run", "context.jobs")
        origin = Origin(self.cwd, self.meta.env or {}, self.caller)
        return JobDesk(self.services.jobs, Orders(origin, self.services.check_line))

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
        if self.plugin not in HOUSE:
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
        if self.plugin in HOUSE:
            raise PluginFailed(f"{what} belongs to a plugin, and none runs here")
        return self.services.belongings(self.plugin)

    def _need(self, capability: str, what: str) -> None:
        if self.plugin not in HOUSE:
            self.services.belongings(self.plugin).demand(capability, what)

    def _need_to_be(self, plugin: str, what: str) -> None:
        if self.plugin not in (*HOUSE, plugin):
            raise PermissionDenied(
                f"the plugin {self.plugin} cannot use {what}: it is for the plugin {plugin} alone"
            )

    async def care(self) -> "Care":
        """Open what is kept of answers, to look into it and to change it."""
        from isaacd.answers.care import Care

        shelf = self.services.shelf
        await shelf.open(self.config.cache)
        return Care(shelf, self.clock.now())

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

    async def gather(self, what: str, *arguments: str) -> "Gathered | None":
        """Have the client run a command of its own list that only reads, such as `git-staged`, and return its output.

        None if the caller is no isaacctl. The list is `isaacctl/gather.py`.
        """
        self._need("run", "context.gather")
        if self._events is None or self.meta.tty is None:
            return None
        from isaacd.context.gather import gather

        return await gather(self._events, what, arguments)
