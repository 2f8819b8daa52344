"""HTTP through the whole house: a real daemon, hand-written clients, and a provider whose every byte is decided here."""

import json
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from shutil import which
from typing import Any

import anyio
import pytest

from tests.daemon import Daemon, a_home, eventually, running
from tests.fake_provider import Exchange, FakeProvider, answer, delta, stalled, usage
from tests.http_client import HttpClient

ERROR = {"error": {"message": "too fast", "type": "rate_limit_error", "code": "rate_limit_exceeded"}}


class House:
    """A daemon that answers over its socket and over TCP, and the provider behind it."""

    def __init__(self, daemon: Daemon, provider: FakeProvider, port: int, token: str) -> None:
        self.daemon = daemon
        self.provider = provider
        self.port = port
        self.token = token

    def unix(self, token: str | None = None) -> HttpClient:
        return HttpClient(self.daemon.connect(), token)

    def tcp(self, token: str | None = None) -> HttpClient:
        return HttpClient(socket.create_connection(("127.0.0.1", self.port)), token)


async def by_question(exchange: Exchange) -> None:
    """Answer what the question asks for."""
    if exchange.request.method == "GET":
        await exchange.reply(200, {"object": "list", "data": [{"id": "m", "object": "model"}, {"id": "x/y"}]})
        return
    question = exchange.request.body["messages"][-1]["content"]
    if question.startswith("stall"):
        await stalled(delta(content="so far"))(exchange)
    elif question == "limited":
        await exchange.reply(429, ERROR, {"Retry-After": "7"})
    elif question == "call":
        await exchange.open_stream()
        call = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": '{"a":1}'}}
        for item in (delta(tool_calls=[call]), delta("tool_calls"), usage(), b"data: [DONE]\n\n"):
            await exchange.chunk(item)
        await exchange.end()
    elif question == "breaks":
        await exchange.open_stream()
        await exchange.chunk(delta(content="so far"))
        exchange.reset()
    else:
        await exchange.open_stream()
        for item in answer("re: ", question):
            await exchange.chunk(item)
        await exchange.end()


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    ready, done = threading.Event(), threading.Event()
    found: list[FakeProvider] = []

    async def serve() -> None:
        async with FakeProvider(by_question) as provider:
            found.append(provider)
            ready.set()
            await anyio.to_thread.run_sync(done.wait)

    thread = threading.Thread(target=anyio.run, args=(serve,))
    thread.start()
    try:
        assert ready.wait(90)
        with a_home() as home:
            home.write_config(
                f'[ai.providers.fake]\nbase_url = "{found[0].base_url}"\nmodel = "m"\n'
                f'[ai.providers.busy]\nbase_url = "{found[0].base_url}"\nmodel = "m"\n'
                f'[ai.retry]\nmax_attempts = 1\nmax_wait_s = 0.0\n[ai.breaker]\nfailures = 1000\n[http]\nlisten = "127.0.0.1:0"\n'
                'origins = ["https://page.example"]\n'
            )
            with running(home=home) as daemon:
                made = home.isaacctl("token", "new", "agent", "--scope", "ask")
                (opened,) = daemon.logged("HTTP over TCP is open")
                yield House(daemon, found[0], opened["port"], made.stdout.strip())
    finally:
        done.set()
        thread.join(90)


def test_a_question_is_answered_on_the_socket_and_kept(house: House) -> None:
    with house.unix() as client:
        first = client.chat("why is the sky blue?", top_p=0.5)
        again = client.chat("why is the sky blue?", top_p=0.5)
    assert first.status == again.status == 200
    traced = house.daemon.home.isaacctl("trace", "--json", first.fields["x-request-id"])
    assert [item["method"] for item in json.loads(traced.stdout)] == ["http.chat"]
    assert first.json["choices"][0]["message"]["content"] == "re: why is the sky blue?"
    assert first.json["usage"]["total_tokens"] == 17
    assert (first.fields["x-isaac-cache"], again.fields["x-isaac-cache"]) == ("miss", "exact")
    assert again.json["choices"] == first.json["choices"]
    # What a program sends is all that is said.
    sent = [item.body["messages"] for item in house.provider.requests if "sky" in json.dumps(item.body)]
    assert sent == [[{"role": "user", "content": "why is the sky blue?"}]]
    assert [item.body["top_p"] for item in house.provider.requests if "sky" in json.dumps(item.body)] == [0.5]


def test_pieces_come_as_events(house: House) -> None:
    with house.tcp(house.token) as client:
        reply = client.chat("in pieces", stream=True, stream_options={"include_usage": True})
        plain = client.chat("in pieces, plain", stream=True)
    assert reply.fields["content-type"].startswith("text/event-stream")
    *chunks, last = reply.events
    assert last == "[DONE]"
    texts = [item["choices"][0]["delta"].get("content", "") for item in chunks if item["choices"]]
    assert "".join(texts) == "re: in pieces"
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert [item["choices"][0]["finish_reason"] for item in chunks[:-1]][-1] == "stop"
    assert chunks[-1]["usage"]["prompt_tokens"] == 12
    assert not any("usage" in item for item in plain.events[:-1])


def test_the_newer_protocol_is_spoken_too(house: House) -> None:
    tools = [{"type": "function", "name": "f", "parameters": {"type": "object"}}]
    with house.tcp(house.token) as client:
        whole = client.ask("POST", "/v1/responses", {"model": "m", "input": "in other words"})
        called = client.ask("POST", "/v1/responses", {"input": "call", "tools": tools}).json
        streamed = client.ask(
            "POST", "/v1/responses", {"input": "in other words", "stream": True}
        ).body.decode()
        refused = client.ask("POST", "/v1/responses", {"input": "x", "previous_response_id": "y"})
    assert whole.json["output"][0]["content"][0]["text"] == "re: in other words"
    assert whole.json["usage"]["total_tokens"] == 17
    assert [item["type"] for item in called["output"]] == ["function_call"]
    kinds = [line.removeprefix("event: ") for line in streamed.splitlines() if line.startswith("event: ")]
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert (refused.status, refused.error["param"]) == (400, "previous_response_id")


def test_tools_are_passed_through(house: House) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    with house.unix() as client:
        whole = client.chat("call", tools=tools).json["choices"][0]
        events = client.chat("call", tools=tools, stream=True).events
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    assert (whole["message"]["tool_calls"], whole["finish_reason"]) == ([call], "tool_calls")
    told = [
        item["choices"][0]["delta"]["tool_calls"]
        for item in events[:-1]
        if "tool_calls" in item["choices"][0]["delta"]
    ]
    assert told == [[{"index": 0, **call}]]


def test_models_are_listed_and_found(house: House) -> None:
    with house.tcp(house.token) as client:
        listed = client.ask("GET", "/v1/models").json["data"]
        one = client.ask("GET", "/v1/models/fake/m")
        slashed = client.ask("GET", "/v1/models/x%2Fy")
        none = client.ask("GET", "/v1/models/nobody")
        head = client.ask("HEAD", "/v1/models")
        after = client.ask("GET", "/health")
    assert {"fake/m", "fake/x/y"} <= {item["id"] for item in listed}
    assert (one.json["id"], one.json["owned_by"]) == ("fake/m", "fake")
    assert slashed.json["id"] == "x/y"
    assert (none.status, none.error["code"]) == (404, "model_not_found")
    assert (head.status, head.body, after.json) == (200, b"", {"status": "ok"})


def test_errors_have_openai_s_shape_the_right_status_and_say_when_to_come_back(house: House) -> None:
    with house.tcp(house.token) as client:
        limited = client.chat("limited", model="busy/m")
        streamed = client.chat("limited", model="busy/m", stream=True)
        unknown = client.chat("hi", models=["nobody"])
        broken = client.chat("breaks")
        events = client.chat("breaks", stream=True).events
        empty = client.ask("POST", "/v1/chat/completions", {"messages": []})
        after = client.chat("and then?")
    assert (limited.status, limited.fields["retry-after"]) == (429, "7")
    assert limited.error["type"] == "rate_limit_error"
    assert set(limited.error) == {"message", "type", "param", "code"}
    assert streamed.status == 429
    assert (unknown.status, unknown.error["code"]) == (404, "model_not_found")
    assert broken.status == 502
    assert events[-1]["error"]["code"] == "provider_unavailable"
    assert (empty.status, empty.error["param"]) == (400, "messages")
    assert after.status == 200


@pytest.mark.parametrize(
    ("method", "path", "fields", "status"),
    [
        ("GET", "/nothing", {}, 404),
        ("GET", "/", {}, 404),
        ("DELETE", "/v1/models", {}, 405),
        ("GET", "/v1/chat/completions", {}, 405),
        ("POST", "/v1/chat/completions", {"Content-Type": "text/plain", "Content-Length": "2"}, 415),
        (
            "POST",
            "/v1/chat/completions",
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            415,
        ),
        (
            "POST",
            "/v1/chat/completions",
            {"Content-Type": "application/json", "Content-Length": "99999999"},
            413,
        ),
        ("GET", "/v1/models", {"X": "y" * 40_000}, 431),
        ("GET", "/v1/models", {"Transfer-Encoding": "chunked", "Content-Length": "1"}, 400),
        ("GET", "/v1/models", {"Host": "evil.example"}, 421),
        ("GET", "/v1/models", {"Origin": "http://localhost"}, 403),
        ("GET", "/v1/models", {"Authorization": "Bearer isaac_nonsense"}, 401),
        ("GET", "/metrics", {}, 403),
        ("OPTIONS", "/v1/models", {}, 405),
    ],
)
def test_what_is_none_of_ours_is_refused_in_the_same_shape(
    house: House, method: str, path: str, fields: dict[str, str], status: int
) -> None:
    for client in (house.tcp(house.token), house.unix(house.token)):
        with client:
            client.send(method, path, None, fields)
            reply = client.reply()
            assert (reply.status, set(reply.error)) == (status, {"message", "type", "param", "code"})


def test_over_tcp_nobody_asks_without_a_token_and_on_the_socket_it_narrows(house: House) -> None:
    with house.tcp() as client:
        assert client.ask("GET", "/health").status == 200
        assert client.ask("GET", "/v1/models").status == 401
        refused = client.chat("hi")
        assert (refused.status, refused.fields["www-authenticate"]) == (401, 'Bearer realm="isaac"')
    with house.unix() as client:
        assert b"isaac" in client.ask("GET", "/metrics").body
    with house.unix(house.token) as client:
        assert client.ask("GET", "/metrics").status == 403


def test_a_token_that_is_revoked_ends_what_is_under_way(house: House) -> None:
    token = house.daemon.home.isaacctl("token", "new", "short", "--scope", "ask").stdout.strip()
    with house.tcp(token) as client, house.tcp(token) as other:
        client.send(
            "POST",
            "/v1/chat/completions",
            {"messages": [{"role": "user", "content": "stall"}], "stream": True},
        )
        assert client.head().status == 200
        chunks = client.chunks()
        next(chunks)
        other.sock.sendall(
            other.request("POST", "/v1/chat/completions", b"{}")[:-2]
        )  # its body is on its way
        assert house.daemon.home.isaacctl("token", "revoke", "short").returncode == 0
        assert b"short was revoked" in b"".join(chunks)
        assert other.reply().status == 401
    with house.tcp(token) as client:
        assert client.ask("GET", "/v1/models").status == 401


def test_the_ledger_knows_the_token_s_name(house: House) -> None:
    with house.tcp(house.token) as client:
        assert client.chat("what does this cost?").status == 200

    def callers() -> set[str]:
        calls: list[dict[str, Any]] = json.loads(
            house.daemon.home.isaacctl("usage", "calls", "--json").stdout
        )
        return {call["caller"] for call in calls}

    eventually(lambda: "agent" in callers(), "the call to be written down")


@pytest.mark.parametrize("over_tcp", [True, False])
@pytest.mark.parametrize("stream", [True, False])
def test_who_leaves_stops_the_call(house: House, over_tcp: bool, stream: bool) -> None:
    def stopped() -> int:
        return house.provider.deserted

    before = stopped()
    with house.tcp(house.token) if over_tcp else house.unix() as client:
        body = {"messages": [{"role": "user", "content": f"stall {over_tcp} {stream}"}], "stream": stream}
        seen = len(house.provider.requests)
        client.send("POST", "/v1/chat/completions", body)
        eventually(lambda: len(house.provider.requests) > seen, "the call")
    eventually(lambda: stopped() > before, "the call to be stopped")


@pytest.mark.parametrize("over_tcp", [True, False])
def test_who_has_only_said_all_is_answered(house: House, over_tcp: bool) -> None:
    with house.tcp(house.token) if over_tcp else house.unix() as client:
        for number in range(3):
            body = {"messages": [{"role": "user", "content": f"half closed {number} {over_tcp}"}]}
            client.send("POST", "/v1/chat/completions", body)
        client.sock.shutdown(socket.SHUT_WR)
        replies = []
        while len(replies) < 3:
            reply = client.reply()
            if reply.status != 100:  # by which it is found out whether anybody is there
                replies.append(reply)
        assert client.rest() == b""
    assert [reply.json["choices"][0]["message"]["content"][-1] for reply in replies] == ["e"] * 3


def test_a_body_is_taken_in_chunks_and_asked_for_where_that_is_wished(house: House) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": "in chunks"}]}).encode()
    with house.unix() as client:
        said = {"Content-Type": "application/json", "Transfer-Encoding": "chunked", "Expect": "100-continue"}
        client.send("POST", "/v1/chat/completions", None, said)
        assert client.reply().status == 100
        for byte in body:
            client.sock.sendall(b"1\r\n%c\r\n" % byte)
        client.sock.sendall(b"0\r\n\r\n")
        assert client.reply().json["choices"][0]["message"]["content"] == "re: in chunks"
        client.send("POST", "/v1/chat/completions", None, {**said, "Content-Type": "text/plain"})
        assert client.reply().status == 415  # and is told so before it sends the body


def test_a_page_that_is_named_may_ask_from_a_browser(house: House) -> None:
    page = {"Origin": "https://page.example"}
    with house.tcp(house.token) as client:
        asked = client.ask(
            "OPTIONS", "/v1/chat/completions", None, {**page, "Access-Control-Request-Method": "POST"}
        )
        told = client.ask("GET", "/v1/models", None, page)
    assert asked.status == 204
    assert (
        asked.fields["access-control-allow-origin"]
        == told.fields["access-control-allow-origin"]
        == page["Origin"]
    )


def test_an_old_client_gets_its_stream_to_the_end_of_the_connection(house: House) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": "old"}], "stream": True}).encode()
    with house.unix() as client:
        client.sock.sendall(
            b"POST /v1/chat/completions HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )
        reply = client.reply()
    assert "transfer-encoding" not in reply.fields
    assert reply.events[-1] == "[DONE]"


@pytest.mark.skipif(which("curl") is None, reason="curl is not installed")
def test_curl_gets_an_answer(house: House) -> None:
    body = '{"messages":[{"role":"user","content":"from curl"}],"stream":true}'
    common = ["curl", "-sS", "--fail", "-m", "60", "-H", "Content-Type: application/json", "-d", body]
    where = (
        ["--unix-socket", str(house.daemon.home.socket), "http://localhost/v1/chat/completions"],
        ["-H", f"Authorization: Bearer {house.token}", f"http://127.0.0.1:{house.port}/v1/chat/completions"],
    )
    for words in where:
        done = subprocess.run([*common, *words], capture_output=True, text=True, timeout=90)
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("data: [DONE]\n\n")
        assert "from curl" in done.stdout


def test_an_address_that_others_reach_is_refused_and_the_port_follows_the_configuration() -> None:
    with a_home() as home:
        home.write_config('[http]\nlisten = "0.0.0.0:4141"\n')
        with running(home=home) as daemon:
            (line,) = daemon.logged("HTTP over TCP is not open")
            assert daemon.status()["http"].startswith("closed: http.listen: other machines")
            assert "other machines could reach 0.0.0.0" in line["reason"]
            for number, host in enumerate(("127.0.0.1", "127.0.0.2")):
                home.write_config(f'[http]\nlisten = "{host}:0"\n')
                daemon.send_signal(signal.SIGHUP)
                port = daemon.logged("HTTP over TCP is open", number + 1)[-1]["port"]
                assert daemon.status()["http"] == f"http://{host}:{port}/v1"
                with HttpClient(socket.create_connection((host, port))) as client:
                    assert client.ask("GET", "/health").status == 200
            home.write_config("")
            daemon.send_signal(signal.SIGHUP)
            daemon.logged("HTTP over TCP is closed")
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((host, port))


def test_the_daemon_stops_in_the_middle_of_an_answer_and_says_so(house: House) -> None:
    with a_home() as home:
        home.write_config(
            f'[ai.providers.fake]\nbase_url = "{house.provider.base_url}"\nmodel = "m"\n[limits]\ndrain_s = 0.0\n'
        )
        with running(home=home) as daemon, HttpClient(daemon.connect()) as client:
            client.send("POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": "stall"}]})
            eventually(lambda: daemon.status()["in_flight"], "the call")
            daemon.send_signal(signal.SIGTERM)
            reply = client.reply()
            assert (reply.status, reply.fields["retry-after"]) == (503, "1")
            assert daemon.wait() == 0
