"""Wall and monotonic time as one argument, so that tests can hold the hands."""

import time
from functools import partial
from typing import Protocol


class Clock(Protocol):
    """The two times a room may ask for, both in seconds."""

    def now(self) -> float:
        """Return seconds since the epoch; it can jump in both directions."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; it never goes back, and goes on while the machine sleeps."""
        ...


class SystemClock:
    """The machine's own clock; both are functions in C, as the cache in memory asks at every hit."""

    __slots__ = ()

    now = staticmethod(time.time)
    # On Linux `time.monotonic` stands still while a laptop sleeps, and what has expired would look fresh after.
    monotonic = staticmethod(
        partial(time.clock_gettime, time.CLOCK_BOOTTIME)
        if hasattr(time, "CLOCK_BOOTTIME")
        else time.monotonic
    )
