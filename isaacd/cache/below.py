"""The stores beneath memory as one: the first fresh answer wins, and is copied into the stores above it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from isaacd.cache.entry import PENDING, Entry, Pending, Store, settled
from isaacd.cache.glob import literal_prefix
from isaacd.cache.life import is_fresh
from isaacd.clock import Clock
from isaacd.errors import UnsupportedVersion


class Found:
    """An entry and the store that had it."""

    __slots__ = ("entry", "place")

    def __init__(self, entry: Entry, place: int) -> None:
        self.entry = entry
        self.place: Final = place


class Below:
    """Reads go from the first store to the last; writes go to all."""

    def __init__(self, stores: Sequence[Store], clock: Clock) -> None:
        self.stores = tuple(stores)
        self.refused: tuple[Store, ...] = ()
        self._clock = clock

    async def open(self) -> None:
        """Open the stores; go on without one whose data another version of this program must keep."""
        for store in self.stores:
            try:
                await store.open()
            except UnsupportedVersion:
                self.refused += (store,)
                self.stores = tuple(other for other in self.stores if other is not store)

    async def aclose(self) -> None:
        """Close all stores."""
        for store in (*self.stores, *self.refused):
            await store.aclose()

    def peek(self, key: str) -> Found | Pending | None:
        """Read without waiting; PENDING if a store must be waited for."""
        stale: Found | None = None
        for place, store in enumerate(self.stores):
            entry = store.peek(key)
            if entry is PENDING:
                return PENDING
            found = self._useful(entry, place)
            if found is not None and self._is_fresh(found):
                return found
            stale = stale or found
        return stale

    async def get(self, key: str) -> Found | None:
        """Read, waiting where it is needed."""
        return (await self.get_many((key,))).get(key)

    async def get_many(self, keys: Sequence[str]) -> dict[str, Found]:
        """Read several keys; a fresh entry is better than a stale one from a store further up."""
        best: dict[str, Found] = {}
        for place, store in enumerate(self.stores):
            wanted = [key for key in keys if key not in best or not self._is_fresh(best[key])]
            if not wanted:
                break
            for key, entry in (await store.get_many(wanted)).items():
                found = self._useful(entry, place)
                if found is not None and (key not in best or self._is_fresh(found)):
                    best[key] = found
        return best

    def copy_up(self, found: Found) -> None:
        """Keep an entry also in the stores above the one it was found in."""
        for store in self.stores[: found.place]:
            store.put(found.entry)

    def put(self, entry: Entry) -> None:
        """Keep an entry everywhere."""
        for store in self.stores:
            store.put(entry)

    def delete(self, key: str) -> None:
        """Forget a key everywhere."""
        for store in self.stores:
            store.delete(key)

    async def delete_glob(self, glob: str) -> int:
        """Forget matching keys everywhere; return how many the store with most of them had."""
        prefix = literal_prefix(glob)
        if prefix is not None:
            return await self._most(lambda store: store.delete_prefix(prefix))
        return await self._most(lambda store: store.delete_glob(glob))

    async def delete_tag(self, tag: str) -> int:
        """Forget everything with a tag, everywhere; return how many the store with most of them had."""
        return await self._most(lambda store: store.delete_tag(tag))

    async def clear(self) -> int:
        """Forget everything; return how many entries the fullest store had."""
        return await self._most(lambda store: store.clear())

    async def _most(self, forget: Callable[[Store], Awaitable[int]]) -> int:
        return max([await forget(store) for store in self.stores], default=0)

    def _useful(self, entry: Entry | None, place: int) -> Found | None:
        if entry is None:
            return None
        now = self._clock.now()
        entry = settled(entry, now)
        return None if entry.is_gone(now) else Found(entry, place)

    def _is_fresh(self, found: Found) -> bool:
        return is_fresh(found.entry, self._clock.now())
