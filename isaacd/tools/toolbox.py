"""The commands that models may call, and which of them one request may use."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from isaacd.command import Catalog, Command
from isaacd.command.explain import nearest
from isaacd.context import Context, ToolCard
from isaacd.errors import NotFound
from isaacd.safety.tier import Tier
from isaacd.tools.consent import Person
from isaacd.tools.definition import named
from isaacd.tools.opened import OpenTools


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
