"""MessagePack by hand, as much of it as the command line needs: nothing to import, linear in the bytes."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Packable = None | bool | int | str | bytes | Sequence["Packable"] | Mapping[str, "Packable"]
    Unpacked = None | bool | int | bytes | list["Unpacked"] | dict["Unpacked", "Unpacked"]

CHUNK_BYTES = 65536
MAX_BLOB_BYTES = 64 * 1024 * 1024

# What follows the tags c4 to df: the kind of value, and how many bytes hold its length (or the value itself).
_SIZED = (
    *(("blob", 1), ("blob", 2), ("blob", 4)),  # bin
    *(("ext", 1), ("ext", 2), ("ext", 4)),
    *(("skip", 4), ("skip", 8)),  # float
    *(("uint", 1), ("uint", 2), ("uint", 4), ("uint", 8)),
    *(("int", 1), ("int", 2), ("int", 4), ("int", 8)),
    *(("skip", 2), ("skip", 3), ("skip", 5), ("skip", 9), ("skip", 17)),  # fixext
    *(("blob", 1), ("blob", 2), ("blob", 4)),  # str
    *(("array", 2), ("array", 4)),
    *(("map", 2), ("map", 4)),
)


def pack(value: "Packable") -> bytes:
    """Encode a value; a str that is not valid UTF-8 (surrogate escapes) becomes the bytes it stands for."""
    pieces: list[bytes] = []
    _pack(value, pieces)
    return b"".join(pieces)


def _pack(value: "Packable", out: list[bytes]) -> None:
    if isinstance(value, str):
        try:
            data, fixed, tags = value.encode(), 0xA0, b"\xd9\xda\xdb"
        except UnicodeEncodeError:
            data, fixed, tags = value.encode("utf-8", "surrogateescape"), 0, b"\xc4\xc5\xc6"
        out.append(_head(len(data), fixed, 32, tags))
        out.append(data)
    elif value is None:
        out.append(b"\xc0")
    elif value is True or value is False:
        out.append(b"\xc3" if value else b"\xc2")
    elif isinstance(value, int):
        out.append(_integer(value))
    elif isinstance(value, bytes):
        out.append(_head(len(value), 0, 0, b"\xc4\xc5\xc6"))
        out.append(value)
    elif isinstance(value, (list, tuple)):
        out.append(_head(len(value), 0x90, 16, b"\xdc\xdc\xdd"))
        for item in value:
            _pack(item, out)
    elif isinstance(value, dict):
        out.append(_head(len(value), 0x80, 16, b"\xde\xde\xdf"))
        for key, item in value.items():
            _pack(key, out)
            _pack(item, out)
    else:
        raise TypeError(type(value).__name__)


def _head(count: int, fixed: int, below: int, tags: bytes) -> bytes:
    """Return the tag and length of a value: `fixed` holds lengths under `below`, `tags` have 1, 2 and 4 bytes."""
    if fixed and count < below:
        return bytes((fixed | count,))
    if count < 256 and tags[0] != tags[1]:
        return bytes((tags[0], count))
    if count < 65536:
        return tags[1:2] + count.to_bytes(2, "big")
    return tags[2:3] + count.to_bytes(4, "big")


def _integer(value: int) -> bytes:
    if -32 <= value < 128:
        return bytes((value & 0xFF,))
    if value >= 0:
        for tag, width in ((b"\xcc", 1), (b"\xcd", 2), (b"\xce", 4), (b"\xcf", 8)):
            if value < 1 << 8 * width:
                return tag + value.to_bytes(width, "big")
    else:
        for tag, width in ((b"\xd0", 1), (b"\xd1", 2), (b"\xd2", 4), (b"\xd3", 8)):
            if value >= -1 << 8 * width - 1:
                return tag + value.to_bytes(width, "big", signed=True)
    raise OverflowError(value)


class Unpacker:
    """Turn a stream of bytes into values, however it is cut; each byte is looked at once.

    Strings come as bytes, because what is written to a terminal need not be decoded first. Floats and extension
    values come as None: nothing the command line acts on has any.
    """

    __slots__ = ("_buffer", "_open", "_position")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._position = 0
        self._open: list[
            tuple[list[Unpacked], int, bool]
        ] = []  # the items so far, how many there will be, a map?

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        if self._position:
            del self._buffer[: self._position]
            self._position = 0
        self._buffer += data

    def next_array(self) -> "list[Unpacked] | None":
        """Return the next whole message, or None if bytes are missing.

        Raises ValueError for bytes that are no MessagePack, or whose outermost value is not an array.
        """
        while True:
            start = self._position
            try:
                value, count, is_map = self._value()
            except IndexError:
                self._position = start
                return None
            if count < 0:
                if not self._open:
                    raise ValueError("a message is not an array")
            else:
                if is_map and not self._open:
                    raise ValueError("a message is not an array")
                self._open.append(([], count, is_map))
                if count:
                    continue
                value = self._close()
            message = self._add(value)
            if message is not None:
                return message

    def _add(self, value: "Unpacked") -> "list[Unpacked] | None":
        """Put a value where it belongs, and close every array and map that is full with it."""
        while self._open:
            items, count, _ = self._open[-1]
            items.append(value)
            if len(items) < count:
                return None
            value = self._close()
        return value if isinstance(value, list) else None

    def _close(self) -> "Unpacked":
        items, _, is_map = self._open.pop()
        if not is_map:
            return items
        try:
            return dict(zip(items[::2], items[1::2], strict=True))
        except TypeError:
            raise ValueError("a key is an array or a map") from None

    def _value(self) -> "tuple[Unpacked, int, bool]":
        """Read one value, or the head of an array or map: (value, number of items or -1, is it a map)."""
        tag = self._buffer[self._position]
        self._position += 1
        if tag < 0x80 or tag >= 0xE0:
            return tag if tag < 0x80 else tag - 256, -1, False
        if tag < 0xA0:
            return None, (tag & 15) * (1 if tag >= 0x90 else 2), tag < 0x90
        if tag < 0xC0:
            return self._take(tag & 31), -1, False
        if tag < 0xC4:
            if tag == 0xC1:
                raise ValueError("c1 is no MessagePack")
            return None if tag == 0xC0 else tag == 0xC3, -1, False
        kind, width = _SIZED[tag - 0xC4]
        data = self._take(width)
        number = int.from_bytes(data, "big", signed=kind == "int")
        if kind == "blob":
            return self._take(number), -1, False
        if kind == "ext":
            self._take(number + 1)
            return None, -1, False
        if kind == "array" or kind == "map":
            return None, number * (2 if kind == "map" else 1), kind == "map"
        return None if kind == "skip" else number, -1, False

    def _take(self, count: int) -> bytes:
        if count > MAX_BLOB_BYTES:
            raise ValueError("a value is larger than allowed")
        end = self._position + count
        if end > len(self._buffer):
            raise IndexError
        data = bytes(self._buffer[self._position : end])
        self._position = end
        return data
