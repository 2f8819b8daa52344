"""Find where a MessagePack message ends, without decoding it and without reading a byte twice."""

import re
from typing import Final

from isaacd.errors import FrameTooLarge, ParseError
from isaacd.wire.messages import MAX_DEPTH_IN, MAX_FRAME_BYTES

ARRAY_BYTES: Final = frozenset({*range(0x90, 0xA0), 0xDC, 0xDD})

_NOT_CONTAINERS: Final = bytes({*range(256)} - {*range(0x80, 0xA0), *range(0xDC, 0xE0)})

_SINGLE_BYTES: Final = bytes({*range(0x80), 0xA0, 0xC0, 0xC2, 0xC3, *range(0xE0, 0x100)})
# The same in ranges, which are compiled in a fraction of the time.
_skip_singles: Final = re.compile(rb"[\x00-\x7f\xa0\xc0\xc2\xc3\xe0-\xff]*").match
_WORTH_SKIPPING: Final = 16  # below so many objects the regular expression costs more than it saves

_NUMBER_SIZES: Final = {
    0xCA: 5,
    0xCB: 9,
    0xCC: 2,
    0xCD: 3,
    0xCE: 5,
    0xCF: 9,
    0xD0: 2,
    0xD1: 3,
    0xD2: 5,
    0xD3: 9,
}
_FIXEXT_SIZES: Final = {0xD4: 3, 0xD5: 4, 0xD6: 6, 0xD7: 10, 0xD8: 18}
_FIXSTR_SIZES: Final = {0xA0 + length: 1 + length for length in range(32)}
_SIZES: Final = {**dict.fromkeys(_SINGLE_BYTES, 1), **_NUMBER_SIZES, **_FIXEXT_SIZES, **_FIXSTR_SIZES}
# The whole object in bytes where its first byte tells; 0 where more must be read.
_SIZE_BY_BYTE: Final = bytes(_SIZES.get(byte, 0) for byte in range(256))

# First byte -> width of the length field, bytes between that and the content (the type of an ext).
_BLOBS: Final = {
    0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0),
    0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1),
    0xD9: (1, 0), 0xDA: (2, 0), 0xDB: (4, 0),
}  # fmt: skip
# First byte -> width of the count field (0: the low four bits count), objects an entry.
_CONTAINERS: Final = {
    **dict.fromkeys(range(0x80, 0x90), (0, 2)), 0xDE: (2, 2), 0xDF: (4, 2),
    **dict.fromkeys(range(0x90, 0xA0), (0, 1)), 0xDC: (2, 1), 0xDD: (4, 1),
}  # fmt: skip

_NO_CHILDREN: Final = -1


def surely_shallow(data: bytes | bytearray, depth: int) -> bool:
    """Tell at little cost that `data` cannot nest deeper than `depth`; False means only that it might.

    Nothing nests deeper than it has container headers, and no more headers than bytes with such a value.
    """
    return len(data) <= depth or len(data.translate(None, _NOT_CONTAINERS)) <= depth


class BoundaryScanner:
    """The place reached in one message: a position, and how many objects each open container still lacks.

    A message is refused as soon as what it declares cannot fit, long before its bytes have come.
    """

    __slots__ = ("_max_depth", "_max_frame_bytes", "_open", "_owed", "_remaining", "position")

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES, max_depth: int = MAX_DEPTH_IN) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._max_depth = max_depth
        self._open: list[int] = []  # what the enclosing containers still lack
        self._reset()

    def _reset(self) -> None:
        self.position = 0  # from the start of the message; beyond the data while a string is awaited
        self._remaining = 1  # objects that the innermost open container still lacks
        self._owed = 1  # objects that all of them lack: at least so many bytes must follow
        self._open.clear()

    def find_end(self, data: bytes | bytearray, start: int = 0) -> int:
        """Return the length of the message that begins at `start`, or 0 while bytes are missing.

        Called again with more data it goes on where it stopped. Raise ParseError at a byte that is no MessagePack,
        FrameTooLarge where the message must become too long or nests too deep.
        """
        position, end, limit = start + self.position, len(data), start + self._max_frame_bytes
        remaining, owed, open_ = self._remaining, self._owed, self._open
        while remaining and position < end:
            count = 1
            size = _SIZE_BY_BYTE[data[position]]
            if not size:
                size, children = _read_header(data, position)
                if not size:
                    break
                if children != _NO_CHILDREN:
                    open_.append(remaining - 1)
                    self._check_depth()
                    remaining = children + 1
                    owed += children
            elif size == 1 and remaining > _WORTH_SKIPPING:
                run = _skip_singles(data, position, min(end, position + remaining))
                size = count = run.end() - position if run else 1
            position += size
            remaining -= count
            owed -= count
            if position + owed > limit:
                raise FrameTooLarge(f"a message is longer than {self._max_frame_bytes} bytes")
            while not remaining and open_:
                remaining = open_.pop()
        if not remaining and position <= end:
            self._reset()
            return position - start
        self.position, self._remaining, self._owed = position - start, remaining, owed
        return 0

    def _check_depth(self) -> None:
        if len(self._open) > self._max_depth:
            raise FrameTooLarge(f"a message nests deeper than {self._max_depth} levels")


def _read_header(data: bytes | bytearray, position: int) -> tuple[int, int]:
    """Return size in bytes and number of children (-1: not a container); size 0 while the header is incomplete."""
    byte = data[position]
    content = position + 1
    if byte in _CONTAINERS:
        width, objects_an_entry = _CONTAINERS[byte]
        if content + width > len(data):
            return 0, _NO_CHILDREN
        entries = int.from_bytes(data[content : content + width]) if width else byte & 0x0F
        return 1 + width, entries * objects_an_entry
    if byte not in _BLOBS:
        raise ParseError(f"not MessagePack: no object begins with the byte 0x{byte:02x}")
    width, between = _BLOBS[byte]
    if content + width > len(data):
        return 0, _NO_CHILDREN
    return 1 + width + between + int.from_bytes(data[content : content + width]), _NO_CHILDREN
