"""What the room needs of the house: who carries work out, who starts its tasks, and whom it tells."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec

from isaacd.jobs.cards import Work

# Takes the stream (1 or 2) and the bytes that were written to it.
Write = Callable[[int, bytes], Awaitable[None]]
Show = Callable[[str], None]


class House(msgspec.Struct, frozen=True):
    """What the daemon lends: start something that never raises, publish an event, count what must not be cut short.

    `draining` tells whether the daemon is about to leave, so that nothing new should begin.
    """

    spawn: Callable[..., Any]
    tell: Callable[[str, dict[str, object]], None]
    began: Callable[[], None]
    left: Callable[[], None]
    draining: Callable[[], bool]


class Executor(Protocol):
    """Carries work of one kind out."""

    async def run(self, work: Work, write: Write, show: Show) -> int:
        """Run it to its end and return its exit code; `show` is told how far it is. Raises IsaacError, Lost."""
        ...


class Lost(Exception):
    """Whoever carried the work out went away before its end."""
