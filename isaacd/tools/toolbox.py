"""The commands that models may call, and which of them one request may use."""

from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from isaacd.ai.chat import ToolCall
from isaacd.command import Catalog, Command
from isaacd.command.explain import nearest
from isaacd.command.scoped import needed
from isaacd.context import Context, ToolCard
from isaacd.errors import NotFound, PermissionDenied
from isaacd.safety.tier import Tier
from isaacd.tokens.scope import Scope, allows
from isaacd.tools.consent import Person
from isaacd.tools.definition import named
from isaacd.tools.opened import OpenTools

# They give rights, agree to something, or have something run later, when nobody is asked any more.
ONLY_PEOPLE = frozenset(
    {
        "approve",
        "isaacd",
        "keys",
        "plugin",
        "plugins",
        "run",
        "schedule",
        "shell",
        "tasks",
        "token",
        "tools",
        "watch",
    }
)


class Toolbox:
    """The tools of one daemon: those of its commands that declare a tier, and no others."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def cards(self) -> list[ToolCard]:
        """Describe every tool, by name."""
        return [
            ToolCard(
                name=name,
                command=command.name,
                tier=tier.label,
                demand=tier.demand,
                summary=command.summary,
            )
            for name, command, tier in self._declared()
        ]

    def open(self, context: Context, patterns: Sequence[str] = (), person: Person | None = None) -> OpenTools:
        """Return the tools for one request of one caller: all of them, or those that `patterns` name.

        A pattern is a name, of a command or a tool, in which `*`, `?` and `[ab]` stand for characters; one that fits
        nothing raises NotFound. `person` is who is asked for consent; without one it is the caller.
        """
        found = {name: (command, tier) for name, command, tier in self._declared()}
        if patterns:
            chosen = [self._fitting(pattern, found) for pattern in patterns]
            found = {name: one for name, one in found.items() if any(name in names for names in chosen)}
        return OpenTools(context, found, context if person is None else person)

    async def perform(
        self, context: Context, name: str, arguments: Mapping[str, object], scopes: Collection[Scope]
    ) -> Any:
        """Run a command for a plugin that has these scopes, as far as its caller agrees; return the result.

        Raises PermissionDenied for what the scopes do not allow, what nobody agrees to, and what only people do. The
        person is asked by Isaac, in its own words: no plugin can answer, or change what is asked.
        """
        command = self._catalog.get(name)
        who = f"the plugin {context.plugin}"
        if (
            command.hidden
            or command.live
            or command.plugin in ONLY_PEOPLE
            or command.plugin == context.plugin
        ):
            raise PermissionDenied(f"{who} cannot call {name}: only people and other programs do")
        texts = [item for item, value in arguments.items() if isinstance(value, str)]
        scope = needed(command, arguments.keys(), texts)
        if not allows(scopes, scope):
            raise PermissionDenied(
                f"{who} needs the scope {scope} to call {name}, and has {', '.join(scopes) or 'none'}",
                hint=f"it has to declare it, and you to grant it: isaacctl plugins grant {context.plugin}",
            )
        tier = command.tool or (Tier.READ if command.scope == "ask" else Tier.BEYOND)
        opened = OpenTools(context, {name: (command, tier)}, context, who=f"The plugin {context.plugin}")
        given = msgspec.json.encode(arguments, enc_hook=str).decode()
        return await opened.perform(ToolCall("", name, given))

    def _declared(self) -> list[tuple[str, Command, Tier]]:
        commands = named(command for command in self._catalog if command.tool is not None)
        return [(name, item, item.tool) for name, item in commands.items() if item.tool is not None]

    def _fitting(self, pattern: str, found: dict[str, tuple[Command, Tier]]) -> set[str]:
        fitting = {
            name
            for name, (command, _) in found.items()
            if fnmatchcase(name, pattern) or fnmatchcase(command.name, pattern)
        }
        if not fitting:
            commands = [command.name for command, _ in found.values()]
            near = nearest(pattern, commands)
            known = self._catalog.find(pattern)
            raise NotFound(
                f"the command {pattern} is no tool: it does not declare that models may call it"
                if known
                else f"there is no tool {pattern[:80]!r}",
                hint=f"did you mean `{near}`?" if near else "`isaacctl tools` lists them all",
            )
        return fitting
