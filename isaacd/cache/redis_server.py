"""The commands of a shared Redis or Valkey server that the cache needs, each with a limit in time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

import msgspec

from isaacd.cache.backlog import Batch, Wipe
from isaacd.cache.entry import Entry
from isaacd.cache.glob import matcher
from isaacd.cache.redis_keys import Names, packed, unpacked
from isaacd.cache.row import Damaged, key_bytes, key_text
from isaacd.errors import ConfigInvalid

_SCAN_COUNT = 1000
_CHUNK_KEYS = 200
_LISTED_KEYS = 256
# Writes and removals wait in the background, where a few round trips more cost nobody anything.
_PATIENCE = 20.0


class Server:
    """A client of one server. Every method raises what redis-py raises, OSError or TimeoutError."""

    def __init__(self, url: str, prefix: str, timeout_s: float, max_age_s: float, writer: int) -> None:
        try:
            import redis.asyncio
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
            from redis.exceptions import RedisError
        except ImportError as error:
            raise ConfigInvalid(
                "the shared cache needs redis-py", hint="install it: pip install 'isaacd[redis]'"
            ) from error
        self.failures: tuple[type[Exception], ...] = (RedisError, OSError, TimeoutError)
        self.names = Names(prefix)
        no_retry = Retry(NoBackoff(), 0)
        self._timeout_s = timeout_s
        self._max_age_s = max_age_s
        self._writer = writer
        self._client: Any = redis.asyncio.Redis.from_url(
            url,
            socket_timeout=timeout_s * _PATIENCE,
            socket_connect_timeout=timeout_s,
            retry=no_retry,
            decode_responses=False,
        )

    async def ping(self) -> None:
        """Return if the server answers."""
        async with asyncio.timeout(self._timeout_s):
            await self._client.ping()

    async def get(self, keys: Sequence[str]) -> dict[str, Entry]:
        """Read entries."""
        async with asyncio.timeout(self._timeout_s * (1 + len(keys) / 100)):
            found = await self._client.mget([self.names.entry(key) for key in keys])
        entries = (
            (key, unpacked(key, data)) for key, data in zip(keys, found, strict=True) if data is not None
        )
        return {key: entry for key, entry in entries if entry is not None}

    async def write(self, batch: Batch, now: float) -> None:
        """Put and remove what a batch says, all or nothing, and tell the other clients."""
        names = self.names
        async with (
            asyncio.timeout(self._timeout_s * _PATIENCE),
            self._client.pipeline(transaction=True) as pipe,
        ):
            for key, entry in batch.changes.items():
                left_ms = 0 if entry is None else self._left_ms(entry, now)
                if entry is None or left_ms <= 0:
                    pipe.unlink(names.entry(key))
                    continue
                pipe.set(names.entry(key), packed(entry), px=left_ms)
                for tag in entry.tags:
                    pipe.sadd(names.tag(tag), key_bytes(key))
                    # No entry outlives this, so that the set is not needed longer.
                    pipe.pexpire(names.tag(tag), int(self._max_age_s * 1000))
            self._tell(pipe, list(batch.changes))
            await pipe.execute()

    async def wipe(self, wipe: Wipe, now: float) -> int:
        """Remove what a wipe covers; return how many entries."""
        async with asyncio.timeout(self._timeout_s * _PATIENCE * 10):
            if wipe.kind == "tag":
                removed = await self._remove_tag(wipe.text, now)
            else:
                removed = await self._remove(wipe)
            if wipe.kind == "all":
                async for name in self._client.scan_iter(match=self.names.all_tags, count=_SCAN_COUNT):
                    await self._client.unlink(name)
            await self._client.publish(self.names.changes, self._told(None))
        return removed

    async def scan(self, glob: str) -> AsyncIterator[Entry]:
        """Give all entries whose keys match."""
        keys: list[str] = []
        matches = matcher(glob)
        async for key in self._keys(self.names.pattern(glob), matches):
            keys.append(key)
            if len(keys) == _CHUNK_KEYS:
                for entry in (await self.get(keys)).values():
                    yield entry
                keys.clear()
        for entry in (await self.get(keys)).values() if keys else ():
            yield entry

    async def changes(self, subscribed: Callable[[], None]) -> AsyncIterator[tuple[str, ...] | None]:
        """Give the keys that other clients change, as they do; None is any key. Ends only by an error."""
        async with self._client.pubsub() as channel:
            async with asyncio.timeout(self._timeout_s * _PATIENCE):
                await channel.subscribe(self.names.changes)
                while (await channel.get_message(timeout=None))["type"] != "subscribe":
                    continue
            subscribed()
            while True:
                message = await channel.get_message(ignore_subscribe_messages=True, timeout=None)
                if message is not None:
                    writer, keys = msgspec.msgpack.decode(
                        message["data"], type=tuple[int, list[bytes] | None]
                    )
                    if writer != self._writer:
                        yield None if keys is None else tuple(map(key_text, keys))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    def _left_ms(self, entry: Entry, now: float) -> int:
        gone_at = entry.gone_at()
        left_s = self._max_age_s if gone_at is None else min(gone_at - now, self._max_age_s)
        return int(left_s * 1000)

    def _told(self, keys: Iterable[str] | None) -> bytes:
        raw = None if keys is None else [key_bytes(key) for key in keys]
        return msgspec.msgpack.encode((self._writer, raw))

    def _tell(self, pipe: Any, keys: Sequence[str]) -> None:
        pipe.publish(self.names.changes, self._told(keys if len(keys) <= _LISTED_KEYS else None))

    async def _keys(self, pattern: bytes, matches: Callable[[str], bool]) -> AsyncIterator[str]:
        seen: set[str] = set()
        async for name in self._client.scan_iter(match=pattern, count=_SCAN_COUNT):
            try:
                key = self.names.key(name)
            except Damaged:
                continue
            # The server may give a key more than once.
            if key not in seen and matches(key):
                seen.add(key)
                yield key

    async def _remove(self, wipe: Wipe) -> int:
        if wipe.kind == "glob":
            keys = self._keys(self.names.pattern(wipe.text), matcher(wipe.text))
        else:
            keys = self._keys(self.names.beginning(wipe.text), lambda _: True)
        found = [self.names.entry(key) async for key in keys]
        removed = 0
        for start in range(0, len(found), _CHUNK_KEYS):
            removed += await self._client.unlink(*found[start : start + _CHUNK_KEYS])
        return removed

    async def _remove_tag(self, tag: str, now: float) -> int:
        name = self.names.tag(tag)
        members = list(await self._client.smembers(name))
        removed = 0
        for start in range(0, len(members), _CHUNK_KEYS):
            chunk = members[start : start + _CHUNK_KEYS]
            found = await self.get([key_text(raw) for raw in chunk])
            tagged = [entry for entry in found.values() if tag in entry.tags]
            if tagged:
                await self._client.unlink(*(self.names.entry(entry.key) for entry in tagged))
            # Only those that were looked at: another client may add to the set right now.
            await self._client.srem(name, *chunk)
            removed += sum(not entry.is_gone(now) for entry in tagged)
        return removed
