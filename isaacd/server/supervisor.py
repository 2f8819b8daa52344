"""The service manager that a daemon runs under: what it handed over, what it is told, and what it keeps over a restart."""

import os
from collections.abc import Awaitable, Callable, MutableMapping

import anyio.abc

from isaacd.log import Log
from isaacd.server.activation import Inherited, inherited
from isaacd.server.keeping import Keeper, restored
from isaacd.server.listener import Listener
from isaacd.server.notify import Notifier, watchdog_s
from isaacd.server.watchdog import Watchdog


class Supervisor:
    """systemd, or whatever speaks its protocols (sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3))."""

    def __init__(
        self, notifier: Notifier, handed_over: Inherited, period_s: float | None, *, pid: int, log: Log
    ) -> None:
        self.handed_over = handed_over
        self._notifier = notifier
        self._period_s = period_s
        self._keeper = Keeper(notifier, pid)
        self._log = log

    @classmethod
    def from_environ(cls, environ: MutableMapping[str, str], log: Log) -> "Supervisor":
        """Read what the manager said in the environment, and take it out: it is not for programs started from here."""
        pid = os.getpid()
        return cls(
            Notifier.from_environ(environ),
            inherited(environ, pid),
            watchdog_s(environ, pid),
            pid=pid,
            log=log,
        )

    async def began(
        self,
        listener: Listener,
        group: anyio.abc.TaskGroup,
        *,
        answers: Callable[[], Awaitable[None]],
        status: Callable[[], str],
    ) -> None:
        """Go on with connections that were kept, say that the daemon is ready, and begin to feed the watchdog."""
        handed = self.handed_over
        found = restored(handed, self._notifier, self._log)
        listener.doors = found.doors
        for descriptor, kept in found.connections:
            await listener.restore(descriptor, kept)
        if handed.connections:
            self._log.info("connections kept", count=len(listener.connections))
        self._notifier.ready(status())
        if self._period_s is not None:
            watchdog = Watchdog(self._notifier, self._period_s, answers, status=status, log=self._log)
            group.start_soon(watchdog.run)

    def reloading(self) -> None:
        """Say that the configuration is read anew."""
        self._notifier.reloading()

    def reloaded(self, status: str) -> None:
        """Say that it has been."""
        self._notifier.ready(status)

    def keep_door(self, listener: Listener) -> None:
        """Have whoever connects over TCP from now on wait for the daemon after this one."""
        if self._notifier.is_heard and (door := listener.door()) is not None:
            self._keeper.keep_door(*door)

    def stopping(self, listener: Listener, drain_s: float) -> None:
        """Say that the daemon drains; what comes from now on waits in the sockets, for the daemon after this one."""
        self._notifier.stopping("draining: running requests end")
        self._notifier.extend(drain_s + 10.0)
        if self._notifier.is_heard:
            listener.hold()
            listener.keep(self._keeper)

    def leave(self, listener: Listener) -> None:
        """Hand over the connections whose requests have ended since, and what is known of each."""
        if self._notifier.is_heard:
            listener.keep(self._keeper)
            self._keeper.finish()
            self._log.info("connections handed over", count=self._keeper.count)
        self._notifier.close()
