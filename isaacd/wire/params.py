"""The shape of undecoded params: are they named, positional, or not there at all."""

from typing import Final, Literal

import msgspec

from isaacd.errors import InvalidParams
from isaacd.wire.messages import Format

Shape = Literal["none", "named", "wrapped", "positional"]

_FIXMAP: Final = frozenset(range(0x80, 0x90))
_MAPS: Final = _FIXMAP | {0xDE, 0xDF}
# First byte of an array -> the width of its count, 0 where the low four bits are the count.
_ARRAYS: Final = {**dict.fromkeys(range(0x90, 0xA0), 0), 0xDC: 2, 0xDD: 4}
_NIL: Final = 0xC0


class _FirstTwo(msgspec.Struct, array_like=True):
    """Enough of an array to see whether a second element follows the first."""

    first: msgspec.Raw
    second: msgspec.Raw = msgspec.Raw()


_decode_first_two: Final = msgspec.json.Decoder(_FirstTwo).decode


def params_shape(raw: msgspec.Raw, form: Format) -> Shape:
    """Return how the arguments come, from the first few bytes where they tell.

    "none": no arguments. "named": `raw` is the map itself. "wrapped": `raw` is an array whose only element is the
    map (decode it as `tuple[ParamsStruct]`). "positional": decode it as `list[msgspec.Raw]` or a tuple.
    Raise InvalidParams for anything else.
    """
    data = memoryview(raw)
    if not data:
        return "none"
    return _native_shape(data) if form == "msgpack" else _json_shape(data, raw)


def _native_shape(data: memoryview) -> Shape:
    first = data[0]
    if first in _ARRAYS:
        width = _ARRAYS[first]
        count = int.from_bytes(data[1 : 1 + width]) if width else first & 0x0F
        if not count:
            return "none"
        return "wrapped" if count == 1 and data[1 + width] in _MAPS else "positional"
    if first == _NIL:
        return "none"
    raise InvalidParams("params must be an array of arguments; named ones are a map, its only element")


def _json_shape(data: memoryview, raw: msgspec.Raw) -> Shape:
    first = data[0]
    if first == ord("{"):
        return "named"
    if first == ord("["):
        inner = bytes(data[1:64]).lstrip()[:1]
        if inner and inner not in b"]{":
            return "positional"
        return _array_shape(raw)
    if bytes(data[:5]) == b"null":
        return "none"
    raise InvalidParams("params must be an object or an array")


def _array_shape(raw: msgspec.Raw) -> Shape:
    try:
        found = _decode_first_two(raw)
    except msgspec.ValidationError:  # no first element
        return "none"
    one_object = bytes(memoryview(found.first)[:1]) == b"{" and not memoryview(found.second)
    return "wrapped" if one_object else "positional"
