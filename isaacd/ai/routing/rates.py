"""Requests and tokens a minute: what the configuration allows, and what the provider's headers say is left."""

from collections import deque
from collections.abc import Callable
from math import inf

MINUTE_S = 60.0


class Entry:
    """Something that counts in a window from `at_s` on; its amount can be corrected."""

    __slots__ = ("amount", "at_s")

    def __init__(self, at_s: float, amount: float) -> None:
        self.at_s = at_s
        self.amount = amount


class Window:
    """At most `limit` within any minute that slides over time; a lone entry larger than that passes too."""

    __slots__ = ("_entries", "_limit", "_now", "_used")

    def __init__(self, limit: float, now: Callable[[], float]) -> None:
        self._limit = limit
        self._now = now
        self._entries: deque[Entry] = deque()
        self._used = 0.0

    def wait_s(self, amount: float) -> float:
        """Return how long it takes until `amount` has room; 0 if it has."""
        now = self._now()
        entries = self._entries
        while entries and entries[0].at_s + MINUTE_S <= now:
            self._used -= entries.popleft().amount
        if not entries:
            self._used = 0.0  # what rounding has left behind goes too
            return 0.0
        excess = self._used + amount - self._limit
        if excess <= 0:
            return 0.0
        for entry in entries:
            excess -= entry.amount
            if excess <= 0:
                return entry.at_s + MINUTE_S - now
        return entries[-1].at_s + MINUTE_S - now

    def take(self, amount: float) -> Entry:
        """Count `amount` from now on."""
        entry = Entry(self._now(), amount)
        self._entries.append(entry)
        self._used += amount
        return entry

    def correct(self, entry: Entry, amount: float) -> None:
        """Put the true amount in the place of the estimate."""
        if entry.at_s + MINUTE_S > self._now() and self._entries and entry.at_s >= self._entries[0].at_s:
            self._used += amount - entry.amount
            entry.amount = amount


class Allowance:
    """What a provider says is left for now, and when all of it is there again.

    Providers fill a bucket evenly, so that what is left grows until the reset. Nothing is known before the first
    header, and after the reset. `pending` is what was granted since and no header counts yet.
    """

    __slots__ = ("_at_s", "_left", "_now", "_rate", "_reset_at_s", "pending")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._at_s = 0.0
        self._left = inf
        self._rate = 0.0
        self._reset_at_s = -inf
        self.pending = 0.0

    def told(self, limit: int | None, left: int | None, reset_s: float | None) -> None:
        """Take in what a header says; `reset_s` counts from now."""
        if left is None or reset_s is None:
            return
        self._at_s = self._now()
        self._left = float(left)
        self._reset_at_s = self._at_s + reset_s
        self._rate = max(0, limit - left) / reset_s if limit is not None and reset_s > 0 else 0.0

    @property
    def left(self) -> int | None:
        """What is left now, as far as known."""
        now = self._now()
        if now >= self._reset_at_s:
            return None
        return max(0, int(self._left + (now - self._at_s) * self._rate - self.pending))

    def wait_s(self, amount: float) -> float:
        """Return how long it takes until `amount` is left; 0 if it is, or if nothing is known."""
        now = self._now()
        to_reset_s = self._reset_at_s - now
        if to_reset_s <= 0:
            return 0.0
        missing = amount + self.pending - self._left - (now - self._at_s) * self._rate
        if missing <= 0:
            return 0.0
        return min(to_reset_s, missing / self._rate) if self._rate > 0 else to_reset_s
