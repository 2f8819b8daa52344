"""ARC: recency and frequency each get the share of the room that the recent misses show to be right.

Megiddo and Modha, "ARC: a self-tuning, low overhead replacement cache", FAST 2003.
"""

from collections import OrderedDict

_Queue = OrderedDict[str, None]


class ARC:
    """Keys seen once (`_once`) and more often (`_often`), and the ghosts of both; `_target` is the room for once."""

    __slots__ = ("_capacity", "_often", "_often_ghost", "_once", "_once_ghost", "_target")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._target = 0.0
        self._once: _Queue = OrderedDict()
        self._often: _Queue = OrderedDict()
        self._once_ghost: _Queue = OrderedDict()
        self._often_ghost: _Queue = OrderedDict()

    def touch(self, key: str, times: int = 1) -> None:
        """Move the key to the recent end of those seen often."""
        if key in self._often:
            self._often.move_to_end(key)
        else:
            del self._once[key]
            self._often[key] = None

    def admit(self, key: str, worth: float = 1.0) -> str | None:
        """Let the key in, and learn from its ghost if it has one."""
        if key in self._once_ghost:
            step = max(1.0, len(self._often_ghost) / len(self._once_ghost))
            self._target = min(float(self._capacity), self._target + step)
            leaving = self._make_room(from_often=False)
            self._once_ghost.pop(key, None)
            self._often[key] = None
            return leaving
        if key in self._often_ghost:
            step = max(1.0, len(self._once_ghost) / len(self._often_ghost))
            self._target = max(0.0, self._target - step)
            leaving = self._make_room(from_often=True)
            self._often_ghost.pop(key, None)
            self._often[key] = None
            return leaving
        leaving = self._make_room_for_stranger()
        self._once[key] = None
        return leaving

    def remove(self, key: str) -> None:
        """Forget the key and its ghost."""
        for queue in (self._once, self._often, self._once_ghost, self._often_ghost):
            queue.pop(key, None)

    def _make_room_for_stranger(self) -> str | None:
        recent = len(self._once) + len(self._once_ghost)
        if recent >= self._capacity:
            if not self._once_ghost:
                return self._once.popitem(last=False)[0]
            self._once_ghost.popitem(last=False)
        elif recent + len(self._often) + len(self._often_ghost) >= 2 * self._capacity:
            self._often_ghost.popitem(last=False)
        return self._make_room(from_often=False)

    def _make_room(self, *, from_often: bool) -> str | None:
        if len(self._once) + len(self._often) < self._capacity:
            return None
        once = len(self._once)
        over = once > self._target or (from_often and once == self._target)
        if once and (over or not self._often):
            source, ghost = self._once, self._once_ghost
        else:
            source, ghost = self._often, self._often_ghost
        leaving, _ = source.popitem(last=False)
        ghost[leaving] = None
        return leaving
