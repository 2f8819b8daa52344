"""What a plugin declares: its name, its commands and its providers."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, overload

from isaacd.ai.provider import ProviderFactory
from isaacd.command import Command, Input
from isaacd.command.command import View
from isaacd.command.signature import Parameter
from isaacd.errors import PluginFailed
from isaacd.safety.tier import Tier

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
# Words that mean something else on the wire or on the command line.
RESERVED_NAMES = frozenset(
    "call cancel cli commands daemon hello help isaacd logs ping restart start stop version".split()
)

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R", bound="Callable[[str], str | None]")
P = TypeVar("P", bound=ProviderFactory)


def check_name(name: str) -> None:
    """Raise PluginFailed unless a plugin can have this name."""
    if not _NAME.match(name):
        raise PluginFailed(
            f"{name[:80]!r} is no name for a plugin: lower-case letters, digits and _, at most 40, a letter first"
        )
    if name in RESERVED_NAMES:
        raise PluginFailed(f"a plugin cannot be called {name}: the word means something else already")


class Plugin:
    """One plugin; a module of `isaac_plugins` has exactly one, called `plugin`.

    Without a `summary`, the first line of the module's docstring is it.

    >>> plugin = Plugin("greet", summary="Greet people.")
    """

    def __init__(self, name: str, *, summary: str = "", version: str = "0") -> None:
        check_name(name)
        self.name = name
        self.summary = summary
        self.version = version
        self.commands: list[Command] = []
        self.providers: list[ProviderFactory] = []
        self.rewrites: list[Callable[[str], str | None]] = []

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
    ) -> F | Callable[[F], F]:
        """Offer a function as a command: `plugin` if it has the plugin's name, else `plugin.function`.

        `view` turns the result into text for people; without one a general form is used. With `tool` a model may
        call it as well, under the rules of that tier; its result then leaves this machine, so choose `Tier.READ` only
        where strangers may read it. Text that is `markdown` is shown as such on a terminal. The function is returned unchanged, so it can be called and tested as it is.
        """

        def register(function: F) -> F:
            own = (name or function.__name__).strip("_").replace("-", "_")
            if not _NAME.match(own):
                raise PluginFailed(f"{self.name}: {own!r} is no name for a command: take a-z, 0-9 and _")
            full = self.name if own == self.name else f"{self.name}.{own}"
            if tool is not None and not isinstance(tool, Tier):
                raise PluginFailed(f"{full}: `tool` must be a Tier, such as Tier.READ, not {tool!r}")
            self._add(
                Command(
                    function,
                    name=full,
                    plugin=self.name,
                    view=view,
                    hidden=hidden,
                    tool=tool,
                    markdown=markdown,
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
