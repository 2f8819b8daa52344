"""One request has one response, whatever happens; faults, floods and ids stay inside their conversation."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from isaacd.command import Later
from isaacd.context import Context
from isaacd.errors import NotFound
from isaacd.server.methods import MAX_IN_FLIGHT
from isaacd.wire import JsonLinesCodec
from tests.fakes import Conversation

pytestmark = pytest.mark.anyio


def add(context: Context, a: int, b: int = 1) -> int:
    """Add."""
    return a + b


def broken(context: Context) -> None:
    """Raise what a plugin should not."""
    raise ZeroDivisionError("secret-free")


def refuse(context: Context) -> None:
    """Raise what a plugin may."""
    raise NotFound("no such thing", hint="look elsewhere")


async def forever(context: Context) -> None:
    """Wait until cancelled."""
    await anyio.sleep_forever()


async def late(context: Context, text: str = "late") -> str:
    """Answer at once, in a task."""
    return text


def either(context: Context, waits: bool = False) -> str:
    """Answer at once, or in a task."""
    if waits:
        raise Later(lambda: late(context, "later"))
    return "at once"


async def stream(context: Context, count: int = 3) -> AsyncIterator[str | dict[str, int]]:
    """Stream some text, then a result."""
    for number in range(count):
        yield f"<{number}>"
    yield {"count": count}


async def echo(context: Context) -> str:
    """Return the standard input."""
    text = []
    while chunk := await context.events.read(10):
        text.append(chunk.decode())
    return "".join(text)


def unsendable(context: Context) -> object:
    """Return what no codec can write."""
    return object()


def is_reply(item: Any) -> bool:
    return item[0] in ("reply", "error")


async def test_an_inline_command_is_answered_in_the_same_write_as_its_neighbours() -> None:
    talk = Conversation(add)
    encode = type(talk.codec)().encode_request
    talk.say(encode(1, "add", [{"a": 1}]), encode(2, "add", [{"a": 1, "b": 5}]))
    assert len(talk.written) == 1
    assert talk.hear() == [("reply", 1, 2), ("reply", 2, 6)]


async def test_arguments_by_name_by_place_and_none_mean_the_same() -> None:
    talk = Conversation(add)
    talk.request(1, "add", {"a": 2})
    talk.request(2, "add", 2)
    talk.request(3, "add", 2, 1)
    assert [item[2] for item in talk.hear()] == [3, 3, 3]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (({"a": "x"},), "a"),
        (({"a": 1, "bb": 2},), "bb"),
        (({},), "missing argument `a`"),
        ((), "missing argument `a`"),
        ((1, 2, 3), "at most 2"),
        (("x",), "a"),
    ],
)
async def test_bad_arguments_are_named(params: tuple[object, ...], words: str) -> None:
    talk = Conversation(add)
    talk.codec.error_maps = True
    talk.request(1, "add", *params)
    ((kind, request_id, error),) = talk.hear()
    assert (kind, request_id, error["code"]) == ("error", 1, -32602)
    assert words in error["message"]


async def test_an_unknown_method_gets_a_suggestion() -> None:
    talk = Conversation(add)
    talk.codec.error_maps = True
    talk.request(1, "ad")
    ((_, _, error),) = talk.hear()
    assert error["code"] == -32601
    assert "add" in error["data"]["hint"]


async def test_a_plugins_defect_and_its_refusal_stay_their_own_requests() -> None:
    talk = Conversation(broken, refuse, add)
    talk.codec.error_maps = True
    talk.request(1, "broken")
    talk.request(2, "refuse")
    talk.request(3, "add", 1)
    first, second, third = talk.hear()
    assert first[2]["data"]["name"] == "plugin_failed"
    assert second[2]["data"]["name"] == "not_found"
    assert third == ("reply", 3, 2)


@pytest.mark.parametrize("meta", [{}, {"_meta": {"trace": "t-1"}}])
async def test_a_plain_function_may_have_to_wait_this_time(meta: dict[str, object]) -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(either, group=group)
        talk.request(1, "either", {"waits": True, **meta})
        talk.request(2, "either", {**meta})
        assert talk.hear() == [("reply", 2, "at once")]
        assert (await talk.hear_until(is_reply))[-1] == ("reply", 1, "later")


async def test_a_result_that_cannot_be_sent_becomes_an_error() -> None:
    talk = Conversation(unsendable)
    talk.request(1, "unsendable")
    assert [item[0] for item in talk.hear()] == ["error"]


async def test_errors_take_neovims_form_unless_maps_were_asked_for() -> None:
    talk = Conversation(refuse)
    talk.request(1, "refuse")
    ((_, _, error),) = talk.hear()
    assert error[0] == 0
    assert error[1].startswith("not_found: no such thing")


async def test_a_task_is_answered_and_forgotten() -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(late, group=group)
        talk.request(7, "late")
        assert (await talk.hear_until(is_reply))[-1] == ("reply", 7, "late")
        assert talk.session.runs == {}
        assert talk.shared.in_flight == 0


@pytest.mark.parametrize("method", ["cancel", "$/cancelRequest", "notifications/cancelled"])
async def test_cancel_gives_exactly_one_response(method: str) -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(forever, group=group)
        talk.codec.error_maps = True
        talk.request(1, "forever")
        await anyio.wait_all_tasks_blocked()
        talk.notify(method, {"id": 1})
        talk.notify(method, {"id": 1})
        heard = await talk.hear_until(is_reply)
        await anyio.wait_all_tasks_blocked()
        assert [item[2]["code"] for item in heard + talk.hear()] == [-32800]


async def test_a_request_to_cancel_is_answered_too() -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(forever, group=group)
        talk.request(1, "forever")
        talk.request(2, "cancel", 1)
        talk.request(3, "cancel", 99)
        heard = talk.hear() + await talk.hear_until(lambda item: item[1] == 1)
        assert [(item[0], item[1]) for item in heard] == [("reply", 2), ("error", 3), ("error", 1)]


async def test_a_deadline_ends_a_run_with_its_own_error() -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(forever, add, group=group)
        talk.codec.error_maps = True
        talk.request(1, "forever", {"_meta": {"deadline_ms": 1}})
        heard = await talk.hear_until(is_reply)
        assert heard[-1][2]["data"]["name"] == "deadline_exceeded"
        talk.request(2, "add", {"a": 1, "_meta": {"deadline_ms": 0}})
        assert talk.hear()[0][2]["data"]["name"] == "deadline_exceeded"


async def test_a_stream_sends_its_events_before_the_response_only_when_asked() -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(stream, group=group)
        talk.request(1, "stream", {"count": 2, "_meta": {"stream": True}})
        heard = await talk.hear_until(is_reply)
        assert heard == [
            ("event", "$/event", [1, 0, "delta", "<0>"]),
            ("event", "$/event", [1, 1, "delta", "<1>"]),
            ("reply", 1, {"count": 2}),
        ]
        talk.request(2, "stream", {"count": 2})
        assert await talk.hear_until(is_reply) == [("reply", 2, {"count": 2})]


async def test_start_answers_at_once_and_ends_with_an_event_at_the_sink() -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(stream, refuse, group=group)
        talk.request(1, "start", "stream", {"count": 1}, {"sink": ["nvim_exec_lua", "code"]})
        heard = await talk.hear_until(lambda item: item[0] == "event" and item[2][1][2] == "end")
        run = heard[0][2]
        assert heard[0] == ("reply", 1, run)
        assert heard[1] == ("event", "nvim_exec_lua", ["code", [run, 0, "delta", "<0>"]])
        assert heard[2] == ("event", "nvim_exec_lua", ["code", [run, 1, "end", {"result": {"count": 1}}]])


async def test_start_of_a_failing_command_ends_with_its_error() -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(refuse, group=group)
        talk.request(1, "start", "refuse")
        heard = await talk.hear_until(lambda item: item[0] == "event")
        assert heard[-1][2][3]["error"]["data"]["name"] == "not_found"


async def test_call_lays_options_over_a_command() -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(stream, group=group)
        talk.request(1, "call", "stream", {"count": 1}, {"stream": True})
        assert [item[0] for item in await talk.hear_until(is_reply)] == ["event", "reply"]


async def test_json_clients_can_call_and_start_too() -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(stream, group=group, codec=JsonLinesCodec())
        talk.say(
            b'{"id":1,"method":"call","params":{"method":"stream","args":{"count":1},"opts":{"stream":true}}}\n'
        )
        assert [item[0] for item in await talk.hear_until(is_reply)] == ["event", "reply"]


async def test_input_is_pulled_piece_by_piece() -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(echo, group=group)
        talk.request(1, "echo", {"_meta": {"stream": True}})
        for chunk in (b"abc", b"def", b""):
            heard = await talk.hear_until(lambda item: item[0] == "event")
            assert heard[-1][2][2:] == ["input", 10]
            talk.notify("$/input", 1, chunk)
        assert (await talk.hear_until(is_reply))[-1] == ("reply", 1, "abcdef")


async def test_who_has_nothing_on_standard_input_is_not_asked_for_it() -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(echo, group=group)
        talk.request(1, "echo", {"_meta": {"stream": True, "tty": {"stdin": False, "ended": True}}})
        assert await talk.hear_until(is_reply) == [("reply", 1, "")]


async def test_an_id_in_use_is_refused_and_the_first_request_goes_on() -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(forever, group=group)
        talk.codec.error_maps = True
        talk.request(1, "forever")
        talk.request(1, "forever")
        assert [item[2]["code"] for item in talk.hear()] == [-32600]
        talk.notify("cancel", 1)
        assert (await talk.hear_until(is_reply))[-1][2]["code"] == -32800


async def test_reading_stops_at_the_limit_of_requests_and_goes_on_after() -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(forever, add, group=group)
        for number in range(MAX_IN_FLIGHT):
            talk.request(number, "forever")
        talk.request(1000, "add", 1)
        await anyio.wait_all_tasks_blocked()
        assert not talk.peer.reading
        assert talk.hear() == []
        talk.session.runs[0].cancel()
        heard = await talk.hear_until(lambda item: item[1] == 1000)
        assert talk.peer.reading
        assert heard[-1] == ("reply", 1000, 2)
        group.cancel_scope.cancel()


async def test_a_peer_that_does_not_read_its_replies_is_not_read_from() -> None:
    talk = Conversation(add)
    talk.session.pause()
    assert not talk.peer.reading
    talk.request(1, "add", 1)
    assert talk.hear() == []
    talk.session.resume()
    assert talk.peer.reading
    assert talk.hear() == [("reply", 1, 2)]


async def test_the_end_of_a_connection_cancels_its_runs() -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(forever, group=group)
        talk.request(1, "forever")
        await anyio.wait_all_tasks_blocked()
        talk.session.disconnect()
    assert talk.hear() == []
    assert talk.shared.in_flight == 0


async def test_a_draining_daemon_refuses_new_runs_and_says_when_to_retry() -> None:
    async with anyio.create_task_group() as group:
        talk = Conversation(late, group=group)
        talk.codec.error_maps = True
        talk.shared.draining = True
        talk.request(1, "late")
        ((_, _, error),) = talk.hear()
        assert error["data"]["name"] == "shutting_down"
        assert error["data"]["retryable"] is True


async def test_garbage_is_answered_once_and_ends_the_conversation() -> None:
    talk = Conversation(add)
    talk.request(1, "add", 1)
    talk.say(b"\xc1\xc1\xc1")
    assert talk.peer.closed
    assert [item[0] for item in talk.hear()] == ["reply", "error"]
    talk.request(2, "add", 1)
    assert talk.hear() == []


async def test_hello_agrees_and_tells_limits() -> None:
    talk = Conversation(add)
    talk.request(
        1, "hello", {"proto": [1, 2], "client": {"name": "t"}, "errors": "map", "unknown_later_key": 1}
    )
    talk.request(2, "nothing")
    hello, failure = talk.hear()
    assert hello[2]["proto"] == 1
    assert hello[2]["limits"]["in_flight"] == MAX_IN_FLIGHT
    assert {"add", "hello", "ping"} <= set(hello[2]["methods"])
    assert failure[2]["code"] == -32601


async def test_hello_without_a_common_version_is_refused() -> None:
    talk = Conversation(add)
    talk.codec.error_maps = True
    talk.request(1, "hello", {"proto": [99]})
    assert talk.hear()[0][2]["data"]["name"] == "unsupported_version"


async def test_an_unknown_form_of_errors_is_refused_and_changes_nothing() -> None:
    talk = Conversation(add)
    talk.codec.error_maps = True
    talk.request(1, "hello", {"errors": "maps"})
    talk.request(2, "nothing")
    refused, failure = talk.hear()
    assert refused[2]["data"]["name"] == "invalid_params"
    assert failure[2]["code"] == -32601


async def test_unknown_notifications_are_ignored() -> None:
    talk = Conversation(add)
    talk.notify("from/the/future", {"x": 1})
    talk.request(1, "add", 1)
    assert talk.hear() == [("reply", 1, 2)]
