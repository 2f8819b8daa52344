"""What the environment says about the way to AI providers: proxies, and certificates that are trusted besides."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from isaacd.checkup.finding import Finding, error
from isaacd.checkup.machine import Machine

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
# The values are not shown: a proxy's may hold its password.
_HINT = "set it to something like http://proxy.example.org:3128, or unset it"


def network(machine: Machine) -> Iterator[Finding]:
    """Look at the variables for proxies and for certificates."""
    for name, value in sorted(machine.environ.items()):
        if name.lower() in _PROXIES and value and (reason := _unusable(value)):
            yield error(name, reason, _HINT)
    yield from _certificates(machine)


def _unusable(value: str) -> str:
    """Say why a value names no proxy that can be used; "" if it does."""
    try:
        found = urlsplit(value if "://" in value else f"http://{value}")
        if found.hostname and (found.port is None or found.port > 0):
            known = found.scheme in ("http", "https")
            return (
                "" if known else f"a proxy of the kind {found.scheme!r} cannot be used, only http and https"
            )
    except ValueError:
        pass
    return "it names no proxy"


def _certificates(machine: Machine) -> Iterator[Finding]:
    file, folder = machine.environ.get("SSL_CERT_FILE"), machine.environ.get("SSL_CERT_DIR")
    if file:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
        except OSError as problem:  # ssl.SSLError is one
            why = (
                problem.strerror if not isinstance(problem, ssl.SSLError) else "there is no certificate in it"
            )
            yield error(
                "SSL_CERT_FILE",
                f"no certificate can be read from {file}: {why}; no provider may be trusted then",
                "let it name a file of certificates (PEM), or unset it",
            )
    for item in filter(None, folder.split(":") if folder else ()):
        if not Path(item).is_dir():
            yield error(
                "SSL_CERT_DIR", f"{item} is no folder", "let it name a folder of certificates, or unset it"
            )
