"""Where HTTP is spoken over TCP, as the configuration says it: opened, moved and closed while the daemon lives."""

import ipaddress

from isaacd.config import HttpConfig
from isaacd.errors import ConfigInvalid
from isaacd.log import Log
from isaacd.server.listener import Listener


class TcpDoor:
    """The one address of TCP at which a listener accepts; `trouble` says why it does not."""

    def __init__(self, listener: Listener, log: Log) -> None:
        self.trouble = ""
        self._listener = listener
        self._log = log
        self._open_at: tuple[str, int] | None = None

    @property
    def is_open(self) -> bool:
        """Whether anybody could connect."""
        return self._open_at is not None

    async def follow(self, config: HttpConfig) -> None:
        """Accept where the configuration says now, or nowhere; that it cannot be is logged, and the daemon goes on."""
        try:
            wanted = address_of(config)
        except ConfigInvalid as error:
            self._fail(error.message)
            return
        if wanted == self._open_at:
            return
        if wanted is None:
            self._listener.close_tcp()
            self._open_at, self.trouble = None, ""
            self._log.info("HTTP over TCP is closed")
            return
        try:
            await self._listener.open_tcp(*wanted)
        except OSError as error:
            self._fail(f"http.listen: {error.strerror or error}")
            return
        self._open_at, self.trouble = wanted, ""
        self._log.info("HTTP over TCP is open", host=wanted[0], port=wanted[1])

    def _fail(self, reason: str) -> None:
        self._listener.close_tcp()
        self._open_at, self.trouble = None, reason
        self._log.error("HTTP over TCP is not open", reason=reason)


def address_of(config: HttpConfig) -> tuple[str, int] | None:
    """Return address and port; raises ConfigInvalid for an address that others reach, unless that is allowed."""
    if config.listen is None:
        return None
    host, _, port = config.listen.rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ConfigInvalid(f"http.listen: {host!r} is no address") from None
    if not address.is_loopback and not config.allow_remote:
        raise ConfigInvalid(
            f"http.listen: other machines could reach {host}",
            hint="set http.allow_remote = true if that is meant; tokens and questions then travel in the clear",
        )
    if not 0 < int(port) < 65536:
        raise ConfigInvalid(f"http.listen: {port} is no port")
    return str(address), int(port)
