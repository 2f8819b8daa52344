"""Sizes and depths: what is refused, how early, and that reading stays linear."""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import msgspec
import pytest

from isaacd.errors import FrameTooLarge, PluginFailed
from isaacd.wire import (
    MAX_DEPTH_IN,
    MAX_DEPTH_OUT,
    MAX_FRAME_BYTES,
    Codec,
    ContentLengthCodec,
    JsonLinesCodec,
    NativeCodec,
)
from isaacd.wire.jsonrpc import nests_within
from tests.wire_streams import CODECS, Refusal, cut, failure, read_all

every_codec = pytest.mark.parametrize("kind", CODECS, ids=lambda kind: kind.name)


@contextmanager
def counted_lines() -> Iterator[list[int]]:
    """Count the lines of Python executed inside: work, without a clock."""
    lines = [0]

    def local(_frame: FrameType, event: str, _argument: object) -> object:
        lines[0] += event == "line"
        return local

    before = sys.gettrace()
    gc.disable()  # a collection runs what others have hung into it
    sys.settrace(lambda *_: local)
    try:
        yield lines
    finally:
        sys.settrace(before)
        gc.enable()


def _full_message(codec: Codec) -> bytes:
    """Return a request that fills the limit to the byte."""
    empty = codec.encode_request(1, "put", [b"" if codec.format == "msgpack" else ""])
    if codec.format == "msgpack":
        return codec.encode_request(1, "put", [bytes(MAX_FRAME_BYTES - len(empty) - 3)])
    frame = codec.encode_request(1, "put", [""])
    body = len(frame) - (1 if isinstance(codec, JsonLinesCodec) else frame.index(b"{"))
    return codec.encode_request(1, "put", ["x" * (MAX_FRAME_BYTES - body)])


@every_codec
@pytest.mark.parametrize("piece_bytes", [MAX_FRAME_BYTES + 100, 65536, 4099])
def test_16_mib_exactly_are_read_in_pieces_of_any_size(kind: type[Codec], piece_bytes: int) -> None:
    stream = _full_message(kind())
    outcomes = read_all(kind(), cut(stream, piece_bytes))
    assert [outcome[:3] for outcome in outcomes] == [("request", 1, "put")]


@every_codec
@pytest.mark.parametrize("piece_bytes", [1 << 30, 65536])
def test_a_byte_more_than_16_mib_is_refused_and_the_connection_is_over(
    kind: type[Codec], piece_bytes: int
) -> None:
    stream = _full_message(kind())
    if kind is NativeCodec:
        length = stream.index(b"\xc6") + 1
        stream = stream[:length] + (len(stream) - length - 4 + 1).to_bytes(4) + stream[length + 4 :]
    elif kind is ContentLengthCodec:
        stream = stream.replace(b"16777216", b"16777217")
    else:
        stream = stream[:-1] + b" \n"
    codec = kind()
    outcomes = read_all(codec, cut(stream + b"x", piece_bytes))
    assert outcomes == [Refusal("frame_too_large", None, broken=True)]
    assert codec.buffered == 0


@pytest.mark.parametrize(
    "head",
    [
        bytes.fromhex("940001a170 91 c6 01000000"),
        bytes.fromhex("940001a170 91 db ffffffff"),
        bytes.fromhex("940001a170 dd 01000000"),
        bytes.fromhex("9400db 80000000"),
    ],
    ids=["bin", "str", "array", "id"],
)
def test_native_refuses_declared_sizes_before_a_byte_of_them_came(head: bytes) -> None:
    for pieces in ([head], cut(head, 1)):
        codec = NativeCodec()
        assert read_all(codec, pieces) == [Refusal("frame_too_large", None, broken=True)]
        assert codec.buffered == 0


@pytest.mark.parametrize("length", [MAX_FRAME_BYTES + 1, 10**18])
def test_content_length_refuses_a_declared_size_before_a_byte_of_it_came(length: int) -> None:
    codec = ContentLengthCodec()
    assert read_all(codec, cut(b"Content-Length: %d\r\n\r\n" % length, 1)) == [
        Refusal("frame_too_large", None, broken=True)
    ]
    assert codec.buffered == 0


def test_a_header_section_that_does_not_end_within_a_kilobyte_is_refused() -> None:
    section = b"Content-Length: 2\r\nX: " + b"x" * (1024 - 22 - 4) + b"\r\n\r\n"
    assert len(section) == 1024
    for size in (1, 1000, 5000):
        assert read_all(ContentLengthCodec(), cut(section + b"{}", size))[0] == Refusal(
            "invalid_request", None, broken=False
        )
        too_long = section.replace(b"X: ", b"X: x") + b"{}"
        assert read_all(ContentLengthCodec(), cut(too_long, size)) == [
            Refusal("frame_too_large", None, broken=True)
        ]


def test_a_header_section_that_fills_the_limit_without_an_end_is_not_waited_for() -> None:
    assert read_all(ContentLengthCodec(), [b"x" * 1024]) == [Refusal("frame_too_large", None, broken=True)]


@every_codec
def test_a_short_message_that_comes_whole_is_measured_too(kind: type[Codec]) -> None:
    frame = kind().encode_request(1, "ping", ["x" * 20])
    assert read_all(kind(max_frame_bytes=20), [frame]) == [Refusal("frame_too_large", None, broken=True)]


def test_a_line_that_never_ends_is_refused_at_the_limit_and_not_kept() -> None:
    codec = JsonLinesCodec(max_frame_bytes=1000)
    for _ in range(10):
        codec.receive_data(b"x" * 100)
        assert codec.next_message() is None
        assert codec.buffered <= 1000
    codec.receive_data(b"x")
    assert isinstance(failure(codec), FrameTooLarge)
    assert codec.broken
    assert codec.buffered == 0


def test_blanks_without_end_are_not_kept() -> None:
    codec = JsonLinesCodec(max_frame_bytes=1000)
    for _ in range(100):
        codec.receive_data(b" \t\r\n" * 100)
        assert codec.next_message() is None
        assert codec.buffered == 0


def _nested(kind: type[Codec], levels: int) -> bytes:
    """Return a request whose params bring the whole message to so many levels."""
    if kind is NativeCodec:
        return b"\x94\x00\x01\xa1p" + b"\x91" * (levels - 2) + b"\x90"
    body = b'{"id":1,"method":"p","params":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"
    return body + b"\n" if kind is JsonLinesCodec else b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


@every_codec
@pytest.mark.parametrize("piece_bytes", [1, 2, 100, 100_000])
def test_depth_is_limited_the_same_way_in_every_split(kind: type[Codec], piece_bytes: int) -> None:
    fits = read_all(kind(), cut(_nested(kind, MAX_DEPTH_IN), piece_bytes))
    assert [outcome[:3] for outcome in fits] == [("request", 1, "p")]
    for levels in (MAX_DEPTH_IN + 1, 5000):
        deep = read_all(kind(), cut(_nested(kind, levels), piece_bytes))
        assert deep == [Refusal("frame_too_large", None, broken=True)]


@every_codec
def test_many_shallow_containers_are_not_deep(kind: type[Codec]) -> None:
    codec = kind()
    stream = codec.encode_request(1, "p", [[{"a": []}] * 500, '"[[[{{{\\"' * 100])
    assert [outcome[:3] for outcome in read_all(codec, [stream])] == [("request", 1, "p")]


@every_codec
def test_a_million_levels_are_refused_and_not_a_crash(kind: type[Codec]) -> None:
    assert read_all(kind(), [_nested(kind, 1_000_000)]) == [Refusal("frame_too_large", None, broken=True)]


@pytest.mark.parametrize(
    ("frame", "fits"),
    [
        (b'{"a":"' + b"[" * 300 + b'"}', True),
        (b'{"a":"\\"' + b"[" * 300 + b'"}', True),
        (b'{"a":"\\\\"' + b"[" * 300 + b"}", False),
        (b'{"a":"' + b'\\"[' * 300, True),
        (b"[]" * 300, True),
        (b"[{}," * 128 + b"]" * 128, False),
        (b'{"' + b'x":"[","' * 300 + b'y":1}', True),
    ],
)
def test_brackets_count_only_outside_of_strings(frame: bytes, fits: bool) -> None:
    assert nests_within(frame, MAX_DEPTH_IN) is fits


def test_strings_that_never_end_are_dropped_in_linear_work() -> None:
    # Tried again from every quotation mark, this would not end within the lifetime of the test.
    assert nests_within(b'"' + b'\\"[' * 300_000, MAX_DEPTH_IN)


def _nested_list(levels: int) -> object:
    value: object = []
    for _ in range(levels - 1):
        value = [value]
    return value


@every_codec
def test_results_nest_up_to_32_levels_of_the_whole_message(kind: type[Codec]) -> None:
    codec = kind()
    assert codec.encode_result(1, _nested_list(MAX_DEPTH_OUT - 1))
    with pytest.raises(PluginFailed, match="deeper than 32"):
        codec.encode_result(1, _nested_list(MAX_DEPTH_OUT))
    assert codec.encode_result(1, [[{"a": []}]] * 500)


@every_codec
def test_results_are_at_most_as_long_as_a_frame(kind: type[Codec]) -> None:
    with pytest.raises(PluginFailed, match="16777216"):
        kind().encode_result(1, "x" * MAX_FRAME_BYTES)


def _work(kind: type[Codec], stream_of: Callable[[int], bytes], size: int, piece_bytes: int) -> int:
    codec = kind()
    pieces = cut(stream_of(size), piece_bytes)
    with counted_lines() as lines:
        outcomes = read_all(codec, pieces)
    assert outcomes
    return lines[0]


@every_codec
@pytest.mark.parametrize("piece_bytes", [1, 16])
def test_one_long_message_in_small_pieces_is_linear_work(kind: type[Codec], piece_bytes: int) -> None:
    def stream_of(size: int) -> bytes:
        return kind().encode_request(1, "put", ["x" * size])

    small, large = (_work(kind, stream_of, size, piece_bytes) for size in (2000, 8000))
    assert large < 4.5 * small


@every_codec
def test_many_messages_in_one_chunk_are_linear_work(kind: type[Codec]) -> None:
    def stream_of(count: int) -> bytes:
        return kind().encode_request(1, "ping", [1]) * count

    small, large = (_work(kind, stream_of, count, 1 << 30) for count in (100, 400))
    assert large < 4.5 * small


def test_after_a_message_in_pieces_a_whole_one_costs_no_more_than_before() -> None:
    def work(codec: Codec) -> int:
        with counted_lines() as lines:
            codec.receive_data(frame)
            assert codec.next_message()
        return lines[0]

    codec = NativeCodec()
    frame = codec.encode_request(1, "put", ["x" * 100])
    fresh = work(codec)
    read_all(codec, cut(frame, 10))
    assert work(codec) == fresh


def test_the_search_for_a_line_end_goes_on_where_it_stopped() -> None:
    codec = JsonLinesCodec()
    for piece in cut(codec.encode_request(1, "put", ["x" * 1000])[:-1], 10):
        codec.receive_data(piece)
        assert codec.next_message() is None
        assert codec._searched == codec.buffered


def test_messages_in_one_chunk_are_taken_without_moving_the_rest() -> None:
    codec = NativeCodec()
    chunk = codec.encode_request(1, "ping") * 100
    codec.receive_data(chunk)
    while codec.next_message() and codec.buffered:
        assert codec._data is chunk


def test_params_stay_what_they_were_while_the_buffer_goes_on() -> None:
    codec = NativeCodec()
    frame = codec.encode_request(1, "put", ["a" * 100])
    other = codec.encode_request(2, "put", ["b" * 100])
    messages = []
    for piece in cut((frame + other) * 20, 37):
        codec.receive_data(piece)
        while message := codec.next_message():
            messages.append(message)
    texts = [msgspec.msgpack.decode(message.params)[0] for message in messages]  # type: ignore[union-attr]
    assert texts == ["a" * 100, "b" * 100] * 20
