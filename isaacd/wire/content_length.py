"""JSON-RPC 2.0 behind `Content-Length` headers: what clients of the Language Server Protocol speak."""

from typing import Final

from isaacd.errors import FrameTooLarge, ParseError
from isaacd.wire.jsonrpc import JsonCodec
from isaacd.wire.messages import MAX_FRAME_BYTES

MAX_HEADER_BYTES: Final = 1024

_END: Final = b"\r\n\r\n"
_MAX_DIGITS: Final = 19
_CHARSETS: Final = frozenset({b"utf-8", b"utf8"})


class ContentLengthCodec(JsonCodec):
    """A header section as the Language Server Protocol has it, then one object of exactly the length declared."""

    __slots__ = ("_body_bytes",)

    name = "content-length"

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        super().__init__(max_frame_bytes=max_frame_bytes)
        self._body_bytes = -1  # -1 while the header section is being read

    def left(self) -> bytes:
        """Return what has come and is not taken yet, with the header section that was read already."""
        header = b"" if self._body_bytes < 0 else b"Content-Length: %d\r\n\r\n" % self._body_bytes
        return header + super().left()

    def _next_frame(self) -> bytes | bytearray | None:
        if self._body_bytes < 0:
            end = self._data.find(_END, self._start, self._start + MAX_HEADER_BYTES)
            if end < 0:
                if self.buffered >= MAX_HEADER_BYTES:
                    self._break(FrameTooLarge(f"a header section is longer than {MAX_HEADER_BYTES} bytes"))
                return None
            self._read_headers(bytes(self._take(end + len(_END) - self._start)))
        if self.buffered < self._body_bytes:
            return None
        size, self._body_bytes = self._body_bytes, -1
        return self._take(size)

    def _read_headers(self, section: bytes) -> None:
        """Set the length of the body, checked before any of it is kept."""
        try:
            length = _declared_length(section)
        except ParseError as error:
            self._break(error)
        if length > self._max_frame_bytes:
            self._break(FrameTooLarge(f"a message is longer than {self._max_frame_bytes} bytes"))
        self._body_bytes = length

    def _framed(self, body: bytes) -> bytes:
        return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def _declared_length(section: bytes) -> int:
    """Return what Content-Length says; raise ParseError for a header section that does not say it clearly."""
    length: int | None = None
    for line in section[: -len(_END)].split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon:
            raise ParseError("a header line has no colon")
        name, value = name.strip().lower(), value.strip()
        if name == b"content-length":
            if length is not None or not value.isdigit() or len(value) > _MAX_DIGITS:
                raise ParseError("Content-Length must be given once, as a number of bytes")
            length = int(value)
        elif name == b"content-type" and not _is_utf8(value):
            raise ParseError("the only charset is utf-8")
    if length is None:
        raise ParseError("a header section has no Content-Length")
    return length


def _is_utf8(content_type: bytes) -> bool:
    for parameter in content_type.lower().split(b";")[1:]:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"charset":
            return value.strip().strip(b'"') in _CHARSETS
    return True
