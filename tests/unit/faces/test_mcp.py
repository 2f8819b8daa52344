"""Commands are tools of a host: as every version of the protocol has it, within what is granted, once agreed to."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
import pytest

from isaacd.command import Command
from isaacd.context import Context, Handover
from isaacd.errors import NotFound
from isaacd.faces.mcp.face import MAX_CALLS
from isaacd.faces.mcp.spec import VERSIONS
from isaacd.safety.tier import Tier
from isaacd.tokens.book import TokenBook
from tests.mcp_host import Host, call, initialize, request

pytestmark = pytest.mark.anyio


class Card(msgspec.Struct):
    """A record."""

    name: str
    size: int = 0


def add(context: Context, a: int, b: int = 1) -> Card:
    """Add two numbers. They may be large.

    Examples:
        isaacctl add 1 2
    """
    return Card(name=context.caller, size=a + b)


def names(context: Context) -> list[str]:
    """Name what there is."""
    return ["ada", "sk-live-0123456789abcdef"]


def private(context: Context) -> str:
    """Tell something private."""
    return "private"


def destroy(context: Context) -> str:
    """Destroy something."""
    return "destroyed"


def internal(context: Context) -> str:
    """Be of no use to a model."""
    return ""


def missing(context: Context) -> str:
    """Find nothing."""
    raise NotFound("no such thing", hint="look elsewhere")


def broken(context: Context) -> str:
    """Raise what it should not."""
    raise ZeroDivisionError


def hand(context: Context) -> Handover:
    """Want a terminal."""
    return Handover(text="x", argv=("vi",))


def look(context: Context, file: Path) -> str:
    """Look at a file."""
    return "seen"


async def work(context: Context, steps: int = 2) -> str:
    """Work for a while."""
    for step in range(steps):
        await context.progress(step, steps, f"step {step}")
    await context.emit("log", "half way")
    return "done"


async def forever(context: Context) -> None:
    """Wait until cancelled."""
    await anyio.sleep_forever()


async def write(context: Context) -> AsyncIterator[str]:
    """Write a text piece by piece."""
    yield "one "
    yield "two"


def long(context: Context) -> str:
    """Say far too much."""
    return "x" * 200_000


def commands() -> list[Command]:
    asked = (add, names, missing, broken, hand, look, work, forever, write, long)
    return [
        *(Command(item, name=item.__name__, plugin="test", scope="ask") for item in asked),
        Command(private, name="private", plugin="test", tool=Tier.BEYOND, scope="ask"),
        Command(destroy, name="destroy", plugin="test", tool=Tier.DESTRUCTIVE),
        Command(internal, name="internal", plugin="test"),
        Command(internal, name="hidden", plugin="test", scope="ask", hidden=True),
    ]


async def opened(
    group: anyio.abc.TaskGroup, version: str = "2025-11-25", capabilities: Any = None, **opening: Any
) -> Host:
    host = Host(group, *commands())
    await host.begin(version, capabilities, **opening)
    return host


async def listed(host: Host) -> dict[str, Any]:
    answer = await host.answer(request("list", "tools/list"))
    return {tool["name"]: tool for tool in answer["result"]["tools"]}


def text_of(answer: Any) -> str:
    assert not answer["result"].get("isError"), answer
    return str(answer["result"]["content"][0]["text"])


def error_of(answer: Any) -> str:
    assert answer["result"]["isError"], answer
    return str(answer["result"]["content"][0]["text"])


@pytest.fixture
async def group() -> AsyncIterator[anyio.abc.TaskGroup]:
    async with anyio.create_task_group() as made:
        yield made
        made.cancel_scope.cancel()


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_version_that_is_known_is_spoken(group, version) -> None:
    host = Host(group, *commands())
    begun = await host.begin(version)
    assert begun["protocolVersion"] == version
    assert begun["capabilities"] == {"logging": {}, "tools": {"listChanged": True}}
    assert begun["serverInfo"]["name"] == "isaac"
    assert ("title" in begun["serverInfo"]) is (version >= "2025-06-18")


@pytest.mark.parametrize("version", ["2026-07-28", "1.0", "", "2024-10-07"])
async def test_another_version_is_answered_with_the_newest_that_is_known(group, version) -> None:
    assert (await Host(group).begin(version))["protocolVersion"] == VERSIONS[-1]


async def test_tools_are_the_commands_that_are_granted_and_no_others(group) -> None:
    asked = {
        "add",
        "broken",
        "forever",
        "hand",
        "long",
        "look",
        "missing",
        "names",
        "private",
        "work",
        "write",
    }
    assert set(await listed(await opened(group))) == asked
    assert set(await listed(await opened(group, scope=["run:confirm"]))) == {"run"}
    assert set(await listed(await opened(group, scope=["admin"]))) == asked | {"destroy", "run"}


async def test_a_tool_is_described_as_each_version_has_it(group) -> None:
    of = {version: (await listed(await opened(group, version)))["add"] for version in VERSIONS}
    for tool in of.values():
        assert tool["description"] == "Add two numbers. They may be large."
        assert tool["inputSchema"]["required"] == ["a"]
        assert tool["inputSchema"]["properties"] == {
            "a": {"type": "integer"},
            "b": {"type": "integer", "default": 1},
        }
    assert set(of["2024-11-05"]) == {"name", "description", "inputSchema"}
    assert of["2025-03-26"]["annotations"]["title"] == "Add two numbers"
    for version in ("2025-06-18", "2025-11-25"):
        assert of[version]["title"] == "Add two numbers"
        assert of[version]["annotations"]["readOnlyHint"] is True
        assert of[version]["outputSchema"]["properties"]["size"] == {"type": "integer", "default": 0}
    tools = await listed(await opened(group, scope=["admin"]))
    assert tools["destroy"]["annotations"]["destructiveHint"] is True
    assert tools["destroy"]["annotations"]["readOnlyHint"] is False
    assert tools["names"]["outputSchema"]["required"] == ["result"]
    assert "outputSchema" not in tools["work"]


async def test_a_long_list_comes_in_pages_that_hold_every_tool_once(group) -> None:
    made = [Command(internal, name=f"tool{number:03}", plugin="test", scope="ask") for number in range(120)]
    host = Host(group, *made)
    await host.begin()
    found: list[str] = []
    cursor: dict[str, str] = {}
    for number in range(3):
        answer = await host.answer(request(f"page-{number}", "tools/list", **cursor))
        found += [tool["name"] for tool in answer["result"]["tools"]]
        cursor = {"cursor": answer["result"].get("nextCursor", "")}
    assert found == [f"tool{number:03}" for number in range(120)]
    assert cursor == {"cursor": ""}
    refused = await host.answer(request("none", "tools/list", cursor="nonsense"))
    assert refused["error"]["code"] == -32602


async def test_a_result_is_text_and_data(group) -> None:
    host = await opened(group)
    answer = await host.answer(call(1, "add", a=2))
    assert answer["result"]["structuredContent"] == {"name": "mcp:a-host", "size": 3}
    assert text_of(answer) == '{"name":"mcp:a-host","size":3}'
    several = await host.answer(call(2, "names"))
    assert several["result"]["structuredContent"] == {"result": ["ada", "[redacted]"]}
    assert text_of(await host.answer(call(3, "write"))) == "one two"
    old = await opened(group, "2025-03-26")
    assert "structuredContent" not in (await old.answer(call(1, "add", a=2)))["result"]


async def test_what_goes_wrong_in_a_tool_is_a_result_that_says_what_to_do(group) -> None:
    host = await opened(group)
    assert error_of(await host.answer(call(1, "missing"))) == "no such thing\nlook elsewhere"
    assert "unknown argument `c`" in error_of(await host.answer(call(2, "add", c=1)))
    assert "ZeroDivisionError" in error_of(await host.answer(call(3, "broken")))
    assert "terminal" in error_of(await host.answer(call(4, "hand")))
    assert "ask for less" in error_of(await host.answer(call(5, "long")))


async def test_a_tool_that_is_none_or_is_not_granted_is_an_error_of_the_protocol(group) -> None:
    host = await opened(group)
    assert (await host.answer(call(1, "nope")))["error"]["code"] == -32602
    assert (await host.answer(call(2, "internal")))["error"]["code"] == -32602
    refused = (await host.answer(call(3, "destroy")))["error"]
    assert refused["code"] == -32003
    assert "admin" in refused["message"]
    assert "isaacctl mcp --scope admin" in refused["data"]["hint"]
    # A question that names a file has the daemon read it, which is more than a question.
    assert (await host.answer(call(4, "look", file="/etc/passwd")))["error"]["code"] == -32003


async def test_progress_is_told_to_whoever_asked_for_it_and_only_grows(group) -> None:
    host = await opened(group)
    host.say(call(1, "work", token="t", steps=3))
    heard = await host.until(1)
    told = [item["params"] for item in heard if item.get("method") == "notifications/progress"]
    assert {item["progressToken"] for item in told} == {"t"}
    numbers = [item["progress"] for item in told]
    assert numbers == sorted(set(numbers))
    assert [item["message"] for item in told] == ["step 0", "step 1", "step 2"]
    host.say(call(2, "work"))
    assert not [item for item in await host.until(2) if item.get("method") == "notifications/progress"]


async def test_the_log_is_told_from_the_level_on_that_was_set(group) -> None:
    host = await opened(group)
    host.say(call(1, "work"))
    messages = [
        item["params"] for item in await host.until(1) if item.get("method") == "notifications/message"
    ]
    assert messages == [{"level": "info", "logger": "isaac", "data": "half way"}]
    assert (await host.answer(request(2, "logging/setLevel", level="warning")))["result"] == {}
    host.say(call(3, "work"))
    assert not [item for item in await host.until(3) if item.get("method") == "notifications/message"]
    assert (await host.answer(request(4, "logging/setLevel", level="loud")))["error"]["code"] == -32602


async def test_a_call_that_is_cancelled_ends_and_is_not_answered(group) -> None:
    host = await opened(group)
    host.say(call("slow", "forever"))
    host.say(
        {
            "jsonrpc": "2.0",
            "method": "notifications/cancelled",
            "params": {"requestId": "slow", "reason": "enough"},
        }
    )
    host.say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "never"}})
    host.say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": None}})
    while host.talk.shared.in_flight:
        await anyio.lowlevel.checkpoint()
    assert [item["id"] for item in [*host.take(), await host.answer(request(2, "ping"))]] == [2]
    # Its id is free again.
    assert text_of(await host.answer(call("slow", "write"))) == "one two"


async def test_an_id_under_way_cannot_be_used_twice(group) -> None:
    host = await opened(group)
    host.say(call(7, "forever"))
    assert (await host.answer(call(7, "write")))["error"]["code"] == -32600


async def test_calls_beyond_the_limit_are_refused_so_that_questions_can_still_be_answered(group) -> None:
    host = await opened(group)
    host.say(*(call(number, "forever") for number in range(MAX_CALLS)))
    assert (await host.answer(call("more", "write")))["error"]["code"] == -32600
    assert (await host.answer(request("still", "ping")))["result"] == {}


FORMS = {"elicitation": {}}


async def test_what_is_dangerous_runs_once_the_person_has_agreed_in_the_hosts_own_form(group) -> None:
    host = await opened(group, "2025-06-18", FORMS)
    host.say(call(1, "private"))
    (asked,) = await host.until(method="elicitation/create")
    assert "private()" in asked["params"]["message"]
    assert asked["params"]["requestedSchema"]["required"] == ["agree"]
    host.say(
        {"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "accept", "content": {"agree": True}}}
    )
    assert text_of((await host.until(1))[-1]) == "private"


@pytest.mark.parametrize(
    "said",
    [
        {"result": {"action": "accept", "content": {"agree": False}}},
        {"result": {"action": "accept", "content": {"agree": "true"}}},
        {"result": {"action": "accept", "content": {}}},
        {"result": {"action": "accept"}},
        {"result": {"action": "decline"}},
        {"result": {"action": "cancel", "content": {"agree": True}}},
        {"result": {"action": 3}},
        {"result": "yes"},
        {"error": {"code": -1, "message": "no such method"}},
    ],
)
async def test_all_other_answers_mean_no(group, said) -> None:
    host = await opened(group, "2025-11-25", {"elicitation": {"form": {}}})
    host.say(call(1, "private"))
    (asked,) = await host.until(method="elicitation/create")
    assert asked["params"]["mode"] == "form"
    host.say({"jsonrpc": "2.0", "id": asked["id"], **said})
    assert "nobody agreed" in error_of((await host.until(1))[-1])


async def test_an_answer_counts_for_the_one_question_that_has_its_name(group) -> None:
    yes = {"action": "accept", "content": {"agree": True}}
    host = await opened(group, "2025-11-25", FORMS)
    for guess in (0, 1, "isaac-0", "elicitation/create"):
        host.say({"jsonrpc": "2.0", "id": guess, "result": yes})
    host.say(call(1, "private"))
    (first,) = await host.until(method="elicitation/create")
    for guess in (0, 1, "isaac-0", first["id"].upper() + "x"):
        host.say({"jsonrpc": "2.0", "id": guess, "result": yes})
    host.say({"jsonrpc": "2.0", "id": first["id"], "result": {"action": "decline"}})
    host.say({"jsonrpc": "2.0", "id": first["id"], "result": yes})  # too late
    assert "nobody agreed" in error_of((await host.until(1))[-1])
    host.say(call(2, "private"))
    (second,) = await host.until(method="elicitation/create")
    assert second["id"] != first["id"]
    assert len(second["id"]) == len("isaac-") + 32


async def test_a_question_is_taken_back_when_its_call_is_cancelled(group) -> None:
    host = await opened(group, "2025-11-25", FORMS)
    host.say(call(1, "private"))
    (asked,) = await host.until(method="elicitation/create")
    host.say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
    (taken,) = await host.until(method="notifications/cancelled")
    assert taken["params"]["requestId"] == asked["id"]


@pytest.mark.parametrize(
    "capabilities", [None, {"elicitation": {"url": {}}}, {"elicitation": 1}, {"sampling": {}}]
)
async def test_a_host_that_can_ask_nobody_is_refused_what_needs_a_person(group, capabilities) -> None:
    host = await opened(group, "2025-11-25", capabilities)
    assert "no elicitation" in error_of(await host.answer(call(1, "private")))
    old = await opened(group, "2025-03-26", FORMS)
    assert "no elicitation" in error_of(await old.answer(call(1, "private")))


async def test_what_destroys_needs_a_phrase_to_be_typed(group) -> None:
    host = await opened(group, "2025-11-25", FORMS, scope=["admin"])
    for typed, runs in (("yes", False), ("run destroy", True)):
        host.say(call(typed, "destroy"))
        (asked,) = await host.until(method="elicitation/create")
        assert "destroy()" in asked["params"]["message"]
        assert "run destroy" in asked["params"]["message"]
        host.say(
            {"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "accept", "content": {"line": typed}}}
        )
        answer = (await host.until(typed))[-1]
        assert (text_of(answer) == "destroyed") if runs else "nobody agreed" in error_of(answer)


async def test_a_host_is_told_once_when_its_tools_have_changed(group) -> None:
    host = await opened(group)
    await listed(host)
    catalog = host.talk.shared.catalog
    catalog.put("other", [Command(internal, name="other", plugin="other")])  # not granted: nothing to tell
    catalog.put("more", [Command(internal, name="more", plugin="more", scope="ask")])
    catalog.put("most", [Command(internal, name="most", plugin="most", scope="ask")])
    heard = await host.until(method="notifications/tools/list_changed")
    assert len(heard) == 1
    assert {"more", "most"} < set(await listed(host))
    host.talk.session.disconnect()
    catalog.put("after", [Command(internal, name="after", plugin="after", scope="ask")])


@pytest.fixture
async def book(tmp_path, group) -> AsyncIterator[TokenBook]:
    host = Host(group)
    services = host.services
    made = TokenBook(
        tmp_path / "tokens.sqlite", clock=services.clock, log=services.log, spawn=lambda *_: None
    )
    await made.open()
    yield made
    await made.aclose()


async def test_a_token_says_what_a_host_may_and_who_it_is_until_it_is_revoked(group, book) -> None:
    token = (await book.new("agent", ["run:confirm", "ask"], None)).token
    host = Host(group, *commands())
    host.services.tokens = book
    await host.begin(token=token)
    assert {"add", "run"} < set(await listed(host))
    assert (await host.answer(call(1, "add", a=1)))["result"]["structuredContent"]["name"] == "agent"
    narrow = Host(group, *commands())
    narrow.services.tokens = book
    await narrow.begin(token=token, scope=["run:confirm"])
    assert set(await listed(narrow)) == {"run"}
    assert (await narrow.answer(call(1, "destroy")))["error"]["code"] == -32003
    await book.revoke("agent")
    assert (await host.answer(request("gone", "tools/list")))["error"]["code"] == -32003
    assert (await host.answer(call("gone", "add", a=1)))["error"]["code"] == -32003
    stranger = Host(group, *commands())
    stranger.services.tokens = book
    assert (await stranger.answer(request(1, "mcp.open", token=token)))["error"]["code"] == -32003
    assert (await stranger.answer(request(2, "mcp.open", scope=["everything"])))["error"]["code"] == -32602


# Hostile input.


async def test_nothing_but_a_ping_comes_before_the_beginning_and_there_is_one_beginning(group) -> None:
    host = Host(group, *commands())
    assert (await host.answer(request("open", "mcp.open")))["result"] == {"scopes": ["ask"]}
    assert (await host.answer(request(1, "tools/list")))["error"]["code"] == -32600
    assert (await host.answer(request(2, "server/discover")))["error"]["code"] == -32601
    assert (await host.answer(request(3, "ping")))["result"] == {}
    assert "result" in await host.answer(initialize(number=4))
    assert (await host.answer(initialize(number=5)))["error"]["code"] == -32600
    assert (await host.answer(request(6, "mcp.open", scope=["admin"])))["error"]["code"] == -32601
    assert (await host.answer(request(7, "daemon.stop")))["error"]["code"] == -32601
    assert (await host.answer(request(8, "add", a=1)))["error"]["code"] == -32601


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"protocolVersion": 1},
        {"protocolVersion": None},
        [],
        [1],
        "x",
        {"protocolVersion": "2025-11-25", "clientInfo": 3},
    ],
)
async def test_a_beginning_that_is_none_is_refused_and_can_be_mended(group, params) -> None:
    host = Host(group, *commands())
    refused = await host.answer({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
    assert refused["error"]["code"] == -32602
    assert "result" in await host.answer(initialize(number=2))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"nonsense\n", -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call"\n', -32700),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}\n', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}\n', -32600),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}\n', -32600),
        (b'{"jsonrpc":"2.0","id":{},"method":"ping"}\n', -32600),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]\n', -32600),
        (b'{"jsonrpc":"2.0","id":9,"method":"tools/call"}\n', -32602),
        (b'{"jsonrpc":"2.0","id":9,"method":"tools/call","params":[1]}\n', -32602),
        (b'{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":3}}\n', -32602),
        (b'{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"add","arguments":[1]}}\n', -32602),
        (b'{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"add","arguments":"x"}}\n', -32602),
        (b'{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"\xff"}}\n', -32602),
        (b'{"jsonrpc":"2.0","id":9,"method":"tools/list","params":{"cursor":7}}\n', -32602),
        (b'{"jsonrpc":"2.0","id":9,"method":"logging/setLevel","params":{}}\n', -32602),
        (b'{"jsonrpc":"2.0","id":9,"method":"\\u0000"}\n', -32601),
    ],
)
async def test_nonsense_is_refused_and_the_conversation_goes_on(group, line, code) -> None:
    host = await opened(group)
    host.say_raw(line)
    heard: list[Any] = []
    while not heard:
        heard = host.take()
        await anyio.lowlevel.checkpoint()
    assert [item["error"]["code"] for item in heard] == [code]
    assert (await host.answer(request("on", "ping")))["result"] == {}


async def test_what_is_too_deep_or_too_long_ends_the_conversation(group) -> None:
    host = await opened(group)
    host.say_raw(b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b"[" * 500 + b"]" * 500 + b"}\n")
    assert host.take()[-1]["error"]["data"]["name"] == "frame_too_large"
    assert host.talk.peer.closed


async def test_responses_and_notifications_that_nobody_waits_for_are_dropped(group) -> None:
    host = await opened(group)
    host.say(
        {"jsonrpc": "2.0", "id": 1, "result": {}},
        {"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": "x"}},
        {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"},
        {"jsonrpc": "2.0", "method": "nonsense", "params": [1]},
        {"jsonrpc": "2.0", "method": "notifications/cancelled"},
    )
    assert (await host.answer(request(2, "ping")))["result"] == {}


# Batches, which one version of the protocol has.


async def test_a_batch_is_answered_as_one(group) -> None:
    host = await opened(group, "2025-03-26")
    host.say(
        [
            request(1, "ping"),
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            call(2, "write"),
            {"id": "bad"},
            request(3, "nope"),
        ]
    )
    heard: list[Any] = []
    while not heard:
        heard = host.take()
        await anyio.lowlevel.checkpoint()
    (answers,) = heard
    assert {item["id"]: item.get("error", {}).get("code", 0) for item in answers} == {
        1: 0,
        2: 0,
        "bad": -32600,
        3: -32601,
    }


@pytest.mark.parametrize(("batch", "code"), [([], -32600), ([request(1, "ping")] * 65, -32600)])
async def test_a_batch_of_nothing_or_of_too_much_is_refused(group, batch, code) -> None:
    host = await opened(group, "2025-03-26")
    host.say(batch)
    assert [item["error"]["code"] for item in host.take()] == [code]


async def test_a_batch_with_one_id_twice_answers_both_and_nothing_waits_for_ever(group) -> None:
    host = await opened(group, "2025-03-26")
    host.say([call(1, "forever"), call(1, "write"), request(2, "ping")])
    host.say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
    heard: list[Any] = []
    while not heard:
        heard = host.take()
        await anyio.lowlevel.checkpoint()
    assert {item["id"] for item in heard[0]} == {1, 2}
    host.say([{"jsonrpc": "2.0", "method": "notifications/initialized"}])
    assert (await host.answer(request("on", "ping")))["result"] == {}
