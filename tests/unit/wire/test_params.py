"""The shape of params is told from their first bytes, and everything else is refused."""

import msgspec
import pytest

from isaacd.errors import InvalidParams
from isaacd.wire import Shape, params_shape


@pytest.mark.parametrize(
    ("raw", "shape"),
    [
        ("", "none"),
        ("c0", "none"),
        ("90", "none"),
        ("dc0000", "none"),
        ("dd00000000", "none"),
        ("9180", "wrapped"),
        ("9181a16101", "wrapped"),
        ("91de0001a16101", "wrapped"),
        ("91df00000001a16101", "wrapped"),
        ("dc000180", "wrapped"),
        ("dd0000000180", "wrapped"),
        ("9101", "positional"),
        ("9190", "positional"),
        ("928001", "positional"),
        ("dc00028080", "positional"),
    ],
)
def test_native_params_have_the_shape_their_first_bytes_tell(raw: str, shape: Shape) -> None:
    assert params_shape(msgspec.Raw(bytes.fromhex(raw)), "msgpack") == shape


@pytest.mark.parametrize("raw", ["80", "01", "a161", "c3", "c40161", "d40561", "cb0000000000000000"])
def test_native_params_that_are_no_array_are_refused(raw: str) -> None:
    with pytest.raises(InvalidParams, match="array"):
        params_shape(msgspec.Raw(bytes.fromhex(raw)), "msgpack")


@pytest.mark.parametrize(
    ("raw", "shape"),
    [
        (b"", "none"),
        (b"null", "none"),
        (b"[]", "none"),
        (b"[ \n]", "none"),
        (b"[" + b" " * 100 + b"]", "none"),
        (b"{}", "named"),
        (b'{"a":1}', "named"),
        (b"[{}]", "wrapped"),
        (b'[ { "a" : [ 1, {} ] } ]', "wrapped"),
        (b"[" + b" " * 100 + b"{}]", "wrapped"),
        (b"[1]", "positional"),
        (b"[[{}]]", "positional"),
        (b"[{},{}]", "positional"),
        (b"[{} , null]", "positional"),
        (b'["{}"]', "positional"),
        (b"[" + b" " * 100 + b"1]", "positional"),
    ],
)
def test_json_params_have_the_shape_their_first_bytes_tell(raw: bytes, shape: Shape) -> None:
    assert params_shape(msgspec.Raw(raw), "json") == shape


@pytest.mark.parametrize("raw", [b"1", b'"x"', b"true", b"false", b"-1"])
def test_json_params_that_are_neither_object_nor_array_are_refused(raw: bytes) -> None:
    with pytest.raises(InvalidParams, match="object or an array"):
        params_shape(msgspec.Raw(raw), "json")
