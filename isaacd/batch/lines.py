"""Bytes cut into lines, however they arrive; a line without end does not fill the memory."""

from collections.abc import Iterator

# One row, with all that a prompt may hold. A longer one is a mistake, such as a file that is no text.
MAX_ROW_BYTES = 8 * 1024 * 1024
_MARK = b"\xef\xbb\xbf"


class Lines:
    """Takes bytes and gives `(number, line)`; a line that is too long comes as None."""

    def __init__(self, limit_bytes: int = MAX_ROW_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._pieces: list[bytes] = []
        self._size = 0
        self._number = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes | None]]:
        """Give the lines that end in `data`."""
        first, *more = data.split(b"\n")
        self._add(first)
        for piece in more:
            yield self._take()
            self._add(piece)

    def end(self) -> Iterator[tuple[int, bytes | None]]:
        """Give the last line, if the input does not end with a newline."""
        if self._size:
            yield self._take()

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._limit_bytes:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def _take(self) -> tuple[int, bytes | None]:
        line = b"".join(self._pieces) if self._size <= self._limit_bytes else None
        self._pieces.clear()
        self._size = 0
        self._number += 1
        if line is not None:
            line = line.removesuffix(b"\r")
            if self._number == 1:
                line = line.removeprefix(_MARK)
        return self._number, line
