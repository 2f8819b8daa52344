"""The address of a service: how it is completed, shown and reached, and whether a key may travel to it."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

import msgspec

from isaacd.errors import ConfigInvalid

_PORTS = {"http": 80, "https": 443}


class Address(msgspec.Struct, frozen=True):
    """A base URL, taken apart; `setting` is the configuration key that it came from."""

    base: SplitResult
    setting: str

    @classmethod
    def parse(cls, url: str, setting: str) -> "Address":
        """Check a base URL; raises ConfigInvalid for one that is no http(s) URL or holds a user or password."""
        try:
            base = urlsplit(url)
            valid = (
                base.scheme in ("http", "https")
                and bool(base.hostname)
                and (base.port is None or base.port > 0)
            )
        except ValueError:
            valid = False
        if not valid:
            raise ConfigInvalid(
                f"{setting} is not an address that can be called",
                hint="it looks like https://api.example.com/v1 or http://localhost:11434/v1",
            )
        if base.username is not None or base.password is not None:
            raise ConfigInvalid(
                f"{setting} must not hold a user name or password",
                hint="name a variable in api_key_env or a file in api_key_file instead",
            )
        return cls(base, setting)

    def url(self, path: str) -> str:
        """Return the full URL of `path`, which may have a query, under the base; a query of the base stays."""
        return _url(self.base, path)

    def shown(self, path: str = "") -> str:
        """Return the URL without its query, which may hold a secret."""
        return _shown(self.base, path.partition("?")[0])

    @property
    def host(self) -> str:
        """The host, in lower case."""
        return self.base.hostname or ""

    @property
    def is_local(self) -> bool:
        """Whether the host is this machine by name or by loopback address (RFC 6761, RFC 1122, RFC 4291)."""
        return _is_local(self.host)

    def check_key_may_travel(self, name: str) -> None:
        """Raise ConfigInvalid if a key would cross the network in the clear."""
        if self.base.scheme == "http" and not self.is_local:
            raise ConfigInvalid(
                f"the key of provider {name} is not sent to {self.shown()}: http is not encrypted",
                hint=f"use https:// in {self.setting}, or a tunnel from localhost (ssh -L), or configure no key",
            )

    def proxy(self, environ: Mapping[str, str]) -> str | None:
        """Return the proxy that `environ` asks for (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, in either case).

        This machine is never reached through a proxy.
        """
        if self.is_local:
            return None
        proxies = {
            name.lower().removesuffix("_proxy"): value
            for name, value in sorted(environ.items())
            if name.lower().endswith("_proxy") and value
        }
        proxy = proxies.get(self.base.scheme) or proxies.get("all")
        if not proxy:
            return None
        if self._is_exempt(proxies.get("no", "")):
            return None
        return proxy if "://" in proxy else f"http://{proxy}"

    def _is_exempt(self, no_proxy: str) -> bool:
        if no_proxy.strip() == "*":
            return True
        for item in no_proxy.lower().split(","):
            exempt, port = _host_and_port(item.strip())
            if port and port != str(self.base.port or _PORTS[self.base.scheme]):
                continue
            if exempt and (
                self.host == exempt or self.host.endswith("." + exempt) or _is_within(self.host, exempt)
            ):
                return True
        return False


def _host_and_port(item: str) -> tuple[str, str]:
    """Take an item of NO_PROXY apart: a name, an address of either kind, or a range of them, perhaps with a port."""
    if item[:1] == "[":
        host, _, port = item[1:].partition("]")
        return host, port.removeprefix(":")
    if item.count(":") > 1:
        return item, ""
    host, _, port = item.partition(":")
    return host.removeprefix("*").lstrip("."), port


def _is_within(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False


# Every question asks for these again, and a service has few paths.


@lru_cache(maxsize=64)
def _is_local(host: str) -> bool:
    host = host.rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=64)
def _url(base: SplitResult, path: str) -> str:
    path, _, query = path.partition("?")
    query = "&".join(filter(None, (base.query, query)))
    return base._replace(path=base.path.rstrip("/") + path, query=query, fragment="").geturl()


@lru_cache(maxsize=64)
def _shown(base: SplitResult, path: str) -> str:
    return base._replace(path=base.path.rstrip("/") + path, query="", fragment="").geturl()
