"""The Model Context Protocol over HTTP: sessions, answers as JSON or as a stream, and who may ask."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.daemon import Daemon, eventually, running
from tests.http_client import HttpClient, Reply
from tests.mcp_host import call, initialize, request

PLUGIN = """
import anyio
from isaacd.api import Context, Plugin, Tier

plugin = Plugin("work", version="1", api="1")


@plugin.command(scope="ask")
async def work(context: Context) -> str:
    '''Work for a while.'''
    await context.progress(1, 2, "half way")
    return "done"


@plugin.command(scope="ask", tool=Tier.BEYOND)
def private(context: Context) -> str:
    '''Tell something private.'''
    return "private"


@plugin.command(scope="ask")
async def forever(context: Context) -> None:
    '''Wait until cancelled.'''
    await context.progress(1, 2, "begun")
    await anyio.sleep_forever()
"""
BOTH = {"Accept": "application/json, text/event-stream"}


class Host:
    """A host over HTTP; each of its requests may take a connection of its own."""

    def __init__(self, daemon: Daemon, port: int = 0, token: str | None = None) -> None:
        self.daemon = daemon
        self.port = port
        self.token = token
        self.session: str | None = None

    def client(self) -> HttpClient:
        sock = socket.create_connection(("127.0.0.1", self.port)) if self.port else self.daemon.connect()
        return HttpClient(sock, self.token)

    def fields(self, **more: str) -> dict[str, str]:
        session = {} if self.session is None else {"Mcp-Session-Id": self.session}
        return {**BOTH, **session, **{name.replace("_", "-"): value for name, value in more.items()}}

    def post(self, body: Any, **fields: str) -> Reply:
        with self.client() as client:
            return client.ask("POST", "/mcp", body, self.fields(**fields))

    def begin(self, version: str = "2025-11-25", capabilities: Any = None) -> Any:
        reply = self.post(initialize(version, capabilities))
        assert reply.status == 200, reply
        self.session = reply.fields["mcp-session-id"]
        assert self.post({"jsonrpc": "2.0", "method": "notifications/initialized"}).status == 202
        return reply.json["result"]


@pytest.fixture(scope="module")
def house() -> Iterator[tuple[Daemon, int]]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = int(found.getsockname()[1])
    config = f'[http]\nlisten = "127.0.0.1:{port}"\norigins = ["https://good.example"]\n'
    with running(config=config, plugins={"work": PLUGIN}) as daemon:

        def listens() -> bool:
            with socket.socket() as sock:
                return sock.connect_ex(("127.0.0.1", port)) == 0

        eventually(listens, "the port to be open")
        yield daemon, port


@pytest.fixture
def host(house: tuple[Daemon, int]) -> Host:
    return Host(house[0])


def test_a_session_begins_lists_calls_and_ends(host: Host) -> None:
    assert host.begin()["capabilities"] == {"logging": {}, "tools": {}}
    tools = host.post(request(1, "tools/list"), MCP_Protocol_Version="2025-11-25").json["result"]["tools"]
    assert {"greet", "work", "work_private"} < {item["name"] for item in tools}
    assert "run" not in {item["name"] for item in tools}
    assert host.post(call(2, "greet")).json["result"]["content"][0]["text"] == "hello world"
    assert host.post(request(3, "ping")).json == {"jsonrpc": "2.0", "id": 3, "result": {}}
    with host.client() as client:
        assert client.ask("DELETE", "/mcp", None, host.fields()).status == 204
    assert host.post(request(4, "ping")).status == 404


def test_what_is_said_before_the_answer_makes_it_a_stream(host: Host) -> None:
    host.begin()
    reply = host.post(call("w", "work", token=9))
    assert reply.fields["content-type"].startswith("text/event-stream")
    progress, answer = reply.events
    assert progress["params"] == {"progressToken": 9, "progress": 1, "total": 2, "message": "half way"}
    assert answer["result"]["content"][0]["text"] == "done"


def test_a_person_is_asked_within_the_stream_and_answers_in_a_request_of_its_own(host: Host) -> None:
    host.begin(capabilities={"elicitation": {}})
    with host.client() as client:
        client.send("POST", "/mcp", call(1, "work_private"), host.fields())
        data = b""
        while b"elicitation/create" not in data or b"\n\n" not in data:
            data += client.sock.recv(65536)
        asked = json.loads(data.partition(b"data: ")[2].partition(b"\n\n")[0])
        said = {"action": "accept", "content": {"agree": True}}
        assert host.post({"jsonrpc": "2.0", "id": asked["id"], "result": said}).status == 202
        while b'"id":1' not in data:
            data += client.sock.recv(65536)
    assert b'"text":"private"' in data


def test_a_call_is_cancelled_by_a_request_of_its_own(host: Host) -> None:
    host.begin()
    with host.client() as client:
        client.send("POST", "/mcp", call("slow", "work_forever", token=1), host.fields())
        data = b""
        while b"notifications/progress" not in data:
            data += client.sock.recv(65536)
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "slow"}}
        assert host.post(cancel).status == 202
        while not data.endswith(b"0\r\n\r\n"):
            data += client.sock.recv(65536)
    assert b'"result"' not in data
    assert host.post(request(2, "ping")).status == 200


def test_who_may_ask(house: tuple[Daemon, int]) -> None:
    daemon, port = house
    made = json.loads(
        daemon.home.isaacctl(
            "token", "new", "host", "--scope", "ask", "--scope", "run:confirm", "--json"
        ).stdout
    )
    assert Host(daemon, port).post(initialize()).status == 401
    host = Host(daemon, port, made["token"])
    host.begin()
    names = {item["name"] for item in host.post(request(1, "tools/list")).json["result"]["tools"]}
    assert {"greet", "run", "route"} < names
    assert "history_search" not in names
    assert host.post(call(2, "history_search")).json["error"]["code"] == -32003
    # A session belongs to whoever has begun it.
    thief = Host(daemon)
    thief.session = host.session
    assert thief.post(request(3, "tools/list")).status == 404
    assert host.post(request(4, "ping"), Origin="https://evil.example").status == 403
    assert host.post(request(5, "ping"), Origin="https://good.example").status == 200
    assert daemon.home.isaacctl("token", "revoke", "host").returncode == 0
    assert host.post(request(6, "tools/list")).status == 401


@pytest.mark.parametrize(
    ("body", "fields", "status"),
    [
        (request(1, "tools/list"), {}, 400),
        ({"jsonrpc": "2.0", "method": "notifications/initialized"}, {}, 400),
        (b"nonsense", {}, 400),
        (b"", {}, 400),
        (b"[" * 500 + b"]" * 500, {}, 400),
        (initialize(), {"Accept": "application/json"}, 406),
        (initialize(), {"Content-Type": "text/plain"}, 415),
        (initialize(), {"MCP-Protocol-Version": "1999-01-01"}, 400),
        (initialize(), {"Mcp-Session-Id": "guessed"}, 404),
        ([initialize()], {}, 400),
    ],
)
def test_what_begins_no_session_is_refused(
    host: Host, body: Any, fields: dict[str, str], status: int
) -> None:
    assert (
        host.post(body, **{name.replace("-", "_"): value for name, value in fields.items()}).status == status
    )


def test_a_beginning_that_fails_leaves_no_session(host: Host) -> None:
    reply = host.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}})
    assert reply.json["error"]["code"] == -32602
    assert "mcp-session-id" not in reply.fields


def test_batches_are_answered_as_one_where_the_version_has_them(host: Host) -> None:
    host.begin("2025-03-26")
    reply = host.post([request(1, "ping"), call(2, "greet"), {"jsonrpc": "2.0", "method": "x"}])
    assert {item["id"] for item in reply.json} == {1, 2}
    host.session = None
    host.begin("2025-11-25")
    assert host.post([request(1, "ping")]).status == 400


def test_there_are_only_so_many_sessions_and_the_oldest_leaves_first(host: Host) -> None:
    host.begin()
    first = host.session
    for _ in range(64):
        host.session = None
        host.begin()
    newest, host.session = host.session, first
    assert host.post(request(1, "ping")).status == 404
    host.session = newest
    assert host.post(request(1, "ping")).status == 200


def test_the_stream_that_is_not_offered_is_said_to_be_none(host: Host) -> None:
    host.begin()
    with host.client() as client:
        assert client.ask("GET", "/mcp", None, host.fields()).status == 405
