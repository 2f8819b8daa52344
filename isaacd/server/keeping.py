"""Connections over a restart: each with what its session knows, kept by the service manager until the next daemon is there."""

import contextlib
import os
import select

import msgspec

from isaacd.context import Sink
from isaacd.log import Log
from isaacd.server.activation import CONNECTION, DOOR, STATE, Inherited
from isaacd.server.notify import Notifier

FORMAT = 1
MAX_STATE_BYTES = 256 * 1024 * 1024
BARRIER_S = 5.0
HTTP = "http"
OVER_TCP = "+tcp"

# An address as the configuration says it; port 0 leaves open which one.
Address = tuple[str, int]


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What a session must remember so that its peer notices nothing.

    `codec` is the name of its language, empty if it has not sent a byte yet; over TCP it ends with `OVER_TCP`. `left` is
    what was received and is not answered: a part of a message, or whole ones that had to wait.
    """

    codec: str = ""
    error_maps: bool = False
    can_ask: bool = False
    patient: bool = False
    sink: Sink | None = None
    left: bytes = b""


class _State(msgspec.Struct, frozen=True, array_like=True):
    format: int
    connections: dict[str, Kept]
    doors: dict[str, Address] = {}


class Restored(msgspec.Struct, frozen=True):
    """What an earlier daemon kept: connections, and sockets that listen over TCP."""

    connections: list[tuple[int, Kept]]
    doors: dict[Address, int]


class Keeper:
    """Hands connections to the service manager; `finish` says what belongs to each."""

    def __init__(self, notifier: Notifier, pid: int) -> None:
        self._notifier = notifier
        self._pid = pid
        self._kept: dict[str, Kept] = {}
        self._doors: dict[str, Address] = {}

    @property
    def count(self) -> int:
        """How many connections were handed over."""
        return len(self._kept)

    def keep(self, descriptor: int, kept: Kept) -> bool:
        """Hand one over; say whether the manager took it. The descriptor stays the caller's."""
        name = f"{CONNECTION}{self._pid}-{len(self._kept)}"
        if not self._notifier.store(name, descriptor):
            return False
        self._kept[name] = kept
        return True

    def keep_door(self, descriptor: int, address: Address) -> None:
        """Hand a socket over that listens over TCP, so that who connects meanwhile waits for the next daemon."""
        name = f"{DOOR}{self._pid}-{len(self._doors)}"
        if self._notifier.store(name, descriptor):
            self._doors[name] = address

    def finish(self) -> None:
        """Hand over what was written down of the connections, and wait until the manager has taken everything."""
        if not (self._kept or self._doors):
            return
        data = msgspec.msgpack.encode(_State(FORMAT, self._kept, self._doors))
        descriptor = os.memfd_create(STATE, os.MFD_CLOEXEC)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            self._notifier.store(STATE, descriptor)
        finally:
            os.close(descriptor)
        self._wait()

    def _wait(self) -> None:
        """Wait until the manager has read all that was sent: it closes what came with the last datagram."""
        reading, writing = os.pipe2(os.O_CLOEXEC)
        try:
            sent = self._notifier.barrier(writing)
        finally:
            os.close(writing)
        try:
            if sent:
                poll = select.poll()
                poll.register(reading, 0)
                poll.poll(BARRIER_S * 1000)
        finally:
            os.close(reading)


def restored(handed: Inherited, notifier: Notifier, log: Log) -> Restored:
    """Return what an earlier daemon kept, each with what is known of it.

    The manager forgets them: from now on they are this daemon's. One that nothing is known of is closed, so that its
    peer sees an end instead of silence.
    """
    known = _State(FORMAT, {})
    if handed.state is not None:
        known = _read(handed.state, log)
        _close(handed.state)
        notifier.forget(STATE)
    found = Restored([], {})
    for name, descriptor in handed.connections.items():
        notifier.forget(name)
        kept = known.connections.get(name)
        if kept is None:
            _close(descriptor)
            log.warning("connection lost", reason="nothing is known of it", name=name)
        else:
            found.connections.append((descriptor, kept))
    for name, descriptor in handed.doors.items():
        notifier.forget(name)
        address = known.doors.get(name)
        if address is None or address in found.doors:
            _close(descriptor)
        else:
            found.doors[address] = descriptor
    return found


def _close(descriptor: int) -> None:
    """Close a descriptor, whatever it is."""
    with contextlib.suppress(OSError):
        os.close(descriptor)


def _read(descriptor: int, log: Log) -> _State:
    pieces = []
    with contextlib.suppress(OSError):
        place = 0
        while place < MAX_STATE_BYTES and (piece := os.pread(descriptor, 1 << 20, place)):
            pieces.append(piece)
            place += len(piece)
    try:
        state = msgspec.msgpack.decode(b"".join(pieces), type=_State)
    except (msgspec.DecodeError, ValueError) as error:
        log.warning("kept connections cannot be read", reason=str(error))
        return _State(FORMAT, {})
    if state.format != FORMAT:
        log.warning("kept connections are of another version", format=state.format)
        return _State(FORMAT, {})
    return state
