"""JSON-RPC 2.0 with one object a line: what a shell script can write and read."""

import re
from typing import Final

import msgspec

from isaacd.errors import FrameTooLarge
from isaacd.wire.jsonrpc import JsonCodec
from isaacd.wire.messages import MAX_FRAME_BYTES

_skip_blanks: Final = re.compile(rb"[ \t\r\n]*").match


class JsonLinesCodec(JsonCodec):
    r"""One object a line, ended by \n or \r\n; blank lines are skipped.

    A line is the unit: whatever is wrong with it, the next one is read afresh, unless it is too long or too deep.
    """

    __slots__ = ("_searched",)

    name = "json-lines"

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        super().__init__(max_frame_bytes=max_frame_bytes)
        self._searched = 0  # from `_start`: so many bytes are known to hold no line end

    def receive_end(self) -> None:
        """Take the end of the data for the end of the line, as `printf` in a shell often leaves it out."""
        if self.buffered:
            self.receive_data(b"\n")

    def _next_frame(self) -> bytes | bytearray | None:
        blanks = _skip_blanks(self._data, self._start)
        if blanks and blanks.end() > self._start:
            self._take(blanks.end() - self._start)
            if not self._data:
                return None
        end = self._data.find(b"\n", self._start + self._searched)
        length = (end if end >= 0 else len(self._data)) - self._start
        if length > self._max_frame_bytes:
            self._break(FrameTooLarge(f"a line is longer than {self._max_frame_bytes} bytes"))
        if end < 0:
            self._searched = length
            return None
        self._searched = 0
        return self._take(length + 1)

    def _framed(self, body: bytes) -> bytes:
        # Only text that was encoded elsewhere and is passed through can hold a line end.
        return (msgspec.json.format(body, indent=-1) if b"\n" in body else body) + b"\n"
