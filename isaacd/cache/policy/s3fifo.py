"""S3-FIFO: newcomers prove themselves in a small queue before they may stay in the main one.

Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023.
"""

from collections import OrderedDict

_SMALL_SHARE = 0.1
_MAX_USES = 3


class S3FIFO:
    """Two FIFO queues of key -> uses (at most 3), and a ghost queue of keys that left the small one unused."""

    __slots__ = ("_capacity", "_ghost", "_main", "_main_size", "_small", "_small_size")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._small_size = max(1, round(capacity * _SMALL_SHARE))
        self._main_size = capacity - self._small_size
        self._small: OrderedDict[str, int] = OrderedDict()
        self._main: OrderedDict[str, int] = OrderedDict()
        self._ghost: OrderedDict[str, None] = OrderedDict()

    def touch(self, key: str, times: int = 1) -> None:
        """Count uses."""
        queue = self._small if key in self._small else self._main
        uses = queue[key]
        if uses < _MAX_USES:
            queue[key] = min(_MAX_USES, uses + times)

    def admit(self, key: str, worth: float = 1.0) -> str | None:
        """Let the key into the small queue, or into the main one if it has only just left."""
        full = len(self._small) + len(self._main) >= self._capacity
        leaving = self._evict() if full else None
        if key in self._ghost:
            del self._ghost[key]
            self._main[key] = 0
        else:
            self._small[key] = 0
        return leaving

    def remove(self, key: str) -> None:
        """Forget the key, and that it was ever there."""
        self._small.pop(key, None)
        self._main.pop(key, None)
        self._ghost.pop(key, None)

    def _evict(self) -> str:
        small = self._small
        while len(small) >= self._small_size or not self._main:
            key, uses = small.popitem(last=False)
            if uses < 2:
                self._remember(key)
                return key
            self._main[key] = 0
        return self._evict_main()

    def _evict_main(self) -> str:
        while True:
            key, uses = self._main.popitem(last=False)
            if not uses:
                return key
            self._main[key] = uses - 1

    def _remember(self, key: str) -> None:
        self._ghost[key] = None
        if len(self._ghost) > self._main_size:
            self._ghost.popitem(last=False)
