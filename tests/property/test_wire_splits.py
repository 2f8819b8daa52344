"""However a stream is cut, the same messages come out of it, and nothing but messages and documented errors."""

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from isaacd.wire import Codec, WireError
from tests.wire_streams import (
    CODECS,
    Outcome,
    Refusal,
    cut,
    drain,
    golden_content_length,
    golden_json,
    golden_native,
    plain,
    read_all,
    read_whole_first,
    splits,
)

kinds = st.sampled_from(CODECS)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
native_ids = st.integers(0, 2**32 - 1)
json_ids = st.integers(-(2**63), 2**63 - 1) | text
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(text, inner, max_size=8),
    max_leaves=20,
)
large = st.integers(0, 3000).map(lambda size: "é[{" * size)
arguments = (
    st.none() | st.lists(values, max_size=4) | st.dictionaries(text, values, max_size=4) | st.tuples(large)
)

Written = tuple[bytes, tuple[object, ...]]


def _ids(codec: Codec) -> st.SearchStrategy[int | str]:
    return native_ids if codec.format == "msgpack" else json_ids


def _encoded(codec: Codec, value: object) -> bytes:
    return msgspec.msgpack.encode(value) if codec.format == "msgpack" else msgspec.json.encode(value)


def _params(codec: Codec, params: object) -> bytes:
    if codec.format == "json":
        return b"" if params is None else _encoded(codec, params)
    if params is None:
        return _encoded(codec, [])
    return _encoded(codec, params if isinstance(params, (list, tuple)) else [params])


@st.composite
def written_messages(draw: st.DrawFn, codec: Codec) -> Written:
    """Return one message as bytes, and what must be read from them."""
    nil = _encoded(codec, None)
    kind = draw(st.sampled_from(["request", "notification", "result", "error"]))
    if kind == "request":
        request_id, method, params = draw(_ids(codec)), draw(text), draw(arguments)
        expected = ("request", request_id, method, _params(codec, params))
        return codec.encode_request(request_id, method, params), expected
    if kind == "notification":
        method, params = draw(text), draw(arguments)
        return codec.encode_notification(method, params), ("notification", method, _params(codec, params))
    if kind == "result":
        request_id, result = draw(_ids(codec)), draw(values | large)
        return codec.encode_result(request_id, result), ("response", request_id, nil, _encoded(codec, result))
    codec.error_maps = True
    answered, error = (
        draw(_ids(codec) | st.none()),
        WireError(draw(st.integers(-40000, 0)), draw(text), {"name": "x"}),
    )
    return codec.encode_error(answered, error), ("response", answered, _encoded(codec, error), nil)


def _outcomes_never_change(
    kind: type[Codec], stream: bytes, pieces: list[bytes], limit: int
) -> list[Outcome]:
    """Hold the law for one stream: read whole, in these pieces and byte by byte it is the same; return what it is."""
    whole = read_all(kind(max_frame_bytes=limit), [stream])
    codec = kind(max_frame_bytes=limit)
    outcomes: list[Outcome] = []
    for piece in pieces:
        codec.receive_data(piece)
        outcomes += drain(codec)
        assert codec.buffered <= limit + 1024, "what is kept is bounded"
    assert outcomes == whole
    if len(stream) <= 2000:
        assert read_all(kind(max_frame_bytes=limit), cut(stream, 1)) == whole
    assert read_whole_first(kind(max_frame_bytes=limit), pieces) == whole
    broken = [outcome for outcome in whole if isinstance(outcome, Refusal) and outcome.broken]
    assert broken in ([], whole[-1:]), "after `broken` nothing else is given"
    return whole


@given(st.data(), kinds)
def test_any_split_of_any_valid_stream_gives_the_same_messages(
    data: st.DataObject, kind: type[Codec]
) -> None:
    written = data.draw(st.lists(written_messages(kind()), max_size=8))
    stream = b"".join(frame for frame, _ in written)
    outcomes = _outcomes_never_change(kind, stream, data.draw(splits(stream)), limit=1 << 24)
    assert outcomes == [expected for _, expected in written]


@given(st.data(), kinds, st.binary(max_size=300), st.sampled_from([8, 50, 1 << 24]))
def test_any_split_of_any_bytes_gives_the_same_outcomes(
    data: st.DataObject, kind: type[Codec], stream: bytes, limit: int
) -> None:
    _outcomes_never_change(kind, stream, data.draw(splits(stream)), limit)


_FIRST_BYTES = [
    0x80,
    0x90,
    0x91,
    0x92,
    0x93,
    0x94,
    0xA1,
    0xC0,
    0xC1,
    0xC4,
    0xC7,
    0xCA,
    0xCC,
    0xD4,
    0xD7,
    0xD9,
    0xDC,
    0xDD,
    0xDE,
    0xDF,
]
_native_like = st.lists(st.sampled_from(_FIRST_BYTES) | st.integers(0, 3), max_size=60).map(bytes)
_json_like = st.lists(
    st.sampled_from(['{"id":', '"method":', '"x"', ",", ":", "1", "null", "[", "]", "{", "}", "\\", '"', "\r", "\n", " "]), max_size=40
).map(lambda parts: "".join(parts).encode())  # fmt: skip
_headers_like = st.lists(
    st.sampled_from(["Content-Length", ":", " ", "2", "0", "\r\n", "\r\n\r\n", "{}", "charset=", "Content-Type", ";", "é"]), max_size=20
).map(lambda parts: "".join(parts).encode())  # fmt: skip


@given(
    st.data(), kinds, st.one_of(_native_like, _json_like, _headers_like), st.sampled_from([8, 50, 1 << 24])
)
def test_any_split_of_bytes_that_nearly_are_messages_gives_the_same_outcomes(
    data: st.DataObject, kind: type[Codec], stream: bytes, limit: int
) -> None:
    _outcomes_never_change(kind, stream, data.draw(splits(stream)), limit)


def _flip(draw: Callable[..., Any], stream: bytearray) -> None:
    place = draw(st.integers(0, len(stream) - 1))
    stream[place] ^= 1 << draw(st.integers(0, 7))


def _drop(draw: Callable[..., Any], stream: bytearray) -> None:
    start = draw(st.integers(0, len(stream) - 1))
    del stream[start : start + draw(st.integers(1, 20))]


def _repeat(draw: Callable[..., Any], stream: bytearray) -> None:
    start = draw(st.integers(0, len(stream) - 1))
    part = bytes(stream[start : start + draw(st.integers(1, 20))])
    stream[start:start] = part * draw(st.integers(1, 3))


def _truncate(draw: Callable[..., Any], stream: bytearray) -> None:
    del stream[draw(st.integers(0, len(stream) - 1)) :]


_GOLDEN: dict[str, list[bytes]] = {
    "msgpack-rpc": [*golden_native().values()],
    "json-lines": [line + b"\n" for line in golden_json().values()],
    "content-length": [*golden_content_length().values()],
}


@settings(max_examples=200)
@given(st.data(), kinds)
def test_damaged_streams_raise_documented_errors_only_and_the_same_in_every_split(
    data: st.DataObject, kind: type[Codec]
) -> None:
    frames = data.draw(st.lists(st.sampled_from(_GOLDEN[kind.name]), min_size=1, max_size=6))
    stream = bytearray(b"".join(frames))
    for damage in data.draw(
        st.lists(st.sampled_from([_flip, _drop, _repeat, _truncate]), min_size=1, max_size=4)
    ):
        if stream:
            damage(data.draw, stream)
    damaged = bytes(stream)
    _outcomes_never_change(
        kind, damaged, data.draw(splits(damaged)), data.draw(st.sampled_from([60, 1 << 24]))
    )


@given(st.integers(1, 140), st.integers(1, 140), st.integers(1, 50))
@example(127, 1, 3)
@example(128, 1, 3)
def test_depth_is_refused_the_same_in_every_split(
    native_depth: int, json_depth: int, piece_bytes: int
) -> None:
    native = b"\x94\x00\x01\xa1p" + b"\x91" * (native_depth - 1) + b"\x90"
    line = b'{"id":1,"method":"p","params":' + b"[" * json_depth + b"]" * json_depth + b"}\n"
    for kind, stream, depth in ((CODECS[0], native, native_depth + 1), (CODECS[1], line, json_depth + 1)):
        outcomes = _outcomes_never_change(kind, stream, cut(stream, piece_bytes), limit=1 << 24)
        assert (outcomes == [Refusal("frame_too_large", None, broken=True)]) is (depth > 128)


class Conversation(RuleBasedStateMachine):
    """Bytes come and messages are taken at any time, in any order; replies are written in between."""

    @initialize(kind=kinds)
    def connect(self, kind: type[Codec]) -> None:
        self.codec = kind()
        self.writer = kind()
        self.on_the_way = b""
        self.expected: list[tuple[int, tuple[object, ...]]] = []  # bytes that must have come, message
        self.sent_bytes = 0
        self.come_bytes = 0
        self.taken = 0

    @rule(data=st.data())
    def peer_writes(self, data: st.DataObject) -> None:
        frame, expected = data.draw(written_messages(self.writer))
        self.on_the_way += frame
        self.sent_bytes += len(frame)
        self.expected.append((self.sent_bytes, expected))

    @precondition(lambda self: self.on_the_way)
    @rule(share=st.floats(0, 1))
    def some_bytes_come(self, share: float) -> None:
        count = round(share * len(self.on_the_way))
        self.codec.receive_data(self.on_the_way[:count])
        self.on_the_way = self.on_the_way[count:]
        self.come_bytes += count

    @rule()
    def a_message_is_taken(self) -> None:
        message = self.codec.next_message()
        if self.taken < len(self.expected) and self.expected[self.taken][0] <= self.come_bytes:
            assert message is not None
            assert plain(message) == self.expected[self.taken][1]
            self.taken += 1
        else:
            assert message is None

    @rule(value=values)
    def a_reply_is_written(self, value: object) -> None:
        assert self.codec.encode_result(1, value)

    @invariant()
    def what_is_kept_is_what_has_come_and_was_not_taken(self) -> None:
        if hasattr(self, "codec"):
            gone = self.expected[self.taken - 1][0] if self.taken else 0
            assert self.codec.buffered <= self.come_bytes - gone


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=50, stateful_step_count=40)
