"""What holds for every codec: taking bytes, giving messages, refusing, and writing replies."""

import datetime
import enum
import math
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from isaacd.errors import InvalidParams, InvalidRequest, NotFound, ParseError, PluginFailed
from isaacd.wire import (
    Codec,
    ContentLengthCodec,
    JsonLinesCodec,
    NativeCodec,
    Request,
    Response,
    WireError,
    detect,
    has_error,
    read_error,
    to_wire_error,
)
from tests.wire_streams import CODECS, Refusal, cut, drain, failure, plain, read_all

every_codec = pytest.mark.parametrize("kind", CODECS, ids=lambda kind: kind.name)

JSON_CODECS = pytest.mark.parametrize(
    "kind", [JsonLinesCodec, ContentLengthCodec], ids=lambda kind: kind.name
)


class Colour(enum.Enum):
    RED = "red"


class Point(msgspec.Struct):
    x: int
    where: Path


@pytest.mark.parametrize(
    ("first_bytes", "expected"),
    [
        (range(0x90, 0xA0), NativeCodec),
        ([0xDC, 0xDD], NativeCodec),
        (b"{", JsonLinesCodec),
        (b"C", ContentLengthCodec),
        (b"[GPHDO \n\x00\x80\xc1\xff", None),
    ],
)
def test_the_first_byte_picks_the_codec(first_bytes: bytes, expected: type[Codec] | None) -> None:
    for first_byte in first_bytes:
        assert detect(first_byte) is expected


@pytest.mark.parametrize("kind", CODECS)
def test_what_a_codec_writes_first_is_what_detects_it(kind: type[Codec]) -> None:
    assert detect(kind().encode_request(1, "ping")[0]) is kind


@every_codec
def test_nothing_is_needed_more_than_the_message_itself(kind: type[Codec]) -> None:
    codec = kind()
    assert codec.next_message() is None
    codec.receive_data(codec.encode_request(7, "ping", ["a"]))
    message = codec.next_message()
    assert isinstance(message, Request)
    assert (message.id, message.method, codec.decode(message.params, list[str])) == (7, "ping", ["a"])
    assert codec.next_message() is None
    assert codec.buffered == 0


@every_codec
def test_bytes_may_come_several_times_before_a_message_is_taken(kind: type[Codec]) -> None:
    codec = kind()
    stream = b"".join(codec.encode_request(number, "ping") for number in range(10))
    for piece in cut(stream, 7):
        codec.receive_data(piece)
    assert [plain(codec.next_message() or pytest.fail("missing"))[1] for _ in range(10)] == [*range(10)]
    assert codec.next_message() is None


@every_codec
def test_empty_pieces_change_nothing(kind: type[Codec]) -> None:
    stream = kind().encode_request(1, "ping")
    assert len(read_all(kind(), [b"", stream[:5], b"", b"", stream[5:], b""])) == 1


@every_codec
def test_after_a_refused_message_the_next_one_is_read(kind: type[Codec]) -> None:
    codec = kind()
    good = codec.encode_request(1, "ping")
    bad = {
        "msgpack-rpc": b"\x94\x00\x06\x07\x90",
        "json-lines": b'{"id":6,"method":7}\n',
        "content-length": b'Content-Length: 19\r\n\r\n{"id":6,"method":7}',
    }[codec.name]
    outcomes = read_all(codec, [good + bad + good])
    assert outcomes[1] == Refusal("invalid_request", 6, broken=False)
    assert outcomes[0] == outcomes[2]
    assert len(outcomes) == 3


@every_codec
def test_the_id_of_an_earlier_failure_is_not_kept(kind: type[Codec]) -> None:
    codec = kind()
    without_id = {
        "msgpack-rpc": b"\x90",
        "json-lines": b"{}\n",
        "content-length": b"Content-Length: 2\r\n\r\n{}",
    }[codec.name]
    codec.failed_id = 5
    codec.receive_data(without_id)
    assert isinstance(failure(codec), InvalidRequest)
    assert codec.failed_id is None


def test_the_id_of_an_earlier_failure_is_not_given_for_garbage() -> None:
    codec = NativeCodec()
    codec.receive_data(b"\x94\x00\x06\x07\x90" + b"\xc1")
    failure(codec)
    assert codec.failed_id == 6
    failure(codec)
    assert codec.failed_id is None


@pytest.mark.parametrize(
    ("kind", "garbage"),
    [
        (NativeCodec, b"\xc1"),
        (NativeCodec, b"\x91\xc1"),
        (NativeCodec, b"hello\n"),
        (ContentLengthCodec, b"Cheese\r\n\r\n"),
    ],
)
def test_a_broken_codec_takes_and_gives_nothing_more(kind: type[Codec], garbage: bytes) -> None:
    codec = kind()
    good = codec.encode_request(1, "ping")
    codec.receive_data(garbage + good)
    assert isinstance(failure(codec), ParseError)
    assert codec.broken
    assert codec.next_message() is None
    codec.receive_data(good)
    assert codec.next_message() is None
    assert codec.buffered == 0


def test_a_batch_is_told_how_to_send_instead() -> None:
    codec = JsonLinesCodec()
    codec.receive_data(b'[{"id":1,"method":"ping"}]\n')
    assert "one object at a time" in str(failure(codec))


@every_codec
@pytest.mark.parametrize(
    ("value", "native", "json"),
    [
        (Point(1, Path("/tmp")), {"x": 1, "where": "/tmp"}, {"x": 1, "where": "/tmp"}),
        ({1, 2}, [1, 2], [1, 2]),
        (Colour.RED, "red", "red"),
        (b"\x00\xff", b"\x00\xff", "AP8="),
        (datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), "2026-01-02T00:00:00Z"),
        (datetime.date(2026, 1, 2), "2026-01-02", "2026-01-02"),
        ((1, [None, True]), [1, [None, True]], [1, [None, True]]),
        ({3: "three"}, {3: "three"}, {"3": "three"}),
        (math.inf, math.inf, None),
        (2**64 - 1, 2**64 - 1, 2**64 - 1),
    ],
    ids=str,
)  # fmt: skip
def test_results_of_every_kind_can_be_sent(
    kind: type[Codec], value: object, native: object, json: object
) -> None:
    codec = kind()
    codec.receive_data(codec.encode_result(1, value))
    response = codec.next_message()
    assert isinstance(response, Response)
    assert not has_error(response, codec.format)
    wanted: type = object
    assert codec.decode(response.result, wanted) == (native if codec.format == "msgpack" else json)


class _Loop:
    inner: ClassVar[list[object]] = []


_Loop.inner.append(_Loop.inner)


@every_codec
@pytest.mark.parametrize(
    "value",
    [object(), _Loop.inner, "\ud800", {"a": {1j}}, -(2**80)],
    ids=["object", "loop", "surrogate", "complex", "integer"],
)
def test_what_cannot_be_sent_is_refused_by_one_error_and_leaves_the_stream_whole(
    kind: type[Codec], value: object
) -> None:
    codec = kind()
    if value == -(2**80) and codec.format == "json":
        assert codec.encode_result(1, value)
        return
    with pytest.raises(PluginFailed, match="cannot be sent"):
        codec.encode_result(1, value)
    with pytest.raises(PluginFailed, match="cannot be sent"):
        codec.encode_notification("$/event", [value])
    with pytest.raises(InvalidParams, match="cannot be sent"):
        codec.encode_request(1, "ask", [value])


@every_codec
@pytest.mark.parametrize("error_maps", [False, True])
@pytest.mark.parametrize(
    "detail", [object(), _Loop.inner, "\ud800", "x" * (17 << 20)], ids=["object", "loop", "surrogate", "size"]
)
def test_an_error_is_always_sent_if_need_be_without_its_detail(
    kind: type[Codec], error_maps: bool, detail: object
) -> None:
    codec = kind()
    codec.error_maps = error_maps
    for error in (
        to_wire_error(NotFound("no run 7", detail={"run": detail})),
        to_wire_error(NotFound(f"no run {detail}")),
    ):
        codec.receive_data(codec.encode_error(1, error))
        response = codec.next_message()
        assert isinstance(response, Response)
        assert has_error(response, codec.format)
        read = read_error(response.error, codec.format)
        assert (read.code, read.data["name"]) == (NotFound.code, "not_found")
        assert read.message.startswith("no run")


@every_codec
def test_an_error_written_is_the_error_read(kind: type[Codec]) -> None:
    codec = kind()
    codec.error_maps = True
    error = to_wire_error(
        NotFound("no run 7", hint="try: isaacctl status", detail={"run": 7}, retry_after_ms=5)
    )
    assert error.data == {
        "name": "not_found",
        "retryable": False,
        "retry_after_ms": 5,
        "hint": "try: isaacctl status",
        "detail": {"run": 7},
    }
    codec.receive_data(codec.encode_error("x" if codec.format == "json" else 1, error))
    response = codec.next_message()
    assert isinstance(response, Response)
    assert read_error(response.error, codec.format) == error


def test_the_neovim_form_keeps_name_and_hint() -> None:
    codec = NativeCodec()
    codec.receive_data(codec.encode_error(1, to_wire_error(NotFound("no run 7", hint="look again"))))
    response = codec.next_message()
    assert isinstance(response, Response)
    assert read_error(response.error, "msgpack") == WireError(
        -32012, "no run 7\nlook again", {"name": "not_found"}
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ([0, "not_found: x: y"], WireError(-32012, "x: y", {"name": "not_found"})),
        ([1, "Vim:E117: Unknown function"], WireError(-32603, "Vim:E117: Unknown function")),
        ("unknown method", WireError(-32603, "unknown method")),
        ({"code": -32601, "message": "no such method"}, WireError(-32601, "no such method")),
        ({"code": 1, "message": "m", "data": [1]}, WireError(1, "m")),
        ({}, WireError(-32603, "")),
    ],
)
def test_errors_of_other_servers_are_understood(error: object, expected: WireError) -> None:
    assert read_error(msgspec.Raw(msgspec.msgpack.encode(error)), "msgpack") == expected
    assert read_error(msgspec.Raw(msgspec.json.encode(error)), "json") == expected


@pytest.mark.parametrize(
    "raw", [b"", b"\xc1", b"\xa1\xff", b"\x01", b"\x91" * 5000 + b"\x90", b"{", b"[[", b"\xff", b"7"]
)
@pytest.mark.parametrize("form", ["msgpack", "json"])
def test_an_error_that_cannot_be_read_is_still_an_error(raw: bytes, form: str) -> None:
    assert read_error(msgspec.Raw(raw), form).code == -32603  # type: ignore[arg-type]


@every_codec
@pytest.mark.parametrize("wanted", [int, Path, Point, list[Point]], ids=str)
def test_params_that_are_something_else_raise_invalid_params(kind: type[Codec], wanted: type) -> None:
    codec = kind()
    raw = msgspec.msgpack.encode(["x"]) if codec.format == "msgpack" else b'["x"]'
    with pytest.raises(InvalidParams, match="Expected"):
        codec.decode(msgspec.Raw(raw), wanted)


@every_codec
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xc1",
        b"\xa1\xff",
        b'"\xff"',
        b"\x81\x80\x01",
        b"[" * 100_000,
        b"\x91" * 100_000,
        b"\xd7\xff" + b"\xff" * 8,
    ],
)
def test_params_that_are_no_value_at_all_raise_invalid_params(kind: type[Codec], raw: bytes) -> None:
    wanted: type = object
    with pytest.raises(InvalidParams):
        kind().decode(msgspec.Raw(raw), wanted)


@every_codec
def test_text_becomes_a_path_where_one_is_wanted(kind: type[Codec]) -> None:
    codec = kind()
    raw = msgspec.msgpack.encode("/tmp/x") if codec.format == "msgpack" else b'"/tmp/x"'
    assert codec.decode(msgspec.Raw(raw), Path) == Path("/tmp/x")
    wanted: type = complex
    with pytest.raises(NotImplementedError):  # a defect of who asks, not of the caller
        codec.decode(msgspec.Raw(raw), wanted)


@JSON_CODECS
def test_json_that_is_passed_through_cannot_end_a_line(kind: type[Codec]) -> None:
    codec = kind()
    frame = codec.encode_result(1, msgspec.Raw(b'{"a":\r\n [1,\n2]}'))
    outcomes = read_all(codec, [frame * 2])
    assert len(outcomes) == 2
    if kind is JsonLinesCodec:
        assert frame.count(b"\n") == 1


def test_native_params_are_an_array_whatever_is_given() -> None:
    codec = NativeCodec()
    point = Point(1, Path("/"))
    assert codec.encode_request(1, "p", point) == codec.encode_request(1, "p", [point])
    assert codec.encode_request(1, "p", None).endswith(b"\xa1p\x90")
    assert codec.encode_request(1, "p", ("a",)).endswith(b"\xa1p\x91\xa1a")
    assert codec.encode_request(1, "p", msgspec.Raw(b"\x91\xa1a")).endswith(b"\xa1p\x91\xa1a")


def test_the_name_and_format_tell_which_codec_it_is() -> None:
    assert [(kind.name, kind.format) for kind in CODECS] == [
        ("msgpack-rpc", "msgpack"),
        ("json-lines", "json"),
        ("content-length", "json"),
    ]


@pytest.mark.parametrize("line", [b'{"id":1,"method":"ping"}', b'{"id":1,"method":"ping"} \r'])
def test_the_end_of_the_data_ends_the_last_line(line: bytes) -> None:
    codec = JsonLinesCodec()
    assert read_all(codec, cut(line, 5)) == []
    codec.receive_end()
    assert [*drain(codec)] == [("request", 1, "ping", b"")]
    codec.receive_end()
    assert [*drain(codec)] == []


@every_codec
def test_a_message_cut_off_by_the_end_of_the_data_is_never_given(kind: type[Codec]) -> None:
    codec = kind()
    stream = codec.encode_request(1, "ping", ["x"])
    assert read_all(codec, [stream[:-4]]) == []
    codec.receive_end()
    assert [*drain(codec)] == ([Refusal("parse_error", None, broken=False)] if kind is JsonLinesCodec else [])


@every_codec
def test_the_end_of_the_data_changes_nothing_once_broken(kind: type[Codec]) -> None:
    codec = kind(max_frame_bytes=10)
    read_all(codec, [kind().encode_request(1, "ping", ["x" * 20])[:-1]])
    assert codec.broken
    codec.receive_end()
    assert [*drain(codec)] == []
