"""What the cache's file survives: being killed, other processes, flipped bits, a full disk."""

import asyncio
import os
import random
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isaacd.cache.entry import Entry
from isaacd.cache.sqlite import SQLiteStore
from isaacd.cache.sqlite.limits import Limits
from isaacd.errors import UnsupportedVersion
from isaacd.log import open_log
from tests.cache_writer import generation_in, value_of
from tests.fakes import FakeClock

WRITER = Path(__file__).parent.parent / "cache_writer.py"
KEYS = 30
DEADLINE_S = 120.0


class Writer:
    """A writing process; `acknowledged` is the last generation that it said was flushed."""

    def __init__(self, file: Path, name: str) -> None:
        self.name = name
        self.acknowledged = 0
        self._rest = b""
        environ = {**os.environ, "PYTHONPATH": str(WRITER.parent.parent)}
        self._process = subprocess.Popen(
            [sys.executable, WRITER, file, name, str(KEYS)], stdout=subprocess.PIPE, env=environ
        )

    def read_until(self, generation: int) -> None:
        """Wait until a generation was acknowledged."""
        until = time.monotonic() + DEADLINE_S
        assert self._process.stdout is not None
        while self.acknowledged < generation:
            ready, _, _ = select.select([self._process.stdout], [], [], until - time.monotonic())
            assert ready, f"{self.name} acknowledged nothing for {DEADLINE_S} s"
            data = os.read(self._process.stdout.fileno(), 65536)
            assert data, f"{self.name} ended"
            self._take(data)

    def watch(self, seconds: float) -> None:
        """Take what is said for a while."""
        until = time.monotonic() + seconds
        assert self._process.stdout is not None
        while (left_s := until - time.monotonic()) > 0:
            ready, _, _ = select.select([self._process.stdout], [], [], left_s)
            if ready:
                self._take(os.read(self._process.stdout.fileno(), 65536))

    def kill(self) -> None:
        """Kill at once, and take what was said before."""
        self._process.send_signal(signal.SIGKILL)
        assert self._process.stdout is not None
        with self._process.stdout:
            self._take(self._process.stdout.read())
        self._process.wait()

    def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines:
            self.acknowledged = int(lines[-1])


@contextmanager
def writing(file: Path, *names: str) -> Iterator[list[Writer]]:
    writers = [Writer(file, name) for name in names]
    try:
        yield writers
    finally:
        for writer in writers:
            writer.kill()


def contents(file: Path, *, tolerate: bool = False) -> dict[str, bytes]:
    """Return all that a store reads from the file, by scan and by key."""

    async def read() -> dict[str, bytes]:
        store = SQLiteStore(file, clock=FakeClock(time.time() + 10))
        await store.open()
        found = {entry.key: entry.value async for entry in store.scan()}
        for key in found:
            again = await store.get(key)
            assert tolerate or again is not None
            assert again is None or again.value == found[key]
        assert tolerate or await store.check() is None
        await store.aclose()
        return found

    return asyncio.run(read())


@pytest.mark.parametrize("seed", range(4))
def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(tmp_path: Path, seed: int) -> None:
    file = tmp_path / "cache.db"
    chance = random.Random(seed)
    for name in ("a", "b", "c"):
        with writing(file, name) as (writer,):
            writer.read_until(1)
            writer.watch(chance.random() * 0.2)
        found = contents(file)
        generations = [generation_in(f"{name}:{n}", found[f"{name}:{n}"]) for n in range(KEYS)]
        # One batch is one transaction, so that all are of one generation; what was not acknowledged may be there too.
        assert len(set(generations)) == 1
        assert generations[0] in {writer.acknowledged, writer.acknowledged + 1}


def test_eight_processes_write_and_all_are_killed_and_nothing_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "cache.db"
    names = [f"w{number}" for number in range(8)]
    with writing(file, *names) as writers:
        for writer in writers:
            writer.read_until(3)
    found = contents(file)
    assert len(found) == 8 * KEYS
    for writer in writers:
        for number in range(KEYS):
            key = f"{writer.name}:{number}"
            # More than one may be there unacknowledged, if the others kept the lock for so long that a flush gave up.
            assert generation_in(key, found[key]) >= writer.acknowledged


def test_eight_processes_that_write_the_same_keys_leave_whole_values(tmp_path: Path) -> None:
    file = tmp_path / "cache.db"
    with writing(file, *["same"] * 8) as writers:
        for writer in writers:
            writer.read_until(2)
    found = contents(file)
    assert set(found) == {f"same:{number}" for number in range(KEYS)}
    for key, value in found.items():
        generation_in(key, value)


def made(file: Path) -> dict[str, bytes]:
    """Fill a file and close it well."""
    clock = FakeClock()
    values = {f"k{n}": value_of(f"k{n}", n) for n in range(60)}

    async def fill() -> None:
        store = SQLiteStore(file, clock=clock)
        await store.open()
        for number, (key, value) in enumerate(values.items()):
            store.put(Entry(key, value, False, clock.now(), tags=(f"t{number % 5}",)))
        await store.flush()
        store.delete("k7")
        await store.aclose()

    asyncio.run(fill())
    del values["k7"]
    return values


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    file = tmp_path_factory.mktemp("whole") / "cache.db"
    return file, made(file)


async def _use_damaged(file: Path, values: dict[str, bytes]) -> None:
    """Do with a damaged file all that a cache does; what it gives must be right, or missing."""
    clock = FakeClock()
    store = SQLiteStore(file, clock=clock)
    try:
        await store.open()
    except UnsupportedVersion:
        # The flip is in the header, where it makes the file somebody else's: refused is a miss too.
        await store.aclose()
        return
    for key in (*values, "k7"):
        found = await store.get(key)
        assert found is None or found.value == values[key]
    async for entry in store.scan():
        assert entry.value == values[entry.key]
    store.put(Entry("k3", value_of("k3", 1000), False, clock.now()))
    assert await store.delete_tag("t1") <= 12
    store.stats()
    await store.collect()
    await store.flush()
    found = await store.get("k3")
    assert found is None or found.value == value_of("k3", 1000)
    await store.aclose()
    assert store.stats().state == "closed"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), often=st.integers(1, 4))
def test_no_flipped_bit_gives_a_wrong_value(
    whole: tuple[Path, dict[str, bytes]], tmp_path: Path, where: float, bit: int, often: int
) -> None:
    file = tmp_path / "cache.db"
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    data = bytearray(whole[0].read_bytes())
    for number in range(often):
        data[(int(where * len(data)) + number * 4099) % len(data)] ^= 1 << bit
    file.write_bytes(data)
    asyncio.run(_use_damaged(file, whole[1]))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1))
def test_no_truncated_file_gives_a_wrong_value(
    whole: tuple[Path, dict[str, bytes]], tmp_path: Path, share: float
) -> None:
    file = tmp_path / "cache.db"
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    data = whole[0].read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    asyncio.run(_use_damaged(file, whole[1]))


def test_damage_in_a_file_that_was_left_open_is_found_when_it_is_opened(tmp_path: Path) -> None:
    file = tmp_path / "cache.db"
    with writing(file, "a") as (writer,):
        writer.read_until(3)
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'entry_dies_at'").fetchone()
    connection.execute("INSERT INTO counter VALUES ('x', 1)")
    connection.commit()
    log_bytes = file.with_name("cache.db-wal").read_bytes()
    connection.close()
    data = bytearray(file.read_bytes())
    data[(root - 1) * 4096 : root * 4096] = os.urandom(4096)
    file.write_bytes(data)
    file.with_name("cache.db-wal").write_bytes(log_bytes)
    log = open_log(tmp_path / "log")

    async def use() -> None:
        store = SQLiteStore(file, clock=FakeClock(), log=log)
        await store.open()
        await store.check()
        store.put(Entry("new", b"1", False, 0.0))
        await store.flush()
        assert await store.get("new") is not None
        assert store.stats().state == "ok"
        await store.aclose()

    asyncio.run(use())
    assert log_lines(tmp_path).count("rebuilt") == 1
    log.close()


def log_lines(directory: Path) -> str:
    return (directory / "log").read_text()


@contextmanager
def small_disk(directory: Path, size: str) -> Iterator[Path]:
    place = directory / "disk"
    place.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    options = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(place)]
    mounted = subprocess.run(options, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"cannot mount: {mounted.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_makes_it_read_only_once_and_it_comes_back(tmp_path: Path) -> None:
    with small_disk(tmp_path, "2m") as disk:
        asyncio.run(_fill_disk(disk, tmp_path))
    lines = log_lines(tmp_path)
    assert lines.count("the disk is full") == 1
    assert lines.count("in use again") == 1


async def _fill_disk(disk: Path, directory: Path) -> None:
    clock = FakeClock()
    log = open_log(directory / "log", level="debug")
    store = SQLiteStore(disk / "cache.db", clock=clock, log=log, limits=Limits(max_bytes=500_000_000))
    await store.open()
    store.put(Entry("kept", b"old", False, clock.now()))
    await store.flush()
    filler = disk / "filler"
    filler.write_bytes(bytes(1_000_000))
    number = 0
    while store.stats().writable:
        store.put(Entry(f"k{number}", os.urandom(50_000), False, clock.now()))
        await store.flush()
        number += 1
        assert number < 100
    assert store.stats().state == "the disk is full"
    assert (await store.get("kept")).value == b"old"
    store.put(Entry("kept", b"new", False, clock.now()))
    assert (await store.get("kept")).value == b"new"
    for more in range(1000):
        store.put(Entry(f"more{more}", os.urandom(50_000), False, clock.now()))
    assert (await store.get("kept")).value == b"new"
    assert await store.delete_prefix("k1") == 0
    assert await store.get("k1") is None
    # What waits for a disk that stays full is given up, but what it replaced does not come back.
    assert await store.get("kept") is None
    filler.unlink()
    await store.flush()
    assert store.stats().state == "ok"
    assert await store.get("kept") is None
    assert await store.get("k1") is None
    store.put(Entry("kept", b"newer", False, clock.now()))
    await store.flush()
    assert (await store.get("kept")).value == b"newer"
    await store.aclose()
    log.close()


def test_a_read_only_file_system_is_read_and_said_once(tmp_path: Path) -> None:
    with small_disk(tmp_path, "8m") as disk:
        file = disk / "cache.db"
        values = made(file)
        large = os.urandom(100_000)
        asyncio.run(_put(file, "large", large))
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        log = open_log(tmp_path / "log")

        async def use() -> None:
            store = SQLiteStore(file, clock=FakeClock(), log=log)
            await store.open()
            assert not store.stats().writable
            assert (await store.get("k1")).value == values["k1"]
            assert (await store.get("large")).value == large
            store.put(Entry("k1", b"new", False, 0.0))
            await store.flush()
            assert (await store.get("k1")).value == b"new"
            assert len([entry async for entry in store.scan()]) == len(values) + 1
            await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,rw", str(disk)], check=True)
            await store.flush()
            assert store.stats().state == "ok"
            await store.aclose()

        asyncio.run(use())
        assert log_lines(tmp_path).count("cannot be written") == 1
        assert contents(file)["k1"] == b"new"
        log.close()


async def _put(file: Path, key: str, value: bytes) -> None:
    store = SQLiteStore(file, clock=FakeClock())
    await store.open()
    store.put(Entry(key, value, False, FakeClock().now()))
    await store.aclose()
