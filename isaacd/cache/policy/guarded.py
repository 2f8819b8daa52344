"""A policy that somebody else wrote, held to the laws: one that breaks them is put aside, and LRU goes on with its keys."""

from collections.abc import Callable

from isaacd.cache.policy.lru import LRU
from isaacd.cache.policy.protocol import Policy, PolicyFactory


class Guarded:
    """Keeps a policy as long as it keeps the laws of `Policy`; `tell` is told once of the first that it breaks."""

    def __init__(self, factory: PolicyFactory, capacity: int, tell: Callable[[str], None]) -> None:
        self._capacity = capacity
        self._tell = tell
        self._inside: dict[str, None] = {}
        self._policy: Policy
        try:
            self._policy = factory(capacity)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            self._policy = LRU(capacity)
            self._tell(f"{type(error).__name__}: {error}")

    def touch(self, key: str, times: int = 1) -> None:
        """Take note of hits."""
        try:
            self._policy.touch(key, times)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            self._replace(f"{type(error).__name__}: {error}")

    def admit(self, key: str, worth: float = 1.0) -> str | None:
        """Let a key in; return the key that leaves for it."""
        inside = self._inside
        full = len(inside) >= self._capacity
        try:
            leaving = self._policy.admit(key, worth)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            return self._instead(key, f"{type(error).__name__}: {error}")
        if leaving == key and full:
            return leaving
        if (leaving is not None) != full or (leaving is not None and leaving not in inside):
            return self._instead(key, "it let a key leave that was not in, or none when there was no room")
        if leaving is not None:
            del inside[leaving]
        inside[key] = None
        return leaving

    def remove(self, key: str) -> None:
        """Forget a key."""
        self._inside.pop(key, None)
        try:
            self._policy.remove(key)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            self._replace(f"{type(error).__name__}: {error}")

    def _instead(self, key: str, reason: str) -> str | None:
        self._replace(reason)
        return self.admit(key)

    def _replace(self, reason: str) -> None:
        """Go on with LRU, whose methods raise nothing and keep the laws."""
        self._policy = LRU(self._capacity)
        for key in self._inside:
            self._policy.admit(key)
        self._tell(reason)


def guarded(factory: PolicyFactory, tell: Callable[[str], None]) -> PolicyFactory:
    """Return a factory whose policies are held to the laws."""
    return lambda capacity: Guarded(factory, capacity, tell)
