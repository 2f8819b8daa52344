"""The bytes of every kind of message are the ones written down, in both directions."""

from collections.abc import Callable

import pytest

from isaacd.errors import IsaacError, NotFound, ParseError, RateLimited
from isaacd.wire import Codec, ContentLengthCodec, JsonLinesCodec, NativeCodec, to_wire_error
from tests.wire_streams import (
    Refusal,
    expected_refusal,
    golden_content_length,
    golden_json,
    golden_native,
    read_all,
)

Write = Callable[[Codec], bytes]

_HELLO = {"proto": [1], "client": {"name": "my-editor", "version": "1.0"}}
_RETRY = RateLimited("slow down", retry_after_ms=1500, hint="wait, or choose another model")


def _error(request_id: int | None, error: IsaacError) -> Write:
    return lambda codec: codec.encode_error(request_id, to_wire_error(error))


def _error_map(error: IsaacError) -> Write:
    def write(codec: Codec) -> bytes:
        codec.error_maps = True
        return codec.encode_error(1, to_wire_error(error))

    return write


BOTH: dict[str, Write] = {
    "request without arguments": lambda codec: codec.encode_request(1, "ping"),
    "request with positional arguments": lambda codec: codec.encode_request(2, "greet", ["ada", True]),
    "request with named arguments": lambda codec: codec.encode_request(
        300, "greet", {"name": "ada", "_meta": {"deadline_ms": 1000}}
    ),
    "response with a result": lambda codec: codec.encode_result(1, "pong"),
    "response with a map as result": lambda codec: codec.encode_result(1, {"exit": 0, "out": "hi\n"}),
    "response with an error as a map": _error_map(NotFound("no run 7")),
    "notification without arguments": lambda codec: codec.encode_notification("exit"),
    "event": lambda codec: codec.encode_notification("$/event", [1, 0, "delta", "Use find"]),
    "event with bytes": lambda codec: codec.encode_notification("$/event", [1, 1, "out", b"ff\n"]),
}
NATIVE = BOTH | {
    "request with the largest id": lambda codec: codec.encode_request(2**32 - 1, "ping"),
    "hello": lambda codec: codec.encode_request(0, "hello", _HELLO | {"errors": "map"}),
    "response with an error in Neovim's form": _error(1, NotFound("no run 7")),
    "response with an error that says when to retry": _error_map(_RETRY),
    "response with an error to nobody": _error(None, ParseError("not a message")),
    "cancel": lambda codec: codec.encode_notification("cancel", [1]),
    "event to a sink": lambda codec: codec.encode_notification(
        "nvim_exec_lua", ["isaac_event(...)", ["run-1", 2, "end", {"result": "pong"}]]
    ),
}
JSON = BOTH | {
    "request with text as id": lambda codec: codec.encode_request("a-1", "ping"),
    "hello": lambda codec: codec.encode_request(0, "hello", _HELLO),
    "response with null as result": lambda codec: codec.encode_result(1, None),
    "response with an error to nobody": _error(None, ParseError("not JSON")),
    "cancel": lambda codec: codec.encode_notification("$/cancelRequest", {"id": 1}),
}
CONTENT_LENGTH = {
    title: BOTH[title]
    for title in ("request without arguments", "response with a result", "notification without arguments")
}


def _is_ours(title: str) -> bool:
    return ":" not in title


@pytest.mark.parametrize(
    ("written", "golden"),
    [
        (NATIVE, golden_native()),
        (JSON, golden_json()),
        (CONTENT_LENGTH, golden_content_length()),
    ],
    ids=["native", "json", "content-length"],
)
def test_every_golden_message_of_ours_has_a_writer(
    written: dict[str, Write], golden: dict[str, bytes]
) -> None:
    assert set(written) == {title for title in golden if _is_ours(title)}


@pytest.mark.parametrize("title", NATIVE)
def test_native_writes_the_golden_bytes(title: str) -> None:
    assert NATIVE[title](NativeCodec()).hex(" ") == golden_native()[title].hex(" ")


@pytest.mark.parametrize("title", JSON)
def test_json_lines_writes_the_golden_line(title: str) -> None:
    line = golden_json()[title].replace(b"\n", b"\\n")
    assert JSON[title](JsonLinesCodec()) == line + b"\n"


@pytest.mark.parametrize("title", CONTENT_LENGTH)
def test_content_length_writes_the_golden_bytes(title: str) -> None:
    assert CONTENT_LENGTH[title](ContentLengthCodec()) == golden_content_length()[title]


def _check_reading(codec: Codec, title: str, stream: bytes) -> None:
    outcomes = read_all(codec, [stream])
    refusal = expected_refusal(title)
    assert len(outcomes) == 1, outcomes
    if refusal:
        assert outcomes[0] == refusal
    else:
        assert not isinstance(outcomes[0], Refusal), outcomes
        assert outcomes[0][0] == _kind(title)
    assert codec.buffered == 0


def _kind(title: str) -> str:
    accepted = {
        "accepted: a result next to a null error": "response",
        "accepted: the length counts bytes, not characters": "notification",
    }
    if title.startswith("accepted"):
        return accepted.get(title, "request")
    first = title.split()[0]
    return {"hello": "request", "cancel": "notification", "event": "notification"}.get(first, first)


@pytest.mark.parametrize("title", golden_native())
def test_native_reads_the_golden_bytes(title: str) -> None:
    _check_reading(NativeCodec(), title, golden_native()[title])


@pytest.mark.parametrize("title", golden_json())
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_json_lines_reads_the_golden_line(title: str, line_end: bytes) -> None:
    _check_reading(JsonLinesCodec(), title, golden_json()[title] + line_end)


@pytest.mark.parametrize("title", golden_json())
def test_content_length_reads_the_golden_object(title: str) -> None:
    body = golden_json()[title]
    _check_reading(ContentLengthCodec(), title, b"Content-Length: %d\r\n\r\n%b" % (len(body), body))


@pytest.mark.parametrize("title", golden_content_length())
def test_content_length_reads_the_golden_bytes(title: str) -> None:
    _check_reading(ContentLengthCodec(), title, golden_content_length()[title])


def test_golden_requests_carry_what_their_titles_say() -> None:
    codec = NativeCodec()
    named = golden_native()["request with named arguments"]
    assert read_all(codec, [named]) == [
        (
            "request",
            300,
            "greet",
            bytes.fromhex("9182a46e616d65a3616461a55f6d65746181ab646561646c696e655f6d73cd03e8"),
        )
    ]
    line = golden_json()["request with named arguments"] + b"\n"
    assert read_all(JsonLinesCodec(), [line]) == [
        ("request", 300, "greet", b'{"name":"ada","_meta":{"deadline_ms":1000}}')
    ]
    assert read_all(JsonLinesCodec(), [golden_json()["accepted: the last of two equal members"] + b"\n"]) == [
        ("request", 3, "ping", b"")
    ]
