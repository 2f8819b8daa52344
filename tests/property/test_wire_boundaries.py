"""The scanner agrees with msgspec about every object, however it is written and wherever it is cut."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from isaacd.errors import FrameTooLarge, ParseError
from isaacd.wire.jsonrpc import nests_within
from isaacd.wire.scanner import BoundaryScanner, surely_shallow

_RAW = msgspec.msgpack.Decoder(msgspec.Raw)


def _counted(widths: dict[int, int], count: int, draw: st.DrawFn) -> bytes:
    """Return a header with its count in one of the widths that can hold it."""
    fitting = [first for first, width in widths.items() if count < 256**width]
    first = draw(st.sampled_from(fitting))
    return bytes([first]) + count.to_bytes(widths[first])


@st.composite
def _blobs(draw: st.DrawFn) -> bytes:
    content = draw(st.binary(max_size=40) | st.integers(200, 300).map(bytes))
    extension = draw(st.booleans())
    if extension:
        return _counted({0xC7: 1, 0xC8: 2, 0xC9: 4}, len(content), draw) + b"\x05" + content
    widths = draw(st.sampled_from([{0xC4: 1, 0xC5: 2, 0xC6: 4}, {0xD9: 1, 0xDA: 2, 0xDB: 4}]))
    return _counted(widths, len(content), draw) + content


_FIXED = {0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_FIXED |= {0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17}
_FIXED |= {0xA0 + length: length for length in range(32)}
_fixed = st.sampled_from([*_FIXED]).flatmap(
    lambda first: st.binary(min_size=_FIXED[first], max_size=_FIXED[first]).map(
        lambda rest: bytes([first]) + rest
    )
)
_single = st.sampled_from([*range(0x80), 0xC0, 0xC2, 0xC3, *range(0xE0, 0x100)]).map(
    lambda byte: bytes([byte])
)
_runs = st.lists(_single, max_size=60)


def _containers(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    @st.composite
    def build(draw: st.DrawFn) -> bytes:
        objects = draw(_runs | st.lists(inner, max_size=20))
        if draw(st.booleans()):
            objects = objects[: len(objects) // 2 * 2]
            header = _container_header(len(objects) // 2, 0x80, {0xDE: 2, 0xDF: 4}, draw)
        else:
            header = _container_header(len(objects), 0x90, {0xDC: 2, 0xDD: 4}, draw)
        return header + b"".join(objects)

    return build()


def _container_header(count: int, short: int, widths: dict[int, int], draw: st.DrawFn) -> bytes:
    if count < 16 and draw(st.booleans()):
        return bytes([short + count])
    return _counted(widths, count, draw)


objects = st.recursive(_single | _fixed | _blobs(), _containers, max_leaves=15)


@settings(max_examples=200)
@given(objects, st.binary(max_size=5), st.integers(1, 40))
def test_every_object_ends_at_its_end_whatever_follows_and_however_it_comes(
    data: bytes, rest: bytes, piece_bytes: int
) -> None:
    assert bytes(_RAW.decode(data)) == data
    assert BoundaryScanner().find_end(data + rest) == len(data)
    scanner = BoundaryScanner()
    found = 0
    for end in range(piece_bytes, len(data) + piece_bytes, piece_bytes):
        assert found == 0
        found = scanner.find_end(b"before" + (data + rest)[:end], start=6)
    assert found == len(data)


@given(st.binary(max_size=60) | st.lists(st.integers(0x80, 0xE0), max_size=60).map(bytes))
def test_the_scanner_and_msgspec_agree_about_any_bytes(data: bytes) -> None:
    try:
        size = BoundaryScanner().find_end(data)
    except ParseError:
        assert "invalid opcode" in _complaint(data)
    except FrameTooLarge:
        assert _complaint(data) == "Input data was truncated"
    else:
        assert _complaint(data[:size] if size else data) == ("" if size else "Input data was truncated")


def _complaint(data: bytes) -> str:
    try:
        _RAW.decode(data)
    except msgspec.DecodeError as error:
        return str(error)
    return ""


def _depth(value: object) -> int:
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 0


_values = st.recursive(
    st.none() | st.text(alphabet='[]{}"\\a', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet='[{"\\', max_size=3), inner, max_size=3)
    ),
    max_leaves=30,
)


@given(_values, st.integers(0, 8))
def test_depth_is_what_counting_the_value_gives(value: object, limit: int) -> None:
    assert nests_within(msgspec.json.encode(value), limit) is (_depth(value) <= limit)
    packed = msgspec.msgpack.encode(value)
    assert not surely_shallow(packed, limit) or _depth(value) <= limit
    try:
        fits = BoundaryScanner(max_depth=limit).find_end(packed) == len(packed)
    except FrameTooLarge:
        fits = False
    assert fits is (_depth(value) <= limit)
