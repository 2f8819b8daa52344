"""What a replacement policy is: three methods over keys, and nothing about values, time or bytes."""

from collections.abc import Callable
from typing import Protocol


class Policy(Protocol):
    """Decides which key leaves when a level is full; it is told everything that happens to the level.

    The level calls `touch` only for keys that are in, and `admit` only for keys that are not; `admit` is at the same
    time the news of a miss. A policy made with a capacity of N never has more than N keys in. It may remember keys
    that have left.
    """

    def touch(self, key: str, times: int = 1) -> None:
        """Take note of hits, or of a new value under a key that is in.

        Hits in L1 are told late, but always before the next `admit` or `remove`: once for each key, with how often
        it was used, in the order of their last use.
        """
        ...

    def admit(self, key: str, worth: float = 1.0) -> str | None:
        """Let a key in; return the key that leaves for it, which may be the same one, or None.

        `worth` is what a miss would cost for each byte kept; most policies pay no heed to it.
        """
        ...

    def remove(self, key: str) -> None:
        """Forget a key that has been invalidated; one that is not in is no error."""
        ...


PolicyFactory = Callable[[int], Policy]
