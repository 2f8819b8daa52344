"""The Ollama provider against a server that speaks its API, well and badly, on real sockets."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from isaac_plugins.ollama import Ollama
from isaacd.ai.chat import (
    Attachment,
    ChatRequest,
    Effort,
    Finish,
    Message,
    Opened,
    OutputSchema,
    Piece,
    Reasoning,
    ReasoningDelta,
    TextDelta,
    Tool,
    ToolCall,
    Usage,
)
from isaacd.ai.provider import ListsModels, ModelCard, RunsBatches
from isaacd.config import ProviderConfig
from isaacd.errors import InvalidParams, IsaacError, NotFound, PermissionDenied, ProviderUnavailable
from isaacd.testing import check_provider, collect_pieces
from tests import fake_provider as fake
from tests.fake_host import make_host
from tests.fake_provider import FakeProvider, Script

pytestmark = pytest.mark.anyio

NDJSON = "application/x-ndjson"
QUESTION = ChatRequest(messages=(Message("user", "why?"),))
LOOK = Tool(name="look", description="Look.", parameters={"type": "object", "properties": {}})


def line(**fields: Any) -> bytes:
    """Return one line of an answer."""
    return (
        json.dumps({"model": "llama-fake", "created_at": "2026-11-23T00:00:00Z", **fields}).encode() + b"\n"
    )


def says(**message: Any) -> bytes:
    """Return a line that adds to the message."""
    return line(message={"role": "assistant", "content": "", **message}, done=False)


def done(reason: str = "stop", **fields: Any) -> bytes:
    """Return the last line."""
    counts = {"prompt_eval_count": 12, "eval_count": 5, "total_duration": 10**9, **fields}
    return line(message={"role": "assistant", "content": ""}, done=True, done_reason=reason, **counts)


def lines(*items: bytes, end: bool = True) -> Script:
    """Send lines, each in a chunk of its own."""
    return fake.stream(*items, end=end, content_type=NDJSON)


LINES = [says(content="Hello"), says(content=", wörld 🎲"), done()]
WHOLE = [
    Opened(),
    TextDelta("Hello"),
    TextDelta(", wörld 🎲"),
    Finish(reason="stop", raw_reason="stop", model="llama-fake", usage=Usage(12, 5)),
]


@asynccontextmanager
async def called(
    tmp_path: Path,
    script: Script | None = None,
    *scripts: Script,
    config: dict[str, Any] | None = None,
    environ: dict[str, str] | None = None,
) -> AsyncIterator[tuple[Ollama, FakeProvider]]:
    """Give a provider and the server it calls; afterwards no connection is left on either side."""
    async with FakeProvider(script or lines(*LINES), scripts) as server:
        url = server.base_url.removesuffix("/v1")
        fields = {"kind": "ollama", "base_url": url, "model": "llama3.2", **(config or {})}
        provider = Ollama("it", ProviderConfig(**fields), make_host(tmp_path, environ))
        try:
            yield provider, server
        finally:
            await provider.aclose()
        await server.idle()


async def answered(tmp_path: Path, script: Script) -> list[Piece]:
    """Return the pieces that a script leads to."""
    async with called(tmp_path, script) as (provider, _):
        return await collect_pieces(provider, QUESTION)


async def asked(tmp_path: Path, request: ChatRequest) -> dict[str, Any]:
    """Return the body of the call that `request` leads to."""
    async with called(tmp_path) as (provider, server):
        await collect_pieces(provider, request)
    body: dict[str, Any] = server.requests[0].body
    return body


async def failure(tmp_path: Path, script: Script, request: ChatRequest = QUESTION) -> IsaacError:
    """Return the error that a script leads to."""
    async with called(tmp_path, script) as (provider, _):
        with pytest.raises(IsaacError) as caught:
            await collect_pieces(provider, request)
    return caught.value


# What is asked


async def test_the_request_is_a_chat_with_options(tmp_path: Path) -> None:
    async with called(tmp_path) as (provider, server):
        await collect_pieces(
            provider,
            ChatRequest(
                messages=(Message("system", "be kind"), Message("user", "why?")),
                model="qwen3",
                temperature=0.0,
                max_tokens=7,
                stop=("END",),
                schema=OutputSchema(schema={"type": "object"}),
            ),
        )
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/api/chat")
    assert "authorization" not in request.headers
    assert request.body == {
        "model": "qwen3",
        "messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "why?"}],
        "stream": True,
        "format": {"type": "object"},
        "options": {"temperature": 0.0, "num_predict": 7, "stop": ["END"]},
    }


async def test_a_conversation_with_tools_pictures_and_thoughts_is_sent_whole(tmp_path: Path) -> None:
    files = (
        Attachment(media_type="image/png", data=b"\x89PNG"),
        Attachment(media_type="text/plain", data=b"notes", name="a.txt"),
    )
    messages = (
        Message("user", "see", files),
        Message(
            "assistant",
            "",
            tool_calls=(ToolCall("call_0", "look", '{"at": 1}'), ToolCall("call_1", "look", "oops")),
            reasoning=(Reasoning("hm", "", "ollama"), Reasoning("secret", "seal", "anthropic")),
        ),
        Message("tool", "seen", tool_call_id="call_0"),
        Message("tool", "gone", tool_call_id="call_1", is_error=True),
    )
    body = await asked(tmp_path, ChatRequest(messages=messages, tools=(LOOK,)))
    question, answer, *results = body["messages"]
    assert question["images"] == [base64.b64encode(b"\x89PNG").decode()]
    assert "notes" in question["content"]
    assert question["content"].endswith("see")
    assert answer == {
        "role": "assistant",
        "content": "",
        "thinking": "hm",
        "tool_calls": [
            {"id": "call_0", "function": {"name": "look", "arguments": {"at": 1}}},
            {"id": "call_1", "function": {"name": "look", "arguments": {"INVALID_JSON": "oops"}}},
        ],
    }
    assert results == [
        {"role": "tool", "content": "seen", "tool_name": "look", "tool_call_id": "call_0"},
        {"role": "tool", "content": "error: gone", "tool_name": "look", "tool_call_id": "call_1"},
    ]
    assert body["tools"] == [
        {
            "type": "function",
            "function": {"name": "look", "description": "Look.", "parameters": LOOK.parameters},
        }
    ]


@pytest.mark.parametrize(
    ("model", "effort", "think"),
    [
        ("qwen3", None, None),
        ("qwen3", "none", False),
        ("qwen3", "low", True),
        ("gpt-oss:20b", "none", "low"),
        ("gpt-oss:20b", "medium", "medium"),
        ("gpt-oss:20b", "xhigh", "high"),
    ],
)
async def test_effort_is_whether_to_think_or_how_much(
    tmp_path: Path, model: str, effort: Effort | None, think: bool | str | None
) -> None:
    body = await asked(tmp_path, ChatRequest(messages=QUESTION.messages, model=model, effort=effort))
    assert body.get("think") == think


@pytest.mark.parametrize(
    "request_",
    [
        ChatRequest(messages=QUESTION.messages, tools=(LOOK,), tool_choice="required"),
        ChatRequest(messages=QUESTION.messages, tools=(LOOK,), tool_choice="look"),
        ChatRequest(messages=(Message("user", "", (Attachment(media_type="application/pdf", data=b"x"),)),)),
        ChatRequest(
            messages=(Message("user", "", (Attachment(media_type="image/png", url="https://e.org/"),)),)
        ),
    ],
)
async def test_what_ollama_cannot_do_is_refused_before_the_call(
    tmp_path: Path, request_: ChatRequest
) -> None:
    async with called(tmp_path) as (provider, server):
        with pytest.raises(InvalidParams):
            await collect_pieces(provider, request_)
    assert not server.requests


async def test_tools_that_may_not_be_called_are_not_offered(tmp_path: Path) -> None:
    body = await asked(tmp_path, ChatRequest(messages=QUESTION.messages, tools=(LOOK,), tool_choice="none"))
    assert "tools" not in body


async def test_a_configured_key_is_sent_and_no_other(tmp_path: Path) -> None:
    environ = {"MY_KEY": "sk-mine", "OLLAMA_API_KEY": "sk-cloud"}
    async with called(tmp_path, config={"api_key_env": "MY_KEY"}, environ=environ) as (provider, server):
        await collect_pieces(provider, QUESTION)
    assert server.requests[0].headers["authorization"] == "Bearer sk-mine"
    async with called(tmp_path, environ=environ) as (provider, server):
        await collect_pieces(provider, QUESTION)
    assert "authorization" not in server.requests[0].headers


async def test_the_address_comes_from_the_environment_if_none_is_configured(tmp_path: Path) -> None:
    async with FakeProvider(lines(*LINES)) as server:
        environ = {"OLLAMA_HOST": f"0.0.0.0:{server.port}"}
        provider = Ollama("it", ProviderConfig(kind="ollama", model="m"), make_host(tmp_path, environ))
        assert await collect_pieces(provider, QUESTION) == WHOLE
        await provider.aclose()


async def test_an_address_for_the_openai_compatible_api_does_as_well(tmp_path: Path) -> None:
    async with FakeProvider(lines(*LINES)) as server:
        config = ProviderConfig(kind="ollama", base_url=server.base_url + "/", model="m")
        provider = Ollama("it", config, make_host(tmp_path))
        assert await collect_pieces(provider, QUESTION) == WHOLE
        await provider.aclose()
    assert server.requests[0].path == "/api/chat"


async def test_without_a_model_nothing_is_asked(tmp_path: Path) -> None:
    async with called(tmp_path, config={"model": None}) as (provider, server):
        with pytest.raises(InvalidParams, match="model") as caught:
            await collect_pieces(provider, QUESTION)
    assert "ollama list" in str(caught.value.hint)
    assert not server.requests


# What is answered


async def test_the_provider_keeps_the_laws_of_providers(tmp_path: Path) -> None:
    async def echo(exchange: fake.Exchange) -> None:
        said = exchange.request.body["messages"][-1]["content"]
        await lines(*(says(content=f"{said}{number} ") for number in range(20)), done())(exchange)

    async with called(tmp_path, echo) as (provider, _):
        await check_provider(provider, QUESTION, ChatRequest(messages=(Message("user", "other"),)))
        assert isinstance(provider, ListsModels)
        assert not isinstance(provider, RunsBatches)


@pytest.mark.parametrize(
    "script",
    [
        lines(*LINES),
        fake.stream(*(bytes([byte]) for byte in b"".join(LINES)), content_type=NDJSON),
        lines(b"".join(LINES)),
        lines(b"".join(LINES).rstrip()),
        lines(*(item.replace(b"\n", b"\r\n\r\n") for item in LINES)),
        lines(*LINES, end=False),  # the end of the response never comes
    ],
    ids=["stream", "bytewise", "one-chunk", "no-last-end", "crlf", "held-open"],
)
async def test_an_answer_is_whole_however_it_arrives(tmp_path: Path, script: Script) -> None:
    assert await answered(tmp_path, script) == WHOLE


async def test_an_answer_may_come_in_one_body(tmp_path: Path) -> None:
    body = json.loads(done()) | {"message": {"role": "assistant", "content": "so", "thinking": "hm"}}
    async with called(tmp_path, fake.refuses(200, body)) as (provider, server):
        pieces = await collect_pieces(provider, ChatRequest(messages=QUESTION.messages, stream=False))
    assert server.requests[0].body["stream"] is False
    assert pieces[1:3] == [ReasoningDelta("hm"), TextDelta("so")]


async def test_a_piece_comes_as_soon_as_it_is_sent(tmp_path: Path) -> None:
    gate = asyncio.Semaphore(0)

    async def script(exchange: fake.Exchange) -> None:
        await exchange.open_stream(NDJSON)
        for item in (says(content="a"), says(content="b")):
            await gate.acquire()
            await exchange.chunk(item)

    async with called(tmp_path, script) as (provider, _), asyncio.timeout(10):
        stream = provider.stream(QUESTION)
        assert await anext(stream) == Opened()
        for text in ("a", "b"):
            gate.release()
            assert await anext(stream) == TextDelta(text)
        await stream.aclose()


async def test_calls_of_tools_get_an_id_if_they_have_none(tmp_path: Path) -> None:
    script = lines(
        says(thinking="hm"),
        says(tool_calls=[{"function": {"name": "look", "arguments": {"at": "x"}}}]),
        says(tool_calls=[{"id": "call_x", "function": {"index": 1, "name": "look", "arguments": "{}"}}]),
        says(tool_calls=[{"function": {"name": "now"}}]),
        done(),
    )
    assert (await answered(tmp_path, script))[1:] == [
        ReasoningDelta("hm"),
        ToolCall("call_0", "look", '{"at": "x"}'),
        ToolCall("call_x", "look", "{}"),
        ToolCall("call_2", "now", "{}"),
        Finish(reason="tool_calls", raw_reason="stop", model="llama-fake", usage=Usage(12, 5)),
    ]


@pytest.mark.parametrize("reason", ["length", "load", "unload"])
async def test_the_reason_of_the_end_is_told(tmp_path: Path, reason: str) -> None:
    finish = (await answered(tmp_path, lines(says(content="x"), done(reason))))[-1]
    assert isinstance(finish, Finish)
    assert (finish.reason, finish.raw_reason) == (reason, reason)


async def test_what_ollama_leaves_out_or_adds_does_no_harm(tmp_path: Path) -> None:
    script = lines(
        line(message=None, extra=[{"a": 1}]),
        line(message={"content": None, "tool_calls": None, "images": None}),
        line(message={"content": "x", "logprobs": []}, done=True, eval_count=3.0),
    )
    assert (await answered(tmp_path, script))[1:] == [
        TextDelta("x"),
        Finish(reason="stop", model="llama-fake", usage=Usage(0, 3)),
    ]


# What goes wrong


async def test_a_model_that_is_not_there_can_be_pulled(tmp_path: Path) -> None:
    error = await failure(tmp_path, fake.refuses(404, {"error": "model 'llama3.2' not found"}))
    assert type(error) is NotFound
    assert "ollama pull llama3.2" in str(error.hint)


@pytest.mark.parametrize(
    ("status", "told", "error"),
    [
        (400, '"llama3.2" does not support tools', InvalidParams),
        (401, "unauthorized", PermissionDenied),
        (500, "llama runner process has terminated", ProviderUnavailable),
        (503, "server busy, please try again", ProviderUnavailable),
    ],
)
async def test_an_error_keeps_its_meaning(
    tmp_path: Path, status: int, told: str, error: type[IsaacError]
) -> None:
    caught = await failure(tmp_path, fake.refuses(status, {"error": told}))
    assert type(caught) is error
    assert told in caught.message


async def test_an_error_inside_an_answer_is_told(tmp_path: Path) -> None:
    error = await failure(tmp_path, lines(LINES[0], b'{"error":"an error was encountered"}\n'))
    assert type(error) is ProviderUnavailable
    assert error.retryable
    assert "an error was encountered" in error.message


@pytest.mark.parametrize(
    "script",
    [
        fake.stream(*LINES[:1], content_type=NDJSON, end=False),
        lines(*LINES[:2]),
        lines(LINES[0], b"{not json}\n"),
        lines(LINES[0], b"[1, 2]\n"),
        lines(LINES[0], b'{"message": {"content": 7}}\n'),
        lines(LINES[0], b'{"message": {"content": "\xff"}}\n'),
        lines(LINES[0], b'{"x": ' + b"[" * 100_000 + b"\n"),
        lines(LINES[0], LINES[2][:-20]),
        fake.refuses(200, b"<html>Please log in</html>"),
        fake.stream(b"data: {}\n\n"),
        fake.refuses(200, {}),
    ],
    ids="stalled no-done no-json no-object odd no-utf8 deep cut page events empty".split(),
)
async def test_a_broken_answer_is_never_passed_off_as_whole(tmp_path: Path, script: Script) -> None:
    async with called(tmp_path, script, config={"read_timeout_s": 0.2}) as (provider, _):
        with pytest.raises(ProviderUnavailable):
            await collect_pieces(provider, QUESTION)


async def test_a_connection_that_breaks_is_told(tmp_path: Path) -> None:
    async def script(exchange: fake.Exchange) -> None:
        await lines(LINES[0], end=False)(exchange)
        exchange.hang_up()

    assert type(await failure(tmp_path, script)) is ProviderUnavailable


# Models


async def test_models_are_listed_with_size_and_what_they_take(tmp_path: Path) -> None:
    tags = {
        "models": [{"name": "qwen3:8b", "size": 5_200_000_000, "details": {}}, {"name": "gone:1b", "size": 7}]
    }
    shown = {"model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40_960}, "license": "x"}
    scripts = (
        fake.refuses(200, tags),
        fake.refuses(200, shown),
        fake.refuses(404, {"error": "model not found"}),
    )
    async with called(tmp_path, None, *scripts) as (provider, server):
        assert await provider.models() == [
            ModelCard(name="qwen3:8b", size_bytes=5_200_000_000, context_tokens=40_960),
            ModelCard(name="gone:1b", size_bytes=7),
        ]
    assert [(item.method, item.path) for item in server.requests] == [
        ("GET", "/api/tags"),
        ("POST", "/api/show"),
        ("POST", "/api/show"),
    ]


async def test_a_library_without_models_is_empty(tmp_path: Path) -> None:
    async with called(tmp_path, fake.refuses(200, {"models": None})) as (provider, _):
        assert await provider.models() == []
