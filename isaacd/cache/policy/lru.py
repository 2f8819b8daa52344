"""Least recently used: the one that has waited longest leaves."""

from collections import OrderedDict


class LRU:
    """Keeps keys in the order of their last use."""

    __slots__ = ("_capacity", "_order")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._order: OrderedDict[str, None] = OrderedDict()

    def touch(self, key: str, times: int = 1) -> None:
        """Make the key the newest."""
        self._order.move_to_end(key)

    def admit(self, key: str, worth: float = 1.0) -> str | None:
        """Let the key in as the newest."""
        order = self._order
        leaving = order.popitem(last=False)[0] if len(order) >= self._capacity else None
        order[key] = None
        return leaving

    def remove(self, key: str) -> None:
        """Forget the key."""
        self._order.pop(key, None)
