"""The pulse of the event loop: felt from a thread, so that what blocks the loop is named while it does.

Nobody is answered while the loop is blocked, and the watchdog of a service manager is not fed: the log must say why
before the manager ends the daemon.
"""

import asyncio
import selectors
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from isaacd.log import Log

# A loop at rest is looked at so often, which wakes nothing but this thread, for some microseconds.
LOOK_EVERY_S = 2.0
# One that works is asked for a sign of life; without one for this long, it is blocked.
BLOCKED_S = 2.0
# In these functions the loop waits for something to do: uvloop has no frame of its own, asyncio's waits in a selector.
_RESTS = {
    asyncio.Runner.run.__code__,
    *(getattr(getattr(kind, "select", None), "__code__", None) for kind in vars(selectors).values()),
}


class Pulse:
    """Watches the loop of the thread that makes it; `owner_of` names the plugin that a file belongs to, or "".

    `look` is one look, for as long as the loop is blocked; `start` has a thread look from time to time.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        owner_of: Callable[[str], str],
        log: Log,
        *,
        blocked_s: float = BLOCKED_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._loop = loop
        self._owner_of = owner_of
        self._log = log
        self._blocked_s = blocked_s
        self._monotonic = monotonic
        self._looked_at = threading.get_ident()
        self._beat = threading.Event()
        self._over = threading.Event()

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._watch, name="isaac-pulse", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._over.set()

    def look(self) -> None:
        """Say what blocks the loop, if something does, and come back when nothing does any more."""
        if self._rests() or self._answers():
            return
        frame = self._frame()
        if frame is None or self._over.is_set() or self._rests():
            return  # it waits for something to do: the machine is busy, and the sign will come
        began = self._monotonic() - self._blocked_s
        self._tell("event loop blocked", frame, self._blocked_s)
        del frame
        while not self._beat.wait(LOOK_EVERY_S):
            if self._over.is_set():
                return
        self._log.warning("event loop free again", after_s=round(self._monotonic() - began, 1))

    def _watch(self) -> None:
        due = self._monotonic() + LOOK_EVERY_S
        while not self._over.wait(LOOK_EVERY_S):
            late_s = self._monotonic() - due
            if late_s > self._blocked_s:
                self._woke_late(late_s)
            self.look()
            due = self._monotonic() + LOOK_EVERY_S

    def _woke_late(self, late_s: float) -> None:
        """Take it that code which holds the interpreter itself (one long match of a pattern) has held us up too.

        It is still where it was, as we got our turn from it. Without a plugin in it, the machine may have slept.
        """
        frame = self._frame()
        if frame is not None and self._suspect(frame)[0]:
            self._tell("interpreter blocked", frame, late_s)

    def _answers(self) -> bool:
        """Ask the loop for a sign of life."""
        self._beat.clear()
        try:
            self._loop.call_soon_threadsafe(self._beat.set)
        except RuntimeError:
            return True  # it is closed: the daemon leaves
        began = self._monotonic()
        if self._beat.wait(self._blocked_s):
            return True
        # Who wakes late has been held up together with the loop (a process that was stopped): it gets its time again.
        late = self._monotonic() - began > 1.5 * self._blocked_s
        return late and self._beat.wait(self._blocked_s)

    def _frame(self) -> FrameType | None:
        return sys._current_frames().get(self._looked_at)  # noqa: SLF001 - documented, in spite of its name

    def _rests(self) -> bool:
        frame = self._frame()
        return frame is None or frame.f_code in _RESTS

    def _suspect(self, frame: FrameType) -> tuple[str, FrameType]:
        """Return the plugin that is at work, "" for none, and its innermost function."""
        place: FrameType | None = frame
        while place is not None:
            plugin = self._owner_of(place.f_code.co_filename)
            if plugin:
                return plugin, place
            place = place.f_back
        return "", frame

    def _tell(self, event: str, frame: FrameType, for_s: float) -> None:
        plugin, place = self._suspect(frame)
        fields: dict[str, object] = {"plugin": plugin} if plugin else {}
        if place is not frame:
            fields["inside"] = _named(frame)
        self._log.error(event, **fields, place=_named(place), for_s=round(for_s, 1))


def _named(frame: FrameType) -> str:
    return f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
