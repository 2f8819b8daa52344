"""When the files of plugins need no look: the kernel rings at once when something in their folders changes.

A look at a file is a system call, on the way of a request that otherwise has three. Linux sends a signal to whoever
asked for it when a folder changes (`F_NOTIFY`), before the call that changed it returns. So it has come before any
request that is sent after the change is read, which a descriptor to be read, as inotify has, could not promise.

What does not ring (a link in the way that is exchanged, a folder of another machine) is seen by a look every
`LOOK_AT_LEAST_S`, as long as requests come.
"""

import fcntl
import functools
import os
import signal
import threading
from collections.abc import Callable, Collection
from operator import or_
from types import FrameType
from typing import Any

# How long nobody looks, at the most, however quiet it is.
LOOK_AT_LEAST_S = 0.25
# So many folders are watched, each with a descriptor; those who have files in others look as often as they are used.
MAX_FOLDERS = 64
# Linux has these, by the same names; 0 elsewhere.
_CHANGES = functools.reduce(
    or_, (getattr(fcntl, f"DN_{name}", 0) for name in "MODIFY ATTRIB CREATE DELETE RENAME MULTISHOT".split())
)


class Bell:
    """Calls `ring` in the main thread when something in one of its folders changes, or in another open bell's."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self.ring = ring
        self._folders: dict[str, int] = {}
        self._is_there: bool | None = None

    def hangs_in(self, folder: str) -> bool:
        """Say whether it rings for this folder from now on; False where that cannot be had."""
        if folder in self._folders:
            return True
        if self._is_there is None:
            self._is_there = self._listen()
        if not self._is_there or len(self._folders) >= MAX_FOLDERS:
            return False
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            return False
        try:
            fcntl.fcntl(descriptor, fcntl.F_NOTIFY, _CHANGES)
        except OSError:  # a kernel without it
            os.close(descriptor)
            return False
        self._folders[folder] = descriptor
        return True

    def take_down(self, folder: str) -> None:
        """Ring for this folder no more: another one may be in its place by now."""
        descriptor = self._folders.pop(folder, None)
        if descriptor is not None:
            os.close(descriptor)

    def close(self) -> None:
        """Ring no more."""
        for folder in tuple(self._folders):
            self.take_down(folder)
        # The handler stays: by default a signal that is still on its way would end the process.
        _OPEN.discard(self)
        self._is_there = False

    def _listen(self) -> bool:
        if not _CHANGES or threading.current_thread() is not threading.main_thread():
            return False
        _OPEN.add(self)
        signal.signal(signal.SIGIO, _hear)
        signal.siginterrupt(signal.SIGIO, False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGIO,))
        return True


def _hear(number: int, frame: FrameType | None) -> None:
    # Which folder it was is not told.
    for bell in tuple(_OPEN):
        bell.ring()


# One process has one handler of a signal, so all bells hang on it.
_OPEN: set[Bell] = set()


class Vigil:
    """Who sleeps until a change rings, or until it is time; `later` calls a function after so many seconds."""

    def __init__(self, later: Callable[[float, Callable[[], None]], Any]) -> None:
        self.rings = 0  # whoever falls asleep compares, as a bell may ring meanwhile
        self._later = later
        self._bell = Bell(self._rung)
        self._sleepers: list[Callable[[], None]] = []
        self._is_timed = False

    def watches(self, folders: Collection[str], wake: Callable[[], None]) -> bool:
        """Call `wake` once, as soon as a look is worth it again; False if nobody can say when that is."""
        if not all(self._bell.hangs_in(folder) for folder in folders):
            return False
        self._sleepers.append(wake)
        if not self._is_timed:
            self._is_timed = True
            self._later(LOOK_AT_LEAST_S, self._time)
        return True

    def forget(self, folders: Collection[str]) -> None:
        """Let go of folders in which something has changed: they may be others now."""
        for folder in folders:
            self._bell.take_down(folder)
        self._wake()

    def close(self) -> None:
        """Watch nothing any more."""
        self._bell.close()

    def _rung(self) -> None:
        """Come between two steps of what the main thread does: so nothing is exchanged here, but emptied in place."""
        self.rings += 1
        self._wake()

    def _time(self) -> None:
        self._is_timed = False
        self._wake()

    def _wake(self) -> None:
        for wake in tuple(self._sleepers):
            wake()
        self._sleepers.clear()
