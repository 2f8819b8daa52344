"""W-TinyLFU: newcomers wait in a window; to pass on they must be asked for more often than whom they replace.

Einziger et al., "TinyLFU: a highly efficient cache admission policy", ACM TOS 2017, and "Adaptive software cache
management", Middleware 2018, for the window that grows and shrinks by hill climbing.
"""

import math
from collections import OrderedDict

from isaacd.cache.policy.frequency import FrequencyTable

# Between the 1 % that suits searches and the half that suits a shell; it adapts from there.
_FIRST_WINDOW = 0.3
_PROTECTED_SHARE = 0.8
_FIRST_STEP = 0.0625
_STEP_DECAY = 0.98
_RESTART = 0.05
# Caffeine, which serves millions, climbs every ten requests a place; a shell's cache would never get there.
_SAMPLE_PER_PLACE = 1

_Queue = OrderedDict[str, None]


class WTinyLFU:
    """A window (LRU) before a main part of two queues, one on trial and one protected."""

    __slots__ = (
        "_capacity", "_frequency", "_hits", "_last_rate", "_protected", "_requests", "_sample", "_step",
        "_trial", "_window", "_window_size",
    )  # fmt: skip

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._window_size = max(1, round(capacity * _FIRST_WINDOW))
        self._window: _Queue = OrderedDict()
        self._trial: _Queue = OrderedDict()
        self._protected: _Queue = OrderedDict()
        self._frequency = FrequencyTable(capacity)
        self._sample = _SAMPLE_PER_PLACE * capacity
        self._requests = self._hits = 0
        self._last_rate = 0.0
        self._step = _FIRST_STEP * capacity

    def touch(self, key: str, times: int = 1) -> None:
        """Count the use and move the key up."""
        self._hits += times
        self._count(key, times)
        if key in self._window:
            self._window.move_to_end(key)
        elif key in self._protected:
            self._protected.move_to_end(key)
        else:
            del self._trial[key]
            self._protected[key] = None
            self._demote()

    def admit(self, key: str, worth: float = 1.0) -> str | None:
        """Let the key into the window; whoever drops out of it competes for a place in the main part."""
        self._count(key, 1)
        self._window[key] = None
        candidate = None
        while len(self._window) > self._window_size:
            candidate, _ = self._window.popitem(last=False)
            self._trial[candidate] = None
        if len(self._window) + len(self._trial) + len(self._protected) <= self._capacity:
            return None
        return self._duel(candidate)

    def remove(self, key: str) -> None:
        """Forget the key; its count stays."""
        self._window.pop(key, None)
        self._trial.pop(key, None)
        self._protected.pop(key, None)

    def _duel(self, candidate: str | None) -> str:
        """Put out the weaker of the newcomer and the one that would have to leave for it."""
        victims = self._trial or self._protected or self._window
        victim = next(iter(victims))
        if victim == candidate and self._protected:
            victims = self._protected
            victim = next(iter(victims))
        if candidate is not None and self._frequency.count(candidate) <= self._frequency.count(victim):
            del self._trial[candidate]
            return candidate
        del victims[victim]
        return victim

    def _demote(self) -> None:
        main_size = self._capacity - self._window_size
        while len(self._protected) > main_size * _PROTECTED_SHARE:
            key, _ = self._protected.popitem(last=False)
            self._trial[key] = None

    def _count(self, key: str, times: int) -> None:
        self._frequency.add(key, times)
        self._requests += times
        if self._requests >= self._sample:
            self._climb()

    def _climb(self) -> None:
        """Go on in the same direction while the hit rate rises, else turn round; in ever smaller steps."""
        rate = self._hits / self._requests
        change = rate - self._last_rate
        if change < 0:
            self._step = -self._step
        size = min(max(1, round(self._window_size + self._step)), round(self._capacity * _PROTECTED_SHARE))
        self._window_size = max(1, size)
        if abs(change) >= _RESTART:
            self._step = math.copysign(_FIRST_STEP * self._capacity, self._step)
        else:
            self._step *= _STEP_DECAY
        self._last_rate = rate
        self._requests = self._hits = 0
        self._demote()
