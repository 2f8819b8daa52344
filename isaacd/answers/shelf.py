"""The shelf: the one cache of answers that a daemon has, with what it learned and what it saved."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import anyio

from isaacd.answers.savings import Savings
from isaacd.cache.entry import Store
from isaacd.cache.late import LatePolicy
from isaacd.cache.multilevel import MultiLevelCache
from isaacd.cache.plan import Kept
from isaacd.cache.policy import PolicyFactory
from isaacd.cache.sqlite import SQLiteStore
from isaacd.cache.sqlite.limits import Limits
from isaacd.cache.warmer import CacheWarmer
from isaacd.clock import Clock
from isaacd.config import POLICIES, CacheConfig
from isaacd.errors import IsaacError, PermissionDenied
from isaacd.log import Log
from isaacd.paths import Paths, make_private

TAG = "answer"
_DAY_S = 86_400.0
# Long enough for the answer to be on its way.
_LEARN_AFTER_S = 0.005


class Shelf:
    """Opens itself at its first use, with the configuration that then holds, and stays open.

    Where a file cannot be used, the shelf goes on with what is left, memory at least, and `troubles` says why.
    """

    def __init__(
        self,
        paths: Paths,
        clock: Clock,
        log: Log,
        policies: Callable[[], Mapping[str, PolicyFactory | LatePolicy]] = dict,
        coming: Callable[[], Awaitable[None]] | None = None,
        *,
        write_delay_s: float = 0.05,
    ) -> None:
        self._paths = paths
        self._clock = clock
        self._log = log
        self._policies = policies
        self._coming = coming
        self._write_delay_s = write_delay_s
        self._opening = anyio.Lock()
        self._ttl_s: float | None = None
        self._is_open = False
        self._asked: list[str] = []
        self._learning: asyncio.Task[None] | None = None
        self.troubles: list[str] = []
        self.local: SQLiteStore | None = None
        self.cache = MultiLevelCache(clock=clock)
        self.warmer = CacheWarmer()
        self.savings = Savings(None)

    @property
    def file(self) -> Path:
        """Where answers are kept on disk."""
        return self._paths.cache_dir / "answers.sqlite"

    async def open(self, config: CacheConfig) -> None:
        """Open everything, once; the answers that are asked for most are then in memory."""
        if self._is_open:
            return
        async with self._opening:
            if not self._is_open:
                await self._open(config)
                self._is_open = True

    async def look(self, key: str) -> Kept | None:
        """Return what is kept under a key; what another daemon has changed meanwhile is seen."""
        if self.local is not None:
            changed = self.local.changes()
            if changed is None or changed:
                self.cache.forget_memory(changed)
        found: Kept | None = await self.cache.get(key, shape=Kept)
        return found

    async def bring(self, key: str) -> bool | None:
        """Bring what is kept under a key into memory; None if there is nothing. It is no request for it."""
        return bool(await self.cache.warm((key,))) or None

    async def keep(self, kind: str, key: str, value: Kept, ttl_s: float | None) -> None:
        """Keep an answer for `ttl_s`, or as long as the configuration says."""
        ttl = self._ttl_s if ttl_s is None else ttl_s
        await self.cache.set(
            key, value, ttl, tags=(TAG, f"model:{value.model}"), cost=value.cost_usd or 0.0, kind=kind
        )
        if self.local is not None and self.local.crowded:
            await self.local.flush()

    def learn_soon(self, key: str) -> None:
        """Note that a key was asked for, and have the likely next ones ready; not before its asker has the answer."""
        self._asked.append(key)
        if self._learning is None:
            self._learning = asyncio.create_task(self._learn())

    async def _learn(self) -> None:
        await asyncio.sleep(_LEARN_AFTER_S)
        asked, self._asked, self._learning = self._asked, [], None
        for key in asked:
            self.warmer.track_query(key)
        await self.warmer.warm_ahead(self.bring)

    async def aclose(self) -> None:
        """Write everything down and close."""
        if self._learning is not None:
            self._learning.cancel()
        for key in self._asked:
            self.warmer.track_query(key)
        self.warmer.close()
        self.savings.close()
        if self._is_open:
            await self.cache.aclose()

    async def _open(self, config: CacheConfig) -> None:
        stores = await self._stores(config)
        self.cache = MultiLevelCache(
            config.l1_entries,
            config.l2_entries,
            await self._policy(config.l1_policy),
            await self._policy(config.policy),
            stores,
            clock=self._clock,
        )
        self._ttl_s = config.max_age_days * _DAY_S or None
        try:
            make_private(self._paths.state_dir)
            self.savings = Savings(self._paths.state_dir / "cache-savings")
            self.warmer = CacheWarmer(self._paths.state_dir / "cache-warmth", history=config.learn)
        except PermissionDenied as error:
            self._trouble(error)
        await self.warmer.warmup_cache(self.bring, config.l1_entries)

    async def _policy(self, name: str) -> str | PolicyFactory:
        """Return what the cache takes for a policy: a name of its own, or what a plugin offers, held to the laws."""
        if name in POLICIES:
            return name
        if self._coming is not None and name not in self._policies():
            await self._coming()
        factory = self._policies().get(name)
        if factory is None:
            return name  # the cache says what is wrong with one that it does not know
        from isaacd.cache.policy.guarded import guarded

        def put_aside(reason: str) -> None:
            self.troubles.append(f"the cache policy {name} was put aside for lru: {reason}")
            self._log.error("cache policy put aside", policy=name, reason=reason)

        if isinstance(factory, LatePolicy):
            try:
                factory = await factory.ready()
            except IsaacError as error:
                put_aside(error.message)
                return "lru"
        return guarded(factory, put_aside)

    async def _stores(self, config: CacheConfig) -> list[Store]:
        """Open the stores that can be opened."""
        limits = Limits(
            max_bytes=config.max_bytes,
            max_age_s=config.max_age_days * _DAY_S or 3650 * _DAY_S,
            write_delay_s=self._write_delay_s,
        )
        found: list[Store] = []
        try:
            make_private(self._paths.cache_dir)
            local = SQLiteStore(self.file, clock=self._clock, log=self._log, limits=limits)
            await local.open()
            self.local = local
            found.append(local)
        except IsaacError as error:
            self._trouble(error)
        if config.redis_url is not None:
            try:
                # Imported on demand: most daemons share nothing, and the client is an extra.
                from isaacd.cache.redis import RedisStore

                shared: Store = RedisStore(
                    config.redis_url, clock=self._clock, log=self._log, max_age_s=limits.max_age_s
                )
                await shared.open()
                found.append(shared)
            except (IsaacError, ImportError) as error:
                self._trouble(error)
        return found

    def _trouble(self, error: Exception) -> None:
        text = getattr(error, "message", str(error))
        self.troubles.append(text)
        self._log.warning("answers are kept in memory only", reason=text)
