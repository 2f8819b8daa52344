"""Addresses: what is called, what is shown, and where keys may go."""

import pytest

from isaacd.ai.address import Address
from isaacd.errors import ConfigInvalid


def parse(url: str) -> Address:
    return Address.parse(url, "ai.providers.p.base_url")


def test_a_path_goes_before_the_query_and_the_query_is_not_shown() -> None:
    address = parse("https://example.com/v1/?api-version=7")
    assert address.url("/chat") == "https://example.com/v1/chat?api-version=7"
    assert address.url("/chat?limit=2") == "https://example.com/v1/chat?api-version=7&limit=2"
    assert address.shown("/chat") == address.shown("/chat?token=x") == "https://example.com/v1/chat"


@pytest.mark.parametrize(
    "url", ["", "example.com/v1", "ftp://example.com", "https://", "http://h:99999/", "http://[::1"]
)
def test_what_cannot_be_called_is_refused_and_the_setting_named(url: str) -> None:
    with pytest.raises(ConfigInvalid, match=r"ai\.providers\.p\.base_url"):
        parse(url)


def test_a_password_in_the_address_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        parse("https://me:hunter2@example.com/v1")
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "http://localhost:1",
        "http://LOCALHOST",
        "http://a.localhost",
        "http://127.9.9.9",
        "http://[::1]:1",
    ],
)
def test_a_key_may_travel_encrypted_or_within_this_machine(url: str) -> None:
    parse(url).check_key_may_travel("p")


@pytest.mark.parametrize(
    "url", ["http://example.com", "http://127.0.0.1.example.com", "http://192.168.1.2", "http://0.0.0.0"]
)
def test_a_key_may_not_cross_the_network_in_the_clear(url: str) -> None:
    with pytest.raises(ConfigInvalid, match="not encrypted"):
        parse(url).check_key_may_travel("p")


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("https://example.com", {}, None),
        ("https://example.com", {"HTTPS_PROXY": "http://proxy:1"}, "http://proxy:1"),
        ("https://example.com", {"https_proxy": "proxy:1"}, "http://proxy:1"),
        ("https://example.com", {"HTTP_PROXY": "http://proxy:1"}, None),
        ("http://example.com", {"http_proxy": "http://proxy:1"}, "http://proxy:1"),
        ("https://example.com", {"ALL_PROXY": "http://proxy:1"}, "http://proxy:1"),
        ("https://10.2.3.4", {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "10.0.0.0/8"}, None),
        ("https://11.2.3.4", {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "10.0.0.0/8"}, "http://proxy:1"),
        ("https://[fd00::1]", {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "fd00::/8"}, None),
        ("https://[fd00::1]:8", {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "[fd00::1]:8"}, None),
        (
            "https://[fd00::1]:8",
            {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "[fd00::1]:9"},
            "http://proxy:1",
        ),
        ("https://example.com", {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "example.com:443"}, None),
        ("https://example.com", {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "*"}, None),
        ("https://api.example.com", {"HTTPS_PROXY": "http://proxy:1", "no_proxy": "a, .example.com"}, None),
        ("https://api.example.com", {"HTTPS_PROXY": "http://proxy:1", "no_proxy": "example.com"}, None),
        (
            "https://badexample.com",
            {"HTTPS_PROXY": "http://proxy:1", "no_proxy": "example.com"},
            "http://proxy:1",
        ),
        (
            "https://example.com:8443",
            {"HTTPS_PROXY": "http://proxy:1", "no_proxy": "example.com:443"},
            "http://proxy:1",
        ),
        ("http://localhost:11434", {"HTTP_PROXY": "http://proxy:1"}, None),
    ],
)
def test_the_proxy_is_the_one_of_the_environment(
    url: str, environ: dict[str, str], proxy: str | None
) -> None:
    assert parse(url).proxy(environ) == proxy
