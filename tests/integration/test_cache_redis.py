"""The shared store against a real server; Debian's package redis-server has one."""

import asyncio
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis.asyncio

from isaacd.cache.conformance import check_store
from isaacd.cache.entry import PENDING, Entry
from isaacd.cache.multilevel import MultiLevelCache
from isaacd.cache.redis import RedisStore
from isaacd.errors import ConfigInvalid
from isaacd.log import open_log
from tests.fakes import FakeClock

pytestmark = pytest.mark.anyio
PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")
DEADLINE_S = 90.0


class Server:
    """A server of our own on a socket in a directory of its own, with nothing on disk."""

    def __init__(self, directory: Path) -> None:
        self.url = f"unix://{directory / 'redis.sock'}"
        self._directory = directory
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        assert PROGRAM is not None
        self._process = subprocess.Popen(
            [PROGRAM, "--port", "0", *self.listening(), "--save", "", "--appendonly", "no"],
            cwd=self._directory,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line)
            if "eady to accept connections" in line:
                return
        self.stop()
        pytest.skip(f"the server does not start: {''.join(said)[-200:]}")

    def listening(self) -> list[str]:
        return ["--unixsocket", "redis.sock"]

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class EncryptedServer(Server):
    """The same over TLS, with a certificate of an authority that only we know."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.port = free_port()
        make_certificates(directory)
        self.url = f"rediss://localhost:{self.port}/0?ssl_ca_certs={directory / 'authority.pem'}"

    def listening(self) -> list[str]:
        return [
            *("--tls-port", str(self.port), "--tls-auth-clients", "no"),
            *("--tls-cert-file", "server.pem", "--tls-key-file", "server.key"),
            *("--tls-ca-cert-file", "authority.pem"),
        ]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_certificates(directory: Path) -> None:
    """Make an authority, and a certificate of it for localhost."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")

    def openssl(*options: str) -> None:
        subprocess.run(["openssl", *options], cwd=directory, check=True, capture_output=True)

    (directory / "names").write_text("subjectAltName = DNS:localhost\nauthorityKeyIdentifier = keyid\n")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(
        *("req", "-x509", *curve, "-keyout", "authority.key", "-out", "authority.pem", "-days", "2"),
        *("-subj", "/CN=ours", "-addext", "keyUsage = critical, keyCertSign"),
    )
    openssl("req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    openssl(
        *("x509", "-req", "-in", "server.csr", "-out", "server.pem", "-days", "2", "-extfile", "names"),
        *("-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial"),
    )


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[EncryptedServer]:
    if PROGRAM is None:
        pytest.skip("needs redis-server or valkey-server")
    place = tmp_path / "encrypted"
    place.mkdir()
    found = EncryptedServer(place)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    if PROGRAM is None:
        pytest.skip("needs redis-server or valkey-server")
    place = tmp_path / "server"
    place.mkdir()
    found = Server(place)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(time.time())


@asynccontextmanager
async def opened(
    url: str, clock: FakeClock, directory: Path | None = None, **options: float | str
) -> AsyncIterator[RedisStore]:
    log = None if directory is None else open_log(directory / "log")
    store = RedisStore(url, clock=clock, log=log, **{"timeout_s": 60.0, "retry_delay_s": 0.01, **options})
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until something holds."""
    turn = asyncio.get_running_loop()
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            passed = turn.create_future()
            turn.call_soon(passed.set_result, None)
            await passed


def entry(key: str, clock: FakeClock, value: bytes = b"\x01", **fields: object) -> Entry:
    return Entry(key, value, False, clock.now(), **fields)


@pytest.mark.parametrize("prefix", ["isaac", "odd [*]?\\ prefix"])
@pytest.mark.system
async def test_it_conforms(server: Server, clock: FakeClock, prefix: str) -> None:
    async with opened(server.url, clock, prefix=prefix) as store:

        async def reopen() -> RedisStore:
            await store.aclose()
            other = RedisStore(server.url, clock=clock, prefix=prefix, timeout_s=60.0)
            await other.open()
            return other

        await check_store(store, clock, reopen)


@pytest.mark.system
async def test_it_conforms_over_tls(encrypted: EncryptedServer, clock: FakeClock) -> None:
    async with opened(encrypted.url, clock) as store:
        assert store.stats().state == "ok"
        await check_store(store, clock)


@pytest.mark.system
async def test_a_server_whose_certificate_nobody_vouches_for_is_not_spoken_to(
    encrypted: EncryptedServer, clock: FakeClock, tmp_path: Path
) -> None:
    for url in (f"rediss://localhost:{encrypted.port}", encrypted.url.replace("localhost", "127.0.0.1")):
        async with opened(url, clock, retry_delay_s=60.0) as store:
            store.put(entry("a", clock))
            assert (await store.get("a")) is not None
            assert not store.stats().writable
            assert store.stats().state.startswith("away: its certificate is refused: ")
            assert store.peek("b") is None
    async with opened(encrypted.url, clock) as store:
        assert await store.get("a") is None


@pytest.mark.system
async def test_a_server_over_tls_that_dies_is_done_without_and_comes_back(
    encrypted: EncryptedServer, clock: FakeClock
) -> None:
    async with opened(encrypted.url, clock) as store:
        cache = MultiLevelCache(1, 0, stores=[store], clock=clock)
        await cache.set("a", "old")
        await cache.flush()
        encrypted.stop()
        await cache.set("a", "new")
        await cache.set("b", "b")
        assert await cache.get_many(["a", "b", "c"]) == {"a": "new", "b": "b"}
        encrypted.start()
        await until(lambda: store.stats().writable)
        await store.flush()
        async with opened(encrypted.url, clock) as other:
            assert set(await other.get_many(["a", "b", "c"])) == {"a", "b"}


@pytest.mark.system
async def test_it_keeps_to_its_prefix(server: Server, clock: FakeClock) -> None:
    client = redis.asyncio.Redis.from_url(server.url)
    await client.set("isaac2:e:a", b"theirs")
    await client.set("other", b"theirs")
    async with opened(server.url, clock, prefix="isaac") as store:
        store.put(entry("a", clock, tags=("t",)))
        await store.flush()
        assert all(
            name.startswith(b"isaac:") for name in set(await client.keys()) - {b"isaac2:e:a", b"other"}
        )
        assert await store.clear() == 1
    assert set(await client.keys()) == {b"isaac2:e:a", b"other"}
    await client.aclose()


@pytest.mark.system
async def test_the_server_counts_the_time_that_is_left(server: Server, clock: FakeClock) -> None:
    client = redis.asyncio.Redis.from_url(server.url)
    async with opened(server.url, clock, max_age_s=1000.0) as store:
        store.put(entry("short", clock, expires_at=clock.now() + 10, stale_until=clock.now() + 30))
        store.put(entry("for ever", clock))
        store.put(entry("gone", clock, expires_at=clock.now()))
        await store.flush()
        assert 20 < await client.ttl("isaac:e:short") <= 30
        assert 900 < await client.ttl("isaac:e:for ever") <= 1000
        assert await client.exists("isaac:e:gone") == 0
    await client.aclose()


@pytest.mark.system
async def test_damaged_or_foreign_values_are_misses(server: Server, clock: FakeClock) -> None:
    client = redis.asyncio.Redis.from_url(server.url)
    async with opened(server.url, clock) as store:
        for key in ("a", "b"):
            store.put(entry(key, clock, key.encode() * 100))
        await store.flush()
        data = bytearray(await client.get("isaac:e:a"))
        for position in range(len(data)):
            data[position] ^= 4
            await client.set("isaac:e:c", bytes(data))
            await client.set("isaac:e:a", bytes(data))
            assert await store.get("a") is None
            data[position] ^= 4
        await client.set("isaac:e:a", await client.get("isaac:e:b"))
        await client.set("isaac:e:b", b"")
        assert await store.get_many(["a", "b", "c"]) == {}
    await client.aclose()


@pytest.mark.system
async def test_changes_of_another_client_are_told(server: Server, clock: FakeClock) -> None:
    async with opened(server.url, clock) as ours, opened(server.url, clock) as theirs:
        await until(lambda: ours.changes() is None)
        await until(lambda: theirs.changes() is None)
        ours.put(entry("a", clock))
        await ours.flush()
        seen: list[tuple[str, ...] | None] = []
        await until(lambda: seen.append(theirs.changes()) or seen[-1] != ())
        assert seen[-1] == ("a",)
        await theirs.delete_prefix("a")
        await until(lambda: seen.append(ours.changes()) or seen[-1] != ())
        assert seen[-1] is None


@pytest.mark.system
async def test_a_server_that_dies_costs_nothing_and_gets_what_it_missed(
    server: Server, clock: FakeClock, tmp_path: Path
) -> None:
    async with opened(server.url, clock, tmp_path) as store:
        store.put(entry("a", clock, b"old"))
        await store.flush()
        server.stop()
        assert await store.get("a") is None
        assert not store.stats().writable
        assert store.peek("a") is None
        store.put(entry("a", clock, b"new"))
        assert (await store.get("a")).value == b"new"
        assert await store.delete_glob("*x*") == 0
        server.start()
        await until(lambda: store.stats().writable)
        assert store.peek("b") is PENDING
        await store.flush()
        async with opened(server.url, clock) as other:
            assert (await other.get("a")).value == b"new"
    lines = (tmp_path / "log").read_text()
    assert lines.count("shared cache away") == 1
    assert lines.count("shared cache back") == 1


@pytest.mark.system
async def test_a_server_that_hangs_is_left_alone_after_one_short_wait(
    server: Server, clock: FakeClock
) -> None:
    async with opened(server.url, clock, timeout_s=1.0, retry_delay_s=3600.0) as store:
        await until(lambda: store.stats().writable)
        server.signal(signal.SIGSTOP)
        assert await store.get("a") is None
        asked = store.stats().errors
        async with asyncio.timeout(DEADLINE_S):  # less than a wait each would take
            for number in range(1000):
                assert store.peek(f"k{number}") is None
                assert await store.get(f"k{number}") is None
        assert store.stats().errors == asked == 1
        server.signal(signal.SIGCONT)


async def test_a_server_that_was_never_there_is_said_once_without_its_password(
    tmp_path: Path, clock: FakeClock
) -> None:
    url = "redis://:hush-secret@127.0.0.1:1/0"
    async with opened(url, clock, tmp_path) as store:
        store.put(entry("a", clock))
        assert await store.get("a") is not None
        await store.flush()
        assert await store.get("b") is None
        assert store.peek("b") is None
        await until(lambda: store.stats().errors > 2)
        assert [one.key async for one in store.scan()] == ["a"]
        assert "away" in store.stats().state
    lines = (tmp_path / "log").read_text()
    assert lines.count("shared cache away") == 1
    assert "hush-secret" not in lines


async def test_without_redis_py_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    monkeypatch.setitem(sys.modules, "redis", None)
    store = RedisStore("redis://localhost", clock=clock)
    with pytest.raises(ConfigInvalid, match="redis-py"):
        await store.open()
    await store.aclose()
