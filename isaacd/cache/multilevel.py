"""The cache as its users see it: one set of rules over two levels in memory and any stores below.

Rules that hold whatever levels are on: what `get` returns is the last value that was set, as msgpack gives it back
(a tuple comes back as a list unless `shape` says otherwise), until it expires, is invalidated or has to make room. None
is a value. No two callers share an object that one of them could change.
"""

import random as system_random
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any

from isaacd.cache.alarm import Alarm, LoopAlarm, NoAlarm
from isaacd.cache.below import Below
from isaacd.cache.compute import Computing, Order
from isaacd.cache.entry import PENDING, Entry, Store, settled
from isaacd.cache.figures import CacheStats, Tally
from isaacd.cache.glob import matcher
from isaacd.cache.life import Keep, new_entry
from isaacd.cache.lookup import Lookup, Sweep
from isaacd.cache.memory import Memory, Peek
from isaacd.cache.policy import PolicyFactory, policy_named
from isaacd.cache.values import MISSING
from isaacd.clock import Clock, SystemClock

DEFAULT_L1_POLICY = "lru"
DEFAULT_L2_POLICY = "adaptive-s3fifo"


class MultiLevelCache:
    """L1 holds objects, L2 encoded values, the stores whatever they have room for; a size of 0 turns a level off.

    Writes go to every level, hits are brought up to the higher ones. Everything runs in one event loop. A policy is
    given by its name or as a factory. `alarm` must ring by `clock`; without one, the system's clock has the loop's
    timers, and any other is read at each hit.
    """

    def __init__(
        self,
        l1_size: int = 100,
        l2_size: int = 1000,
        l1_policy: str | PolicyFactory = DEFAULT_L1_POLICY,
        l2_policy: str | PolicyFactory = DEFAULT_L2_POLICY,
        stores: Sequence[Store] = (),
        *,
        clock: Clock | None = None,
        alarm: Alarm | None = None,
        random: Callable[[], float] = system_random.random,
    ) -> None:
        self._clock = clock or SystemClock()
        self._tally = Tally()
        if alarm is None:
            alarm = LoopAlarm() if isinstance(self._clock, SystemClock) else NoAlarm()
        l1, l2 = policy_named(l1_policy), policy_named(l2_policy)
        self._memory = Memory(l1_size, l2_size, l1, l2, self._clock, self._tally, alarm)
        self._below = Below(stores, self._clock)
        self._lookup = Lookup(self._memory, self._below, self._clock, self._tally)
        self._computing = Computing(self._lookup, self._keep, self._forget, self._clock, self._tally, random)
        # Reads without waiting; returns PENDING, and counts nothing, if only `get` can tell. The fastest way in.
        self.peek: Peek = self._memory.make_peek(self._peek)

    async def open(self) -> None:
        """Open the stores.

        The file of a newer Isaac is left alone, the cache goes on without that store, and `get_stats` says why. Raises
        ConfigInvalid if a store cannot be used as it is configured.
        """
        self._memory.disarm()
        await self._below.open()

    async def flush(self) -> None:
        """Return when all that was written is as durable as the stores make it."""
        for store in self._below.stores:
            await store.flush()

    async def aclose(self) -> None:
        """Cancel computations, flush and close the stores."""
        await self._computing.aclose()
        self._memory.disarm()
        await self._below.aclose()

    async def get(self, key: str, default: Any = None, *, shape: Any = Any) -> Any:
        """Return the fresh value of a key, or `default`; also `default` if the value is not a `shape`."""
        value = self.peek(key, MISSING) if shape is Any else self._peek(key, MISSING, shape)
        if value is PENDING:
            located = (await self._lookup.locate_below((key,)))[key]
            value = self._lookup.take_fresh(key, located, shape)
        return default if value is MISSING else value

    async def get_many(self, keys: Iterable[str], *, shape: Any = Any) -> dict[str, Any]:
        """Return the fresh values of those keys that have one."""
        wanted = list(dict.fromkeys(keys))
        values = {key: self._peek(key, MISSING, shape) for key in wanted}
        waiting = [key for key in wanted if values[key] is PENDING]
        if waiting:
            located = await self._lookup.locate_below(waiting)
            for key in waiting:
                values[key] = self._lookup.take_fresh(key, located[key], shape)
        return {key: value for key, value in values.items() if value is not MISSING}

    async def set(
        self,
        key: str,
        value: object,
        ttl: float | None = None,
        *,
        tags: Iterable[str] = (),
        cost: float = 0.0,
        kind: str = "value",
        stale_s: float = 0.0,
        early: float | None = None,
    ) -> None:
        """Keep a value in place of any other of its key, as `Keep` says; a ttl of 0 only forgets the old one.

        Raises TypeError if msgpack cannot hold the value; nothing is changed then.
        """
        keep = Keep(ttl=ttl, tags=tuple(tags), cost=cost, kind=kind, stale_s=stale_s, early=early)
        entry = new_entry(key, value, keep, self._clock.now())
        self._computing.void_key(key)
        self._tally.events["sets"] += 1
        if keep.lasts:
            self._keep(entry)
        else:
            self._forget(key)

    async def get_or_compute(
        self,
        key: str,
        fn: Callable[[], Awaitable[Any]],
        ttl: float | None = None,
        *,
        tags: Iterable[str] = (),
        cost: float = 0.0,
        kind: str = "value",
        stale_s: float = 0.0,
        early: float | None = None,
        beta: float | None = None,
        errors_s: float | None = None,
        refresh: bool = False,
        shape: Any = Any,
    ) -> Any:
        """Return the value of a key, or what `fn` returns, which is kept as `Keep` (or a `Computed`) says.

        Askers of one key share one computation. It is cancelled when the last of them is. A stale value is returned
        at once while a new one is computed in the background; so is a fresh one that is due by `early`, or by a draw
        with `beta` (1 is usual). Errors are raised to all who wait, and kept only if `errors_s` says for how many
        seconds, and only if they are IsaacErrors; an asker who gives none is not served a kept error. `refresh`
        computes even if there is a value. What was invalidated or set in the meantime is not overwritten. Raises
        TypeError if msgpack cannot hold the value, msgspec.ValidationError if it is not a `shape`.
        """
        keep = Keep(ttl=ttl, tags=tuple(tags), cost=cost, kind=kind, stale_s=stale_s, early=early)
        order = Order(key, fn, keep, shape, beta, errors_s)
        if not refresh:
            value = await self._computing.serve(order)
            if value is not MISSING:
                return value
        return await self._computing.compute(order)

    async def invalidate(self, key: str) -> bool:
        """Forget a key on every level; say whether one had it, which a store that must be waited for may have had."""
        located = self._lookup.locate_now(key)
        self._computing.void_key(key)
        self._forget(key)
        self._tally.events["invalidated"] += located is not None
        return located is not None

    async def invalidate_pattern(self, glob: str) -> int:
        """Forget the keys that match a glob (`*`, `?`, `[...]`); return how many the fullest level had."""
        return await self._sweep(Sweep(matcher(glob)), lambda: self._below.delete_glob(glob))

    async def invalidate_tag(self, tag: str) -> int:
        """Forget what carries a tag; return how many entries the fullest level had."""
        return await self._sweep(Sweep(lambda _: True, tag), lambda: self._below.delete_tag(tag))

    async def clear(self) -> int:
        """Forget everything; return how many entries the fullest level had."""
        return await self._sweep(Sweep(lambda _: True), self._below.clear)

    def forget_memory(self, keys: Iterable[str] | None = None) -> None:
        """Forget keys, or all, in memory only; for when another process has changed a store."""
        for key in list(self._memory.slots if keys is None else keys):
            self._memory.drop(key)
            self._lookup.void_key(key)

    async def warm(self, keys: Iterable[str]) -> int:
        """Bring fresh entries of the stores up into memory, the last key as the newest; return how many there were.

        These are no requests: they count neither as hits nor as misses.
        """
        wanted = list(dict.fromkeys(keys))
        located = await self._lookup.locate_below(wanted)
        count = 0
        for key in wanted:
            item = located[key]
            if item is None or not self._lookup.is_fresh(item.slot):
                continue
            count += 1
            if item.found is not None and item.may_keep:
                self._memory.keep(item.found.entry)
        return count

    def get_stats(self) -> CacheStats:
        """Return all figures as of now."""
        self._memory.tell()
        stores = tuple(store.stats() for store in (*self._below.stores, *self._below.refused))
        return self._tally.stats(self._memory.levels(), stores)

    async def export(self, glob: str | None = None) -> AsyncIterator[Entry]:
        """Iterate over all entries, or those whose key matches; memory first, and each key once."""
        matches = matcher("*" if glob is None else glob)
        seen: set[str] = set()
        for entry in self._memory.entries():
            if matches(entry.key):
                seen.add(entry.key)
                yield entry
        for store in self._below.stores:
            async for entry in store.scan(glob):
                if entry.key not in seen:
                    seen.add(entry.key)
                    yield entry

    async def import_(self, entries: Iterable[Entry] | AsyncIterable[Entry]) -> int:
        """Keep entries of an export in place of others with their keys; return how many were of use."""
        count = 0
        if isinstance(entries, AsyncIterable):
            async for entry in entries:
                count += self._import(entry)
        else:
            for entry in entries:
                count += self._import(entry)
        return count

    def _import(self, entry: Entry) -> bool:
        now = self._clock.now()
        entry = settled(entry, now)
        if entry.is_gone(now):
            return False
        self._computing.void_key(entry.key)
        self._keep(entry)
        return True

    def _peek(self, key: str, default: Any, shape: Any = Any) -> Any:
        value = self._memory.take_shared(key, shape)
        if value is not MISSING:
            return value
        located = self._lookup.locate_now(key)
        if located is PENDING:
            return PENDING
        value = self._lookup.take_fresh(key, located, shape)
        return default if value is MISSING else value

    def _keep(self, entry: Entry) -> None:
        self._lookup.void_key(entry.key)
        self._memory.keep(entry)
        self._below.put(entry)

    def _forget(self, key: str) -> None:
        self._lookup.void_key(key)
        self._memory.drop(key)
        self._below.delete(key)

    async def _sweep(self, sweep: Sweep, below: Callable[[], Awaitable[int]]) -> int:
        self._computing.void_sweep(sweep)
        async with self._lookup.sweeping(sweep) as dropped:
            count = max(dropped, await below())
        self._tally.events["invalidated"] += count
        return count
