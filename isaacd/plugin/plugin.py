"""What a plugin declares: its name, what it needs, and all that it offers."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, overload

import msgspec

from isaacd.ai.provider import ProviderFactory
from isaacd.command import Command, Input
from isaacd.command.command import View
from isaacd.command.explain import nearest
from isaacd.command.signature import Parameter
from isaacd.context.event import HOUSE_EVENTS
from isaacd.errors import PluginFailed
from isaacd.plugin.declared import (
    HANDLER_TIMEOUT_S,
    HOOK_TIMEOUT_S,
    JOB_TIMEOUT_S,
    MIN_PERIOD_S,
    NAME,
    Handler,
    Hook,
    Job,
    capabilities_of,
    check_function,
    check_name,
    check_seconds,
    fits,
    name_of,
    settings_schema,
    texts_of,
)
from isaacd.plugin.version import check_api, parse_requirement
from isaacd.safety.tier import Tier

if TYPE_CHECKING:
    from isaacd.cache.policy.protocol import PolicyFactory
    from isaacd.tokens.scope import Scope

_POLICY = re.compile(r"[a-z][a-z0-9-]{0,39}\Z")
_EVENT = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
Activation = Literal["use", "start", "event"]
# As in isaacd.tokens.scope, which a daemon without tokens does not import.
_SCOPES = ("ask", "run:confirm", "admin")
_CONTEXT, _EVENT_ARGUMENT = "context", "event"

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R", bound="Callable[[str], str | None]")
P = TypeVar("P", bound=ProviderFactory)
C = TypeVar("C", bound="PolicyFactory")


class Plugin:
    """One plugin; a module of `isaac_plugins` has exactly one, called `plugin`.

    Without a `summary`, the first line of the module's docstring is it. `api` is the least version of the plugin API
    that it needs. `requires` names other plugins that have to be there, such as `"notes>=2"`. `capabilities` say what
    it uses of the house and of the machine; what it has not declared is refused. `activation` says when it is begun: at
    its first use, at the daemon's start, or only with the first event that it handles. `settings` is a frozen msgspec
    Struct, every field with a default: what `[plugins.settings.NAME]` may hold. `events` are the names of the events
    that it publishes, without its own name before them.

    Raises PluginFailed if something of this cannot be.

    >>> plugin = Plugin("greet", summary="Greet people.")
    """

    def __init__(
        self,
        name: str,
        *,
        summary: str = "",
        version: str = "0",
        api: str = "1",
        requires: Sequence[str] = (),
        capabilities: Sequence[str] = (),
        activation: Activation = "use",
        settings: type[msgspec.Struct] | None = None,
        events: Sequence[str] = (),
    ) -> None:
        check_name(name)
        check_api(name, api)
        if activation not in get_args(Activation):
            raise PluginFailed(f"{name}: `activation` must be one of {', '.join(get_args(Activation))}")
        self.name = name
        self.summary = summary
        self.version = version
        self.api = api
        self.requires = tuple(str(parse_requirement(item)) for item in texts_of(name, "requires", requires))
        self.capabilities = capabilities_of(texts_of(name, "capabilities", capabilities))
        self.activation = activation
        self.settings = settings
        self.settings_schema = None if settings is None else settings_schema(name, settings)
        self.events = texts_of(name, "events", events)
        for event in self.events:
            if not _EVENT.match(event):
                raise PluginFailed(f"{name}: {event!r} is no name for an event: take a-z, 0-9 and _")
        self.commands: list[Command] = []
        self.providers: list[ProviderFactory] = []
        self.rewrites: list[Callable[[str], str | None]] = []
        self.policies: dict[str, PolicyFactory] = {}
        self.handlers: list[Handler] = []
        self.jobs: list[Job] = []
        self.begin: Hook | None = None
        self.end: Hook | None = None

    @overload
    def command(self, function: F) -> F: ...

    @overload
    def command(
        self,
        *,
        name: str | None = None,
        view: View | None = None,
        hidden: bool = False,
        tool: Tier | None = None,
        markdown: bool = False,
        scope: "Scope" = "admin",
    ) -> Callable[[F], F]: ...

    def command(
        self,
        function: F | None = None,
        *,
        name: str | None = None,
        view: View | None = None,
        hidden: bool = False,
        tool: Tier | None = None,
        markdown: bool = False,
        scope: "Scope" = "admin",
    ) -> F | Callable[[F], F]:
        """Offer a function as a command: `plugin` if it has the plugin's name, else `plugin.function`.

        `view` turns the result into text for people; without one a general form is used. With `tool` a model may
        call it as well, under the rules of that tier; its result then leaves this machine, so choose `Tier.READ` only
        where strangers may read it. XX
        """

        def register(function: F) -> F:
            own = (name or function.__name__).strip("_").replace("-", "_")
            if not NAME.match(own):
                raise PluginFailed(f"{self.name}: {own!r} is no name for a command: take a-z, 0-9 and _")
            full = self.name if own == self.name else f"{self.name}.{own}"
            if tool is not None and not isinstance(tool, Tier):
                raise PluginFailed(f"{full}: `tool` must be a Tier, such as Tier.READ, not {tool!r}")
            if scope not in _SCOPES:
                raise PluginFailed(f"{full}: `scope` must be one of {', '.join(_SCOPES)}, not {scope!r}")
            self._add(
                Command(
                    function,
                    name=full,
                    plugin=self.name,
                    view=view,
                    hidden=hidden,
                    tool=tool,
                    markdown=markdown,
                    scope=scope,
                )
            )
            return function

        return register if function is None else register(function)

    def _add(self, command: Command) -> None:
        for other in self.commands:
            if other.name == command.name:
                raise PluginFailed(
                    f"{self.name}: {_place(other)} and {_place(command)} are both the command {command.name}"
                )
        self.commands.append(command)
        bare = next((item for item in self.commands if item.name == self.name), None)
        if bare is not None and len(self.commands) > 1:
            needed = next((item for item in bare.parameters if _is_ambiguous(item)), None)
            if needed is not None:
                # `isaacctl PLUGIN WORD` could then mean two things.
                raise PluginFailed(
                    f"{self.name}: the command {self.name} has commands below it, so its `{needed.field}` must be an "
                    "option with a default"
                )

    def route(self, function: R) -> R:
        """Offer a rule about typed lines: it gets a line and returns another to go on with, or None.

        It is asked for every line, so it must be quick. What it returns is judged like anything that is typed.
        """
        self.rewrites.append(function)
        return function

    def provider(self, factory: P) -> P:
        """Offer a kind of AI provider; `factory.kind` is what `[ai.providers.NAME] kind` says in config.toml."""
        self.providers.append(factory)
        return factory

    def policy(self, name: str) -> Callable[[C], C]:
        """Offer a replacement policy of the cache under the name that `[cache] policy` then may have.

        What is decorated is called with a capacity and keeps the laws of `isaacd.testing.check_policy`. It runs inside
        the daemon at every look into the cache, so it must be quick, and its plugin trusted.
        """
        if not fits(_POLICY, name):
            raise PluginFailed(f"{self.name}: {name!r} is no name for a cache policy: take a-z, 0-9 and -")
        if name in self.policies:
            raise PluginFailed(f"{self.name}: there are two cache policies {name}")

        def register(factory: C) -> C:
            self.policies[name] = factory
            return factory

        return register

    def on(self, event: str, *, timeout_s: float = HANDLER_TIMEOUT_S) -> Callable[[F], F]:
        """Have a function called as `function(context, event)` whenever something happens.

        `event` is one that the house tells (`history.added`), one of the plugin's own, or one of a plugin that it
        requires (`PLUGIN.NAME`). A handler gets one event at a time, in their order, each once, while the daemon lives;
        one that takes longer than `timeout_s` is cancelled. A plain function runs in a thread, so it may block, but
        cannot use what has to be awaited.
        """
        where = f"{self.name}: the handler of {event!r}"
        check_seconds(where, "timeout_s", timeout_s)
        self._check_event(event)

        def register(function: F) -> F:
            name = name_of(function)
            check_function(f"{self.name}.{name}", function, (_CONTEXT, _EVENT_ARGUMENT))
            if any(item.name == name and item.event == event for item in self.handlers):
                raise PluginFailed(f"{self.name}: there are two handlers {name} of {event}")
            self.handlers.append(Handler(name=name, event=event, function=function, timeout_s=timeout_s))
            return function

        return register

    def every(
        self,
        seconds: float,
        *,
        jitter: float = 0.1,
        timeout_s: float = JOB_TIMEOUT_S,
        name: str | None = None,
    ) -> Callable[[F], F]:
        """Have a function called as `function(context)` every so many seconds, 1 at least, while the daemon runs.

        The last run is remembered, so that a daily job does not run at each start of the daemon; one that was due
        meanwhile, or has never run, runs once, soon after the start. Each wait is lengthened by up to `jitter` of the
        period. Runs never overlap: what comes due during a run is left out. A run that takes longer than `timeout_s` is
        cancelled, as are all when the daemon stops. A plain function runs in a thread.
        """
        where = f"{self.name}: a job"
        check_seconds(where, "seconds", seconds)
        check_seconds(where, "timeout_s", timeout_s)
        if seconds < MIN_PERIOD_S:
            raise PluginFailed(f"{where} cannot run more often than every {MIN_PERIOD_S:g} s")
        if not 0 <= jitter <= 1:
            raise PluginFailed(f"{where}: `jitter` must be a part of the period, from 0 to 1, not {jitter!r}")

        def register(function: F) -> F:
            own = name or name_of(function)
            check_function(f"{self.name}.{own}", function, (_CONTEXT,))
            if any(item.name == own for item in self.jobs):
                raise PluginFailed(f"{self.name}: there are two jobs {own}; name one of them")
            self.jobs.append(
                Job(name=own, every_s=float(seconds), function=function, jitter=jitter, timeout_s=timeout_s)
            )
            return function

        return register

    @overload
    def setup(self, function: F) -> F: ...

    @overload
    def setup(self, *, timeout_s: float = HOOK_TIMEOUT_S) -> Callable[[F], F]: ...

    def setup(self, function: F | None = None, *, timeout_s: float = HOOK_TIMEOUT_S) -> F | Callable[[F], F]:
        """Have a function called as `function(context)` before anything else of the plugin is used.

        If it raises, or takes longer than `timeout_s`, the plugin is refused.
        """

        def register(function: F) -> F:
            if self.begin is not None:
                raise PluginFailed(f"{self.name}: there are two functions for setup")
            self.begin = self._hook("setup", function, timeout_s)
            return function

        return register if function is None else register(function)

    @overload
    def teardown(self, function: F) -> F: ...

    @overload
    def teardown(self, *, timeout_s: float = HOOK_TIMEOUT_S) -> Callable[[F], F]: ...

    def teardown(
        self, function: F | None = None, *, timeout_s: float = HOOK_TIMEOUT_S
    ) -> F | Callable[[F], F]:
        """Have a function called as `function(context)` when the daemon stops, or the plugin is exchanged or disabled."""

        def register(function: F) -> F:
            if self.end is not None:
                raise PluginFailed(f"{self.name}: there are two functions for teardown")
            self.end = self._hook("teardown", function, timeout_s)
            return function

        return register if function is None else register(function)

    def _hook(self, what: str, function: Callable[..., Any], timeout_s: float) -> Hook:
        check_seconds(f"{self.name}: {what}", "timeout_s", timeout_s)
        check_function(f"{self.name}.{name_of(function)}", function, (_CONTEXT,))
        return Hook(function=function, timeout_s=timeout_s)

    def _check_event(self, event: str) -> None:
        """Refuse a name that nobody publishes; which events a required plugin has is known only when it is there."""
        first, dot, rest = str(event).partition(".")
        known = [*HOUSE_EVENTS, *(f"{self.name}.{item}" for item in self.events)]
        if event in known:
            return
        required = [parse_requirement(item).name for item in self.requires]
        if dot and _EVENT.match(rest) and first in required:
            return
        near = nearest(str(event), known)
        raise PluginFailed(
            f"{self.name}: there is no event {str(event)[:80]!r}",
            hint=f'did you mean "{near}"?'
            if near
            else f"there are: {', '.join(known)}; to hear those of another plugin, write it into `requires`",
        )


def _is_ambiguous(item: Parameter) -> bool:
    """Tell whether a word after the plugin's name could be this parameter or a command.

    A file is no such case: one with the name of a command can be written `./NAME`.
    """
    if item.positional and item.inner in (Path, Input):
        return item.required
    return item.positional or item.required


def _place(command: Command) -> str:
    handler = command.handler
    return f"{getattr(handler, '__qualname__', handler)} (line {handler.__code__.co_firstlineno})"
