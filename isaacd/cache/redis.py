"""L4: a Redis or Valkey server that a team shares; when it is away, nothing waits for it."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence

from isaacd.cache.backlog import UNKNOWN, Backlog, Batch, Wipe
from isaacd.cache.behind import WriteBehind
from isaacd.cache.entry import PENDING, Entry, Pending, StoreStats, settled
from isaacd.cache.glob import matcher
from isaacd.cache.redis_server import Server
from isaacd.clock import Clock
from isaacd.log import Log

_LONGEST_RETRY_S = 60.0
_MOST_CHANGES = 10_000
_MAX_WAITING_BYTES = 8 * 1024 * 1024
_MAX_WAITING_KEYS = 50_000
_READS_A_TURN = 200
_CANCEL_AGAIN_S = 0.05


class RedisStore:
    """Keeps entries below `prefix` on a server.

    One answer that takes longer than `timeout_s` counts as a failure: from then on the store misses at once, and a
    probe in the background finds out when the server is back. Writes wait in memory until then.
    """

    name = "shared"

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        log: Log | None = None,
        prefix: str = "isaac",
        timeout_s: float = 0.05,
        max_age_s: float = 90 * 86400.0,
        write_delay_s: float = 0.05,
        retry_delay_s: float = 1.0,
        randbits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        self.writable = False
        self._backlog = Backlog(_MAX_WAITING_BYTES, _MAX_WAITING_KEYS)
        self._behind = WriteBehind(self._backlog, self, write_delay_s)
        self._clock = clock
        self._log = log
        self._retry_first_s = retry_delay_s
        self._settings = (url, prefix, timeout_s, max_age_s, randbits(63))
        self._server: Server | None = None
        self._listener: asyncio.Task[None] | None = None
        self._changed: set[str] | None = set()
        self._state = "not open"
        self._failures = 0
        self._reads = self._hits = self._writes = self._errors = 0

    @property
    def retry_delay_s(self) -> float:
        """How long to wait before the next probe."""
        return min(self._retry_first_s * 2.0 ** min(self._failures, 20), _LONGEST_RETRY_S)

    async def open(self) -> None:
        """Reach for the server once; raises ConfigInvalid without redis-py, a server that is away is only said."""
        self._server = Server(*self._settings)
        self._behind.begin()
        self._behind.due = True
        await self._behind.flush()

    def peek(self, key: str) -> Entry | Pending | None:
        """Answer from the writes that wait; PENDING if the server may know."""
        waiting = self._backlog.latest(key) if self._backlog else UNKNOWN
        if waiting is not UNKNOWN:
            self._reads += 1
            return None if waiting is None else self._served(waiting)
        return PENDING if self.writable else None

    async def get(self, key: str) -> Entry | None:
        """Read one entry."""
        return (await self.get_many((key,))).get(key)

    async def get_many(self, keys: Sequence[str]) -> dict[str, Entry]:
        """Read several entries, many with one question."""
        self._reads += len(keys)
        found: dict[str, Entry] = {}
        for start in range(0, len(keys), _READS_A_TURN):
            chunk = keys[start : start + _READS_A_TURN]
            asked = [key for key in chunk if self._backlog.latest(key) is UNKNOWN]
            answers = await self._ask(asked)
            for key in chunk:
                waiting = self._backlog.latest(key)
                entry = answers.get(key) if waiting is UNKNOWN else waiting
                if isinstance(entry, Entry) and not (key in answers and self._backlog.hides(entry)):
                    served = self._served(entry)
                    if served is not None:
                        found[key] = served
        return found

    async def _ask(self, keys: Sequence[str]) -> dict[str, Entry]:
        if not self.writable or self._server is None or not keys:
            return {}
        try:
            return await self._server.get(keys)
        except self._server.failures as error:
            # Of many questions under way, the first to fail says it for all.
            if self.writable:
                await self.suffer(error)
            return {}

    def put(self, entry: Entry) -> None:
        """Keep an entry; on the server soon, and for certain after `flush`."""
        # Nobody knows without asking whether the server has an older one.
        self._behind.wake(self._backlog.put(entry, lambda _: False))

    def delete(self, key: str) -> None:
        """Forget an entry."""
        self._behind.wake(self._backlog.delete(key))

    async def delete_prefix(self, prefix: str) -> int:
        """Forget all keys that begin with `prefix`."""
        return await self._wipe(Wipe("prefix", prefix))

    async def delete_glob(self, glob: str) -> int:
        """Forget all keys that match."""
        return await self._wipe(Wipe("glob", glob))

    async def delete_tag(self, tag: str) -> int:
        """Forget all entries that carry `tag`."""
        return await self._wipe(Wipe("tag", tag))

    async def clear(self) -> int:
        """Forget everything below the prefix."""
        return await self._wipe(Wipe("all"))

    async def _wipe(self, wipe: Wipe) -> int:
        self._backlog.wipe(wipe)
        await self.flush()
        return wipe.removed

    async def flush(self) -> None:
        """Return when all earlier writes are on the server, or cannot be at present."""
        if self.writable:
            await self._behind.flush()

    async def scan(self, glob: str | None = None) -> AsyncIterator[Entry]:
        """Iterate over the entries; what changes meanwhile may or may not be seen."""
        await self.flush()
        wanted = "*" if glob is None else glob
        matches = matcher(wanted)
        given = set(self._backlog.keys())
        for key in given:
            waiting = self._backlog.latest(key)
            served = self._served(waiting) if isinstance(waiting, Entry) else None
            if served is not None and matches(key):
                yield served
        if not self.writable or self._server is None:
            return
        try:
            async for entry in self._server.scan(wanted):
                if entry.key not in given and not self._backlog.hides(entry):
                    found = self._served(entry)
                    if found is not None:
                        yield found
        except self._server.failures as error:
            await self.suffer(error)

    def changes(self) -> tuple[str, ...] | None:
        """Return keys that other clients changed since the last call, for memory to forget; None is all keys."""
        changed, self._changed = self._changed, set()
        return None if changed is None else tuple(changed)

    def stats(self) -> StoreStats:
        """Return the state of the store; how many entries the server has, only the server knows."""
        return StoreStats(
            self.name,
            writable=self.writable,
            state=self._state,
            reads=self._reads,
            hits=self._hits,
            writes=self._writes,
            errors=self._errors,
        )

    async def aclose(self) -> None:
        """Write what waits if the server is there, and let go of it."""
        await self.flush()
        await self._behind.end()
        # While it connects, redis-py swallows a cancellation now and then.
        while self._listener is not None and not self._listener.done():
            self._listener.cancel()
            await asyncio.wait([self._listener], timeout=_CANCEL_AGAIN_S)
        if self._server is not None:
            await self._server.aclose()
        self.writable = False
        self._state = "closed"

    async def write(self, write: Batch | Wipe | None) -> None:
        """Write one thing; with nothing, find out whether the server is there."""
        assert self._server is not None
        if not self.writable:
            await self._server.ping()
        if isinstance(write, Batch):
            await self._server.write(write, self._clock.now())
            self._writes += len(write.changes)
        elif isinstance(write, Wipe):
            write.removed = await self._server.wipe(write, self._clock.now())
        if write is not None:
            self._backlog.done(write)
        self._behind.due = False
        self._well()

    async def suffer(self, error: Exception) -> bool:
        """Do without the server for a while."""
        self._errors += 1
        self._failures += 1
        reason = f"away: {_told(error)}"
        if self._log is not None:
            if self._server is None or not isinstance(error, self._server.failures):
                self._log.exception("shared cache failed")
            elif self.writable or self._state == "not open":
                self._log.warning("shared cache away", reason=reason)
        self.writable = False
        self._state = reason
        self._behind.retry_later()
        return False

    def _well(self) -> None:
        if not self.writable and self._failures and self._log is not None:
            self._log.info("shared cache back")
        self.writable, self._state, self._failures = True, "ok", 0
        if self._listener is None or self._listener.done():
            self._listener = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        """Collect what other clients change; whatever ends it means that changes may have been missed."""
        assert self._server is not None
        try:
            async for keys in self._server.changes(self._missed):
                if keys is None or self._changed is None or len(self._changed) > _MOST_CHANGES:
                    self._changed = None
                else:
                    self._changed.update(keys)
        except (RuntimeError, ValueError):
            self._missed()
        except self._server.failures:
            self._missed()

    def _missed(self) -> None:
        self._changed = None

    def _served(self, entry: Entry) -> Entry | None:
        now = self._clock.now()
        # Clocks of different machines differ a little, so what is settled here is not written back: the server
        # itself counts the time that is left.
        entry = settled(entry, now)
        if entry.is_gone(now):
            return None
        self._hits += 1
        return entry


def _told(error: BaseException) -> str:
    """Say what is wrong without the text of the error, which could hold the URL, and with it a password."""
    cause: BaseException | None = error
    while cause is not None:
        refused = getattr(cause, "verify_message", None)  # of ssl.SSLCertVerificationError
        if isinstance(refused, str):
            return f"its certificate is refused: {refused}"
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
