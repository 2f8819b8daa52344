"""How late the event loop is: whatever holds it up holds up everybody."""

from collections import deque
from collections.abc import Awaitable, Callable

import anyio

EVERY_S = 5.0
# Together a minute.
_KEPT = 12


class LoopLag:
    """Sleeps, and looks how much later than asked it woke up."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._lags: deque[float] = deque(maxlen=_KEPT)

    @property
    def last_s(self) -> float:
        """How late it was the last time."""
        return self._lags[-1] if self._lags else 0.0

    @property
    def worst_s(self) -> float:
        """How late it was at worst within the last minute."""
        return max(self._lags, default=0.0)

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            due = self._monotonic() + EVERY_S
            await self._sleep(EVERY_S)
            self._lags.append(max(0.0, self._monotonic() - due))
