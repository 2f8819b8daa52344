"""One connection: bytes in, bytes out, and two timers; each fault is kept inside its own."""

import asyncio
from typing import TYPE_CHECKING, Any

from isaacd.context import Origin
from isaacd.server.outbox import Outbox
from isaacd.server.peer import peer_pid, peer_uid
from isaacd.server.session import Session
from isaacd.wire import Codec, detect, is_http, named

if TYPE_CHECKING:
    from isaacd.faces.http.session import HttpSession
    from isaacd.server.keeping import Keeper, Kept
    from isaacd.server.ports import Owner

# A pause is announced when this much is unsent, and its end when half of it is.
WRITE_HIGH_BYTES = 256 * 1024


class Connection(asyncio.Protocol):
    """Bytes in, bytes out, and the two timers of one peer."""

    __slots__ = (
        "_descriptor",
        "_ended",
        "_kept",
        "_loop",
        "_over_tcp",
        "_owner",
        "_pending_bytes",
        "_timer",
        "session",
        "transport",
    )

    def __init__(self, owner: "Owner", kept: "Kept | None" = None, *, over_tcp: bool = False) -> None:
        self._owner = owner
        self._over_tcp = over_tcp
        self._kept = kept
        self._loop = owner.loop
        self._timer: asyncio.TimerHandle | None = None
        self._pending_bytes = 0
        self._descriptor = -1
        self._ended = False
        self.session: Session | HttpSession | None = None
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Check who connected, and wait for the first byte."""
        self.transport = transport
        owner = self._owner
        try:
            connection = transport.get_extra_info("socket")
            self._descriptor = connection.fileno()
            uid = owner.uid if self._over_tcp else peer_uid(connection)
        except OSError as error:
            owner.log.warning("peer unknown", reason=str(error))
            self.transport.abort()
            return
        if uid != owner.uid:
            owner.log.warning("peer refused", uid=uid)
            self.transport.abort()
            return
        if self._over_tcp and not owner.has_room():
            self.transport.abort()
            return
        self.transport.set_write_buffer_limits(high=WRITE_HIGH_BYTES)
        owner.connections.add(self)
        kept, self._kept = self._kept, None
        if kept is None or not self._restore(kept):
            self._timer = self._loop.call_later(owner.timeouts.first_byte_s, self._silent)
        if owner.holds:
            # It was accepted in the last moment; uvloop begins to read only after this.
            self._loop.call_soon(self.hold)

    def data_received(self, data: bytes) -> None:
        """Hand the bytes to the session; the first one chooses the language."""
        session = self.session
        try:
            if session is None:
                session = self._open(data[0])
                if session is None:
                    return
            session.receive(data)
        except Exception:  # whatever happens here must not reach the listener
            self._owner.log.exception("connection failed")
            self.transport.abort()

    def eof_received(self) -> bool:
        """Answer what is under way if the peer only stopped sending, as `nc -N` does; else end at once."""
        self._ended = True
        if self.session is None or not self._watch():
            return False
        try:
            return self.session.end()
        except Exception:  # as above
            self._owner.log.exception("connection failed")
            return False

    def connection_lost(self, exc: BaseException | None) -> None:
        """Cancel what this connection was waiting for."""
        self._stop_timer()
        self._owner.hangups.forget(self._descriptor)
        self._owner.connections.discard(self)
        if self.session is not None:
            self.session.disconnect()
            self.session = None
        self._owner.changed()

    def pause_writing(self) -> None:
        """Hold back: the peer does not read fast enough."""
        if self.session is not None:
            self.session.pause()
        self._await_progress()

    def resume_writing(self) -> None:
        """Go on, in a moment: asyncio's own transport does not bear being closed from within this callback."""
        if not self.transport.is_closing():
            self._stop_timer()
        self._loop.call_soon(self._resume)

    def pause_reading(self) -> None:
        """Deliver no more bytes for now; that the peer has gone is still noticed."""
        self.transport.pause_reading()
        self._watch()

    def resume_reading(self) -> None:
        """Deliver bytes again."""
        if not self._ended and not self.transport.is_closing():
            self._owner.hangups.forget(self._descriptor)
            self.transport.resume_reading()

    def write(self, data: bytes) -> None:
        """Send; for faces, which have no outbox."""
        self.transport.write(data)

    def finish(self) -> None:
        """Send no more, and go on to listen."""
        if not self.transport.is_closing():
            self.transport.resume_reading()
            self.transport.write_eof()

    @property
    def over_tcp(self) -> bool:
        """Whether nobody knows whose process is at the other end."""
        return self._over_tcp

    def close(self) -> None:
        """Send what is buffered, then close; a peer that does not read cannot hold it open."""
        self.transport.close()
        self._await_progress()

    def hold(self) -> None:
        """Read no more: what comes from now on is for the daemon that comes after this one."""
        if self.session is not None:
            self.session.hold()
        else:
            self.transport.pause_reading()

    @property
    def returns(self) -> bool:
        """Whether the peer opens another connection by itself once this one has ended, and loses nothing by that."""
        return self.session is not None and self.session.returns

    def keep(self, keeper: "Keeper") -> bool:
        """Hand the connection over, if nothing is under way in it, and let go of it; say whether that was done."""
        from isaacd.server.keeping import HTTP, OVER_TCP, Kept  # only under a service manager

        session = self.session
        if self.transport.is_closing() or self.transport.get_write_buffer_size():
            return False
        over = OVER_TCP if self._over_tcp else ""
        kept = Kept(over)
        if session is not None:
            left = session.left()
            if left is None:
                return False
            if isinstance(session, Session):
                codec = session.codec
                kept = Kept(
                    codec.name, codec.error_maps, session.can_ask, session.patient, session.sink, left
                )
            else:
                kept = Kept(HTTP + over, left=left)
        if not keeper.keep(self._descriptor, kept):
            return False
        self.transport.abort()  # ours only: the manager has a descriptor of its own
        return True

    def _restore(self, kept: "Kept") -> bool:
        """Go on as the daemon before this one would have; say whether anything was begun."""
        from isaacd.server.keeping import HTTP, OVER_TCP

        if kept.codec in (HTTP, HTTP + OVER_TCP):
            self._begin_http().wait_on()
        elif (codec := named(kept.codec)) is not None:
            session = self._begin(codec)
            session.codec.error_maps = kept.error_maps
            session.can_ask, session.patient, session.sink = kept.can_ask, kept.patient, kept.sink
        else:
            return False
        if kept.left:
            self._loop.call_soon(self.data_received, kept.left)
        return True

    def _open(self, first_byte: int) -> "Session | HttpSession | None":
        self._stop_timer()
        if is_http(first_byte):
            return self._begin_http()
        codec = None if self._over_tcp else detect(first_byte)
        if codec is None:
            self.transport.abort()
            return None
        return self._begin(codec)

    def _begin(self, codec: type[Codec]) -> Session:
        transport = self.transport
        origin = Origin(next(self._owner.numbers), lambda: peer_pid(transport.get_extra_info("socket")))
        session = Session(codec(), Outbox(transport.write), self, self._owner.shared, origin)
        self.session = session
        if self._owner.holds:
            session.hold()
        return session

    def _begin_http(self) -> "HttpSession":
        # Nobody who never speaks it pays for it.
        from isaacd.faces.http.session import HttpSession

        loop = self._loop
        session = HttpSession(
            self, self._owner.house(), over_tcp=self._over_tcp, now=loop.time, call_later=loop.call_later
        )
        self.session = session
        if self._owner.holds:
            session.hold()
        return session

    def _resume(self) -> None:
        if self.session is None:
            return
        try:
            self.session.resume()
        except Exception:  # as above
            self._owner.log.exception("connection failed")
            self.transport.abort()

    def _watch(self) -> bool:
        """Ask to be told when the peer has gone while nothing is read; False if that cannot be known."""
        return self._owner.hangups.watch(self._descriptor, self.transport.abort)

    def _silent(self) -> None:
        self._timer = None
        self.transport.abort()

    def _stalled(self) -> None:
        """Close a peer that read nothing since the timer was set; one that reads slowly may go on.

        So may a command line, whose output may be waiting for a person in front of a pager.
        """
        self._timer = None
        pending_bytes = self.transport.get_write_buffer_size()
        patient = self.session is not None and self.session.patient
        if pending_bytes >= self._pending_bytes and not patient:
            self._owner.log.info("peer stalled", pending_bytes=pending_bytes)
            self.transport.abort()
            return
        self._await_progress()

    def _await_progress(self) -> None:
        self._stop_timer()
        self._pending_bytes = self.transport.get_write_buffer_size()
        self._timer = self._loop.call_later(self._owner.timeouts.stalled_s, self._stalled)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
