"""Where HTTP is spoken over TCP, as the configuration says it: opened, moved and closed while the daemon lives."""

import anyio

from isaacd.config import HttpConfig, address_of
from isaacd.errors import ConfigInvalid
from isaacd.log import Log
from isaacd.server.listener import Listener


class TcpDoor:
    """The one address of TCP at which a listener accepts; `trouble` says why it does not."""

    def __init__(self, listener: Listener, log: Log) -> None:
        self.trouble = ""
        self._listener = listener
        self._log = log
        self._open_at: tuple[str, int] | None = None  # as the configuration says it
        self._port = 0  # the one that it has
        self._turn = anyio.Lock()

    @property
    def shown(self) -> str:
        """Where clients find it, as `status` says it; else why they do not, or nothing."""
        if self._open_at is None:
            return f"closed: {self.trouble}" if self.trouble else ""
        host, _ = self._open_at
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}/v1"

    @property
    def is_open(self) -> bool:
        """Whether anybody could connect."""
        return self._open_at is not None

    async def follow(self, config: HttpConfig) -> None:
        """Accept where the configuration says now, or nowhere; that it cannot be is logged, and the daemon goes on."""
        async with self._turn:  # it may change again meanwhile
            await self._follow(config)

    async def _follow(self, config: HttpConfig) -> None:
        try:
            wanted = address_of(config)
        except ConfigInvalid as error:
            self._fail(error.message)
            return
        if wanted == self._open_at:
            return
        if wanted is None:
            self._listener.close_tcp()
            self._listener.drop_doors()
            self._open_at, self.trouble = None, ""
            self._log.info("HTTP over TCP is closed")
            return
        try:
            self._port = await self._listener.open_tcp(*wanted)
        except OSError as error:
            self._fail(f"http.listen: {error.strerror or error}")
            return
        self._open_at, self.trouble = wanted, ""
        self._log.info("HTTP over TCP is open", host=wanted[0], port=self._port)

    def _fail(self, reason: str) -> None:
        self._listener.close_tcp()
        self._listener.drop_doors()
        self._open_at, self.trouble = None, reason
        self._log.error("HTTP over TCP is not open", reason=reason)
