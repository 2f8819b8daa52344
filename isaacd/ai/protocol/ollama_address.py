"""Where Ollama listens, read from OLLAMA_HOST the way Ollama itself reads it."""

from ipaddress import IPv6Address, ip_address

PORT = 11434
_PORTS = {"http": 80, "https": 443}
# A server listens there on every address; a client reaches it at the loopback one.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


def ollama_url(host: str) -> str:
    """Return the base URL that `host` means: a host, `:port`, `host:port` or a URL, any of them with a path.

    What is left out is http, 127.0.0.1 and 11434; a URL has the port of its scheme. A port that is none counts as left
    out.
    """
    host = host.strip().strip("\"'").strip()
    scheme, found, rest = host.partition("://")
    if not found:
        # Ollama's own cloud is the one name that means https.
        scheme, rest = ("https", host) if host.partition("/")[0] == "ollama.com" else ("http", host)
    port = _PORTS.get(scheme.lower(), PORT) if found or scheme == "https" else PORT
    place, _, path = rest.partition("/")
    name, given = _split(place)
    if given.isascii() and given.isdigit() and int(given) < 65536:
        port = int(given)
    name = _EVERYWHERE.get(name, name) or "127.0.0.1"
    path = path.strip("/")
    return f"{scheme}://{_bracketed(name)}:{port}" + (f"/{path}" if path else "")


def _split(place: str) -> tuple[str, str]:
    """Take host and port apart; an IPv6 address needs brackets only if a port follows it."""
    if place.startswith("["):
        name, _, port = place[1:].partition("]")
        return name, port.removeprefix(":")
    if place.count(":") > 1:
        return place, ""
    name, _, port = place.partition(":")
    return name, port


def _bracketed(name: str) -> str:
    try:
        return f"[{name}]" if isinstance(ip_address(name), IPv6Address) else name
    except ValueError:
        return name
