"""Records of a table with separators and quotes (RFC 4180), which may run over several lines."""

from collections import deque
from collections.abc import Iterator

from isaacd.batch.lines import MAX_ROW_BYTES

Record = tuple[int, "list[str] | str"]


class Records:
    """Takes numbered lines and gives `(line, fields)`, or `(line, problem)` for what is no record.

    A quote that never closes costs its own line, not all that follows: those are read again without it.
    """

    def __init__(self, separator: str, limit_bytes: int = MAX_ROW_BYTES) -> None:
        self._separator = separator
        self._limit_bytes = limit_bytes
        self._open: list[tuple[int, str]] = []
        self._size = 0

    def feed(self, number: int, line: str) -> Iterator[Record]:
        """Give the record that ends with this line."""
        if not self._open and not line.strip():
            return
        self._open.append((number, line))
        self._size += len(line)
        if len(self._open) > 1 and '"' not in line:
            fields = None  # still within the quotes
        else:
            fields = split("\n".join(text for _, text in self._open), self._separator)
        if fields is not None:
            yield self._open[0][0], fields
            self._clear()
        elif self._size > self._limit_bytes:
            yield from self._give_up()

    def end(self) -> Iterator[Record]:
        """Give what is left when there are no more lines."""
        while self._open:
            yield from self._give_up()

    def _give_up(self) -> Iterator[Record]:
        waiting = deque(self._open)
        self._clear()
        number, _ = waiting.popleft()
        yield number, "a quote is opened and never closed"
        while waiting:
            yield from self.feed(*waiting.popleft())

    def _clear(self) -> None:
        self._open.clear()
        self._size = 0


def split(text: str, separator: str) -> list[str] | None:
    """Return the fields of a record; None if a quote is still open."""
    if '"' not in text:
        return text.split(separator)
    fields: list[str] = []
    at = 0
    while True:
        quoted = ""
        if text.startswith('"', at):
            found = _quoted(text, at + 1)
            if found is None:
                return None
            quoted, at = found
        end = text.find(separator, at)
        fields.append(quoted + (text[at:] if end < 0 else text[at:end]))
        if end < 0:
            return fields
        at = end + 1


def _quoted(text: str, at: int) -> tuple[str, int] | None:
    """Return what stands within the quotes, where `""` is one quote, and the place behind them."""
    pieces = []
    while True:
        end = text.find('"', at)
        if end < 0:
            return None
        pieces.append(text[at:end])
        if not text.startswith('"', end + 1):
            return "".join(pieces), end + 1
        pieces.append('"')
        at = end + 2
