"""The keys under `[http]`: where OpenAI's clients are answered besides the socket."""

import ipaddress
from typing import Annotated

from msgspec import Meta, Struct

from isaacd.config.about import about
from isaacd.errors import ConfigInvalid


class HttpConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """HTTP over TCP; on the socket it is spoken anyway."""

    listen: Annotated[
        Annotated[
            str,
            Meta(
                pattern=r"^(?:[0-9.]{7,15}|localhost|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}$",
                extra={"expected": "an address and a port, such as 127.0.0.1:4141 or [::1]:4141"},
            ),
        ]
        | None,
        about(
            "Address and port at which HTTP is spoken over TCP; each request needs a token. Port 0 is any free one: `isaacctl status` tells it.",
            "127.0.0.1:4141",
        ),
    ] = None
    allow_remote: Annotated[
        bool,
        Meta(
            description="Whether `listen` may be an address that other machines reach. Tokens and questions then travel in the clear, unless something in front adds TLS."
        ),
    ] = False
    hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Names under which programs may address it, besides localhost and the address itself; others are refused."
        ),
    ] = ()
    origins: Annotated[
        tuple[str, ...],
        Meta(
            description="Web pages that may ask, such as https://chat.example.org; a browser's request from any other is refused."
        ),
    ] = ()


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
    if not is_loopback(host) and not config.allow_remote:
        raise ConfigInvalid(
            f"http.listen: other machines could reach {host}",
            hint="set http.allow_remote = true if that is meant; tokens and questions then travel in the clear",
        )
    if int(port) > 65535:
        raise ConfigInvalid(f"http.listen: {port} is no port")
    return str(address), int(port)


def is_loopback(host: str) -> bool:
    """Tell whether an address is this machine's alone."""
    return ipaddress.ip_address(host).is_loopback
