"""The listener on real sockets and both event loops: limits and timers hold, and one connection's fault is its own."""

import asyncio
import gc
import itertools
import json
import os
import random
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import anyio
import anyio.lowlevel
import msgspec
import pytest

from isaacd.command import Catalog, Command
from isaacd.context import Context
from isaacd.errors import PluginFailed
from isaacd.server.connection import WRITE_HIGH_BYTES, Connection
from isaacd.server.listener import Listener
from isaacd.server.methods import MAX_IN_FLIGHT
from isaacd.server.outbox import BATCH_BYTES, MAX_QUEUED_BYTES
from isaacd.server.peer import Timeouts
from isaacd.server.run import Run
from isaacd.server.singleton import bind
from isaacd.wire import Codec, JsonLinesCodec, NativeCodec, Notification, Response
from tests.fakes import FakeServices, FakeShared

pytestmark = pytest.mark.anyio

DEADLINE_S = 90
NEVER_S = 1000.0


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, object]]:
    return "asyncio", {"use_uvloop": request.param}


def add(context: Context, a: int, b: int = 1) -> int:
    """Add."""
    return a + b


def block(context: Context, size: int) -> str:
    """Return a text of this size."""
    return "x" * size


def size(context: Context, text: str) -> int:
    """Return the size of a text."""
    return len(text)


async def checkpoints(context: Context, count: int) -> int:
    """Let others go first this many times."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()
    return count


async def flood(context: Context) -> AsyncIterator[str]:
    """Stream without end."""
    while True:
        yield "y" * 10_000


async def emit_rubbish(context: Context, count: int) -> str:
    """Send events that nobody can encode."""
    for _ in range(count):
        await context.emit("log", object())
    return "done"


async def count_input(context: Context) -> int:
    """Return the size of the standard input."""
    total = 0
    while chunk := await context.events.read(1000):
        total += len(chunk)
    return total


class Gate:
    """A command that waits until the test lets it go, and tells when it was cancelled."""

    def __init__(self) -> None:
        self.open = anyio.Event()
        self.entered = anyio.Event()
        self.cancelled = anyio.Event()
        self.waiting = 0

        async def wait(context: Context) -> str:
            """Wait until the test says so."""
            self.entered.set()
            self.waiting += 1
            try:
                await self.open.wait()
            except anyio.get_cancelled_exc_class():
                self.cancelled.set()
                raise
            finally:
                self.waiting -= 1
            return "went through"

        self.command = wait


class FaultyCatalog(Catalog):
    """A defect of the daemon's own, on demand."""

    def __init__(self, commands: Iterable[Command] = ()) -> None:
        super().__init__(commands)
        find = self.find

        def faulty(name: str) -> Command | None:
            if name == "defect":
                raise RuntimeError("a defect")
            return find(name)

        self.find = faulty


class Room:
    """A listener and what surrounds it."""

    def __init__(self, listener: Listener, shared: FakeShared, path: str, log: Path) -> None:
        self.listener = listener
        self.shared = shared
        self._path = path
        self._log = log

    async def connect(self, codec: Codec | None = None) -> "Caller":
        sock = socket.socket(socket.AF_UNIX)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, self._path)
        return Caller(sock, codec)

    @property
    def log(self) -> list[str]:
        return [json.loads(line)["event"] for line in self._log.read_text().splitlines()]

    async def until(self, condition: Callable[[], bool]) -> None:
        with anyio.fail_after(DEADLINE_S):
            while not condition():
                await anyio.lowlevel.checkpoint()

    async def check_alive(self) -> None:
        with await self.connect() as caller:
            assert await caller.call("add", 1) == 2


class Caller:
    """The other end of a connection."""

    def __init__(self, sock: socket.socket, codec: Codec | None) -> None:
        self.sock = sock
        self.codec = codec or NativeCodec()
        self._loop = asyncio.get_running_loop()
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    async def send(self, *frames: bytes) -> None:
        with anyio.fail_after(DEADLINE_S):
            await self._loop.sock_sendall(self.sock, b"".join(frames))

    def request(self, method: str, *params: object) -> bytes:
        return self.codec.encode_request(next(self._numbers), method, list(params))

    async def receive(self) -> bytes:
        """Return the next bytes; none at all at the end."""
        with anyio.fail_after(DEADLINE_S):
            try:
                return await self._loop.sock_recv(self.sock, 1 << 20)
            except ConnectionResetError:
                return b""

    async def next(self) -> tuple[Any, ...] | None:
        """Return ("reply", id, result), ("error", id, name), ("event", kind, data), or None at the end."""
        while (message := self.codec.next_message()) is None:
            data = await self.receive()
            if not data:
                return None
            self.codec.receive_data(data)
        if isinstance(message, Notification):
            _, _, kind, data = self.codec.decode(message.params, list[Any])
            return "event", kind, data
        assert isinstance(message, Response)
        error = self.codec.decode(message.error, Any)
        if error is not None:
            name = error[1].partition(":")[0] if isinstance(error, list) else error["data"]["name"]
            return "error", message.id, name
        return "reply", message.id, self.codec.decode(message.result, Any)

    async def rest(self) -> list[tuple[Any, ...]]:
        """Return everything up to the end of the connection."""
        heard = []
        while (message := await self.next()) is not None:
            heard.append(message)
        return heard

    async def call(self, method: str, *params: object) -> Any:
        await self.send(self.request(method, *params))
        heard = await self.next()
        assert heard is not None, "the connection ended"
        assert heard[0] == "reply", heard
        return heard[2]


@asynccontextmanager
async def listening(
    *handlers: Callable[..., Any],
    uid: int | None = None,
    stalled_s: float = NEVER_S,
) -> AsyncIterator[Room]:
    """Listen with these commands; at the end every connection must be let go and every run be over."""
    with tempfile.TemporaryDirectory(prefix="isaac-", dir="/tmp") as directory:
        log = Path(directory, "log/log")
        async with anyio.create_task_group() as group:
            shared = FakeShared(
                FaultyCatalog(Command(i, name=i.__name__, plugin="test") for i in (add, *handlers)), group
            )
            shared.services = FakeServices(log_file=log)
            shared.services.log.set_level("debug")
            listener = Listener(
                shared=shared,
                log=shared.services.log,
                uid=os.geteuid() if uid is None else uid,
                changed=lambda: None,
                timeouts=Timeouts(NEVER_S, stalled_s),
            )
            path = Path(directory, "s")
            await listener.open(bind(path))
            room = Room(listener, shared, str(path), log)
            try:
                yield room
                assert not group.cancel_scope.cancel_called, "a connection took its neighbours with it"
            finally:
                listener.stop_runs()
                listener.close()
            await room.until(lambda: not listener.connections and not shared.in_flight)
        shared.services.log.close()


def pending_bytes(room: Room) -> int:
    """Return how much is kept for peers that do not read."""
    return sum(
        item.transport.get_write_buffer_size() + (item.session.outbox.queued_bytes if item.session else 0)
        for item in room.listener.connections
    )


# Who may come in, and how fast they have to be.


async def test_another_user_is_refused_without_a_word() -> None:
    async with listening(uid=os.geteuid() + 1) as room:
        with await room.connect() as caller:
            assert await caller.receive() == b""
        assert room.log == ["peer refused"]


async def test_a_peer_that_says_nothing_is_closed_and_one_that_began_in_time_is_not() -> None:
    async with listening() as room:
        loop = FakeLoop()
        room.listener.loop = loop  # type: ignore[assignment]
        with await room.connect() as early, await room.connect() as silent:
            request = early.request("add", 1)
            await early.send(request[:1])
            await room.until(lambda: sorted(timer.is_cancelled for timer in loop.timers) == [False, True])
            loop.run_what_is_due()
            assert await silent.receive() == b""
            await early.send(request[1:])
            assert await early.next() == ("reply", 1, 2)


@pytest.mark.parametrize("first", [b"\x00", b"\xc1", b"\xff", b"\x80", b"\n", b"x", b"<", b"\x16"])
async def test_a_first_byte_of_no_known_language_closes(first: bytes) -> None:
    async with listening() as room:
        with await room.connect() as caller:
            await caller.send(first + b"rest")
            assert await caller.receive() == b""
        await room.check_alive()


async def test_a_peer_that_does_not_read_is_closed() -> None:
    async with listening(block, stalled_s=0.05) as room:
        with await room.connect() as caller:
            await caller.send(caller.request("block", 4 << 20))
            await room.until(lambda: "peer stalled" in room.log)
            await room.until(lambda: not room.listener.connections)


async def test_a_broken_peer_that_does_not_read_its_error_is_closed() -> None:
    async with listening(block, stalled_s=0.05) as room:
        with await room.connect() as caller:
            # Too little for the transport to call it a pause, and more than the socket takes.
            await caller.send(caller.request("block", WRITE_HIGH_BYTES - 1000), b"\xc1")
            await room.until(lambda: not room.listener.connections)


class FakeTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.run = callback
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class FakeLoop:
    """Timers that the test lets go off."""

    def __init__(self) -> None:
        self.timers: list[FakeTimer] = []

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> FakeTimer:
        self.timers.append(FakeTimer(callback))
        return self.timers[-1]

    def run_what_is_due(self) -> None:
        for timer in self.timers:
            if not timer.is_cancelled:
                timer.run()


class FakeTransport:
    def __init__(self) -> None:
        self.pending_bytes = 0
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        return self.pending_bytes

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


async def test_a_slow_reader_is_not_a_stalled_one() -> None:
    async with listening() as room:
        loop, transport = FakeLoop(), FakeTransport()
        room.listener.loop = loop  # type: ignore[assignment]
        connection = Connection(room.listener)
        connection.transport = transport
        transport.pending_bytes = 10
        connection.pause_writing()
        for transport.pending_bytes in (9, 5, 1):
            loop.timers[-1].run()
            assert not transport.aborted
        loop.timers[-1].run()
        assert transport.aborted


# Faults stay with those who have them.


async def test_a_defect_in_a_session_ends_this_session_only() -> None:
    async with listening() as room:
        with await room.connect() as neighbour, await room.connect() as caller:
            assert await neighbour.call("add", 1) == 2
            await caller.send(caller.request("defect"))
            assert await caller.receive() == b""
            assert await neighbour.call("add", 2) == 3
        assert room.log == ["connection failed"]


async def test_a_defect_met_while_a_run_ends_stays_in_its_session() -> None:
    gate = Gate()
    async with listening(gate.command) as room:
        with await room.connect() as caller:
            await caller.send(
                *(caller.request("wait") for _ in range(MAX_IN_FLIGHT)), caller.request("defect")
            )
            await room.until(lambda: gate.waiting == MAX_IN_FLIGHT)
            gate.open.set()
            answers = await caller.rest()
            assert answers
            assert {item[2] for item in answers} <= {"went through"}
        assert "connection failed" in room.log
        await room.check_alive()


async def test_a_defect_met_after_a_pause_stays_in_its_session() -> None:
    async with listening(block) as room:
        with await room.connect() as caller:
            await caller.send(caller.request("block", 4 << 20), caller.request("defect"))
            await room.until(lambda: pending_bytes(room) > 0)
            await caller.rest()
        assert "connection failed" in room.log
        await room.check_alive()


async def test_events_that_cannot_be_sent_stay_with_their_run() -> None:
    async with listening(block, emit_rubbish) as room:
        with await room.connect() as caller:
            await caller.send(caller.request("emit_rubbish", {"count": 1, "_meta": {"stream": True}}))
            assert await caller.next() == ("error", 1, PluginFailed.name)
            # The same while the peer is behind, so that they are found out only later.
            rubbish = caller.request("emit_rubbish", {"count": 3, "_meta": {"stream": True}})
            await caller.send(rubbish, caller.request("block", 4 << 20))
            await caller.send(caller.request("add", 1))
            while heard := await caller.next():
                if heard == ("reply", 4, 2):
                    break
            assert heard, "the connection ended"


async def test_a_peer_that_leaves_in_the_middle_of_a_reply_harms_nobody() -> None:
    async with listening(block) as room:
        with await room.connect() as neighbour:
            for _ in range(10):
                with await room.connect() as caller:
                    await caller.send(caller.request("block", 8 << 20))
                    assert await caller.receive()
                assert await neighbour.call("add", 1) == 2
        await room.until(lambda: not room.listener.connections)
        assert room.log == []


@pytest.mark.parametrize(
    "kind", [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, MemoryError]
)
async def test_whatever_a_command_raises_is_answered_and_stays_its_own(kind: type[BaseException]) -> None:
    def inline(context: Context) -> None:
        """Raise at once."""
        raise kind

    async def task(context: Context) -> None:
        """Raise later."""
        await anyio.lowlevel.checkpoint()
        raise kind

    async def stream(context: Context) -> AsyncIterator[str]:
        """Raise in the middle."""
        yield "a"
        raise kind

    async with listening(inline, task, stream) as room:
        with await room.connect() as caller:
            for number, name in enumerate(("inline", "task", "stream"), start=1):
                await caller.send(caller.request(name))
                assert await caller.next() == ("error", number, PluginFailed.name)
            assert await caller.call("add", 1) == 2


async def test_something_else_cancelled_under_a_command_is_its_failure_and_not_the_daemons_end() -> None:
    async def wait_for_another(context: Context) -> None:
        """Wait for a task that was cancelled."""
        other = asyncio.ensure_future(asyncio.sleep(NEVER_S))
        other.cancel()
        await other

    async with listening(wait_for_another) as room:
        with await room.connect() as caller:
            await caller.send(caller.request("wait_for_another"))
            assert await caller.next() == ("error", 1, PluginFailed.name)
        await room.check_alive()


async def test_a_sink_that_nothing_can_be_sent_to_is_refused() -> None:
    gate = Gate()
    deep: object = "x"
    for _ in range(60):
        deep = [deep]
    async with listening(gate.command) as room:
        gate.open.set()
        with await room.connect() as caller:
            start = (0, 10, "start", ["wait", {}, {"sink": ["method", deep]}])
            hello = (0, 11, "hello", [{"sink": ["method", deep]}])
            await caller.send(msgspec.msgpack.encode(start), msgspec.msgpack.encode(hello))
            assert await caller.next() == ("error", 10, "invalid_params")
            assert await caller.next() == ("error", 11, "invalid_params")
            assert await caller.call("add", 1) == 2


# Flow.


async def test_a_peer_that_only_sends_costs_bounded_memory_and_gets_all_answers_when_it_reads() -> None:
    count, reply_bytes = 1500, 64 * 1024
    async with listening(block) as room:
        with await room.connect() as caller:
            frames = b"".join(caller.request("block", reply_bytes) for _ in range(count))
            async with anyio.create_task_group() as group:
                group.start_soon(caller.send, frames)
                await room.until(lambda: pending_bytes(room) > WRITE_HIGH_BYTES)
                most = 0
                for _ in range(200):
                    await anyio.lowlevel.checkpoint()
                    most = max(most, pending_bytes(room))
                assert most < WRITE_HIGH_BYTES + BATCH_BYTES + 2 * reply_bytes
                for number in range(1, count + 1):
                    heard = await caller.next()
                    assert heard is not None
                    assert heard[:2] == ("reply", number)
                    assert pending_bytes(room) < WRITE_HIGH_BYTES + BATCH_BYTES + 2 * reply_bytes


async def test_streams_to_a_peer_that_does_not_read_wait_for_it() -> None:
    async with listening(flood) as room:
        with await room.connect() as caller:
            await caller.send(*(caller.request("flood", {"_meta": {"stream": True}}) for _ in range(8)))
            await room.until(lambda: pending_bytes(room) >= MAX_QUEUED_BYTES)
            for _ in range(200):
                await anyio.lowlevel.checkpoint()
            assert pending_bytes(room) < MAX_QUEUED_BYTES + 2 * WRITE_HIGH_BYTES
            for _ in range(100):
                assert (await caller.next() or ())[0] == "event"


@pytest.mark.parametrize("codec", [NativeCodec, JsonLinesCodec])
async def test_a_message_of_almost_16_mib_arrives_in_small_pieces(codec: type[Codec]) -> None:
    choose = random.Random(7)
    text = "z" * (16 * 1024 * 1024 - 200)
    async with listening(size) as room:
        with await room.connect(codec()) as caller:
            message = memoryview(caller.request("size", text))
            while message:
                piece = choose.randint(1, 8000)
                await caller.send(bytes(message[:piece]))
                message = message[piece:]
            assert await caller.next() == ("reply", 1, len(text))


# The end of a connection, and the end of what a peer sends.


async def test_a_peer_that_has_closed_has_its_runs_cancelled() -> None:
    gate = Gate()
    async with listening(gate.command) as room:
        with await room.connect() as caller:
            await caller.send(caller.request("wait"))
            await gate.entered.wait()
        with anyio.fail_after(DEADLINE_S):
            await gate.cancelled.wait()
        await room.until(lambda: not room.listener.connections)


async def test_a_peer_that_stops_sending_still_gets_every_answer() -> None:
    gate = Gate()
    async with listening(gate.command) as room:
        with await room.connect() as caller:
            await caller.send(
                caller.request("add", 1), *(caller.request("wait") for _ in range(MAX_IN_FLIGHT + 10))
            )
            caller.sock.shutdown(socket.SHUT_WR)
            await room.until(lambda: gate.waiting == MAX_IN_FLIGHT)
            gate.open.set()
            heard = await caller.rest()
        assert sorted(item[1] for item in heard) == list(range(1, MAX_IN_FLIGHT + 12))
        assert not gate.cancelled.is_set()


async def test_a_peer_that_stops_sending_gets_answers_larger_than_its_buffer() -> None:
    async with listening(block) as room:
        with await room.connect() as caller:
            await caller.send(*(caller.request("block", 1 << 20) for _ in range(5)))
            caller.sock.shutdown(socket.SHUT_WR)
            assert [len(item[2]) for item in await caller.rest()] == [1 << 20] * 5


async def test_a_peer_that_stops_sending_and_then_closes_has_its_runs_cancelled() -> None:
    gate = Gate()
    async with listening(gate.command) as room:
        with await room.connect() as caller:
            await caller.send(caller.request("wait"))
            caller.sock.shutdown(socket.SHUT_WR)
            await gate.entered.wait()
            await room.until(lambda: any(item._ended for item in room.listener.connections))
            assert not gate.cancelled.is_set()
        with anyio.fail_after(DEADLINE_S):
            await gate.cancelled.wait()


async def test_a_peer_that_closes_while_it_is_not_read_from_has_its_runs_cancelled() -> None:
    gate = Gate()
    async with listening(gate.command) as room:
        with await room.connect() as caller:
            await caller.send(*(caller.request("wait") for _ in range(MAX_IN_FLIGHT + 1)))
            await room.until(lambda: gate.waiting == MAX_IN_FLIGHT)
        with anyio.fail_after(DEADLINE_S):
            await gate.cancelled.wait()
        await room.until(lambda: not gate.waiting and not room.listener.connections)


async def test_a_peer_that_stops_sending_with_nothing_owed_is_let_go() -> None:
    async with listening() as room:
        with await room.connect() as caller:
            assert await caller.call("add", 1) == 2
            caller.sock.shutdown(socket.SHUT_WR)
            assert await caller.rest() == []
        with await room.connect() as silent:
            silent.sock.shutdown(socket.SHUT_WR)
            assert await silent.rest() == []


async def test_the_end_of_the_data_ends_the_last_line() -> None:
    async with listening() as room:
        with await room.connect(JsonLinesCodec()) as caller:
            await caller.send(caller.request("add", 1), caller.request("add", 2).rstrip(b"\n"))
            caller.sock.shutdown(socket.SHUT_WR)
            assert await caller.rest() == [("reply", 1, 2), ("reply", 2, 3)]


async def test_half_a_line_at_the_end_is_told() -> None:
    async with listening() as room:
        with await room.connect(JsonLinesCodec()) as caller:
            await caller.send(caller.request("add", 1)[:-5])
            caller.sock.shutdown(socket.SHUT_WR)
            assert await caller.rest() == [("error", None, "parse_error")]


async def test_the_end_of_the_data_is_the_end_of_the_input() -> None:
    async with listening(count_input) as room:
        with await room.connect() as caller:
            await caller.send(caller.request("count_input", {"_meta": {"stream": True}}))
            assert (await caller.next() or ())[:2] == ("event", "input")
            await caller.send(caller.codec.encode_notification("$/input", [1, b"abc"]))
            assert (await caller.next() or ())[:2] == ("event", "input")
            caller.sock.shutdown(socket.SHUT_WR)
            assert await caller.rest() == [("reply", 1, 3)]


async def test_input_nobody_asked_for_is_ignored() -> None:
    gate = Gate()
    async with listening(gate.command, count_input) as room:
        with await room.connect() as caller:
            await caller.send(
                caller.request("wait"), caller.request("count_input", {"_meta": {"stream": True}})
            )
            assert (await caller.next() or ())[:2] == ("event", "input")
            give = caller.codec.encode_notification
            for params in (
                [1, b"x"],
                [99, b"x"],
                ["2", b"x"],
                [2, b"x" * 70_000],
                [2],
                [],
                [2, 5],
                {"id": 2},
            ):
                await caller.send(give("$/input", params))
            await caller.send(give("$/input", [2, b"abc"]), give("$/input", [2, b"twice"]))
            assert (await caller.next() or ())[:2] == ("event", "input")
            await caller.send(give("$/input", [2, b""]))
            assert await caller.next() == ("reply", 2, 3)
            gate.open.set()
            assert await caller.next() == ("reply", 1, "went through")


# Exactly one response.


async def test_a_cancel_that_meets_the_result_gives_exactly_one_response() -> None:
    count = 300
    async with listening(checkpoints) as room:
        with await room.connect() as caller:
            choose = random.Random(3)
            for first in range(1, count, 30):
                frames = []
                for number in range(first, first + 30):
                    meta = {"_meta": {"deadline_ms": choose.randint(0, 2)}} if choose.random() < 0.3 else {}
                    frames.append(caller.request("checkpoints", {"count": choose.randint(0, 6), **meta}))
                    frames += [caller.codec.encode_notification("cancel", [number])] * choose.randint(0, 2)
                choose.shuffle(frames)
                for frame in frames:
                    await caller.send(frame)
                    if choose.random() < 0.5:
                        await anyio.lowlevel.checkpoint()
                answers = [await caller.next() for _ in range(30)]
                assert sorted(item[1] for item in answers if item) == list(range(first, first + 30))
            assert await caller.call("add", 1) == 2


async def test_ten_thousand_cancelled_runs_leave_nothing_behind() -> None:
    gate = Gate()
    async with listening(gate.command) as room:
        with await room.connect() as caller:
            for first in range(1, 10_001, 50):
                numbers = range(first, first + 50)
                await caller.send(*(caller.request("wait") for _ in numbers))
                await caller.send(
                    *(caller.codec.encode_notification("cancel", [number]) for number in numbers)
                )
                answers = [await caller.next() for _ in numbers]
                assert {item[2] for item in answers if item} == {"cancelled"}
            (connection,) = room.listener.connections
            assert connection.session is not None
            assert not connection.session.runs
            gc.collect()
            assert not [item for item in gc.get_objects() if isinstance(item, Run)]
