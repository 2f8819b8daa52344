"""The only room that waits for bytes: sockets that are listened on, and the connections that come of them."""

import asyncio
import itertools
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from isaacd.log import Log
from isaacd.server.connection import Connection
from isaacd.server.hangup import Hangups
from isaacd.server.peer import Timeouts
from isaacd.server.singleton import BACKLOG

if TYPE_CHECKING:
    from isaacd.faces.http.house import House
    from isaacd.server.keeping import Address, Keeper, Kept
    from isaacd.server.ports import Shared

# Whoever can reach the port may connect; more than this many at a time are turned away.
MAX_TCP_CONNECTIONS = 512


class Listener:
    """Accepts connections on one listening socket; `changed` is called whenever a connection has ended."""

    def __init__(
        self,
        *,
        shared: "Shared",
        log: Log,
        uid: int,
        changed: Callable[[], None],
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
    ) -> None:
        self.shared = shared
        self.log = log
        self.uid = uid
        self.changed = changed
        self.timeouts = timeouts
        self.connections: set[Connection] = set()
        self.holds = False
        self.loop = asyncio.get_running_loop()
        self.hangups = Hangups(self.loop)
        self.numbers = itertools.count(1)
        self._server: asyncio.Server | None = None
        self._tcp: asyncio.Server | None = None
        self._is_full = False
        self._tcp_at: Address | None = None
        # Sockets over TCP that the daemon before this one kept, by what the configuration said then.
        self.doors: dict[Address, int] = {}
        self._house: House | None = None

    async def open(self, listening: socket.socket) -> None:
        """Begin to accept."""
        self._server = await self.loop.create_unix_server(
            lambda: Connection(self), sock=listening, backlog=BACKLOG, **_keep_path(self.loop)
        )

    async def open_tcp(self, host: str, port: int) -> int:
        """Begin to accept HTTP over TCP, there and nowhere else; return the port, which 0 leaves open. Raises OSError."""
        self.close_tcp()
        kept = self.doors.pop((host, port), None)
        self.drop_doors()  # whatever else there was is not wanted any more

        def connection() -> Connection:
            return Connection(self, over_tcp=True)

        if kept is not None:
            door = socket.socket(fileno=kept)
            self._tcp = await self.loop.create_server(connection, sock=door, backlog=BACKLOG)
        else:
            self._tcp = await self.loop.create_server(connection, host, port, backlog=BACKLOG)
        self._tcp_at = host, port
        return int(self._tcp.sockets[0].getsockname()[1])

    def close_tcp(self) -> None:
        """Accept no more over TCP; connections go on."""
        if self._tcp is not None:
            self._tcp.close()
            self._tcp = None

    def door(self) -> "tuple[int, Address] | None":
        """Return the socket that listens over TCP, with its address as it was asked for."""
        if self._tcp is None or self._tcp_at is None:
            return None
        return self._tcp.sockets[0].fileno(), self._tcp_at

    def drop_doors(self) -> None:
        """Close what was kept and is not wanted any more."""
        while self.doors:
            os.close(self.doors.popitem()[1])

    def has_room(self) -> bool:
        """Say whether one more may connect over TCP; the first who may not is logged."""
        was_full = self._is_full
        self._is_full = sum(item.over_tcp for item in self.connections) >= MAX_TCP_CONNECTIONS
        if self._is_full and not was_full:
            self.log.warning("too many connections over TCP", most=MAX_TCP_CONNECTIONS)
        return not self._is_full

    def house(self) -> "House":
        """Return what all connections of HTTP share; made with the first."""
        if self._house is None:
            from isaacd.faces.http.house import House

            self._house = House(self.shared)
        return self._house

    async def restore(self, descriptor: int, kept: "Kept") -> None:
        """Go on with a connection that the daemon before this one had; one that is gone meanwhile is nothing to us."""
        from isaacd.server.keeping import OVER_TCP

        try:
            connection = socket.socket(fileno=descriptor)
            connection.setblocking(False)
            over_tcp = kept.codec.endswith(OVER_TCP)
            await self.loop.connect_accepted_socket(
                lambda: Connection(self, kept, over_tcp=over_tcp), connection
            )
        except OSError as error:
            self.log.info("connection gone", reason=str(error))

    def hold(self) -> None:
        """Take no more requests from any peer."""
        self.holds = True
        for connection in tuple(self.connections):
            connection.hold()

    def keep(self, keeper: "Keeper") -> None:
        """Hand over every connection in which nothing is under way."""
        for connection in tuple(self.connections):
            connection.keep(keeper)

    def stop_accepting(self) -> None:
        """Accept no more; connections go on."""
        self.close_tcp()
        if self._server is not None:
            self._server.close()
            self._server = None

    def stop_runs(self) -> None:
        """Cancel all that is under way; it is answered that the daemon is stopping."""
        for connection in tuple(self.connections):
            if connection.session is not None:
                connection.session.stop_runs()

    def close(self) -> None:
        """Close every connection once what is buffered is sent."""
        self.stop_accepting()
        for connection in tuple(self.connections):
            if connection.session is not None:
                connection.session.farewell()
            connection.close()
        self.hangups.close()


def _keep_path(loop: asyncio.AbstractEventLoop) -> dict[str, Any]:
    """Keep Python 3.13's asyncio from removing the socket's file: whoever holds the lock does that."""
    import inspect

    known = inspect.signature(loop.create_unix_server).parameters
    return {"cleanup_socket": False} if "cleanup_socket" in known else {}
