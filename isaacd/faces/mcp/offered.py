"""Which commands are tools of a host, what they need, and how they are described."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from isaacd.belongings import Belongings
from isaacd.command import Catalog, Command
from isaacd.command.scoped import needed
from isaacd.errors import InvalidParams, NotFound
from isaacd.faces.mcp import spec
from isaacd.faces.mcp.judging import RUN
from isaacd.safety.tier import Tier
from isaacd.tokens.scope import ADMIN, Scope
from isaacd.tools.definition import definition, named

PAGE = 50
# They ask for a person's own terminal, answer the keys of a shell or programs that bring whole conversations, or tell of
# Isaac itself what is of no use to a model, which has to read of every tool that it could call.
UNFIT = frozenset(
    {
        *("ai.batch", "ai.chat", "commit", "find", "grep", "run", "shell.line", "shell.missing"),
        *("knowledge.info", "plugins.info", "plugins.list", "tools", "usage.prices"),
    }
)
_MAX_TITLE_CHARS = 80
# What an AI provider is asked leaves the machine, and so may what a plugin with connections of its own is told.
_OPEN = frozenset({"ask", "network"})


class Offer(msgspec.Struct, frozen=True):
    """One tool: its name, the command behind it, and how dangerous that is."""

    name: str
    command: Command
    tier: Tier

    @property
    def scope(self) -> Scope:
        """What has to be granted before it is offered at all."""
        return self.command.scope

    def needs(self, given: Mapping[str, Raw]) -> Scope:
        """Return what has to be granted for a call with these arguments, as JSON by name."""
        texts = [name for name, value in given.items() if bytes(value)[:1] == b'"']
        return needed(self.command, given.keys(), texts)


def offers(catalog: Catalog) -> dict[str, Offer]:
    """Return everything that could be a tool, by name, whatever is granted: what declares a tier or a scope."""
    fit = [
        command
        for command in catalog
        if not command.hidden
        and not command.live
        and command.name not in UNFIT
        and (command.tool is not None or command.scope != ADMIN)
    ]
    found = {name: Offer(name, command, command.tool or Tier.READ) for name, command in named(fit).items()}
    return {**found, RUN.name: Offer(RUN.name, RUN, Tier.READ)}


def described(offer: Offer, version: str, belongings: Callable[[str], Belongings]) -> dict[str, Any]:
    """Describe a tool as that version of the protocol has it; what its plugin declares says whom it reaches."""
    known = definition(offer.name, offer.command)
    title = offer.command.summary.partition(". ")[0].rstrip(".")[:_MAX_TITLE_CHARS]
    tool: dict[str, Any] = {
        "name": offer.name,
        "description": known.description,
        "inputSchema": known.parameters,
    }
    if version >= spec.HAS_TITLES:
        tool["title"] = title
    if version >= spec.HAS_ANNOTATIONS:
        tool["annotations"] = _hints(offer, belongings)
        if version < spec.HAS_TITLES:
            tool["annotations"]["title"] = title
    if version >= spec.HAS_STRUCTURED_OUTPUT and (output := offer.command.output) is not None:
        tool["outputSchema"] = output
    return tool


def _hints(offer: Offer, belongings: Callable[[str], Belongings]) -> dict[str, Any]:
    try:
        declared = belongings(offer.command.plugin).declared.capabilities
    except NotFound:
        declared = ()
    return {
        "readOnlyHint": offer.tier is Tier.READ,
        "destructiveHint": offer.tier is Tier.DESTRUCTIVE,
        "idempotentHint": offer.tier <= Tier.REVERSIBLE,
        "openWorldHint": not _OPEN.isdisjoint(declared),
    }


def page(tools: list[dict[str, Any]], cursor: str | None) -> dict[str, Any]:
    """Return the tools behind a cursor, which is the name of the last one before; raises InvalidParams for none."""
    begin = 0
    if cursor is not None:
        names = [tool["name"] for tool in tools]
        if not cursor.startswith("after:"):
            raise InvalidParams("this cursor was never given out", hint="begin anew, without one")
        last = cursor.removeprefix("after:")
        # One that is gone meanwhile still has its place in the order.
        begin = next((number for number, name in enumerate(names) if name > last), len(names))
    part = tools[begin : begin + PAGE]
    more = begin + PAGE < len(tools)
    return {"tools": part, **({"nextCursor": f"after:{part[-1]['name']}"} if more else {})}
