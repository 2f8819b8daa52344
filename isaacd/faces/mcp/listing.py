"""The tools as a host sees them: listed page by page, and told when they have changed."""

from collections.abc import Callable
from typing import Any

import anyio
import msgspec

from isaacd.command import Command
from isaacd.context import Context
from isaacd.faces.mcp import spec
from isaacd.faces.mcp.access import Access
from isaacd.faces.mcp.offered import described, offers, page
from isaacd.faces.mcp.port import Port
from isaacd.tokens.scope import allows

# Plugins that are loaded anew change the catalog several times within a moment; a host is told once.
SETTLE_S = 0.05


class Listing:
    """What one host was told of the tools; `changed` is called when that is not so any more."""

    def __init__(self, port: Port, access: Access, changed: Callable[[], None]) -> None:
        self._port = port
        self._access = access
        self._changed = changed
        self._version = ""
        self._told: bytes | None = None  # what was listed last; None before that
        self._looks = False
        self._made: list[dict[str, Any]] = []
        self._key: tuple[int, str, tuple[str, ...]] | None = None  # what they were made for
        self._unwatch: Callable[[], None] | None = port.catalog.watch(self._look_again)

    def close(self) -> None:
        """Watch no longer."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None

    def command(self, params: spec.ListParams, version: str) -> Command:
        """Return what answers one request for the list."""

        async def list_tools(context: Context) -> object:
            """List the tools."""
            await context.daemon.check_plugins()
            waiting = self._port.catalog.waiting()
            if waiting is not None:
                await waiting()
            self._version = version
            tools = self._tools()
            self._told = msgspec.json.encode(tools)
            return page(tools, params.cursor)

        return Command(list_tools, name="tools/list", plugin="isaacd", hidden=True)

    def _tools(self) -> list[dict[str, Any]]:
        held = self._access.scopes
        key = (self._port.catalog.version, self._version, held)
        if key != self._key:
            belongings, found = self._port.services.belongings, offers(self._port.catalog)
            self._made = [
                described(offer, self._version, belongings)
                for _, offer in sorted(found.items())
                if allows(held, offer.scope)
            ]
            self._key = key
        return self._made

    def _look_again(self) -> None:
        if self._told is not None and not self._looks:
            self._looks = True
            self._port.spawn(self._compare)

    async def _compare(self) -> None:
        """Tell the host if what it would be told now differs from what it knows."""
        await anyio.sleep(SETTLE_S)
        self._looks = False
        if self._unwatch is None:
            return
        try:
            now = msgspec.json.encode(self._tools())
        except Exception:  # a task of the daemon must never raise; the next list says what is wrong
            self._port.services.log.exception("the tools of a host cannot be listed")
            return
        if now != self._told:
            self._told = None  # once: the host asks again
            self._changed()
