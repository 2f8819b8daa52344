"""A successful answer over HTTP whose body is still to be read: as a whole, as lines, or as server-sent events."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING

import anyio

from isaacd.ai.chat import RateLimits
from isaacd.ai.limits_headers import read_limits
from isaacd.ai.refusal import Peer, judge, read_refusal
from isaacd.ai.sse import ServerSentEvent, SSEDecoder
from isaacd.errors import IsaacError, ProviderUnavailable

if TYPE_CHECKING:
    import aiohttp

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
MAX_LINE_BYTES = 16 * 1024 * 1024
# After the last event a server only has to end its response; then the connection can serve the next call.
DRAIN_S = 0.2


class HttpReply:
    """The answer that an `HttpApi` lends; every way to read it raises ProviderUnavailable when it breaks off.

    It may hold `max_bytes`, and a line of it take `line_timeout_s` from its first byte to its last. Read it in one
    way only.
    """

    def __init__(
        self,
        response: "aiohttp.ClientResponse",
        peer: Peer,
        model: str | None,
        explain: Callable[[Exception], IsaacError],
        *,
        now: float,
        max_bytes: int | None = None,
        line_timeout_s: float = inf,
        monotonic: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._response = response
        self._peer = peer
        self._model = model
        self._explain = explain
        self._now = now
        self._max_bytes = MAX_RESPONSE_BYTES if max_bytes is None else max_bytes
        self._received = 0
        self._line_timeout_s = line_timeout_s
        self._monotonic = monotonic
        self._line_since: float | None = None
        self._ended = False
        self._decoder = SSEDecoder()
        self._events: deque[ServerSentEvent] = deque()
        self._lines: deque[bytes] = deque()
        self._partial: list[bytes] = []
        self._partial_bytes = 0
        self.content_type = response.content_type if "content-type" in response.headers else ""

    @property
    def limits(self) -> RateLimits:
        """What the headers say of the provider's rate limits."""
        return read_limits(self._response.headers, self._now)

    @property
    def is_stream(self) -> bool:
        """Whether the body is, or may be, a stream of events; raises ProviderUnavailable if it is not JSON either."""
        if self.content_type in ("text/event-stream", ""):
            return True
        if self.content_type == "application/json" or self.content_type.endswith("+json"):
            return False
        raise self._wrong_type()

    async def next_bytes(self) -> bytes:
        """Return the next bytes, b"" at the end; raises ProviderUnavailable when it breaks off or is too long."""
        try:
            chunk = await self._response.content.readany()
        except _network_errors() as error:
            raise self._explain(error) from None
        self._received += len(chunk)
        self._watch(chunk)
        if self._received > self._max_bytes:
            raise ProviderUnavailable(
                f"the answer of provider {self._peer.name} is longer than {self._max_bytes // 2**20} MiB"
            )
        return chunk

    def _watch(self, chunk: bytes) -> None:
        """Let no line take too long: every byte begins the time-out of the socket anew, so a drip would last for ever."""
        if chunk.endswith(b"\n"):
            self._line_since = None
            return
        now = self._monotonic()
        if self._line_since is None or b"\n" in chunk:
            self._line_since = now
        elif now - self._line_since > self._line_timeout_s:
            raise ProviderUnavailable(
                f"provider {self._peer.name} sent no whole line for {self._line_timeout_s:g} s",
                hint=f"try again, or raise ai.providers.{self._peer.name}.read_timeout_s",
                detail={"provider": self._peer.name},
            )

    async def body(self) -> bytes:
        """Return all of the body."""
        chunks = []
        while chunk := await self.next_bytes():
            chunks.append(chunk)
        return b"".join(chunks)

    async def next_line(self) -> bytes | None:
        """Return the next line that is not blank, without its end; None after the last (newline-delimited JSON)."""
        while not self._lines:
            if self._ended:
                return None
            chunk = await self.next_bytes()
            self._ended = not chunk
            self._take_lines(chunk)
        return self._lines.popleft()

    def _take_lines(self, chunk: bytes) -> None:
        *ends, rest = chunk.split(b"\n")
        if not chunk:
            ends, rest = [b""], b""
        for end in ends:
            self._partial.append(end)
            line = b"".join(self._partial).strip()
            self._partial.clear()
            self._partial_bytes = 0
            if line:
                self._lines.append(line)
        if rest:
            self._partial.append(rest)
            self._partial_bytes += len(rest)
        if self._partial_bytes > MAX_LINE_BYTES:
            raise ProviderUnavailable(
                f"provider {self._peer.name} sent a line longer than {MAX_LINE_BYTES // 2**20} MiB"
            )

    async def next_event(self) -> ServerSentEvent | None:
        """Return the next server-sent event, None at the end."""
        while not self._events:
            if self._ended:
                return None
            chunk = await self.next_bytes()
            self._ended = not chunk
            self._events.extend(self._decoder.receive_data(chunk) if chunk else self._decoder.close())
        return self._events.popleft()

    async def next_data(self) -> bytes | None:
        """Return the data of the next event, None at the end; a service that does not stream sends one, all of JSON.

        Raises ProviderUnavailable when the body is of another kind, such as the page of a proxy.
        """
        if self.is_stream:
            event = await self.next_event()
            return None if event is None else event.data
        return await self.body() or None

    async def drain(self) -> None:
        """Read what is left, if it comes at once, so that the connection can be used again."""
        if self._response.content.at_eof():
            return  # as nearly always: its end came with the last event
        with anyio.move_on_after(DRAIN_S), suppress(IsaacError):
            while await self.next_bytes():
                pass

    def refused(self, body: bytes) -> IsaacError:
        """Say what an error means that came as a part of the answer."""
        return judge(self._peer, read_refusal(body), 0, model=self._model)

    def broke_off(self) -> ProviderUnavailable:
        """Say that the answer ended before its end."""
        return ProviderUnavailable(
            f"provider {self._peer.name} broke off its answer",
            hint="what arrived so far is not the whole answer; ask again",
            detail={"provider": self._peer.name},
        )

    def malformed(self, data: bytes) -> ProviderUnavailable:
        """Say that `data` is not what this protocol sends."""
        return ProviderUnavailable(
            f"provider {self._peer.name} sent what cannot be understood",
            hint=f"does {self._peer.url} speak this protocol? Look at ai.providers.{self._peer.name}.kind",
            detail={
                "provider": self._peer.name,
                "data": self._peer.quote(data[:1000].decode(errors="replace")),
            },
        )

    def _wrong_type(self) -> ProviderUnavailable:
        """Say that the body is of a kind that no provider would send."""
        kind = self._peer.quote(self.content_type)
        error = ProviderUnavailable(
            f"provider {self._peer.name} answered with {kind} instead of an event stream",
            hint=f"is {self._peer.url} right? A proxy or the login page of a network may have answered instead",
            detail={"provider": self._peer.name, "content_type": kind},
        )
        error.retryable = False  # a page will be there the next time too
        return error


def _network_errors() -> tuple[type[Exception], ...]:
    import aiohttp

    return (aiohttp.ClientError, OSError)
