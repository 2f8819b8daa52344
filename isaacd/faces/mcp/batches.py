"""Answers that belong to one batch, which the protocol's version of March 2025 has: they go out as one array."""

from collections.abc import Callable, Sequence


class _Open:
    def __init__(self, waiting: set[int | str], frames: list[bytes]) -> None:
        self.waiting = waiting
        self.frames = frames


class Batches:
    """The batches of one conversation that are not answered yet; what belongs to none is sent at once."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._by_id: dict[int | str, _Open] = {}

    def begin(self, ids: Sequence[int | str], frames: list[bytes]) -> None:
        """Expect the answers to these requests; `frames` are answers that are known already."""
        # An id that is used twice, here or by another batch, belongs to the first: each is answered all the same.
        batch = _Open({item for item in ids if item not in self._by_id}, frames)
        self._by_id.update(dict.fromkeys(batch.waiting, batch))
        self._end(batch)

    def send(self, request_id: int | str, frame: bytes) -> None:
        """Send an answer, or keep it until all of its batch are there."""
        batch = self._by_id.pop(request_id, None)
        if batch is None:
            self._send(frame)
            return
        batch.frames.append(frame)
        batch.waiting.discard(request_id)
        self._end(batch)

    def forget(self, request_id: int | str) -> None:
        """Expect no answer to a request any more."""
        batch = self._by_id.pop(request_id, None)
        if batch is not None:
            batch.waiting.discard(request_id)
            self._end(batch)

    def _end(self, batch: _Open) -> None:
        if not batch.waiting and batch.frames:
            self._send(b"[" + b",".join(frame.rstrip(b"\n") for frame in batch.frames) + b"]\n")
            batch.frames = []
