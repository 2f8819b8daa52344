"""A store of the cache that is a dict; it can make its readers wait."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from isaacd.cache.entry import PENDING, Entry, Pending, StoreStats, settled
from isaacd.cache.glob import matcher
from isaacd.clock import Clock


class FakeStore:
    """Keeps everything; with `waits`, `peek` knows nothing and every read gives way to the loop once."""

    def __init__(self, clock: Clock, name: str = "disk", *, waits: bool = False) -> None:
        self.name = name
        self.rows: dict[str, Entry] = {}
        self.puts = 0
        self.reading = asyncio.Event()
        self.gate: asyncio.Event | None = None
        self._clock = clock
        self._waits = waits

    def peek(self, key: str) -> Entry | Pending | None:
        return PENDING if self._waits else self._read(key)

    async def get(self, key: str) -> Entry | None:
        return (await self.get_many((key,))).get(key)

    async def get_many(self, keys: Sequence[str]) -> dict[str, Entry]:
        found = {key: self._read(key) for key in keys}
        await self._pause()
        return {key: entry for key, entry in found.items() if entry is not None}

    def put(self, entry: Entry) -> None:
        self.puts += 1
        self.rows[entry.key] = entry

    def delete(self, key: str) -> None:
        self.rows.pop(key, None)

    async def delete_prefix(self, prefix: str) -> int:
        return await self._delete(lambda entry: entry.key.startswith(prefix))

    async def delete_glob(self, glob: str) -> int:
        matches = matcher(glob)
        return await self._delete(lambda entry: matches(entry.key))

    async def delete_tag(self, tag: str) -> int:
        return await self._delete(lambda entry: tag in entry.tags)

    async def clear(self) -> int:
        return await self._delete(lambda _: True)

    async def flush(self) -> None:
        pass

    async def scan(self, glob: str | None = None) -> AsyncIterator[Entry]:
        matches = matcher("*" if glob is None else glob)
        for key in list(self.rows):
            entry = self._read(key)
            if matches(key) and entry is not None:
                yield entry

    def stats(self) -> StoreStats:
        return StoreStats(self.name, entries=len(self.rows))

    async def open(self) -> None:
        pass

    async def aclose(self) -> None:
        pass

    async def _pause(self) -> None:
        self.reading.set()
        if self.gate is not None:
            await self.gate.wait()
        elif self._waits:
            await asyncio.sleep(0)

    async def _delete(self, doomed: Callable[[Entry], bool]) -> int:
        await self._pause()
        keys = [key for key in list(self.rows) if self._read(key) is not None and doomed(self.rows[key])]
        for key in keys:
            del self.rows[key]
        return len(keys)

    def _read(self, key: str) -> Entry | None:
        entry = self.rows.get(key)
        if entry is None:
            return None
        now = self._clock.now()
        entry = self.rows[key] = settled(entry, now)
        if entry.is_gone(now):
            del self.rows[key]
            return None
        return entry
