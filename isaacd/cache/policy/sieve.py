"""SIEVE: a hand walks from old to new and takes the first key that was not used since it last came by.

Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024. Keys never move, so a hit is one mark.
"""


class _Node:
    __slots__ = ("key", "newer", "older", "used")

    def __init__(self, key: str) -> None:
        self.key = key
        self.used = False
        self.older: _Node = self
        self.newer: _Node = self


class Sieve:
    """A ring of nodes; `_end` stands between the newest and the oldest."""

    __slots__ = ("_capacity", "_end", "_hand", "_nodes")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._nodes: dict[str, _Node] = {}
        self._end = _Node("")
        self._hand = self._end

    def touch(self, key: str, times: int = 1) -> None:
        """Mark the key as used."""
        self._nodes[key].used = True

    def admit(self, key: str, worth: float = 1.0) -> str | None:
        """Let the key in as the newest."""
        leaving = self._sift() if len(self._nodes) >= self._capacity else None
        node = self._nodes[key] = _Node(key)
        node.newer, node.older = self._end, self._end.older
        node.older.newer = node
        self._end.older = node
        return leaving

    def remove(self, key: str) -> None:
        """Take the key out of the ring."""
        node = self._nodes.pop(key, None)
        if node is None:
            return
        if node is self._hand:
            self._hand = node.newer
        node.older.newer, node.newer.older = node.newer, node.older

    def _sift(self) -> str:
        node = self._hand
        while node is self._end or node.used:
            node.used = False
            node = node.newer
        self._hand = node
        self.remove(node.key)
        return node.key
