"""The client library against a daemon whose answers the test writes; both clients keep the same laws."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import msgspec
import pytest

from isaacctl.client import (
    AsyncClient,
    Client,
    CommandCard,
    ConnectionLost,
    DaemonUnavailable,
    Event,
    RemoteError,
    Server,
)
from tests.client_runs import Home, home
from tests.fake_daemon import Peer, serving

pytestmark = pytest.mark.anyio
HELLO = {"proto": 1, "server": {"name": "isaacd", "version": "9", "pid": 7}, "methods": ["greet"], "later": 1}


@pytest.fixture
def user() -> Iterator[Home]:
    with home() as made:
        yield made


def script(peer: Peer, message: list) -> None:
    """Answer like a daemon with a few commands."""
    kind, call, method, *_ = message
    if kind == 2:
        return
    params = message[3]
    if method == "hello":
        peer.result(HELLO, call=call)
    elif method == "echo":
        peer.result(params, call=call)
    elif method == "call":
        peer.result({"called": params}, call=call)
    elif method == "refuse":
        data = {"name": "busy", "retryable": True, "retry_after_ms": 5, "hint": "wait", "detail": {"a": 1}}
        peer.error({"code": -32013, "message": "no", "data": data}, call=call)
    elif method == "refuse.old":
        peer.error([0, "not_found: no such thing"], call=call)
    elif method == "count":
        for number in range(params[0].get("to", 3)):
            peer.event("delta", str(number), run=call, seq=number)
        peer.event("usage", {"tokens": 3}, run=call, seq=99)
        peer.result("end", call=call)
    elif method == "commands":
        card = {
            "name": "greet",
            "summary": "s",
            "mode": "inline",
            "plugin": "greet",
            "schema": {},
            "later": 2,
        }
        peer.result([card], call=call)
    elif method == "hang_up":
        raise ConnectionError
    elif method == "babble":
        peer.sock.sendall(b"GET / HTTP/1.1\r\n")
    # "never" is not answered


class Both:
    """One of the two clients, driven by the same awaitable calls."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def call(self, *args: Any, **named: Any) -> Any:
        return await self._do("call", *args, **named)

    async def do(self, name: str, /, *args: Any, **named: Any) -> Any:
        return await self._do(name, *args, **named)

    async def _do(self, name: str, /, *args: Any, **named: Any) -> Any:
        found = getattr(self.client, name)(*args, **named)
        return await found if isinstance(self.client, AsyncClient) else found

    async def drain(self, *args: Any, **named: Any) -> tuple[list[Any], Any]:
        """Return all events of a stream, and its result."""
        if isinstance(self.client, AsyncClient):
            async with self.client.stream(*args, **named) as stream:
                return [event async for event in stream], stream.result
        with self.client.stream(*args, **named) as blocking:
            return list(blocking), blocking.result

    async def leave_early(self, *args: Any) -> tuple[int, str]:
        """Take the first piece of text of a stream and leave it: the request's id, and the piece."""
        if isinstance(self.client, AsyncClient):
            async with self.client.stream(*args) as stream:
                async for text in stream.deltas():
                    return stream.id, text
        else:
            with self.client.stream(*args) as blocking:
                for text in blocking.deltas():
                    return blocking.id, text
        raise AssertionError


@pytest.fixture(params=["blocking", "asynchronous"])
def opened(request, user):
    @asynccontextmanager
    async def opening(**options: Any) -> AsyncIterator[Both]:
        options = {"environ": user.environ, "timeout_s": 20.0, **options}
        if request.param == "blocking":
            with Client(**options) as client:
                yield Both(client)
        else:
            async with AsyncClient(**options) as client:
                yield Both(client)

    return opening


async def test_named_arguments_are_one_map_and_positional_ones_an_array(user, opened):
    with serving(user.directory, script):
        async with opened() as client:
            assert await client.call("echo", name="ada", n=1) == [{"name": "ada", "n": 1}]
            assert await client.call("echo", "ada", 1) == ["ada", 1]
            assert await client.call("echo", {"type": "t"}) == [{"type": "t"}]
            assert await client.call("echo") == []
            with pytest.raises(TypeError, match="not both"):
                await client.call("echo", 1, name="ada")


async def test_deadline_and_directory_travel_beside_the_arguments(user, opened):
    with serving(user.directory, script):
        async with opened(cwd="/usr/lib/..") as client:
            meta = {"deadline_ms": 50, "cwd": "/usr"}
            assert await client.call("echo", name="ada", deadline_ms=50) == [{"name": "ada", "_meta": meta}]
            assert await client.call("echo", "ada", deadline_ms=50) == {"called": ["echo", ["ada"], meta]}


async def test_the_result_has_the_type_asked_for(user, opened):
    class Person(msgspec.Struct):
        name: str

    with serving(user.directory, script):
        async with opened() as client:
            assert await client.call("echo", name="ada", type=list[Person]) == [Person("ada")]
            with pytest.raises(msgspec.ValidationError):
                await client.call("echo", name="ada", type=int)


async def test_an_error_of_the_daemon_is_raised_with_all_it_says(user, opened):
    with serving(user.directory, script):
        async with opened() as client:
            with pytest.raises(RemoteError, match=r"no \(wait\)") as raised:
                await client.call("refuse")
            error = raised.value
            assert (error.code, error.name, error.message) == (-32013, "busy", "no")
            assert (error.retryable, error.retry_after_ms) == (True, 5)
            assert (error.hint, error.detail) == ("wait", {"a": 1})
            with pytest.raises(RemoteError, match="no such thing") as raised:
                await client.call("refuse.old")
            assert raised.value.name == "not_found"
            assert await client.call("echo") == []


async def test_an_argument_that_cannot_be_sent_is_a_type_error_and_does_no_harm(user, opened):
    with serving(user.directory, script):
        async with opened() as client:
            with pytest.raises(TypeError):
                await client.call("echo", object())
            assert await client.call("echo", 1) == [1]


async def test_hello_goes_out_with_the_first_request_and_asks_for_error_maps(user, opened):
    with serving(user.directory, script) as daemon:
        async with opened() as client:
            await client.call("echo")
            hello = await client.do("hello")
        assert hello.server == Server("isaacd", "9", 7)
        assert hello.methods == ("greet",)
    assert [message[2] for message in daemon.requests] == ["hello", "echo"]
    assert daemon.requests[0][3][0]["errors"] == "map"


async def test_hello_alone_is_answered_too(user, opened):
    with serving(user.directory, script):
        async with opened() as client:
            assert (await client.do("hello")).proto == 1


async def test_commands_are_described(user, opened):
    with serving(user.directory, script):
        async with opened() as client:
            assert await client.do("commands") == [CommandCard("greet", "s", "inline", "greet")]


async def test_a_stream_gives_its_events_and_then_its_result(user, opened):
    with serving(user.directory, script) as daemon:
        async with opened() as client:
            events, result = await client.drain("count", to=2, type=str)
            assert [(event.kind, event.data) for event in events] == [
                ("delta", "0"),
                ("delta", "1"),
                ("usage", {"tokens": 3}),
            ]
            assert isinstance(events[0], Event)
            assert result == "end"
    assert daemon.requests[-1][3][0]["_meta"] == {"stream": True}


async def test_a_stream_that_fails_raises_after_its_events(user, opened):
    def failing(peer, message):
        if message[2] == "fail":
            peer.event("delta", "so far", run=message[1])
            peer.error(
                {"code": -32009, "message": "broke", "data": {"name": "plugin_failed"}}, call=message[1]
            )

    with serving(user.directory, failing):
        async with opened() as client:
            with pytest.raises(RemoteError, match="broke"):
                await client.drain("fail")


async def test_leaving_a_stream_early_cancels_it_and_the_connection_goes_on(user, opened):
    cancelled = threading.Event()

    def endless(peer, message):
        if message[2] == "endless":
            peer.event("delta", "x", run=message[1])
        elif message[:2] == [2, "cancel"]:
            peer.event("delta", "late", run=message[2][0])
            peer.error({"code": -32800, "message": "stopped", "data": {}}, call=message[2][0])
            cancelled.set()
        elif message[2] == "echo":
            peer.result("still here", call=message[1])

    with serving(user.directory, endless) as daemon:
        async with opened() as client:
            number, text = await client.leave_early("endless")
            assert text == "x"
            assert await client.call("echo") == "still here"
    assert cancelled.is_set()
    assert [2, "cancel", [number]] in daemon.requests


async def test_a_call_that_takes_too_long_is_cancelled_and_raises(user, opened):
    with serving(user.directory, script) as daemon:
        async with opened() as client:
            with pytest.raises(TimeoutError, match=r"for 0\.05 s"):
                await client.call("never", timeout_s=0.05)
            assert await client.call("echo", 1) == [1]
    assert [message[:2] for message in daemon.requests if message[0] == 2] == [[2, "cancel"]]


async def test_a_connection_that_ends_is_told_to_all_who_wait(user, opened):
    with serving(user.directory, script):
        async with opened() as client:
            with pytest.raises(ConnectionLost, match="closed the connection"):
                await client.call("hang_up")
            with pytest.raises(ConnectionLost):
                await client.call("echo")


async def test_bytes_that_are_no_messages_end_the_connection(user, opened):
    with serving(user.directory, script):
        async with opened() as client:
            with pytest.raises(ConnectionLost, match="does not speak like isaacd"):
                await client.call("babble")


async def test_a_notification_is_sent_and_not_waited_for(user, opened):
    with serving(user.directory, script) as daemon:
        async with opened() as client:
            await client.do("notify", "note", "a", 1)
            await client.do("notify", "note", name="x")
            await client.do("cancel", 77)
            await client.call("echo")
    assert daemon.requests[1:-1] == [[2, "note", ["a", 1]], [2, "note", [{"name": "x"}]], [2, "cancel", [77]]]


async def test_without_a_daemon_and_without_starting_one_it_is_unavailable(user, opened):
    with pytest.raises(DaemonUnavailable, match="not running"):
        async with opened(start=False):
            pass


async def test_an_unsafe_directory_makes_it_unavailable(user, opened):
    user.directory.mkdir()
    user.directory.chmod(0o777)
    with pytest.raises(DaemonUnavailable, match="open to other users"):
        async with opened():
            pass


async def test_a_closed_client_refuses(user, opened):
    with serving(user.directory, script):
        async with opened() as client:
            pass
        with pytest.raises(ConnectionLost):
            await client.call("echo")


async def test_errors_of_the_body_come_out_as_they_are(user, opened):
    with serving(user.directory, script), pytest.raises(ZeroDivisionError):
        async with opened():
            raise ZeroDivisionError


def test_a_call_in_the_loop_of_a_stream_does_not_mix_with_it(user):
    with (
        serving(user.directory, script),
        Client(environ=user.environ, timeout_s=20) as client,
        client.stream("count", to=3) as stream,
    ):
        pairs = [(text, client.call("echo", text)) for text in stream.deltas()]
        assert stream.result == "end"
    assert pairs == [(text, [text]) for text in "012"]


def test_the_result_of_a_stream_can_be_had_without_its_events(user):
    with serving(user.directory, script), Client(environ=user.environ, timeout_s=20) as client:
        assert client.stream("count").result == "end"


async def test_answers_in_any_order_reach_the_task_that_asked(user):
    waiting: list[list] = []

    def backwards(peer, message):
        if message[2] == "echo":
            waiting.append(message)
            if len(waiting) == 50:
                for held in reversed(waiting):
                    peer.result(held[3][0], call=held[1])

    answers = {}
    with serving(user.directory, backwards):
        async with (
            AsyncClient(environ=user.environ, timeout_s=20) as client,
            anyio.create_task_group() as group,
        ):

            async def ask(number: int) -> None:
                answers[number] = await client.call("echo", number)

            for number in range(50):
                group.start_soon(ask, number)
    assert answers == {number: number for number in range(50)}


async def test_cancelling_a_task_cancels_its_request(user):
    begun = anyio.Event()
    with serving(user.directory, script) as daemon:
        async with AsyncClient(environ=user.environ) as client:
            async with anyio.create_task_group() as group:

                async def ask() -> None:
                    begun.set()
                    await client.call("never")

                group.start_soon(ask)
                await begun.wait()
                await client.call("echo")
                group.cancel_scope.cancel()
            await client.call("echo")
    assert any(message[:2] == [2, "cancel"] for message in daemon.requests)


async def test_the_result_of_an_asynchronous_stream_is_there_only_at_the_end(user):
    with serving(user.directory, script):
        async with AsyncClient(environ=user.environ) as client, client.stream("never") as stream:
            with pytest.raises(RuntimeError):
                _ = stream.result


async def test_a_client_that_was_never_opened_refuses():
    with pytest.raises(ConnectionLost):
        await AsyncClient().call("echo")
