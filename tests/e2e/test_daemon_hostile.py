"""A real daemon under hostile clients: afterwards it answers, and has neither grown nor kept anything open."""

import contextlib
import json
import random
import resource
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from isaacd.wire import ContentLengthCodec, JsonLinesCodec, NativeCodec
from tests.daemon import Caller, Daemon, eventually, running

PATIENCE = """
import anyio
from collections.abc import AsyncIterator
from isaacd.api import Context, Plugin

plugin = Plugin("patience", summary="Commands that take their time.")

@plugin.command
async def wait(context: Context) -> None:
    \"\"\"Wait until cancelled.\"\"\"
    await anyio.sleep_forever()

@plugin.command
async def pour(context: Context) -> AsyncIterator[str]:
    \"\"\"Stream without end.\"\"\"
    while True:
        yield "z" * 1000

@plugin.command
def block(context: Context, size: int) -> str:
    \"\"\"Return a text of this size.\"\"\"
    return "x" * size
"""

SECONDS = 2.0
GROWTH_KIB = 24 * 1024  # one message of 16 MiB may stay in the allocator
EXPECTED_EVENTS = {"ready", "peer stalled"}


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with running(plugins={"patience": PATIENCE}) as daemon:
        daemon.logged("ready")
        yield daemon
        events = [line["event"] for line in daemon.log()]
        assert set(events[events.index("ready") :]) <= EXPECTED_EVENTS


@pytest.fixture(autouse=True)
def unharmed(daemon: Daemon) -> Iterator[None]:
    """Whatever a test does, the daemon must be as it was before."""
    daemon.ping()
    files, rss_kib = descriptors(daemon), daemon.status()["rss_kib"]
    yield
    daemon.ping()
    eventually(lambda: daemon.status()["connections"] == 1, "every connection to be let go")
    eventually(lambda: daemon.status()["in_flight"] == 0, "every run to be over")
    # The nested epoll of half-closed and unread peers is made once and kept.
    eventually(lambda: descriptors(daemon) <= files + 1, "every descriptor to be closed")
    assert daemon.status()["rss_kib"] - rss_kib < GROWTH_KIB
    assert daemon.stderr == ""


def descriptors(daemon: Daemon) -> int:
    """Count what is open beside the daemon's own files, which it opens when one is first asked for."""
    found = 0
    for place in Path(f"/proc/{daemon.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += not place.readlink().is_relative_to(daemon.home.directory)
    return found


def pelt(daemon: Daemon, data: bytes) -> None:
    """Send bytes, read a little, and leave."""
    with contextlib.suppress(OSError), daemon.connect() as sock:
        sock.settimeout(0.05)
        sock.sendall(data)
        if len(data) % 2:
            sock.shutdown(socket.SHUT_WR)
        sock.recv(1000)


def for_a_while(daemon: Daemon, seed: int, make: Callable[[random.Random], bytes], threads: int = 4) -> None:
    end = time.monotonic() + SECONDS

    def attack(number: int) -> None:
        choose = random.Random(seed * 100 + number)
        while time.monotonic() < end:
            pelt(daemon, make(choose))

    attackers = [threading.Thread(target=attack, args=(number,)) for number in range(threads)]
    for attacker in attackers:
        attacker.start()
    for attacker in attackers:
        attacker.join()


FIRST_BYTES = [*range(0x90, 0xA0), 0xDC, 0xDD, *b"{C"]


def test_random_bytes(daemon: Daemon) -> None:
    def make(choose: random.Random) -> bytes:
        first = choose.choice(FIRST_BYTES) if choose.random() < 0.9 else choose.randrange(256)
        return bytes([first]) + choose.randbytes(choose.randrange(3000))

    for_a_while(daemon, 1, make)


def test_valid_streams_with_a_few_bytes_changed(daemon: Daemon) -> None:
    def stream(codec: NativeCodec | JsonLinesCodec | ContentLengthCodec) -> bytes:
        send, tell = codec.encode_request, codec.encode_notification
        return b"".join(
            [
                send(1, "hello", {"proto": [1], "client": {"name": "x", "version": "1"}, "caps": ["a"]}),
                send(2, "greet", {"name": "ada", "_meta": {"deadline_ms": 1000, "stream": True}}),
                send(3, "patience.wait"),
                send(4, "start", ["patience.pour", {}, {"sink": ["a", "b"]}]),
                tell("cancel", [3]),
                send(5, "cli.run", {"argv": ["status", "--json"], "_meta": {"tty": {"stdout": True}}}),
                tell("$/input", [5, b"abc"]),
                send(6, "cli.complete", {"words": ["gre"]}),
                send(7, "commands"),
            ]
        )

    streams = [stream(codec()) for codec in (NativeCodec, JsonLinesCodec, ContentLengthCodec)]

    def make(choose: random.Random) -> bytes:
        data = bytearray(choose.choice(streams))
        for _ in range(choose.randrange(6)):
            place = choose.randrange(1, len(data))
            how = choose.random()
            if how < 0.5:
                data[place] = choose.randrange(256)
            elif how < 0.75:
                del data[place : place + choose.randrange(1, 20)]
            else:
                data[place:place] = choose.randbytes(choose.randrange(1, 20))
        return bytes(data)

    for_a_while(daemon, 2, make)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x91" * 1_000_000, id="arrays"),
        pytest.param(b"\x94\x00\x01\xa4ping" + b"\x81\xa1a" * 500_000, id="maps"),
        pytest.param(b'{"id":1,"method":"ping","params":' + b"[" * 1_000_000 + b"\n", id="json"),
        pytest.param(b'{"a":' * 500_000 + b"\n", id="objects"),
        pytest.param(b"\xdd\xff\xff\xff\xff", id="an array of 4 billion"),
        pytest.param(b"\x94\x00\x01\xdb\xff\xff\xff\xff", id="a string of 4 GiB"),
        pytest.param(b"\x94\x00\x01\xa4ping\x91\xc6\xff\xff\xff\xf0", id="bytes of 4 GiB"),
        pytest.param(b"Content-Length: 99999999999999\r\n\r\n", id="a body of 100 TB"),
        pytest.param(b"Content-Length: " + b"9" * 100_000, id="a length without end"),
        pytest.param(b"C" * 1_000_000, id="a header without end"),
        pytest.param(b"\x94\x00\x01\xa4ping\x91\xc1", id="a byte that is never used"),
    ],
)
def test_what_is_too_deep_or_too_long_is_refused_and_closes(daemon: Daemon, data: bytes) -> None:
    with daemon.connect() as sock:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(data)
        heard = b""
        with contextlib.suppress(ConnectionResetError):
            while chunk := sock.recv(65536):
                heard += chunk
    assert (
        any(name in heard for name in (b"frame_too_large", b"parse_error", b"-32010", b"-32700")) or not heard
    )


def test_ids_used_again_and_of_odd_types(daemon: Daemon) -> None:
    with daemon.caller() as caller:
        again = caller.codec.encode_request(7, "patience.wait")
        caller.sock.sendall(again * 50)
        for _ in range(49):
            heard = caller.next()
            assert heard is not None
            assert heard[:2] == ("error", 7)
            assert heard[2].startswith("invalid_request")
        for odd in (-1, 2**64 - 1, None, 1.5, [1], "x" * 10_000, b"\xff", True):
            caller.sock.sendall(msgspec.msgpack.encode((0, odd, "ping", ())))
        caller.notify("cancel", 7)
        while (heard := caller.next()) and heard[1] != 7:
            assert heard[0] == "error"
        assert heard == ("error", 7, "cancelled: patience.wait was cancelled")
        assert caller.call("ping")
    with daemon.caller(JsonLinesCodec()) as caller:
        for odd in (10**400, -(2**63), 1e308, {}, [], True, "x" * 10_000):
            caller.sock.sendall(json.dumps({"id": odd, "method": "ping"}).encode() + b"\n")
        assert caller.call("ping")


@pytest.mark.parametrize("deadline", ["9" * 400, "1e308", "-" + "9" * 30, "1" + "0" * 18, "0", "-1"])
def test_deadlines_beyond_all_reason_are_refused_or_kept(daemon: Daemon, deadline: str) -> None:
    with daemon.caller(JsonLinesCodec()) as caller:
        for method in ("ping", "patience.wait"):
            params = f'{{"_meta": {{"deadline_ms": {deadline}}}}}'
            caller.sock.sendall(f'{{"id": "a", "method": "{method}", "params": {params}}}\n'.encode())
        caller.notify("cancel", "a")
        for _ in range(2):
            kind, number, what = caller.next() or ("", "", "")
            if number == "a" and kind == "error":
                assert what.startswith(("cancelled", "deadline_exceeded", "invalid_params")), what


def test_a_storm_of_cancels(daemon: Daemon) -> None:
    with daemon.caller() as caller:
        for _ in range(20):
            numbers = [caller.ask("patience.wait") for _ in range(50)]
            for number in numbers * 3:
                caller.notify("cancel", number)
            caller.notify("cancel", 999_999)
            assert {caller.next() for _ in numbers} == {
                ("error", number, "cancelled: patience.wait was cancelled") for number in numbers
            }


def test_two_hundred_thousand_notifications_cost_nothing_that_stays(daemon: Daemon) -> None:
    with daemon.caller() as caller:
        tell = caller.codec.encode_notification
        caller.sock.sendall(
            (tell("nobody/knows") + tell("cancel", [5]) + tell("$/input", [1, b"x"])) * 70_000
        )
        assert caller.call("ping")


def test_a_byte_at_a_time(daemon: Daemon) -> None:
    for codec in (NativeCodec(), JsonLinesCodec(), ContentLengthCodec()):
        with daemon.caller(codec) as caller:
            for byte in codec.encode_request(1, "greet", {"name": "ada"}):
                caller.sock.sendall(bytes([byte]))
            assert caller.next() == ("reply", 1, "hello ada")


def test_clients_that_never_read(daemon: Daemon) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            caller = stack.enter_context(daemon.caller())
            caller.sock.settimeout(0.2)
            caller.ask("patience.pour", {"_meta": {"stream": True}})
            with contextlib.suppress(TimeoutError):
                while True:
                    caller.ask("patience.block", 100_000)
        assert daemon.status()["rss_kib"] < 200 * 1024
        daemon.ping()


def test_two_hundred_connections_at_once(daemon: Daemon) -> None:
    with contextlib.ExitStack() as stack:
        callers = [stack.enter_context(daemon.caller()) for _ in range(200)]
        asked = [caller.ask("greet") for caller in callers]
        waiting = [caller.ask("patience.wait") for caller in callers]
        assert [caller.answer(number)[2] for caller, number in zip(callers, asked, strict=True)] == [
            "hello world"
        ] * 200
        assert len(waiting) == 200
        assert daemon.status()["in_flight"] == 200


def test_peers_that_reset_the_connection_while_runs_stream_to_them(daemon: Daemon) -> None:
    for _ in range(30):
        with daemon.caller() as caller:
            for _ in range(5):
                caller.ask("patience.pour", {"_meta": {"stream": True}})
            assert caller.next()


def test_descriptors_passed_along_are_not_kept(daemon: Daemon) -> None:
    with daemon.caller() as caller:
        frame = caller.codec.encode_request(1, "ping")
        with Path("/dev/null").open() as null:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", null.fileno()))]
            caller.sock.sendmsg([frame], rights)
        assert (caller.next() or ())[:2] == ("reply", 1)


def test_no_descriptors_left_is_survived() -> None:
    with running(plugins={"patience": PATIENCE}) as daemon:
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (daemon.open_files() + 5, 4096))
        with contextlib.ExitStack() as stack:
            socks = [stack.enter_context(daemon.connect()) for _ in range(40)]
            first = Caller(socks[0])
            assert first.call("ping")
            cpu = _cpu_ticks(daemon.pid)
            # While nobody can be accepted, the daemon must not spin: one round trip a piece, and little else.
            assert [bool(first.call("ping")) for _ in range(50)] == [True] * 50
            assert _cpu_ticks(daemon.pid) - cpu < 50
        eventually(lambda: _answers(daemon), "the daemon to accept again")
        assert daemon.process.poll() is None


def _answers(daemon: Daemon) -> bool:
    try:
        daemon.ping()
    except (OSError, AssertionError):
        return False
    return True


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
