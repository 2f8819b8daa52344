"""What every store of the cache must keep to, as one check that plugins and tests can run."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from isaacd.cache.entry import PENDING, Entry, Store

_LARGE_BYTES = 200_000


class Hands(Protocol):
    """A clock that the check sets; the store under check must use the same."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...

    def advance(self, by_s: float) -> None:
        """Set the clock forward, or back if negative."""
        ...


async def check_store(
    store: Store, clock: Hands, reopen: Callable[[], Awaitable[Store]] | None = None
) -> None:
    """Check that an open, empty store keeps the laws of `Store`; raises AssertionError if not.

    The store is left empty. `reopen` closes it and returns another on the same data, for stores that outlive their
    process; that other is then closed by the check.
    """
    await _check_reads_and_writes(store, clock)
    await _check_time(store, clock)
    await _check_removal(store, clock)
    if reopen is not None:
        await _check_reopening(store, clock, reopen)


async def _check_reads_and_writes(store: Store, clock: Hands) -> None:
    one = _entry("a", clock, value=b"1")
    assert store.peek("a") in (None, PENDING), "peek gives what get gives, or PENDING"
    assert await store.get("a") is None, "an empty store has nothing"
    store.put(one)
    assert await store.get("a") == one, "a write must be seen at once"
    await store.flush()
    assert await store.get("a") == one, "a write must be seen after flush"
    assert store.peek("a") in (one, PENDING), "peek gives what get gives, or PENDING"
    two = _entry("a", clock, value=b"2", tags=("t",), cost=0.5)
    store.put(two)
    assert await store.get("a") == two, "an overwrite replaces the value, its tags and its cost"
    await store.flush()
    assert await store.get("a") == two, "an overwrite replaces the value, its tags and its cost"
    large = _entry("large", clock, value=bytes(range(256)) * (_LARGE_BYTES // 256))
    odd = [
        _entry(key, clock) for key in ("", " ", "a\x00b", "ä*[?]\\", "\N{PARTY POPPER}", "a\nb", "x" * 5000)
    ]
    for entry in (large, *odd):
        store.put(entry)
    await store.flush()
    for entry in (large, *odd):
        assert await store.get(entry.key) == entry, f"any text is a key: {entry.key[:20]!r}"
    many = await store.get_many(["a", "large", "absent"])
    assert many == {"a": two, "large": large}, "get_many leaves out what is absent"
    store.delete("a")
    assert await store.get("a") is None, "a removal must be seen at once"
    await store.flush()
    assert await store.get("a") is None, "a removal must be seen after flush"
    assert await store.clear() == 1 + len(odd), "clear counts what there was"
    assert [entry async for entry in store.scan()] == [], "nothing is left after clear"


async def _check_time(store: Store, clock: Hands) -> None:
    now = clock.now()
    fresh = _entry("short", clock, expires_at=now + 10)
    stale = _entry("stale", clock, expires_at=now + 10, stale_until=now + 30)
    for written in (False, True):
        store.put(fresh)
        store.put(stale)
        if written:
            await store.flush()
        clock.advance(9)
        assert await store.get("short") == fresh, "an entry lives until it expires"
        clock.advance(1)
        assert await store.get("short") is None, "an entry is gone when it expires"
        assert await store.get("stale") == stale, "an entry that may be served stale is kept so long"
        assert [entry.key async for entry in store.scan()] == ["stale"], "scan leaves out what is gone"
        clock.advance(20)
        assert await store.get("stale") is None, "an entry is gone when it may not be served stale either"
        clock.advance(-30)
        store.delete("short")
        store.delete("stale")
    await store.clear()


async def _check_removal(store: Store, clock: Hands) -> None:
    keys = ("user:1", "user:2", "user", "users:1", "item:1", "user:\U0010ffff", "USER:1")
    for written in (False, True):
        for count, remove, left in (
            (3, store.delete_prefix("user:"), {"user", "users:1", "item:1", "USER:1"}),
            (4, store.delete_glob("*:1"), {"user", "user:2", "user:\U0010ffff"}),
            (2, store.delete_glob("user:[!2]"), set(keys) - {"user:1", "user:\U0010ffff"}),
            (1, store.delete_glob("item:?"), set(keys) - {"item:1"}),
            (2, store.delete_tag("odd"), set(keys) - {"user:1", "user"}),
            (0, store.delete_tag("od*"), set(keys)),
            (0, store.delete_glob("User:*"), set(keys)),
            (len(keys), store.clear(), set()),
        ):
            for number, key in enumerate(keys):
                store.put(_entry(key, clock, tags=("odd", "x") if number in {0, 2} else ("even",)))
            if written:
                await store.flush()
            assert await remove == count, "a removal counts what it removed"
            found = {entry.key async for entry in store.scan()}
            assert found == left, f"a removal takes all that match and no more: {found ^ left}"
            assert {key for key in keys if await store.get(key)} == left, "what is removed cannot be read"
        await store.clear()
    store.put(_entry("a", clock, tags=("old",)))
    await store.flush()
    store.put(_entry("a", clock, tags=("new",)))
    assert await store.delete_tag("old") == 0, "an overwrite takes the old tags away"
    assert await store.delete_tag("new") == 1, "an overwrite brings its tags"


async def _check_reopening(store: Store, clock: Hands, reopen: Callable[[], Awaitable[Store]]) -> None:
    now = clock.now()
    kept = [
        _entry("user:1", clock, tags=("t",), cost=0.25),
        _entry("user:2", clock, value=b"old"),
        _entry("short", clock, expires_at=now + 10),
        _entry("tagged", clock, tags=("t",)),
    ]
    for entry in kept:
        store.put(entry)
    await store.flush()
    newer = _entry("user:2", clock, value=b"new")
    store.put(newer)
    store.delete("tagged")
    other = await reopen()
    assert await other.get("user:1") == kept[0], "an entry outlives the process whole"
    assert await other.get("user:2") == newer, "an overwrite outlives the process"
    assert await other.get("tagged") is None, "a removal outlives the process"
    clock.advance(10)
    assert await other.get("short") is None, "expiry outlives the process"
    assert await other.delete_tag("t") == 1, "tags outlive the process"
    assert await other.delete_prefix("user:") == 1, "patterns find what another process wrote"
    assert [entry async for entry in other.scan()] == [], "nothing is left"
    await other.aclose()


def _entry(
    key: str,
    clock: Hands,
    *,
    value: bytes = b"\x01",
    expires_at: float | None = None,
    stale_until: float | None = None,
    tags: tuple[str, ...] = (),
    cost: float = 0.0,
) -> Entry:
    return Entry(
        key, value, False, clock.now(), expires_at=expires_at, stale_until=stale_until, tags=tags, cost=cost
    )
