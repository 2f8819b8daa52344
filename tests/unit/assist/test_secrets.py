"""Secrets are found by their form and their name; examples, expressions and hashes are none."""

import pytest

from isaacd.assist.secrets import without_secrets
from isaacd.redact import REDACTED

TOKEN = "ghp_" + "a1B2c3D4" * 5


@pytest.mark.parametrize(
    "line",
    [
        f"token = '{TOKEN}'",
        f"+curl -H 'Authorization: token {TOKEN}'",
        "AWS_ID=AKIA" + "ABCDEFGH12345678",
        "key: sk-proj-" + "abc123DEF456ghi789",
        "url = postgres://ada:" + "h4rdT0guess@db.example/x",
        "password = \"h7Gk2-qLw9!\"",
        "export DB_PASSWORD=h7Gk2qLw9xx",
        "api_key: 9f8e7d6c5b4a3210ffee",
        '{"client_secret": "Zx81-QwErTy-0099"}',
    ],
)  # fmt: skip
def test_a_secret_is_taken_out_and_its_line_told(line):
    found = without_secrets(f"first\n{line}\nlast")
    assert [secret.line for secret in found.secrets] == [2]
    assert REDACTED in found.text
    assert found.text.count("\n") == 2
    for value in (TOKEN, "h4rdT0guess", "h7Gk2", "9f8e7d", "Zx81", "ABCDEFGH12345678"):
        assert value not in found.text


@pytest.mark.parametrize(
    "line",
    [
        "password = os.environ['PASSWORD']",
        "password: str",
        "token = get_token(request)",
        'password = "changeme"',
        "api_key = \"<your key>\"",
        "API_KEY=$OTHER_KEY",
        "index 1111111..2222222 100644",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "the token: is a word",
        "max_tokens = 4096",
        "postgres://user:password@localhost/db",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(line):
    found = without_secrets(line)
    assert (found.text, found.secrets) == (line, ())


def test_a_private_key_is_taken_out_whole():
    text = "+-----BEGIN OPENSSH PRIVATE KEY-----\n+b3BlbnNzaC1rZXk\n+AAAA\n+-----END OPENSSH PRIVATE KEY-----\n+after"
    found = without_secrets(text)
    assert len(found.secrets) == 1
    assert found.text.endswith("\n+after")
    assert "b3Blb" not in found.text


def test_long_lines_take_no_long_time():
    without_secrets("a=" * 500_000)
    without_secrets("eyJ" + "a." * 500_000)
    without_secrets(("password" * 50 + "\n") * 2000)
