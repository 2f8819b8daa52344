"""Server-sent events decoded from bytes that arrive in any pieces, with no I/O."""

import msgspec

from isaacd.errors import ProviderUnavailable

# The last event of a responses stream repeats the whole answer, with sealed thoughts and the tools.
MAX_EVENT_BYTES = 16 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_LINE_END = b"\r\n"


class ServerSentEvent(msgspec.Struct, frozen=True, gc=False):
    """One event: its data still as UTF-8 bytes, lines joined by a line feed, and its type."""

    data: bytes
    name: str = "message"


class SSEDecoder:
    """Turns the body of a `text/event-stream` into events (WHATWG HTML, section 9.2).

    Any split of the same bytes gives the same events. Every byte is looked at a fixed number of times. A line, or the
    data of one event, longer than `max_event_bytes` raises ProviderUnavailable after the events before it.
    """

    __slots__ = (
        "_after_cr",
        "_data",
        "_data_bytes",
        "_first",
        "_max_event_bytes",
        "_name",
        "_partial",
        "_partial_bytes",
        "_too_long",
    )

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._partial: list[bytes] = []
        self._partial_bytes = 0
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._name = "message"
        self._first = True
        self._after_cr = False
        self._too_long = False

    def receive_data(self, data: bytes) -> list[ServerSentEvent]:
        """Take the next bytes and return the events that they complete."""
        if self._too_long:
            raise self._event_too_long()
        if self._after_cr and data:
            self._after_cr = False
            if data[0] == 0x0A:
                data = data[1:]
        if not data:
            return []
        limit = self._max_event_bytes
        events: list[ServerSentEvent] = []
        lines = data.splitlines()
        rest = b"" if data[-1] in _LINE_END else lines.pop()
        for line in lines:
            if self._partial:
                line = self._complete(line)
            if len(line) > limit or self._data_bytes > limit:
                return self._stop(events)
            self._take(line, events)
        self._after_cr = data[-1] == 0x0D
        if rest:
            self._partial.append(rest)
            self._partial_bytes += len(rest)
        if self._partial_bytes > limit or self._data_bytes > limit:
            return self._stop(events)
        return events

    def close(self) -> list[ServerSentEvent]:
        """Take the end of the body; an event of whole lines counts even if no empty line follows it.

        The standard drops such an event, but servers are seen that end right after `data: [DONE]`.
        """
        if self._too_long:
            raise self._event_too_long()
        events: list[ServerSentEvent] = []
        if not self._partial:
            self._dispatch(events)
        return events

    def _stop(self, events: list[ServerSentEvent]) -> list[ServerSentEvent]:
        self._too_long = True
        self._partial.clear()
        self._data.clear()
        if not events:
            raise self._event_too_long()
        return events

    def _complete(self, end: bytes) -> bytes:
        self._partial.append(end)
        line = b"".join(self._partial)
        self._partial.clear()
        self._partial_bytes = 0
        return line

    def _take(self, line: bytes, events: list[ServerSentEvent]) -> None:
        if self._first:
            self._first = False
            line = line.removeprefix(_BOM)
        if not line:
            self._dispatch(events)
            return
        field, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if field == b"data":
            self._data.append(value)
            self._data_bytes += len(value) + 1
        elif field == b"event":
            self._name = value.decode(errors="replace") or "message"

    def _dispatch(self, events: list[ServerSentEvent]) -> None:
        if self._data:
            data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
            events.append(ServerSentEvent(data, self._name))
            self._data.clear()
            self._data_bytes = 0
        self._name = "message"

    def _event_too_long(self) -> ProviderUnavailable:
        return ProviderUnavailable(
            f"the provider sent an event longer than {self._max_event_bytes // 1024} KiB"
        )
