"""One request and the means to answer it, whole or piece by piece."""

from collections.abc import Iterable
from typing import Protocol

from isaacd.errors import IsaacError
from isaacd.faces.http.gate import Asker
from isaacd.faces.http.head import Head
from isaacd.faces.http.refused import RefusedError
from isaacd.faces.http.reply import (
    JSON,
    LAST_CHUNK,
    failure_body,
    failure_fields,
    head,
    refusal_body,
    status_of,
    whole,
)
from isaacd.faces.http.reply import event as event_of


class Wire(Protocol):
    """The connection, as far as an answer needs it."""

    def write(self, data: bytes) -> None:
        """Send; what the peer does not take at once is kept."""
        ...

    async def room(self) -> None:
        """Wait until the peer has taken most of what was sent."""
        ...

    @property
    def congested(self) -> bool:
        """Whether the peer is behind."""
        ...


class Exchange:
    """A request, who asks, and its answer; exactly one is given, whatever happens.

    `keeps` says that the connection goes on afterwards. `origin` is the web page that may read the answer.
    """

    __slots__ = (
        "_chunked",
        "_date",
        "_wire",
        "answered",
        "asker",
        "body",
        "ended",
        "head",
        "identity",
        "keeps",
        "origin",
    )

    def __init__(
        self, wire: Wire, head: Head, asker: Asker, *, origin: str | None, identity: str, date: str
    ) -> None:
        self.head = head
        self.body = b""
        self.asker = asker
        self.origin = origin
        self.identity = identity
        self._date = date
        self.keeps = head.keeps
        self.answered = False
        self.ended = False
        self._chunked = head.minor > 0
        self._wire = wire

    def reply(self, status: int, kind: str, body: bytes, more: Iterable[tuple[str, str]] = ()) -> None:
        """Answer as a whole."""
        self.answered = self.ended = True
        fields = (*self._common(), *more)
        bodiless = self.head.method == "HEAD"
        self._wire.write(whole(status, kind, body, fields, keeps=self.keeps, bodiless=bodiless))

    def json(self, body: bytes, more: Iterable[tuple[str, str]] = ()) -> None:
        """Answer with JSON."""
        self.reply(200, JSON, body, more)

    def refuse(self, error: RefusedError) -> None:
        """Answer that this is no request for us."""
        self.reply(error.status, JSON, refusal_body(error), error.headers)

    def fail(self, error: IsaacError) -> None:
        """Say what went wrong; within a stream that is its last event."""
        if self.ended:
            return
        if self.answered:
            self.write(event_of(failure_body(error)))
            self.end()
            return
        self.reply(status_of(error), JSON, failure_body(error), failure_fields(error))

    # Piece by piece.

    def begin(self, kind: str, more: Iterable[tuple[str, str]] = ()) -> None:
        """Send the head of an answer that comes in pieces; an old client gets it without chunks, to the end of the connection."""
        self.answered = True
        fields = [("Content-Type", kind), ("Cache-Control", "no-cache"), *self._common(), *more]
        if self._chunked:
            fields.append(("Transfer-Encoding", "chunked"))
        else:
            self.keeps = False
        self._wire.write(head(200, fields, keeps=self.keeps))

    def write(self, data: bytes) -> None:
        """Send a piece, which is a chunk."""
        self._wire.write(data if self._chunked else _unchunked(data))

    @property
    def is_behind(self) -> bool:
        """Whether the peer does not read fast enough."""
        return self._wire.congested

    async def flow(self) -> None:
        """Wait while the peer is behind."""
        if self._wire.congested:
            await self._wire.room()

    def end(self) -> None:
        """End an answer that came in pieces."""
        if not self.ended:
            self.ended = True
            if self._chunked:
                self._wire.write(LAST_CHUNK)

    def probe(self) -> bytes:
        """Return what may be sent now and means nothing: a peer that is gone is found out by it."""
        if not self._chunked or self.ended:
            return b""
        return b"3\r\n:\n\n\r\n" if self.answered else b"HTTP/1.1 100 Continue\r\n\r\n"

    def _common(self) -> tuple[tuple[str, str], ...]:
        fields: tuple[tuple[str, str], ...] = (("Date", self._date), ("x-request-id", self.identity))
        if self.head.minor == 0 and self.keeps:
            fields = (*fields, ("Connection", "keep-alive"))
        if self.origin is None:
            return fields
        return (*fields, ("Access-Control-Allow-Origin", self.origin), ("Vary", "Origin"))


def _unchunked(data: bytes) -> bytes:
    """Return what is in a chunk."""
    size, _, rest = data.partition(b"\r\n")
    return rest[: int(size, 16)]
