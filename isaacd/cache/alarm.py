"""A call at a later moment, so that memory need not look at the clock at every hit."""

import asyncio
from collections.abc import Callable
from typing import Protocol


class Alarm(Protocol):
    """Rings by the clock of the cache."""

    def ring_in(self, delay_s: float, call: Callable[[], object]) -> bool:
        """Call `call` once, `delay_s` from now; False if nobody is there to do so."""
        ...


class LoopAlarm:
    """Rings in the event loop that runs."""

    def ring_in(self, delay_s: float, call: Callable[[], object]) -> bool:
        """Call by a timer of the loop; it is late only if something holds the loop up."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        loop.call_later(delay_s, call)
        return True


class NoAlarm:
    """Never rings: for clocks that the loop knows nothing of."""

    def ring_in(self, delay_s: float, call: Callable[[], object]) -> bool:
        """Refuse."""
        return False
