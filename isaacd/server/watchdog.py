"""The watchdog of the service manager: fed only while the event loop turns and the databases answer."""

from collections.abc import Awaitable, Callable

import anyio

from isaacd.log import Log
from isaacd.server.notify import Notifier

# Feeding at half of the time that the manager allows is what sd_watchdog_enabled(3) asks for; a third leaves room
# for one answer that takes long.
_FEEDS_A_PERIOD = 3


class Watchdog:
    """Feeds it from within the loop, after `answers` has come back; what hangs is named and not fed for."""

    def __init__(
        self,
        notifier: Notifier,
        period_s: float,
        answers: Callable[[], Awaitable[None]],
        *,
        status: Callable[[], str],
        log: Log,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._notifier = notifier
        self._every_s = period_s / _FEEDS_A_PERIOD
        self._answers = answers
        self._status = status
        self._log = log
        self._sleep = sleep
        self._told = ""

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await self.check()
            await self._sleep(self._every_s)

    async def check(self) -> bool:
        """Ask once, and feed if the answer came in time; say whether it did."""
        with anyio.move_on_after(self._every_s) as scope:
            try:
                await self._answers()
            except Exception:  # noqa: BLE001 - an error is an answer: a restart would not mend a full disk
                self._log.exception("watchdog check failed")
        if scope.cancelled_caught:
            self._log.error("a database does not answer", after_s=self._every_s)
            self._notifier.status("a database does not answer; the watchdog is not fed")
            self._told = ""
            return False
        self._notifier.alive()
        status = self._status()
        if status != self._told:
            self._told = status
            self._notifier.status(status)
        return True
