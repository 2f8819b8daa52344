"""OLLAMA_HOST means what it means to Ollama."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.ai.protocol.ollama_address import ollama_url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        (" '1.2.3.4' ", "http://1.2.3.4:11434"),
        (":56789", "http://127.0.0.1:56789"),
        ("1.2.3.4:56789", "http://1.2.3.4:56789"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("[::]:8080", "http://[::1]:8080"),
        ("::1", "http://[::1]:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:56789/path", "http://[::1]:56789/path"),
        ("example.com", "http://example.com:11434"),
        ("example.com:1337/path/", "http://example.com:1337/path"),
        ("example.com:66000", "http://example.com:11434"),
        ("example.com:odd", "http://example.com:11434"),
        ("http://example.com", "http://example.com:80"),
        ("https://example.com", "https://example.com:443"),
        ("https://example.com:56789/path", "https://example.com:56789/path"),
        ("https://example.com:odd", "https://example.com:443"),
        ("ollama.com", "https://ollama.com:443"),
    ],
)
def test_every_form_is_understood(host: str, url: str) -> None:
    assert ollama_url(host) == url


@given(st.text())
def test_no_text_is_too_odd_to_be_read(host: str) -> None:
    assert ":" in ollama_url(host)
