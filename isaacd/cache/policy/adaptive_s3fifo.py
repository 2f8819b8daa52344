"""Adaptive S3-FIFO: three FIFO queues whose shares are learnt from the ghosts, as ARC learns them.

The small queue of S3-FIFO (Yang et al., SOSP 2023) is a fixed tenth, which serves scans well and recency badly. Here
a miss on a ghost of the small queue makes it larger, and a miss on a ghost of the main queue makes it smaller, with
the step of ARC (Megiddo and Modha, FAST 2003). It starts at one half, as nothing is known then. One use in the
small queue is enough to stay.
"""

from collections import OrderedDict

_MAX_USES = 3

_Queue = OrderedDict[str, int]


class AdaptiveS3FIFO:
    """Key -> uses (at most 3) in a small and a main queue, and a queue of ghosts for either."""

    __slots__ = (
        "_capacity", "_ghosts_size", "_least", "_main", "_main_ghosts", "_most", "_small", "_small_ghosts", "_target",
    )  # fmt: skip

    def __init__(
        self,
        capacity: int,
        *,
        first: float = 0.5,
        least: float = 0.02,
        most: float = 0.5,
        ghosts: float = 0.9,
    ) -> None:
        """Take shares of the capacity: of the small queue at first, at least and at most, and of its ghosts."""
        self._capacity = capacity
        self._least = max(1.0, capacity * least)
        self._most = max(1.0, capacity * most)
        self._target = max(1.0, capacity * first)
        self._ghosts_size = int(capacity * ghosts)
        self._small: _Queue = OrderedDict()
        self._main: _Queue = OrderedDict()
        self._small_ghosts: _Queue = OrderedDict()
        self._main_ghosts: _Queue = OrderedDict()

    def touch(self, key: str, times: int = 1) -> None:
        """Count uses."""
        queue = self._small if key in self._small else self._main
        uses = queue[key]
        if uses < _MAX_USES:
            queue[key] = min(_MAX_USES, uses + times)

    def admit(self, key: str, worth: float = 1.0) -> str | None:
        """Let the key into the small queue, or into the main one if it has a ghost."""
        known = self._learn(key)
        full = len(self._small) + len(self._main) >= self._capacity
        leaving = self._evict() if full else None
        (self._main if known else self._small)[key] = 0
        return leaving

    def remove(self, key: str) -> None:
        """Forget the key and its ghost."""
        for queue in (self._small, self._main, self._small_ghosts, self._main_ghosts):
            queue.pop(key, None)

    def _learn(self, key: str) -> bool:
        small, main = len(self._small_ghosts), len(self._main_ghosts)
        if key in self._small_ghosts:
            del self._small_ghosts[key]
            self._target = min(self._most, self._target + max(1.0, main / small))
            return True
        if key in self._main_ghosts:
            del self._main_ghosts[key]
            self._target = max(self._least, self._target - max(1.0, small / main))
            return True
        return False

    def _evict(self) -> str:
        small, main = self._small, self._main
        while len(small) >= self._target or not main:
            key, uses = small.popitem(last=False)
            if not uses:
                _remember(self._small_ghosts, key, self._ghosts_size)
                return key
            main[key] = 0
        while True:
            key, uses = main.popitem(last=False)
            if not uses:
                _remember(self._main_ghosts, key, self._capacity)
                return key
            main[key] = uses - 1


def _remember(ghosts: _Queue, key: str, most: int) -> None:
    ghosts[key] = 0
    if len(ghosts) > most:
        ghosts.popitem(last=False)
