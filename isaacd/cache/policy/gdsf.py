"""GDSF: what is cheap to have again for its size, and seldom used, leaves first.

Cherkasova, "Improving WWW proxies performance with Greedy-Dual-Size-Frequency caching policy", HP Labs 1998.
"""

import heapq


class GDSF:
    """A heap of (priority, turn, key) with priority = floor + uses x worth; the floor rises with what has left.

    A hit leaves its old item in the heap; an item is true only if its turn is the one noted for the key.
    """

    __slots__ = ("_capacity", "_floor", "_heap", "_kept", "_turn")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._floor = 0.0
        self._turn = 0
        self._heap: list[tuple[float, int, str]] = []
        self._kept: dict[str, tuple[int, int, float]] = {}  # turn, uses, worth

    def touch(self, key: str, times: int = 1) -> None:
        """Raise the key by its uses."""
        _, uses, worth = self._kept[key]
        self._place(key, uses + times, worth)

    def admit(self, key: str, worth: float = 1.0) -> str | None:
        """Let the key in with a first use."""
        leaving = self._evict() if len(self._kept) >= self._capacity else None
        self._place(key, 1, worth)
        return leaving

    def remove(self, key: str) -> None:
        """Forget the key; its item in the heap is passed over later."""
        self._kept.pop(key, None)

    def _place(self, key: str, uses: int, worth: float) -> None:
        self._turn += 1
        self._kept[key] = (self._turn, uses, worth)
        heapq.heappush(self._heap, (self._floor + uses * worth, self._turn, key))
        if len(self._heap) > 4 * self._capacity + 64:
            self._heap = [item for item in self._heap if self._is_true(item)]
            heapq.heapify(self._heap)

    def _evict(self) -> str:
        while True:
            item = heapq.heappop(self._heap)
            if self._is_true(item):
                self._floor = item[0]
                del self._kept[item[2]]
                return item[2]

    def _is_true(self, item: tuple[float, int, str]) -> bool:
        kept = self._kept.get(item[2])
        return kept is not None and kept[0] == item[1]
