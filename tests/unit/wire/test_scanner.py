"""The boundary scanner: where a message ends, what is refused unread, and how much work it is."""

import msgspec
import pytest

from isaacd.errors import FrameTooLarge, ParseError
from isaacd.wire.scanner import BoundaryScanner, surely_shallow

FIRST_BYTES_WITH_LENGTH = {
    "str8": b"\xd9\x03abc", "str16": b"\xda\x00\x03abc", "str32": b"\xdb\x00\x00\x00\x03abc",
    "bin8": b"\xc4\x03abc", "bin16": b"\xc5\x00\x03abc", "bin32": b"\xc6\x00\x00\x00\x03abc",
    "ext8": b"\xc7\x03\x05abc", "ext16": b"\xc8\x00\x03\x05abc", "ext32": b"\xc9\x00\x00\x00\x03\x05abc",
    "fixext1": b"\xd4\x05a", "fixext2": b"\xd5\x05ab", "fixext4": b"\xd6\x05abcd",
    "fixext8": b"\xd7\x05abcdefgh", "fixext16": b"\xd8\x05abcdefghabcdefgh",
    "float32": b"\xca\x00\x00\x00\x00", "float64": b"\xcb" + bytes(8),
    "uint8": b"\xcc\x01", "uint16": b"\xcd\x00\x01", "uint32": b"\xce\x00\x00\x00\x01", "uint64": b"\xcf" + bytes(8),
    "int8": b"\xd0\x01", "int16": b"\xd1\x00\x01", "int32": b"\xd2\x00\x00\x00\x01", "int64": b"\xd3" + bytes(8),
    "nil": b"\xc0", "false": b"\xc2", "true": b"\xc3", "positive": b"\x7f", "negative": b"\xe0", "fixstr": b"\xa3abc",
    "empty str": b"\xa0", "fixarray": b"\x92\x01\x02", "array16": b"\xdc\x00\x02\x01\x02",
    "array32": b"\xdd\x00\x00\x00\x02\x01\x02", "fixmap": b"\x81\x01\x02", "map16": b"\xde\x00\x01\x01\x02",
    "map32": b"\xdf\x00\x00\x00\x01\x01\x02", "empty array": b"\x90", "empty map": b"\x80",
}  # fmt: skip


class CountingBytes(bytearray):
    """Bytes that count how often one of them, or a slice, is looked at."""

    looks = 0

    def __getitem__(self, key):  # type: ignore[no-untyped-def]
        self.looks += 1
        return super().__getitem__(key)


@pytest.mark.parametrize("kind", FIRST_BYTES_WITH_LENGTH)
def test_every_kind_of_object_ends_where_msgspec_says(kind: str) -> None:
    data = FIRST_BYTES_WITH_LENGTH[kind]
    assert msgspec.msgpack.decode(data, type=msgspec.Raw)
    for end in range(len(data)):
        assert BoundaryScanner().find_end(data[:end]) == 0
    assert BoundaryScanner().find_end(data + b"\xc1") == len(data)


@pytest.mark.parametrize("kind", FIRST_BYTES_WITH_LENGTH)
def test_a_scanner_fed_byte_by_byte_finds_the_same_end(kind: str) -> None:
    data = b"\x93\x01" + FIRST_BYTES_WITH_LENGTH[kind] + b"\x02"
    scanner = BoundaryScanner()
    assert [scanner.find_end(data[: end + 1]) for end in range(len(data))] == [0] * (len(data) - 1) + [
        len(data)
    ]
    assert scanner.position == 0


def test_a_byte_that_begins_no_object_is_refused() -> None:
    with pytest.raises(ParseError, match="0xc1"):
        BoundaryScanner().find_end(b"\x91\xc1")


@pytest.mark.parametrize(
    "declared",
    [
        b"\xdb\xff\xff\xff\xff",
        b"\xc6\x01\x00\x00\x00",
        b"\xc9\x01\x00\x00\x00",
        b"\xdd\x01\x00\x00\x00",
        b"\xdf\x00\x80\x00\x00",
    ],
    ids=["str", "bin", "ext", "array", "map"],
)
def test_what_cannot_fit_is_refused_at_its_declaration(declared: bytes) -> None:
    with pytest.raises(FrameTooLarge):
        BoundaryScanner().find_end(b"\x91" + declared)


def test_a_second_string_that_cannot_fit_is_refused_at_its_declaration() -> None:
    scanner = BoundaryScanner(max_frame_bytes=100)
    data = b"\x92\xd9\x30" + b"x" * 48 + b"\xd9\x30"
    with pytest.raises(FrameTooLarge):
        scanner.find_end(data)


def test_a_message_of_exactly_the_limit_passes_and_one_byte_more_does_not() -> None:
    data = b"\x91\xd9\x61" + b"x" * 97
    assert BoundaryScanner(max_frame_bytes=100).find_end(data) == 100
    with pytest.raises(FrameTooLarge):
        BoundaryScanner(max_frame_bytes=99).find_end(data)


@pytest.mark.parametrize("container", [b"\x91", b"\x81\x01", b"\xdc\x00\x01", b"\xdf\x00\x00\x00\x01\x01"])
def test_128_levels_pass_and_129_do_not(container: bytes) -> None:
    deep = container * 127 + b"\x90"
    assert BoundaryScanner().find_end(deep) == len(deep)
    with pytest.raises(FrameTooLarge, match="128"):
        BoundaryScanner().find_end(container + deep)


def test_a_run_of_single_byte_objects_is_skipped_without_looking_at_each() -> None:
    data = CountingBytes(b"\xdd\x00\x10\x00\x00" + b"\x01" * 0x100000)
    assert BoundaryScanner().find_end(data) == len(data)
    assert data.looks < 10


@pytest.mark.parametrize("piece_bytes", [1, 7, 1000])
def test_no_object_is_looked_at_again_when_more_comes(piece_bytes: int) -> None:
    objects = 2000
    whole = b"\xdd" + objects.to_bytes(4) + (b"\xcd\x00\x01\xa3abc" * (objects // 2))
    data, scanner = CountingBytes(), BoundaryScanner()
    calls = 0
    for start in range(0, len(whole), piece_bytes):
        data += whole[start : start + piece_bytes]
        found = scanner.find_end(data)
        calls += 1
    assert found == len(whole)
    # Each call may look at one header that is still incomplete.
    assert data.looks <= 2 * objects + 2 * calls + 10


def test_a_string_in_pieces_is_never_looked_at() -> None:
    data, scanner = CountingBytes(b"\x91\xdb\x00\x10\x00\x00"), BoundaryScanner()
    for _ in range(1024):
        assert scanner.find_end(data) == 0
        data += b"\x91" * 1024
    assert scanner.find_end(data) == len(data)
    assert data.looks < 10


def test_shallow_is_only_said_of_what_has_few_container_headers() -> None:
    assert surely_shallow(b"\x91" * 128, 128)
    assert not surely_shallow(b"\x91" * 129, 128)
    assert surely_shallow(b"a" * 5000, 128)
    assert not surely_shallow(
        "\u0430\u0440".encode() * 200, 128
    )  # text may look like headers: then one must scan


def test_a_run_ends_with_its_container() -> None:
    inner = b"\xdc\x00\x14" + b"\x01" * 20
    assert BoundaryScanner().find_end(b"\x93" + inner + b"\x02\x03" + b"\x04" * 50) == 1 + len(inner) + 2


def test_single_byte_objects_may_fill_a_message_to_the_limit() -> None:
    data = b"\x92\xdc\x00\x50" + b"\x01" * 80 + b"\xa3abc"
    assert BoundaryScanner(max_frame_bytes=len(data)).find_end(data) == len(data)


@pytest.mark.parametrize("byte", [*range(0x80), 0xA0, 0xC0, 0xC2, 0xC3, *range(0xE0, 0x100)])
def test_objects_of_one_byte_are_passed_in_a_run_up_to_what_is_longer(byte: int) -> None:
    message = b"\xdc\x00\x29" + bytes([byte]) * 40 + b"\xa3abc"
    assert BoundaryScanner().find_end(message + b"\x00") == len(message)
