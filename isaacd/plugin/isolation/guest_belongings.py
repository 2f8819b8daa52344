"""What belongs to an isolated plugin, kept by the daemon: the ports of `isaacd.belongings`, as requests to it."""

from collections.abc import Mapping, Sequence

import anyio

from isaacd.plugin.isolation.link import Link


class GuestState:
    """The plugin's state, kept by the daemon (the port StateKeeper)."""

    def __init__(self, link: Link, call: int, turn: anyio.Lock) -> None:
        self.turn = turn
        self._link = link
        self._call = call

    async def load(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values of those keys that have one."""
        return await self._link.ask(dict[str, bytes], "state.load", self._call, list(keys))

    async def scan(self, prefix: str, after: str, limit: int) -> list[tuple[str, bytes]]:
        """Return up to `limit` keys that begin with `prefix` and come after `after`, with their values."""
        return await self._link.ask(list[tuple[str, bytes]], "state.scan", self._call, prefix, after, limit)

    async def apply(self, expected: Mapping[str, bytes | None], changes: Mapping[str, bytes | None]) -> bool:
        """Make all changes if all that is expected is so."""
        return await self._link.ask(bool, "state.apply", self._call, dict(expected), dict(changes))


class GuestCache:
    """The plugin's values in the cache, kept by the daemon (the port CacheKeeper)."""

    def __init__(self, link: Link, call: int) -> None:
        self._link = link
        self._call = call

    async def get(self, key: str) -> bytes | None:
        """Return the fresh value of a key."""
        return await self._link.ask(bytes | None, "cache.get", self._call, key)  # type: ignore[arg-type]

    async def set(self, key: str, value: bytes, ttl_s: float | None) -> None:
        """Keep a value."""
        await self._link.call("cache.set", self._call, key, value, ttl_s)

    async def delete(self, key: str) -> bool:
        """Forget a key; say whether it had a value."""
        return await self._link.ask(bool, "cache.delete", self._call, key)

    async def clear(self) -> int:
        """Forget all of the plugin's keys; say how many there were."""
        return await self._link.ask(int, "cache.clear", self._call)


class GuestSecrets:
    """Secrets that the plugin has declared, found by the daemon (the port SecretFinder)."""

    def __init__(self, link: Link, call: int) -> None:
        self._link = link
        self._call = call

    async def find(self, name: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
        """Return a secret and where it comes from; the environment is the caller's, as the daemon has it."""
        return await self._link.ask(tuple[str, str] | None, "secrets.find", self._call, name)  # type: ignore[arg-type]
