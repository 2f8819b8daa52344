"""One connection that speaks HTTP: requests one after another, each answered once. It knows no socket."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from isaacd.errors import IsaacError, PermissionDenied, ServerCancelled, ShuttingDown
from isaacd.faces.http.answering import answer, answer_at_once
from isaacd.faces.http.deadline import Deadline
from isaacd.faces.http.exchange import Exchange
from isaacd.faces.http.gate import PERSON, check_origin, demand, let_in
from isaacd.faces.http.head import Head
from isaacd.faces.http.house import House
from isaacd.faces.http.reader import Reader
from isaacd.faces.http.refused import RefusedError
from isaacd.faces.http.reply import CONTINUE, JSON, refusal_body, whole
from isaacd.faces.http.routes import Route, find_route, preflight

if TYPE_CHECKING:
    from isaacd.faces.http.ports import Peer

# How long a head may take, a connection may stay silent between requests, and a body may take; the last grows with it.
HEAD_S = 20.0
IDLE_S = 120.0
BODY_S = 60.0
SLOWEST_BYTES_PER_S = 4096
# How much may wait behind the request that is being answered.
MAX_WAITING_BYTES = 256 * 1024
# How many requests, and bytes in chunks, are taken before others get their turn.
REQUESTS_A_TURN = 32
BYTES_A_TURN = 64 * 1024
# How long, and how much, a refused peer may go on to send, lest its kernel throws the answer away.
LINGER_S = 2.0
LINGER_BYTES = 64 * 1024 * 1024


class HttpSession:
    """The daemon's side of one connection, from its first byte on.

    `over_tcp` says that nobody knows whose process is at the other end. `now` and `call_later` are the event loop's.
    """

    patient = False
    returns = False

    def __init__(
        self,
        peer: "Peer",
        house: House,
        *,
        over_tcp: bool,
        now: Callable[[], float],
        call_later: Callable[..., asyncio.TimerHandle],
    ) -> None:
        self.congested = False
        self._peer = peer
        self._house = house
        self._over_tcp = over_tcp
        self._call_later = call_later
        self._reader = Reader()
        self._exchange: Exchange | None = None  # whose head is there; its body may still be on its way
        self._waiting: Head | None = None  # until what has to be there before the first request is
        self._route: Route | None = None
        self._task: asyncio.Task[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._arrived = 0.0
        self._deadline = Deadline(HEAD_S, self._missed, look_s=IDLE_S, now=now, call_later=call_later)
        self._lingers: asyncio.TimerHandle | None = None
        self._lingered_bytes = -1  # -1 as long as nobody lingers
        self._paused = False
        self._held = False
        self._closing = False
        self._ended = False
        self._why_stopped: IsaacError | None = None
        house.sessions.add(self)

    # What the listener tells.

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer."""
        if self._closing:
            if self._lingered_bytes >= 0:
                self._lingered_bytes += len(data)
                if self._lingered_bytes > LINGER_BYTES:
                    self._peer.close()
            return
        self._reader.feed(data)
        if self._paused:
            return
        if self._task is None:
            self._pump()
            head = self._reader.head
            if head is not None and head.length is None and len(data) >= BYTES_A_TURN:
                self._take_turns()
        elif self._reader.waiting_bytes > MAX_WAITING_BYTES:
            self._pause_reading()

    def end(self) -> bool:
        """Take the end of what the peer sends; tell whether it is still owed an answer."""
        self._ended = True
        if self._closing or (self._task is None and not self._paused):
            return False
        if self._task is not None and self._over_tcp and self._exchange is not None:
            # Whether it has only said all, or is gone, is known when something was sent.
            self._peer.write(self._exchange.probe())
        return True

    def pause(self) -> None:
        """Note that the peer does not read fast enough."""
        self.congested = True

    def resume(self) -> None:
        """Go on after the peer has caught up."""
        self.congested = False
        self._let_go()
        self._go_on()

    def disconnect(self) -> None:
        """Cancel what is under way: the peer is gone."""
        self._closing = True
        self._house.sessions.discard(self)
        self._stop_timers()
        self._let_go()
        if self._task is not None:
            self._task.cancel()

    def hold(self) -> None:
        """Take no more requests: what comes waits for the daemon that comes after this one."""
        self._held = True
        self._pause_reading()

    def farewell(self) -> None:
        """Say nothing: that the connection ends says it."""

    def left(self) -> bytes | None:
        """Return what was received and is not answered; None if a request is under way, or cannot be given whole."""
        if self._is_busy or self._closing or self._ended or self.congested:
            return None
        return self._reader.rest()

    def wait_on(self) -> None:
        """Wait for the next request, as the daemon before this one did."""
        self._deadline.within(IDLE_S)

    def stop_runs(self) -> None:
        """Cancel what is under way because the daemon stops; it is still answered."""
        self._stop(ServerCancelled("the daemon stopped before this had ended"))

    def revoked(self, token: str) -> None:
        """End what is under way for a token."""
        exchange = self._exchange
        if exchange is None or exchange.asker.token != token:
            return
        if self._task is not None:
            self._stop(PermissionDenied(f"the token {token} was revoked"))
        else:  # its body is still on its way
            self._refuse(
                RefusedError(401, f"the token {token} was revoked", code="invalid_api_key", closes=True)
            )

    # What an answer needs (the port Wire).

    def write(self, data: bytes) -> None:
        """Send; what the peer does not take at once is kept."""
        if not self._closing:
            self._peer.write(data)

    async def room(self) -> None:
        """Wait until the peer has taken most of what was sent."""
        while self.congested and not self._closing:
            if self._room is None:
                self._room = asyncio.get_running_loop().create_future()
            await self._room

    # One request after another.

    @property
    def _is_busy(self) -> bool:
        return self._task is not None

    @property
    def _is_idle(self) -> bool:
        return not (self._is_busy or self._closing or self._paused)

    def _pump(self) -> None:
        """Read on until a request is under way, or more bytes are needed, or the peer does not read its answers."""
        for _ in range(2 * REQUESTS_A_TURN):  # a head and a body for each
            if self._is_busy or self._closing or self._held:
                return
            if self.congested:
                self._pause_reading()
                return
            try:
                if self._exchange is None:
                    if not self._begin():
                        return
                    continue
                body = self._reader.next_body()
            except RefusedError as error:
                self._refuse(error)
                continue
            if body is None:
                return
            self._exchange.body = body
            self._dispatch(self._exchange)
        self._take_turns()

    def _take_turns(self) -> None:
        """Read on after others had their turn: one peer that sends a lot at once must not hold up all."""
        if not (self._is_busy or self._closing):
            self._pause_reading()
            self._call_later(0, self._go_on)

    def _go_on(self) -> None:
        """Read on, unless something speaks against it."""
        if self._is_busy or self._closing or self._held:
            return
        if self._paused and not self.congested:
            self._paused = False
            self._peer.resume_reading()
        self._pump()
        if self._ended and self._is_idle:
            self._close()

    def _begin(self) -> bool:
        """Take the head of the next request; False if it is not whole."""
        head = self._waiting or self._reader.next_head()
        if head is None:
            if not self._reader.is_between and self._deadline.left_s > HEAD_S:
                self._deadline.within(HEAD_S)  # it has begun, after a silence
            return False
        if not self._house.is_open:
            # Not earlier: whoever sends something else is not worth a file that is opened.
            self._waiting = head
            self._run(self._house.open())
            return True
        self._waiting = None
        shared = self._house.shared
        shared.requests += 1
        self._arrived = shared.traces.monotonic()
        try:
            self._exchange = self._open(head)
        except RefusedError as error:
            self._refuse(error, head)
            return True
        if head.has_body:
            self._deadline.within(BODY_S + (head.length or 0) / SLOWEST_BYTES_PER_S)
            if head.expects and not self._reader.waiting_bytes:
                self._peer.write(CONTINUE)
        return True

    def _open(self, head: Head) -> Exchange:
        """Check who asks and for what, before any of the body is taken; raises RefusedError."""
        origin = check_origin(head, self._house.config.http, over_tcp=self._over_tcp)
        if head.method == "OPTIONS" and origin is not None:
            self._route = preflight()
            asker = PERSON
        else:
            route = self._route = find_route(head)
            asker = PERSON
            if route.scope is not None:
                asker = let_in(head, self._house.tokens, over_tcp=self._over_tcp)
                demand(asker, route.scope, head.path)
        return Exchange(
            self, head, asker, origin=origin, identity=self._house.new_name(), date=self._house.date()
        )

    def _dispatch(self, exchange: Exchange) -> None:
        route = self._route
        assert route is not None
        if self._house.shared.draining:
            exchange.keeps = False
            exchange.fail(ShuttingDown("the daemon is stopping", hint="try again in a moment"))
            self._done()
            return
        if route.quick is not None:
            answer_at_once(self._house, exchange, route, self._arrived)
            self._done()
            return
        self._deadline.never()
        self._run(answer(self._house, exchange, route, self._arrived, lambda: self._why_stopped))

    def _run(self, main: Any) -> None:
        self._house.shared.run_started()
        self._task = asyncio.create_task(main)
        self._task.add_done_callback(self._ran)

    def _ran(self, task: asyncio.Task[None]) -> None:
        """Go on with the next request."""
        self._task = None
        self._house.shared.run_ended()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._house.log.warning("HTTP cannot be answered", reason=str(error))
            self._refuse(RefusedError(503, "the daemon cannot answer now; see its log", closes=True))
        if self._closing:
            return
        if self._exchange is not None and self._exchange.ended:
            self._done()
        if not self._held:
            self._go_on()

    def _done(self) -> None:
        """Put the request that was answered away."""
        exchange, self._exchange, self._route = self._exchange, None, None
        self._why_stopped = None
        self._deadline.within(IDLE_S)
        if exchange is None or not exchange.keeps:
            self._close()

    def _refuse(self, error: RefusedError, head: Head | None = None) -> None:
        """Answer a request that is none for us; what may follow it of a body is passed over."""
        keeps = head is not None and head.keeps and not head.has_body and not error.closes
        bodiless = head is not None and head.method == "HEAD"
        body = refusal_body(error)
        fields = (("Date", self._house.date()), *error.headers)
        self.write(whole(error.status, JSON, body, fields, keeps=keeps, bodiless=bodiless))
        self._exchange = None
        if keeps:
            self._deadline.within(IDLE_S)
        else:
            self._linger()

    def _linger(self) -> None:
        """Send no more, and throw away what still comes for a moment: closing at once would make the answer lost."""
        self._closing = True
        self._lingered_bytes = 0
        self._peer.finish()
        self._deadline.cancel()
        self._lingers = self._call_later(LINGER_S, self._peer.close)

    def _close(self) -> None:
        self._closing = True
        self._stop_timers()
        self._peer.close()

    def _stop_timers(self) -> None:
        self._deadline.cancel()
        if self._lingers is not None:
            self._lingers.cancel()

    def _stop(self, reason: IsaacError) -> None:
        if self._task is not None and self._exchange is not None:
            self._why_stopped = reason
            self._task.cancel()

    def _let_go(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        self._room = None

    def _pause_reading(self) -> None:
        if not self._paused:
            self._paused = True
            self._peer.pause_reading()

    def _missed(self) -> None:
        """Note that the peer has taken too long; it is told if it was in the middle of a request."""
        if self._reader.is_between:
            self._close()
        else:
            self._refuse(RefusedError(408, "the request did not come in time", closes=True))
