import itertools
from contextlib import suppress
from datetime import UTC

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isaacctl.talk import MAX_BLOB_BYTES, Unpacker, pack

integers = st.integers(-(2**63), 2**64 - 1)
scalars = st.none() | st.booleans() | integers | st.text() | st.binary()
sendable = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(), inner, max_size=20),
    max_leaves=30,
)
receivable = st.recursive(
    scalars | st.floats() | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text() | integers, inner, max_size=20),
    max_leaves=30,
)


def as_unpacked(value):
    """Say what the unpacker should make of a value: bytes for strings, None for floats and extensions."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return [as_unpacked(item) for item in value]
    if isinstance(value, dict):
        return {as_unpacked(key): as_unpacked(item) for key, item in value.items()}
    return value if isinstance(value, bytes | int | bool) else None


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(edges)]


def unpack_all(pieces: list[bytes]) -> list:
    unpacker, found = Unpacker(), []
    for piece in pieces:
        unpacker.feed(piece)
        while (message := unpacker.next_array()) is not None:
            found.append(message)
    return found


@settings(deadline=None)
@given(sendable)
def test_msgspec_reads_what_is_packed(value):
    assert msgspec.msgpack.decode(pack(value)) == value


@pytest.mark.parametrize("size", [0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536, 70000])
def test_every_form_of_a_length_is_read_by_msgspec(size):
    for value in ("x" * size, b"x" * size, [0] * size, {str(number): None for number in range(size)}):
        assert msgspec.msgpack.decode(pack(value)) == value


def test_text_that_is_not_utf8_is_packed_as_the_bytes_it_stands_for():
    name = b"caf\xe9.txt"
    assert msgspec.msgpack.decode(pack([name.decode("utf-8", "surrogateescape")])) == [name]


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1])
def test_a_number_that_has_no_form_is_refused(value):
    with pytest.raises(OverflowError):
        pack(value)


def test_a_value_of_another_type_is_refused():
    with pytest.raises(TypeError):
        pack(object())  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.lists(st.lists(receivable, max_size=5), max_size=4), st.lists(st.integers(0, 10_000), max_size=8))
def test_any_split_of_what_msgspec_writes_gives_the_same_messages(messages, cuts):
    stream = b"".join(msgspec.msgpack.encode(message) for message in messages)
    assert unpack_all(pieces_of(stream, cuts)) == [as_unpacked(message) for message in messages]


@pytest.mark.parametrize("size", [0, 31, 32, 255, 256, 65535, 65536, 300_000])
def test_every_form_of_a_length_is_read(size):
    message = ["x" * size, b"x" * size, [1] * size, dict.fromkeys(range(min(size, 70000)), True)]
    assert unpack_all([msgspec.msgpack.encode(message)]) == [as_unpacked(message)]


@settings(deadline=None)
@given(st.integers(-128, 127), st.binary(max_size=40) | st.binary(min_size=256, max_size=300))
def test_extension_values_are_passed_over(code, data):
    assert unpack_all([msgspec.msgpack.encode([msgspec.msgpack.Ext(code, data), 7])]) == [[None, 7]]


@settings(deadline=None)
@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_no_bytes_whatever_raise_anything_but_value_error(data, cuts):
    with suppress(ValueError):
        unpack_all(pieces_of(data, cuts))


@pytest.mark.parametrize("data", [b"\xc1", b"\x01", b"\x80", b"\xa0", b"\xc0"])
def test_a_message_that_is_not_an_array_is_refused(data):
    with pytest.raises(ValueError, match=r"array|MessagePack"):
        unpack_all([data])


def test_an_array_as_key_is_refused():
    with pytest.raises(ValueError, match="key"):
        unpack_all([b"\x91\x81\x90\xc0"])


def test_a_declared_size_above_the_limit_is_refused_before_it_comes():
    with pytest.raises(ValueError, match="larger"):
        unpack_all([b"\x91\xc6" + (MAX_BLOB_BYTES + 1).to_bytes(4, "big")])


def test_a_million_open_arrays_are_no_trouble():
    assert unpack_all([b"\x91" * 1_000_000]) == []


class CountingUnpacker(Unpacker):
    """Counts how often it begins to read a value."""

    begun = 0

    def _value(self):
        self.begun += 1
        return super()._value()


def test_the_work_grows_with_the_bytes_and_not_with_the_pieces():
    message = list(range(1, 101)) * 100
    data = msgspec.msgpack.encode(message)
    unpacker = CountingUnpacker()
    for begin in range(0, len(data), 7):
        unpacker.feed(data[begin : begin + 7])
        if (found := unpacker.next_array()) is not None:
            assert found == message
    pieces = len(data) // 7 + 1
    assert unpacker.begun <= len(message) + 1 + pieces


def test_a_large_string_in_small_pieces_is_begun_once_a_piece():
    data = msgspec.msgpack.encode(["x" * 1_000_000])
    unpacker = CountingUnpacker()
    for begin in range(0, len(data), 1000):
        unpacker.feed(data[begin : begin + 1000])
        found = unpacker.next_array()
    assert found == [b"x" * 1_000_000]
    assert unpacker.begun <= len(data) / 1000 + 3
