"""A plain function that has to wait this time."""

from collections.abc import Awaitable, Callable
from typing import Any


class Later(Exception):
    """Raised by the function of a command that answers at once, in the rare case in which it cannot.

    `work` is called and awaited in a task of its own, and its result is the command's. The function itself may be called
    twice before that, so it must have changed nothing when it raises this.
    """

    def __init__(self, work: Callable[[], Awaitable[Any]]) -> None:
        super().__init__("it has to wait")
        self.work = work
