"""The process that isolated ones are forked from: everything of ours is imported there once, nothing of anybody else's ever.

A fork of it is ready in milliseconds, and shares its memory. It reads orders from the daemon, answers what became of each
fork, and ends with the daemon or when the daemon hangs up.
"""

import gc
import importlib
import os
import selectors
import signal
import socket
import sys

import msgspec

from isaacd.plugin.isolation import child, guest, inmate
from isaacd.plugin.isolation.limits import Orphaned, die_with, name_process
from isaacd.plugin.isolation.nursery_terms import MAX_ORDER_BYTES, News, Order

_KEPT_MODULES = (guest, inmate)  # not imported anew by every fork
# What nearly every plugin imports; it lies above this room, which does not use it.
_PLUGINS_IMPORT = ("isaacd.api", "isaac_plugins")


class _Forked(BaseException):
    """Leaves the nursery's loop in the new process, whatever is between."""

    def __init__(self, order: Order, link: int, output: int) -> None:
        self.order = order
        self.link = link
        self.output = output


class Nursery:
    """Forks, kills and reaps as the daemon orders."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._pids: dict[int, int] = {}
        self._woken, self._wake = socket.socketpair()
        for end in (self._woken, self._wake):
            end.setblocking(False)

    def serve(self) -> None:
        """Serve until the daemon hangs up; raises _Forked in a new process."""
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._woken:
                        self._woken.recv(4096)
                        self._reap()
                    elif not self._obey():
                        return

    def begin(self, forked: _Forked) -> None:
        """Become what was ordered: nothing of the nursery stays but its modules."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in (self._control, self._woken, self._wake):
            end.close()
        os.setsid()
        os.dup2(forked.output, 1)
        os.dup2(forked.output, 2)
        # What a plugin prints is seen when it prints it, not when its process ends.
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        os.close(forked.output)
        os.environ.clear()
        os.environ.update(forked.order.environ)
        sys.argv[:] = [forked.order.name]
        sys.path.extend(forked.order.path)
        name_process(forked.order.name)

    def _obey(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._control, MAX_ORDER_BYTES, 2)
        if not data:
            return False
        order = msgspec.msgpack.decode(data, type=Order)
        if not order.name:
            self._kill(order.number)
            return True
        try:
            pid = os.fork()
        except OSError as error:
            self._tell(News(order.number, error=str(error)))
        else:
            if not pid:
                raise _Forked(order, descriptors[0], descriptors[1])
            self._pids[order.number] = pid
            self._tell(News(order.number, pid))
        for descriptor in descriptors:
            os.close(descriptor)
        return True

    def _kill(self, number: int) -> None:
        """Kill a fork that has not been reaped yet, so its number is still its own."""
        pid = self._pids.get(number)
        if pid is None:
            return
        for kill in (os.killpg, os.kill):
            try:
                kill(pid, signal.SIGKILL)
            except OSError:
                continue
            return

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            number = next((number for number, known in self._pids.items() if known == pid), None)
            if number is not None:
                del self._pids[number]
                self._tell(News(number, pid, status))

    def _tell(self, news: News) -> None:
        self._control.send(msgspec.msgpack.encode(news))


def _close_all_but(descriptor: int) -> None:
    """Close what was inherited by mistake: whoever started the daemon may have left files open for its children."""
    most = os.sysconf("SC_OPEN_MAX")
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, most if most > 0 else 1 << 20)


def main(descriptor: int, parent: int) -> None:
    """Serve the daemon `parent` over the socket `descriptor`."""
    sys.dont_write_bytecode = True
    try:
        die_with(parent)
    except Orphaned:
        os._exit(0)
    name_process("isaac-nursery")
    _close_all_but(descriptor)
    os.umask(0o077)
    for name in _PLUGINS_IMPORT:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    own_pid = os.getpid()
    nursery = Nursery(socket.socket(fileno=descriptor))
    try:
        nursery.serve()
    except _Forked as forked:
        link = forked.link
        nursery.begin(forked)
    else:
        os._exit(0)
    child.main(link, own_pid)
