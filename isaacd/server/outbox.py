"""What is on its way to one peer: frames batched, and events joined or dropped while the peer is behind."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

import anyio

from isaacd.errors import IsaacError

MAX_QUEUED_BYTES = 1024 * 1024
# A batch is written when it has grown to this, so that one chunk full of small requests cannot pile up replies.
BATCH_BYTES = 128 * 1024
LOSSLESS = frozenset({"delta", "out", "err", "input", "end", "confirm", "line", "tool", "row"})
_JOINED = frozenset({"delta", "out", "err", "row"})


class EventSource(Protocol):
    """The run that an event belongs to: it numbers and encodes its events."""

    def encode_event(self, kind: str, data: object) -> bytes:
        """Encode the run's next event; numbers are given here, so that what is sent has no gaps."""
        ...


class _Queued:
    """An event that waits; text of neighbouring events of one run and kind is kept in pieces until it is sent."""

    __slots__ = ("data", "kind", "parts", "run", "size")

    def __init__(self, run: EventSource, kind: str, data: object, size: int) -> None:
        self.run = run
        self.kind = kind
        self.data = data
        self.parts: list[object] = [data] if kind in _JOINED and isinstance(data, str | bytes) else []
        self.size = size

    def takes(self, run: EventSource, kind: str, data: object) -> bool:
        """Tell whether more text of the same run and kind can be joined to this."""
        return (
            bool(self.parts) and self.run is run and self.kind == kind and type(data) is type(self.parts[0])
        )

    def encode(self) -> bytes:
        if not self.parts:
            return self.run.encode_event(self.kind, self.data)
        empty = type(self.parts[0])()
        return self.run.encode_event(self.kind, empty.join(self.parts))  # type: ignore[attr-defined]


class Outbox:
    """Frames and events for one peer, in order.

    While the peer reads, everything goes straight to `write`. While it does not, at most MAX_QUEUED_BYTES are kept:
    text joins its neighbour and waits for room, other events push out the oldest of their kind, which is told by a
    `dropped` event. Frames (responses) are never dropped.
    """

    # Send a frame that must not be lost: straight to the peer if nothing speaks against it.
    send: Callable[[bytes], None]

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = self.send = write
        self._queue: deque[_Queued | bytes] = deque()
        self._batch: list[bytes] | None = None
        self._batch_bytes = 0
        self._room: anyio.Event | None = None
        self.congested = False
        self.closed = False
        self.queued_bytes = 0

    @property
    def is_behind(self) -> bool:
        """Whether something waits for the peer to read."""
        return self.congested or bool(self._queue) or bool(self._batch)

    def begin(self) -> None:
        """Collect what is sent until `flush`, so that one batch of requests costs one write."""
        self._batch = []
        self._batch_bytes = 0
        self._choose()

    def flush(self) -> None:
        """Write what was collected since `begin`."""
        batch, self._batch = self._batch, None
        self._choose()
        if batch:
            self._write(batch[0] if len(batch) == 1 else b"".join(batch))

    async def event(self, run: EventSource, kind: str, data: object) -> None:
        """Send an event; one that must not be lost waits until there is room for it."""
        if kind in LOSSLESS:
            await self.room()
        if self.closed:
            return
        if not self.congested and not self._queue:
            self.send(run.encode_event(kind, data))
            return
        self._enqueue(run, kind, data)

    async def room(self) -> None:
        """Wait until less than MAX_QUEUED_BYTES are queued, or the peer is gone."""
        while self.queued_bytes >= MAX_QUEUED_BYTES and not self.closed:
            if self._room is None:
                self._room = anyio.Event()
            await self._room.wait()

    def pause(self) -> None:
        """Note that the peer is behind."""
        self.congested = True
        self._choose()

    def resume(self) -> None:
        """Note that the peer has caught up, and send what waited, until it is behind again."""
        self.congested = False
        while self._queue and not self.congested:
            item = self._queue.popleft()
            if isinstance(item, bytes):
                self.queued_bytes -= len(item)
                self._write(item)
            else:
                self.queued_bytes -= item.size
                self._write(_encoded(item))
        self._choose()
        self._wake()

    def close(self) -> None:
        """Forget everything: the peer is gone."""
        self.closed = True
        self._queue.clear()
        self.queued_bytes = 0
        # Methods of its own and of the transport are let go, so that the connection leaves no cycle.
        self._write = self.send = _nowhere
        self._wake()

    def _choose(self) -> None:
        """Say what `send` does from now on."""
        is_straight = self._batch is None and not (self.congested or self._queue)
        self.send = self._write if is_straight or self.closed else self._put

    def _put(self, frame: bytes) -> None:
        if self.congested or self._queue:
            self._queue.append(frame)
            self.queued_bytes += len(frame)
        elif self._batch is not None:
            self._batch.append(frame)
            self._batch_bytes += len(frame)
            if self._batch_bytes >= BATCH_BYTES:
                self.flush()
                self.begin()
        else:
            self._write(frame)

    def _enqueue(self, run: EventSource, kind: str, data: object) -> None:
        size = len(data) if isinstance(data, str | bytes) else 256
        last = self._queue[-1] if self._queue else None
        if isinstance(last, _Queued) and last.takes(run, kind, data):
            last.parts.append(data)
            last.size += size
            self.queued_bytes += size
            return
        if (
            kind not in LOSSLESS
            and self.queued_bytes + size > MAX_QUEUED_BYTES
            and not self._drop_oldest(run)
        ):
            # Nothing of this run can make room, so it is the new event that is lost.
            kind, data, size = "dropped", {"count": 1}, 0
        self._queue.append(_Queued(run, kind, data, size))
        self._choose()
        self.queued_bytes += size

    def _drop_oldest(self, run: EventSource) -> bool:
        """Turn the run's oldest event that may be lost into `dropped`, or count it in the `dropped` before it."""
        marker: dict[str, int] | None = None
        for item in self._queue:
            if isinstance(item, bytes) or item.run is not run or item.kind in LOSSLESS:
                continue
            if item.kind == "dropped" and isinstance(item.data, dict):
                marker = item.data
                continue
            self.queued_bytes -= item.size
            if marker is None:
                item.kind, item.data, item.size = "dropped", {"count": 1}, 0
            else:
                marker["count"] += 1
                self._queue.remove(item)
            return True
        return False

    def _wake(self) -> None:
        if self._room is not None and (self.closed or self.queued_bytes < MAX_QUEUED_BYTES):
            self._room.set()
            self._room = None


def _nowhere(_: bytes) -> None:
    """Write for a peer that is gone."""


def _encoded(item: _Queued) -> bytes:
    """Encode an event; one that cannot be sent is told as lost, as its run went on long ago."""
    try:
        return item.encode()
    except IsaacError:
        return item.run.encode_event("dropped", {"count": 1})
