"""The process of one isolated plugin: puts up its fence, imports the plugin, and runs what the daemon asks for.

It is a fork of the nursery, which the daemon has ordered.
"""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from isaacd.clock import SystemClock
from isaacd.errors import IsaacError, MethodNotFound, PluginFailed
from isaacd.plugin.isolation.fence import InForce, put_up
from isaacd.plugin.isolation.limits import Orphaned
from isaacd.plugin.isolation.link import Link
from isaacd.plugin.isolation.terms import EXIT_MEMORY, Opened, Opening
from isaacd.wire.values import decode_value

_EXIT_ORPHANED = 75


class Child:
    """Answers the daemon; nothing is possible before `open`, and that only once. It is to die with `parent`."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self.link: Link | None = None
        self.over = asyncio.Event()
        self._run: Callable[[str, msgspec.Raw], Awaitable[object]] | None = None
        self._close: Callable[[], Awaitable[None]] | None = None

    async def answer(self, method: str, params: msgspec.Raw) -> object:
        """Answer one request."""
        if self._run is not None:
            return await self._run(method, params)
        if method != "open":
            raise MethodNotFound(f"nothing can be asked before `open`, such as {method[:80]}")
        (opening,) = msgspec.msgpack.decode(params, type=tuple[Opening], dec_hook=decode_value)
        return self._open(opening)

    def told(self, method: str, params: msgspec.Raw) -> None:
        """Take nothing: the daemon only asks."""

    def lost(self, error: Exception | None) -> None:
        """End it: the daemon is gone, or wants this process gone."""
        if isinstance(error, MemoryError):
            os._exit(EXIT_MEMORY)
        assert self.link is not None
        self.link.close("the daemon is gone")

    def ended(self, reason: str) -> None:
        """Leave."""
        self.over.set()

    def _open(self, opening: Opening) -> Opened:
        held = _fence(opening, self._parent)
        start = time.perf_counter()
        # Not before the fence is up: from here on, code is run that nobody trusts.
        from isaacd.plugin.isolation.guest import GuestHouse
        from isaacd.plugin.isolation.inmate import Inmate, import_plugin
        from isaacd.plugin.manifest import manifest_of

        plugin = import_plugin(opening)
        took_ms = (time.perf_counter() - start) * 1000
        assert self.link is not None
        inmate = Inmate(plugin, GuestHouse(self.link, opening, SystemClock()), Path(opening.origin))
        self._run = inmate.answer
        return Opened(in_force=held, manifest=manifest_of(plugin), import_ms=took_ms)


def _fence(opening: Opening, parent: int) -> InForce:
    try:
        return put_up(opening.fence, parent)
    except Orphaned:
        os._exit(_EXIT_ORPHANED)
    except OSError as error:
        raise PluginFailed(f"no fence could be put up around the plugin: {error}") from error


async def _serve(descriptor: int, parent: int) -> None:
    child = Child(parent)
    end = socket.socket(fileno=descriptor)
    end.setblocking(False)
    loop = asyncio.get_running_loop()
    # What a plugin lets fall is its own to fix: a line, and not the end of the process.
    loop.set_exception_handler(_tell)
    _, child.link = await loop.create_unix_connection(lambda: Link(child), sock=end)
    await child.over.wait()


def _tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    sys.stderr.write(f"{context.get('message')}: {type(error).__name__ if error else ''} {error or ''}\n")


def main(descriptor: int, parent: int) -> None:
    """Serve the other end of the socket `descriptor` until it ends, a fork of the process `parent`."""
    try:
        with contextlib.suppress(KeyboardInterrupt, IsaacError):
            asyncio.run(_serve(descriptor, parent))
    except MemoryError:
        os._exit(EXIT_MEMORY)
    # Threads of the plugin, and whatever it has left behind for the end, are not waited for.
    os._exit(0)
