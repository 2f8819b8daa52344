"""Peers that are gone for good, told apart from those that only have nothing more to say."""

import asyncio
import select
from collections.abc import Callable


class Hangups:
    """Tells when a peer has closed its socket while nobody reads from it.

    The end of what a peer sends looks the same whether it shut down its writing side only or closed altogether; but
    only the second raises EPOLLHUP. The event loop's own epoll would ask for EPOLLIN as well, which the end of the
    data makes ready for ever. So a second one that asks for nothing else is nested in it, made when first needed.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll: select.epoll | None = None
        self._gone: dict[int, Callable[[], None]] = {}

    def watch(self, descriptor: int, gone: Callable[[], None]) -> bool:
        """Call `gone` as soon as the peer has closed; False where the system has no epoll(7) or no room for more."""
        if descriptor in self._gone:
            return True
        try:
            if self._epoll is None:
                self._epoll = select.epoll()
                self._loop.add_reader(self._epoll.fileno(), self._tell)
            self._epoll.register(descriptor, 0)  # EPOLLHUP and EPOLLERR need not be asked for
        except (AttributeError, OSError):
            return False
        self._gone[descriptor] = gone
        return True

    def forget(self, descriptor: int) -> None:
        """Watch it no longer; it must still be open."""
        if self._gone.pop(descriptor, None) is not None and self._epoll is not None:
            self._epoll.unregister(descriptor)

    def close(self) -> None:
        """Watch nothing any more."""
        self._gone.clear()
        if self._epoll is not None:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None

    def _tell(self) -> None:
        if self._epoll is None:
            return
        for descriptor, _ in self._epoll.poll(0):
            gone = self._gone.get(descriptor)
            self.forget(descriptor)
            if gone is not None:
                gone()
