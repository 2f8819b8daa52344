"""What failures of the network are called, where no test server can bring them about."""

import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from isaacd.ai.faults import unreachable
from isaacd.ai.refusal import Peer
from isaacd.config import ProviderConfig

KEY = ConnectionKey("example.com", 443, True, True, None, None, None)
UNTRUSTED = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")


@pytest.mark.parametrize(
    ("error", "said", "hint"),
    [
        (aiohttp.ConnectionTimeoutError(), "within 7 s", "connect_timeout_s"),
        (aiohttp.SocketTimeoutError(), "nothing for 9 s", "read_timeout_s"),
        (TimeoutError(), "nothing for 9 s", "read_timeout_s"),
        (aiohttp.ClientConnectorCertificateError(KEY, UNTRUSTED), "self-signed", "SSL_CERT_FILE"),
        (aiohttp.InvalidURL("x"), "no address", "base_url"),
        (aiohttp.ServerDisconnectedError(), "broke off", "again"),
        (ConnectionResetError(104, "Connection reset by peer"), "reset by peer", "again"),
    ],
)
def test_a_failure_of_the_network_says_what_and_what_to_do(error: Exception, said: str, hint: str) -> None:
    config = ProviderConfig(connect_timeout_s=7, read_timeout_s=9)
    told = unreachable(Peer("p", "https://example.com/v1"), error, config, by_proxy=False)
    assert "provider p at https://example.com/v1" in told.message
    assert said in told.message
    assert hint in str(told.hint)


def test_what_stays_so_is_not_asked_again() -> None:
    def retryable(error: Exception) -> bool:
        return unreachable(Peer("p", "u"), error, ProviderConfig(), by_proxy=False).retryable

    assert not retryable(aiohttp.ClientConnectorCertificateError(KEY, UNTRUSTED))
    assert not retryable(aiohttp.InvalidURL("x"))
    assert retryable(aiohttp.ServerDisconnectedError())
    assert retryable(TimeoutError())
