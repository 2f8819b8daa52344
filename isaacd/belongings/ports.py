"""What a plugin's belongings need of the daemon, as plain data in and out: a plugin in another process has the same."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import anyio


class StateKeeper(Protocol):
    """Keeps the state of one plugin: encoded values by key; `turn` is held by who has tried in vain to change some."""

    turn: anyio.Lock

    async def load(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values of those keys that have one."""
        ...

    async def scan(self, prefix: str, after: str, limit: int) -> list[tuple[str, bytes]]:
        """Return up to `limit` keys that begin with `prefix` and come after `after`, in order, with their values."""
        ...

    async def apply(self, expected: Mapping[str, bytes | None], changes: Mapping[str, bytes | None]) -> bool:
        """Make all changes (None deletes) if all that is expected is so, else none, and say which it was.

        What was changed is on disk when this returns. Raises StorageUnavailable, and QuotaExceeded over the quota.
        """
        ...


class CacheKeeper(Protocol):
    """Keeps the values of one plugin for a while: encoded, by key."""

    async def get(self, key: str) -> bytes | None:
        """Return the fresh value of a key."""
        ...

    async def set(self, key: str, value: bytes, ttl_s: float | None) -> None:
        """Keep a value."""
        ...

    async def delete(self, key: str) -> bool:
        """Forget a key; say whether it had a value."""
        ...

    async def clear(self) -> int:
        """Forget all of the plugin's keys; say how many there were."""
        ...


class SecretFinder(Protocol):
    """Finds secrets by name."""

    async def find(self, name: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
        """Return a secret and where it comes from; raises PermissionDenied for one that must not be used as it is."""
        ...
