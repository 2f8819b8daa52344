"""The bytes and lines in the protocol's reference are messages, just as it prints them."""

import re
from pathlib import Path

import pytest

from isaacd.errors import NotFound, RateLimited
from isaacd.wire import JsonLinesCodec, NativeCodec, to_wire_error
from tests.wire_streams import Refusal, read_all

REFERENCE = (Path(__file__).parents[3] / "docs" / "reference" / "protocol.md").read_text("utf-8")


def _blocks(language: str) -> list[str]:
    return [match[1] for match in re.finditer(rf"```{language}\n(.*?)```", REFERENCE, re.DOTALL)]


HEX = [line for block in _blocks("hex") for line in block.splitlines()]
JSON = [line for block in _blocks("json") for line in block.splitlines()]


@pytest.mark.parametrize("line", HEX)
def test_every_line_of_hex_is_one_native_message(line: str) -> None:
    outcomes = read_all(NativeCodec(), [bytes.fromhex(line)])
    assert len(outcomes) == 1
    assert not isinstance(outcomes[0], Refusal)


@pytest.mark.parametrize("line", JSON)
def test_every_line_of_json_is_one_message(line: str) -> None:
    outcomes = read_all(JsonLinesCodec(), [f"{line}\n".encode()])
    assert len(outcomes) == 1
    assert not isinstance(outcomes[0], Refusal)


def test_what_the_daemon_would_send_is_what_the_reference_prints() -> None:
    native, json = NativeCodec(), JsonLinesCodec()
    none = NotFound("no request or run '7' is under way on this connection")
    retry = RateLimited("slow down", retry_after_ms=1500, hint="wait, or choose another model")
    assert {
        native.encode_result(1, "hello world").hex(" "),
        native.encode_error(1, to_wire_error(none)).hex(" "),
        native.encode_notification("$/event", [1, 0, "delta", "Use find"]).hex(" "),
        native.encode_notification("$/input", [1, b"abc"]).hex(" "),
        native.encode_notification("cancel", [1]).hex(" "),
    } <= {*HEX}
    assert {
        json.encode_result(1, "hello world").decode().strip(),
        json.encode_error(1, to_wire_error(retry)).decode().strip(),
        json.encode_notification("$/event", [1, 0, "delta", "Use find"]).decode().strip(),
    } <= {*JSON}
