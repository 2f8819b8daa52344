"""Laws of the store on disk; see tests/integration/test_cache_durability.py for those that need processes."""

import asyncio
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from isaacd.cache.conformance import check_store
from isaacd.cache.entry import PENDING, Entry
from isaacd.cache.sqlite import SQLiteStore
from isaacd.cache.sqlite.limits import Limits
from isaacd.errors import UnsupportedVersion
from isaacd.log import open_log
from tests.fakes import FakeClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "cache.db"


@asynccontextmanager
async def opened(file: Path, clock: FakeClock, **limits: float) -> AsyncIterator[SQLiteStore]:
    log = open_log(file.parent.parent / "log", level="debug")
    store = SQLiteStore(file, clock=clock, log=log, limits=Limits(**limits))
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()
        log.close()


def said(file: Path) -> str:
    log = file.parent.parent / "log"
    return log.read_text() if log.exists() else ""


def entry(key: str, clock: FakeClock, value: bytes = b"\x01", **fields: object) -> Entry:
    return Entry(key, value, False, clock.now(), **fields)


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def open_to_others(file: Path) -> None:
    file.chmod(0o644)


def damage(file: Path, first: int = 0) -> None:
    with file.open("r+b") as raw:
        raw.seek(first)
        raw.write(b"\xaa" * (file.stat().st_size - first))


def run_sql(file: Path, *statements: str) -> None:
    file.parent.mkdir(exist_ok=True)
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        for statement in statements:
            connection.execute(statement).fetchall()
    finally:
        connection.close()


def bytes_of(file: Path) -> bytes:
    return file.read_bytes()


async def test_it_conforms(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock) as store:

        async def reopen() -> SQLiteStore:
            await store.aclose()
            other = SQLiteStore(file, clock=clock)
            await other.open()
            return other

        await check_store(store, clock, reopen)
    assert "warning" not in said(file)


async def test_large_values_are_not_read_on_the_loop(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock) as store:
        large = entry("large", clock, os.urandom(100_000))
        store.put(large)
        assert store.peek("large") == large
        await store.flush()
        assert store.peek("large") is PENDING
        assert await store.get("large") == large


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
async def test_files_are_private_whatever_the_umask(file: Path, clock: FakeClock, mask: int) -> None:
    before = os.umask(mask)
    try:
        async with opened(file, clock) as store:
            store.put(entry("a", clock))
            await store.flush()
            found = {one.name: mode_of(one) for one in file.parent.iterdir()}
    finally:
        os.umask(before)
    assert found == dict.fromkeys(["cache.db", "cache.db-wal", "cache.db-shm", "cache.db.lock"], 0o600)
    assert mode_of(file.parent) == 0o700


async def test_a_file_that_others_could_read_is_closed_to_them(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock):
        pass
    open_to_others(file)
    async with opened(file, clock):
        assert mode_of(file) == 0o600


@pytest.mark.parametrize(
    "change", ["ALTER TABLE entry RENAME COLUMN score TO worth", "DROP TABLE entry", "SELECT 1"], ids=str
)
@pytest.mark.parametrize("doing", ["put", "get", "check", "wipe", "collect"])
async def test_a_file_that_a_newer_version_takes_over_is_let_go_of_and_not_harmed(
    file: Path, clock: FakeClock, change: str, doing: str
) -> None:
    async with opened(file, clock) as store:
        store.put(entry("a", clock, b"old"))
        await store.flush()
        with sqlite3.connect(file) as newer:
            newer.execute(change)
            newer.execute("CREATE TABLE of_the_future (x)")
            newer.execute("INSERT INTO of_the_future VALUES ('precious')")
            newer.execute("PRAGMA user_version = 2")
        newer.close()
        if doing == "put":
            store.put(entry("b", clock))
        elif doing == "get":
            await store.get("a")
            store.put(entry("b", clock))
        elif doing == "check":
            await store.check()
            store.delete("a")
        elif doing == "wipe":
            await store.clear()
        else:
            await store.collect()
            store.delete("a")
        await store.flush()
        assert not store.stats().writable
        assert "newer Isaac" in store.stats().state
        store.put(entry("c", clock))
        await store.flush()
        assert await store.get("a") is None
    assert sorted(one.name for one in file.parent.iterdir() if "damaged" in one.name) == []
    with sqlite3.connect(file) as newer:
        assert newer.execute("PRAGMA user_version").fetchone() == (2,)
        assert newer.execute("SELECT x FROM of_the_future").fetchall() == [("precious",)]
        if change == "SELECT 1":
            assert newer.execute("SELECT key FROM entry").fetchall() == [(b"a",)]
    newer.close()
    assert said(file).count("newer Isaac") == 1


async def test_a_newer_schema_is_refused_and_left_alone(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock) as store:
        store.put(entry("a", clock))
    run_sql(file, "PRAGMA user_version = 99")
    before = bytes_of(file)
    log = open_log(file.parent.parent / "log")
    store = SQLiteStore(file, clock=clock, log=log)
    with pytest.raises(UnsupportedVersion, match="newer Isaac"):
        await store.open()
    store.put(entry("b", clock))
    assert await store.get("a") is None
    assert await store.clear() == 0
    await store.flush()
    assert "newer Isaac" in store.stats().state
    assert not store.stats().writable
    await store.aclose()
    log.close()
    assert bytes_of(file) == before
    assert said(file).count("newer Isaac") == 1


async def test_a_file_of_somebody_else_is_left_alone(file: Path, clock: FakeClock) -> None:
    run_sql(file, "CREATE TABLE mine (x)")
    before = bytes_of(file)
    store = SQLiteStore(file, clock=clock)
    with pytest.raises(UnsupportedVersion, match="something else"):
        await store.open()
    await store.aclose()
    assert bytes_of(file) == before


async def test_a_file_that_is_no_database_is_moved_aside_and_rebuilt(file: Path, clock: FakeClock) -> None:
    run_sql(file, "CREATE TABLE mine (x)")
    damage(file)
    async with opened(file, clock) as store:
        store.put(entry("a", clock))
        await store.flush()
        assert await store.get("a") is not None
        assert store.stats().state == "ok"
    aside = [one for one in file.parent.iterdir() if ".damaged-" in one.name]
    assert [bytes_of(one)[:4] for one in aside] == [b"\xaa" * 4]
    assert said(file).count("rebuilt") == 1


async def test_an_open_file_that_becomes_damaged_is_rebuilt(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock) as store:
        for number in range(500):
            store.put(entry(f"k{number}", clock, os.urandom(500)))
        await store.flush()
        run_sql(file, "PRAGMA wal_checkpoint(TRUNCATE)")
        damage(file, 4096)
        for number in range(500):
            found = await store.get(f"k{number}")
            assert found is None or found.key == f"k{number}"
        store.put(entry("new", clock))
        await store.flush()
        assert await store.get("new") is not None
        assert store.stats().state == "ok"
    assert said(file).count("rebuilt") == 1


async def test_a_file_that_is_removed_is_made_anew(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock) as store:
        store.put(entry("a", clock))
        await store.flush()
        shutil.rmtree(file.parent)
        store.put(entry("b", clock))
        await store.flush()
        assert await store.get("b") is not None
        assert store.stats().state == "ok"


async def test_a_locked_file_is_said_and_written_when_the_lock_is_gone(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock):
        pass
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    log = open_log(file.parent.parent / "log")
    store = SQLiteStore(file, clock=clock, log=log)
    await store.open()
    store.put(entry("a", clock))
    await store.flush()
    assert store.peek("a") is not None
    assert "lock" in store.stats().state
    holder.close()
    await store.flush()
    assert store.stats().state == "ok"
    await store.aclose()
    log.close()
    assert said(file).count("cache file not written") == 1
    async with opened(file, clock) as again:
        assert await again.get("a") is not None


async def test_above_its_limit_it_keeps_what_is_dear_for_each_byte(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock, max_bytes=1_000_000) as store:
        for number in range(1500):
            dear = number % 10 == 0
            store.put(entry(f"k{number}", clock, os.urandom(1000), cost=0.01 if dear else 0.0001))
            if number % 100 == 0:
                await store.flush()
        done = await store.collect()
        stats = store.stats()
        assert stats.size_bytes <= 1_000_000
        assert stats.evictions > 0
        assert done.evicted <= stats.evictions
        kept = {one.key async for one in store.scan()}
        assert {f"k{number}" for number in range(0, 1500, 10)} <= kept
        assert len(kept) > 400


async def test_what_is_read_often_outlives_what_is_not(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock, max_bytes=1_000_000) as store:
        for number in range(500):
            store.put(entry(f"k{number}", clock, os.urandom(1000)))
        await store.flush()
        for _ in range(5):
            for number in range(50):
                assert await store.get(f"k{number}") is not None
        for number in range(500, 1500):
            store.put(entry(f"k{number}", clock, os.urandom(1000)))
            if number % 100 == 0:
                await store.flush()
        await store.collect()
        kept = {one.key async for one in store.scan()}
        assert {f"k{number}" for number in range(50)} <= kept


async def test_collection_removes_what_is_expired_or_too_old(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock, max_age_s=100.0) as store:
        store.put(entry("short", clock, expires_at=clock.now() + 10))
        store.put(entry("old", clock))
        clock.advance(50)
        store.put(entry("new", clock, tags=("t",)))
        assert (await store.collect()).expired == 1
        clock.advance(51)
        assert (await store.collect()).expired == 1
        assert [one.key async for one in store.scan()] == ["new"]


async def test_a_clock_set_back_does_not_prolong_life(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock) as store:
        store.put(entry("a", clock, expires_at=clock.now() + 100))
        await store.flush()
        clock.advance(-10_000)
        found = await store.get("a")
        assert found is not None
        assert found.stored_at == clock.now()
        assert found.expires_at == clock.now() + 100
        clock.advance(99)
        assert await store.get("a") is not None
        await store.flush()
        assert await store.get("a") is not None
        clock.advance(1)
        assert await store.get("a") is None


async def test_a_clock_set_forward_and_back_loses_nothing_that_was_not_collected(
    file: Path, clock: FakeClock
) -> None:
    async with opened(file, clock) as store:
        store.put(entry("a", clock, expires_at=clock.now() + 100))
        await store.flush()
        clock.advance(1e6)
        assert await store.get("a") is None
        clock.advance(-1e6)
        assert await store.get("a") is not None


async def test_changes_of_another_process_are_seen_at_once(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock) as ours, opened(file, clock) as theirs:
        ours.put(entry("a", clock, b"\x01"))
        await ours.flush()
        assert ours.changes() == ()
        assert theirs.changes() == ("a",)
        assert theirs.changes() == ()
        theirs.put(entry("a", clock, b"\x02"))
        theirs.delete("b")
        await theirs.flush()
        assert (await ours.get("a")).value == b"\x02"
        assert ours.changes() == ("a", "b")
        await theirs.delete_prefix("a")
        assert ours.changes() is None
        assert ours.changes() == ()
        assert await ours.get("a") is None


async def test_writes_beyond_the_bound_are_shed_but_never_leave_an_old_value(
    file: Path, clock: FakeClock
) -> None:
    async with opened(file, clock, max_waiting_bytes=10_000, write_delay_s=60.0) as store:
        store.put(entry("a", clock, b"old"))
        await store.flush()
        for number in range(100):
            store.put(entry(f"k{number}", clock, bytes(500)))
        assert store.crowded
        store.put(entry("a", clock, b"new"))
        assert await store.get("a") is None
        await store.flush()
        assert await store.get("a") is None
        assert not store.crowded
        assert await store.get("k0") is not None


async def test_more_removals_than_can_be_remembered_remove_all(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock, max_waiting_keys=100, write_delay_s=60.0) as store:
        store.put(entry("old", clock))
        await store.flush()
        for number in range(101):
            store.delete(f"k{number}")
        assert await store.get("old") is None
        await store.flush()
        assert await store.get("old") is None


async def test_an_entry_that_cannot_be_written_takes_no_other_with_it(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock) as store:
        store.put(entry("before", clock))
        store.put(entry("\ud800", clock))
        store.put(entry("odd", clock, tags=("\ud800",)))
        store.put(entry("nan", clock, cost=float("nan"), took_s=float("inf")))
        store.put(entry("after", clock))
        await store.flush()
        kept = {one.key async for one in store.scan()}
        assert kept == {"before", "after", "\ud800", "nan"}
        assert store.stats().state == "ok"


async def test_two_keys_with_one_hash_are_never_mixed_up(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock) as store:
        store.put(entry("a", clock))
        await store.flush()
        run_sql(file, "UPDATE entry SET key = X'00'")
        assert await store.get("a") is None


async def test_reading_never_keeps_the_log_from_being_emptied(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock) as store:
        for number in range(10):
            store.put(entry(f"k{number}", clock))
        await store.flush()
        assert store.peek("k1") is not None
        connection = sqlite3.connect(file)
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        connection.close()
        assert busy == 0


async def test_a_cancelled_flush_breaks_no_transaction(file: Path, clock: FakeClock) -> None:
    async with opened(file, clock) as store:
        for number in range(2000):
            store.put(entry(f"k{number}", clock))
        waiting = asyncio.ensure_future(store.flush())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await store.flush()
        assert store.stats().entries == 2000


async def test_a_forgotten_close_leaves_only_daemon_threads(file: Path, clock: FakeClock) -> None:
    before = set(threading.enumerate())
    async with opened(file, clock) as store:
        store.put(entry("a", clock))
        await store.flush()
        writers = [one for one in set(threading.enumerate()) - before if "asyncio" not in one.name]
        assert writers
        assert all(one.daemon for one in writers)


async def test_an_unopened_store_misses_and_keeps_writes_for_later(file: Path, clock: FakeClock) -> None:
    log = open_log(file.parent.parent / "log")
    store = SQLiteStore(file, clock=clock, log=log)
    assert store.peek("a") is None
    store.put(entry("a", clock))
    assert await store.get("a") is not None
    await store.flush()
    await store.open()
    await store.aclose()
    log.close()
    async with opened(file, clock) as again:
        assert await again.get("a") is not None
