"""When the peer of a connection has to have said something: one timer, however many requests there are."""

import asyncio
from collections.abc import Callable
from math import inf

# A deadline that comes so much sooner than the timer looks is worth setting the timer anew.
_SOONER_S = 1.0


class Deadline:
    """Calls `missed` when nothing came in time; `now` and `call_later` are the event loop's.

    The timer is not set anew for each request. It looks what is due, at least every `look_s`.
    """

    def __init__(
        self,
        within_s: float,
        missed: Callable[[], None],
        *,
        look_s: float,
        now: Callable[[], float],
        call_later: Callable[..., asyncio.TimerHandle],
    ) -> None:
        self._missed = missed
        self._look_s = look_s
        self._now = now
        self._call_later = call_later
        self._due = self._looks_at = now() + within_s
        self._timer = call_later(within_s, self._look)

    @property
    def left_s(self) -> float:
        """How much time the peer has."""
        return self._due - self._now()

    def within(self, seconds: float) -> None:
        """Expect something of the peer within this time from now."""
        self._due = self._now() + seconds
        if self._due < self._looks_at - _SOONER_S:
            self._timer.cancel()
            self._look_in(seconds)

    def never(self) -> None:
        """Expect nothing: the peer is waiting for us."""
        self._due = inf

    def cancel(self) -> None:
        """Look no more, and let go of whoever would have been told."""
        self._timer.cancel()
        self._missed = _nobody

    def _look_in(self, seconds: float) -> None:
        self._looks_at = self._now() + seconds
        self._timer = self._call_later(seconds, self._look)

    def _look(self) -> None:
        left_s = self.left_s
        if left_s > 0:
            self._look_in(min(left_s, self._look_s))
        else:
            self._missed()


def _nobody() -> None:
    """Be told in vain."""
