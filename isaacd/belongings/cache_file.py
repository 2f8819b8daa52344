"""Where cached values of plugins lie: memory, and one file for all, apart from the answers that are kept."""

from pathlib import Path
from typing import Any

import anyio

from isaacd.cache.entry import Store
from isaacd.cache.multilevel import MultiLevelCache
from isaacd.cache.sqlite import SQLiteStore
from isaacd.cache.sqlite.limits import Limits
from isaacd.clock import Clock
from isaacd.errors import InvalidParams, IsaacError
from isaacd.log import Log
from isaacd.paths import make_private

MAX_BYTES = 64 * 1024 * 1024
MAX_VALUE_BYTES = 1024 * 1024
MAX_KEY_CHARS = 512
_L1, _L2 = 50, 500


class CacheFile:
    """The cache of all plugins; it opens itself, and goes on in memory where its file cannot be used."""

    def __init__(self, cache_dir: Path, *, clock: Clock, log: Log) -> None:
        self._cache_dir = cache_dir
        self._clock = clock
        self._log = log
        self._opening = anyio.Lock()
        self._cache: MultiLevelCache | None = None

    def of(self, plugin: str) -> "Part":
        """Return the part of one plugin."""
        return Part(self, plugin)

    async def open(self) -> MultiLevelCache:
        """Return the cache, opened once."""
        if self._cache is None:
            async with self._opening:
                if self._cache is None:
                    self._cache = MultiLevelCache(_L1, _L2, stores=await self._stores(), clock=self._clock)
        return self._cache

    async def aclose(self) -> None:
        """Write everything down and close."""
        cache, self._cache = self._cache, None
        if cache is not None:
            await cache.aclose()

    async def _stores(self) -> list[Store]:
        try:
            make_private(self._cache_dir)
            store = SQLiteStore(
                self._cache_dir / "plugins.sqlite",
                clock=self._clock,
                log=self._log,
                limits=Limits(max_bytes=MAX_BYTES),
            )
            await store.open()
        except IsaacError as error:
            self._log.warning("plugins' values are kept in memory only", reason=error.message)
            return []
        return [store]


class Part:
    """What one plugin has in the cache (the port CacheKeeper)."""

    def __init__(self, file: CacheFile, plugin: str) -> None:
        self._file = file
        self._tag = f"plugin:{plugin}"
        self._prefix = f"{plugin}/"

    async def get(self, key: str) -> bytes | None:
        """Return the fresh value of a key."""
        found: Any = await (await self._file.open()).get(self._full(key), shape=bytes)
        return found if isinstance(found, bytes) else None

    async def set(self, key: str, value: bytes, ttl_s: float | None) -> None:
        """Keep a value; raises InvalidParams if it is too large."""
        if len(value) > MAX_VALUE_BYTES:
            raise InvalidParams(
                f"a value of {len(value)} bytes is too large for the cache; {MAX_VALUE_BYTES} is the most"
            )
        if ttl_s is not None and not ttl_s >= 0:
            raise InvalidParams(f"the time to live must be a number of seconds, not {ttl_s!r}")
        await (await self._file.open()).set(self._full(key), value, ttl_s, tags=(self._tag,), kind="plugin")

    async def delete(self, key: str) -> bool:
        """Forget a key; say whether it had a value."""
        return await (await self._file.open()).invalidate(self._full(key))

    async def clear(self) -> int:
        """Forget all of the plugin's keys."""
        return await (await self._file.open()).invalidate_tag(self._tag)

    def _full(self, key: object) -> str:
        if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY_CHARS:
            raise InvalidParams(f"a key of the cache is a text of 1 to {MAX_KEY_CHARS} characters")
        return self._prefix + key
