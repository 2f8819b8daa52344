"""What a failure of the network means, as an error that says what to do."""

from isaacd.ai.refusal import Peer
from isaacd.config import ProviderConfig
from isaacd.errors import ProviderUnavailable


def unreachable(
    peer: Peer, error: Exception, config: ProviderConfig, *, by_proxy: bool
) -> ProviderUnavailable:
    """Turn an exception of aiohttp, or an OSError, into an error in words; `by_proxy` says that a proxy was asked."""
    what, hint = _explain(peer, error, config)
    if by_proxy:
        hint += "; the call went through the proxy that the environment names"
    detail: dict[str, object] = {"provider": peer.name}
    if _never_reached(error):
        detail["sent"] = False  # so that nobody counts it as a call that may have cost something
    told = ProviderUnavailable(f"provider {peer.name} at {peer.url} {what}", hint=hint, detail=detail)
    told.retryable = not _stays_so(error)
    return told


def _stays_so(error: Exception) -> bool:
    """Say whether the same call fails again, whenever it is made: the address or the certificate is the matter."""
    import aiohttp

    return isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.InvalidURL)


def _never_reached(error: Exception) -> bool:
    import aiohttp

    before = (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError, aiohttp.InvalidURL)
    return isinstance(error, before)


def _explain(peer: Peer, error: Exception, config: ProviderConfig) -> tuple[str, str]:
    # Only reached after a call, when aiohttp is loaded.
    import aiohttp

    setting = f"ai.providers.{peer.name}"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return (
            f"did not take the connection within {config.connect_timeout_s:g} s",
            f"check the network, or raise {setting}.connect_timeout_s",
        )
    if isinstance(error, TimeoutError):
        return (
            f"sent nothing for {config.read_timeout_s:g} s",
            f"try again, or raise {setting}.read_timeout_s if it may think for so long",
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "cannot be found: its name has no address", f"check the network and {setting}.base_url"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return (
            f"has a certificate that is not trusted: {peer.quote(str(error.certificate_error))}",
            "check the clock of this machine; behind an inspecting proxy, SSL_CERT_FILE names its certificate",
        )
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return (
            f"does not speak TLS: {peer.quote(str(error.os_error))}",
            f"is {setting}.base_url meant to be http://?",
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = peer.quote(error.os_error.strerror or str(error.os_error))
        return (
            f"cannot be reached: {reason}",
            f"is it running? If it listens elsewhere, correct {setting}.base_url",
        )
    if isinstance(error, aiohttp.InvalidURL):
        return "is no address that can be called", f"correct {setting}.base_url"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"did not answer in HTTP: {peer.quote(error.message)}", f"is {setting}.base_url right?"
    reason = peer.quote(getattr(error, "strerror", None) or type(error).__name__)
    return f"broke off the connection ({reason})", "try again"
