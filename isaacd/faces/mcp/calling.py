"""One call of a tool: looked up, checked against what is granted, judged, agreed to, run, and written as a result."""

from collections.abc import Callable
from typing import Any

import msgspec

from isaacd.ai.chat import ToolCall
from isaacd.command import Catalog, Command
from isaacd.context import Context
from isaacd.errors import (
    Cancelled,
    ClientTooSlow,
    InvalidParams,
    IsaacError,
    ServerCancelled,
    ShuttingDown,
)
from isaacd.faces.mcp import judging, spec
from isaacd.faces.mcp.access import Access
from isaacd.faces.mcp.asking import HostPerson
from isaacd.faces.mcp.offered import Offer, offers
from isaacd.faces.mcp.results import failure_of, result_of
from isaacd.faces.mcp.telling import Telling
from isaacd.tokens.scope import allows
from isaacd.tools.opened import OpenTools

# They say something about the conversation, not about the tool.
_OF_THE_CONVERSATION = (Cancelled, ClientTooSlow, ServerCancelled, ShuttingDown)


class Calling:
    """A call as a command of its own, so that it can be cancelled and ends with its connection."""

    def __init__(
        self,
        params: spec.CallParams,
        catalog: Catalog,
        access: Access,
        person: HostPerson,
        *,
        version: str,
        tell: Callable[[str, dict[str, Any]], None],
        log: Callable[[str, str], None],
    ) -> None:
        self._params = params
        self._catalog = catalog
        self._access = access
        self._person = person
        self._version = version
        self._tell = tell
        self._log = log

        async def call_tool(context: Context) -> object:
            """Call a tool."""
            return await self._call(context)

        self.command = Command(call_tool, name="tools/call", plugin="isaacd", hidden=True)

    async def _call(self, context: Context) -> dict[str, Any]:
        """Return the result; raises InvalidParams for a tool that is none, PermissionDenied for one out of reach."""
        offer = await self._offer()
        given = self._given()
        self._access.demand(offer.needs(given), f"the tool {offer.name}")
        try:
            value = await self._value(context, offer, given)
        except _OF_THE_CONVERSATION:
            raise
        except IsaacError as error:
            return failure_of(error)
        return result_of(value, output=offer.command.output, version=self._version)

    async def _offer(self) -> Offer:
        waiting = self._catalog.waiting()
        if waiting is not None:
            await waiting()
        known = offers(self._catalog)
        offer = known.get(self._params.name)
        if offer is None:
            held = self._access.scopes
            names = ", ".join(name for name, item in sorted(known.items()) if allows(held, item.scope))
            raise InvalidParams(
                f"there is no tool {self._params.name[:80]!r}", hint=f"the tools are: {names}"
            )
        return offer

    def _given(self) -> dict[str, msgspec.Raw]:
        raw = self._params.arguments
        return (
            {}
            if raw is msgspec.UNSET or bytes(raw) == b"null"
            else spec.read(raw, dict[str, msgspec.Raw], "arguments")
        )

    async def _value(self, context: Context, offer: Offer, given: dict[str, msgspec.Raw]) -> Any:
        if offer.command is judging.RUN:
            raw = msgspec.Raw(msgspec.json.encode(given))
            return await judging.judged(context, offer.command.decode(raw, "json").args.line, self._person)
        telling = Telling(
            self._tell,
            self._log,
            token=self._params.meta.progress_token if self._params.meta else None,
            version=self._version,
            monotonic=context.clock.monotonic,
        )
        tools = {offer.name: (offer.command, offer.tier)}
        opened = OpenTools(context, tools, self._person, show=self._person.show)
        arguments = msgspec.json.encode(given).decode()
        return await opened.perform(ToolCall("", offer.name, arguments), telling)
