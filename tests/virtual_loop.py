"""An event loop whose time is a number: it passes at once when nobody has anything to do, and stands still else."""

import asyncio
import functools
import selectors
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import aiosqlite.core
import anyio.to_thread

_LOOK_S = 0.005
# The innermost functions of threads that wait: of pools, of aiosqlite, and of all that have a condition or an event.
_RESTING = {"wait", "get", "_worker", "_connection_worker_thread", "_wait_for_tstate_lock"}


class _Waits(selectors.DefaultSelector):  # type: ignore[misc, valid-type] - whichever the system has
    """Gives what is ready; instead of waiting it lets time pass, unless a thread still works on something."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0
        self.at_work = 0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.at_work or timeout is None or _others_work():
            return super().select(_LOOK_S)
        self.passed_s += timeout
        return []


def _others_work() -> bool:
    """Say whether any other thread does something else than wait for work."""
    own = threading.get_ident()
    frames = sys._current_frames()
    return any(frame.f_code.co_name not in _RESTING for number, frame in frames.items() if number != own)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its clock begins at 0. Sockets and threads are real, and take no time."""

    def __init__(self) -> None:
        self._waits = _Waits()
        super().__init__(self._waits)
        for name in ("_execute", "_connect", "close"):
            self._wrap(aiosqlite.core.Connection, name)
        self._wrap(anyio.to_thread, "run_sync")

    def time(self) -> float:
        return self._waits.passed_s

    def run_in_executor(self, executor: Any, function: Callable[..., Any], *arguments: Any) -> Any:
        self._waits.at_work += 1
        future = super().run_in_executor(executor, function, *arguments)
        future.add_done_callback(self._rested)
        return future

    def _rested(self, _: object) -> None:
        self._waits.at_work -= 1

    def _wrap(self, owner: Any, name: str) -> None:
        """Count what threads do for a coroutine function of somebody else's; for the life of this process."""
        original, waits = getattr(owner, name), self._waits

        @functools.wraps(original)
        async def counted(*arguments: Any, **options: Any) -> Any:
            waits.at_work += 1
            try:
                return await original(*arguments, **options)
            finally:
                waits.at_work -= 1

        setattr(owner, name, counted)


def run(main: Callable[[VirtualLoop], Any], arguments: Sequence[object] = ()) -> Any:
    """Run a coroutine function, which is given the loop, to its end."""
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main(loop, *arguments))
