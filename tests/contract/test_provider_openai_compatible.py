"""The OpenAI-compatible provider against a server that misbehaves in every known way, on real sockets."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from isaac_plugins.openai_compatible import OpenAICompatible
from isaacd.ai import reply
from isaacd.ai.chat import (
    ChatRequest,
    Finish,
    Message,
    Opened,
    Piece,
    ReasoningDelta,
    TextDelta,
    Tool,
    ToolCall,
    Usage,
)
from isaacd.ai.provider import BatchItem, ModelCard
from isaacd.ai.router import AIRouter
from isaacd.config import AIConfig, ProviderConfig
from isaacd.errors import (
    ConfigInvalid,
    InvalidParams,
    IsaacError,
    NotFound,
    PermissionDenied,
    ProviderUnavailable,
    RateLimited,
)
from isaacd.testing import check_provider, collect_pieces, text_of
from tests import fake_provider as fake
from tests.fake_host import make_host
from tests.fake_provider import DONE, FakeProvider, Script, answer, delta, event

pytestmark = pytest.mark.anyio

SECRET = "sk-very-secret-0123456789"
QUESTION = ChatRequest(messages=(Message("user", "why?"),))


@asynccontextmanager
async def called(
    tmp_path: Path,
    script: Script | None = None,
    *scripts: Script,
    config: dict[str, object] | None = None,
    environ: dict[str, str] | None = None,
) -> AsyncIterator[tuple[OpenAICompatible, FakeProvider]]:
    """Give a provider and the server it calls; afterwards no connection is left on either side."""
    async with FakeProvider(script, scripts) as server:
        fields = {"base_url": server.base_url, "model": "m-1", **(config or {})}
        provider = OpenAICompatible("it", ProviderConfig(**fields), make_host(tmp_path, environ))
        try:
            yield provider, server
        finally:
            await provider.aclose()
        await server.idle()


async def ask(provider: OpenAICompatible) -> list[Piece]:
    return [piece for piece in await collect_pieces(provider, QUESTION) if not isinstance(piece, Opened)]


async def failure(tmp_path: Path, script: Script, **options: dict[str, object]) -> IsaacError:
    """Return the error that a script leads to."""
    async with called(tmp_path, script, **options) as (provider, _):
        with pytest.raises(IsaacError) as caught:
            await ask(provider)
    return caught.value


# What is asked


async def test_the_request_is_a_streaming_chat_completion(tmp_path: Path) -> None:
    async with called(tmp_path, config={"headers": {"X-Title": "isaac"}}) as (provider, server):
        await collect_pieces(
            provider,
            ChatRequest(
                messages=(Message("system", "be kind"), Message("user", "why?")),
                model="m-2",
                temperature=0.5,
                max_tokens=7,
            ),
        )
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-title"] == "isaac"
    assert "authorization" not in request.headers
    assert request.body == {
        "model": "m-2",
        "messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "why?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "max_tokens": 7,
    }


async def test_the_key_travels_as_bearer(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(SECRET)
    key.chmod(0o600)
    async with called(tmp_path, config={"api_key_file": "~/key"}) as (provider, server):
        await ask(provider)
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"


async def test_the_key_of_openai_is_for_nobody_else(tmp_path: Path) -> None:
    async with called(tmp_path, environ={"OPENAI_API_KEY": SECRET}) as (provider, server):
        await ask(provider)
    assert "authorization" not in server.requests[0].headers


async def test_passwords_of_netrc_are_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with called(tmp_path) as (provider, server):
        await ask(provider)
    assert "authorization" not in server.requests[0].headers


async def test_a_service_that_refuses_stream_options_is_asked_without_them_from_then_on(
    tmp_path: Path,
) -> None:
    refusal = fake.refuses(400, fake.openai_error("Unrecognized request argument: stream_options"))
    async with called(tmp_path, None, refusal) as (provider, server):
        await ask(provider)
        await ask(provider)
    assert ["stream_options" in request.body for request in server.requests] == [True, False, False]


async def test_a_connection_serves_one_question_after_another(tmp_path: Path) -> None:
    async with called(tmp_path) as (provider, server):
        for _ in range(3):
            await ask(provider)
    assert (server.connections, len(server.requests)) == (1, 3)


async def test_without_a_model_nothing_is_asked(tmp_path: Path) -> None:
    async with called(tmp_path, config={"model": None}) as (provider, server):
        with pytest.raises(InvalidParams, match="model") as caught:
            await ask(provider)
    assert "--model" in str(caught.value.hint)
    assert not server.requests


# What is answered

WHOLE = [
    TextDelta("Hello"),
    TextDelta(", wörld 🎲"),
    Finish(reason="stop", raw_reason="stop", model="fake-1", usage=Usage(12, 5, 4, 1)),
]


@pytest.mark.parametrize(
    "script",
    [
        fake.says("Hello", ", wörld 🎲"),
        fake.bytewise(*answer("Hello", ", wörld 🎲")),
        fake.stream(b"".join(answer("Hello", ", wörld 🎲"))),
        fake.stream(*(item.replace(b"\n", b"\r\n") for item in answer("Hello", ", wörld 🎲"))),
        fake.stream(b": ping\n\n", *answer("Hello", ", wörld 🎲")),
        fake.stream(*answer("Hello", ", wörld 🎲"), end=False),  # the end of the response never comes
        fake.stream(*answer("Hello", ", wörld 🎲")[:-1]),  # without [DONE]
        fake.stream(*answer("Hello", ", wörld 🎲")[:-1], b"data: [DONE]\n"),
    ],
    ids=["stream", "bytewise", "one-chunk", "crlf", "comments", "held-open", "no-done", "no-last-line"],
)
async def test_an_answer_is_whole_however_it_arrives(tmp_path: Path, script: Script) -> None:
    async with called(tmp_path, script) as (provider, _):
        assert await ask(provider) == WHOLE


async def test_a_piece_comes_as_soon_as_it_is_sent(tmp_path: Path) -> None:
    gate = asyncio.Semaphore(0)
    async with (
        called(tmp_path, fake.gated(gate, *answer("a", "b")[1:])) as (provider, _),
        asyncio.timeout(10),
    ):
        stream = provider.stream(QUESTION)
        assert isinstance(await anext(stream), Opened)
        for text in ("a", "b"):
            gate.release()
            assert await anext(stream) == TextDelta(text)
        await stream.aclose()


async def test_a_service_that_does_not_stream_is_understood_too(tmp_path: Path) -> None:
    async with called(tmp_path, fake.refuses(200, fake.completion("whole"))) as (provider, _):
        assert await ask(provider) == [
            TextDelta("whole"),
            Finish(reason="stop", raw_reason="stop", model="fake-1", usage=Usage(3, 2)),
        ]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_reasoning_is_kept_apart(tmp_path: Path, field: str) -> None:
    script = fake.stream(delta(**{field: "hm", "content": None}), delta(content="so"), delta("stop"), DONE)
    async with called(tmp_path, script) as (provider, _):
        assert (await ask(provider))[:2] == [ReasoningDelta("hm"), TextDelta("so")]


async def test_a_content_of_parts_is_understood(tmp_path: Path) -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "so"},
    ]
    async with called(tmp_path, fake.stream(delta(content=parts), delta("stop"), DONE)) as (provider, _):
        assert (await ask(provider))[:2] == [ReasoningDelta("hm"), TextDelta("so")]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "content_filter"),
        ("tool_calls", "tool_calls"),
        ("function_call", "tool_calls"),
        ("eos", "eos"),
    ],
)
async def test_the_reason_of_the_end_is_told(tmp_path: Path, said: str, reason: str) -> None:
    async with called(tmp_path, fake.says("x", finish=said)) as (provider, _):
        finish = (await ask(provider))[-1]
    assert isinstance(finish, Finish)
    assert finish.reason == reason


async def test_a_refusal_of_the_model_is_its_answer(tmp_path: Path) -> None:
    script = fake.stream(delta(content=None, refusal="I will not"), delta("stop"), DONE)
    async with called(tmp_path, script) as (provider, _):
        assert text_of(await ask(provider)) == "I will not"


async def test_what_services_leave_out_or_add_does_no_harm(tmp_path: Path) -> None:
    script = fake.stream(
        b'data: {"choices": null, "model": null, "usage": null, "error": null, "extra": {"a": [1]}}\n\n',
        b'data: {"choices": [{"delta": null}]}\n\n',
        b'data: {"choices": [{"delta": {"content": "x", "tool_calls": null}, "logprobs": null}]}\n\n',
        b'data: {"choices": [{"finish_reason": "stop"}], "usage": {"prompt_tokens": 3.0, "prompt_tokens_details": null}}\n\n',
        DONE,
    )
    async with called(tmp_path, script) as (provider, _):
        assert await ask(provider) == [
            TextDelta("x"),
            Finish(reason="stop", raw_reason="stop", model="m-1", usage=Usage(3)),
        ]


# What goes wrong before an answer


async def test_a_configured_key_that_is_not_set_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    async with called(tmp_path, config={"api_key_env": "MY_KEY"}) as (provider, server):
        with pytest.raises(PermissionDenied, match="MY_KEY"):
            await ask(provider)
    assert not server.requests


async def test_openai_without_a_key_says_what_is_missing(tmp_path: Path) -> None:
    error = await failure(tmp_path, fake.refuses(401, fake.openai_error("You didn't provide an API key.")))
    assert type(error) is PermissionDenied
    assert "none is configured" in error.message
    assert "api_key_env" in str(error.hint)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_wrong_key_is_told_without_being_shown(tmp_path: Path, status: int) -> None:
    script = fake.refuses(
        status, fake.openai_error(f"Incorrect API key provided: {SECRET}", "invalid_api_key")
    )
    error = await failure(tmp_path, script, config={"api_key_env": "MY_KEY"}, environ={"MY_KEY": SECRET})
    assert type(error) is PermissionDenied
    assert "MY_KEY" in error.message
    assert SECRET not in f"{error!r} {error.message} {error.hint} {error.detail}"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, fake.openai_error("The model `m-1` does not exist", "model_not_found")),
        (400, fake.openai_error("invalid model", "model_not_found")),
        (404, fake.openai_error('model "m-1" not found, try pulling it first')),
    ],
)
async def test_an_unknown_model_is_told(tmp_path: Path, status: int, body: dict[str, object]) -> None:
    error = await failure(tmp_path, fake.refuses(status, body))
    assert type(error) is NotFound
    assert "'m-1'" in error.message


async def test_too_many_requests_say_how_long_to_wait_if_the_service_does(tmp_path: Path) -> None:
    for headers, wait_ms in (({}, None), ({"Retry_After": "3"}, 3000), ({"Retry_After_Ms": "250"}, 250)):
        error = await failure(tmp_path, fake.refuses(429, None, **headers))
        assert type(error) is RateLimited
        assert error.retryable
        assert error.retry_after_ms == wait_ms


async def test_an_exhausted_quota_is_not_worth_another_try(tmp_path: Path) -> None:
    body = fake.openai_error("You exceeded your current quota", "insufficient_quota", "insufficient_quota")
    error = await failure(tmp_path, fake.refuses(429, body))
    assert type(error) is PermissionDenied
    assert not error.retryable


@pytest.mark.parametrize("status", [500, 502, 503, 529])
async def test_a_failing_service_may_be_asked_again(tmp_path: Path, status: int) -> None:
    error = await failure(tmp_path, fake.refuses(status, b"<html>oops</html>"))
    assert type(error) is ProviderUnavailable
    assert error.retryable


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_neither_question_nor_key_follows_a_redirect(tmp_path: Path, status: int) -> None:
    async with FakeProvider() as elsewhere:
        script = fake.refuses(status, b"", Location=f"{elsewhere.base_url}/chat/completions?x=1")
        error = await failure(tmp_path, script, config={"api_key_env": "MY_KEY"}, environ={"MY_KEY": SECRET})
        assert not elsewhere.requests
    assert type(error) is ProviderUnavailable
    assert elsewhere.base_url in error.message


async def test_a_web_page_is_no_answer(tmp_path: Path) -> None:
    error = await failure(tmp_path, fake.refuses(200, b"<html>Please log in</html>"))
    assert type(error) is ProviderUnavailable
    assert "text/html" in error.message


async def test_what_a_service_says_cannot_steer_the_terminal(tmp_path: Path) -> None:
    error = await failure(tmp_path, fake.refuses(400, fake.openai_error("bad \x1b[2J\x07\r\n\x9b5n request")))
    assert error.message.isprintable()


async def test_a_port_where_nobody_listens_is_told(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        provider = OpenAICompatible("it", ProviderConfig(base_url=url, model="m"), make_host(tmp_path))
        with pytest.raises(ProviderUnavailable, match="cannot be reached") as caught:
            await ask(provider)
        await provider.aclose()
    assert url in caught.value.message
    assert "is it running?" in str(caught.value.hint)


async def test_a_name_without_an_address_is_told(tmp_path: Path) -> None:
    config = ProviderConfig(base_url="http://does-not-exist.invalid/v1", model="m")
    provider = OpenAICompatible("it", config, make_host(tmp_path))
    with pytest.raises(ProviderUnavailable, match="cannot be found"):
        await ask(provider)
    await provider.aclose()


async def test_a_service_without_tls_behind_https_is_told(tmp_path: Path) -> None:
    async with FakeProvider(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        config = ProviderConfig(base_url=server.base_url.replace("http:", "https:"), model="m")
        provider = OpenAICompatible("it", config, make_host(tmp_path))
        with pytest.raises(ProviderUnavailable, match="TLS") as caught:
            await ask(provider)
        await provider.aclose()
    assert "http://" in str(caught.value.hint)


async def test_a_service_that_does_not_speak_http_is_told(tmp_path: Path) -> None:
    async def script(exchange: fake.Exchange) -> None:
        await exchange.raw(b"SSH-2.0-OpenSSH\r\n\r\n")
        exchange.hang_up()

    error = await failure(tmp_path, script)
    assert type(error) is ProviderUnavailable
    assert "HTTP" in error.message


async def test_a_service_that_never_answers_is_given_up(tmp_path: Path) -> None:
    error = await failure(tmp_path, fake.silent, config={"read_timeout_s": 0.05})
    assert type(error) is ProviderUnavailable
    assert "0.05 s" in error.message
    assert "read_timeout_s" in str(error.hint)


async def test_a_proxy_of_the_environment_is_used_and_named_when_it_fails(tmp_path: Path) -> None:
    async with FakeProvider() as proxy:
        environ = {"http_proxy": f"http://me:pw@127.0.0.1:{proxy.port}"}
        config = ProviderConfig(base_url="http://example.invalid/v1", model="m")
        provider = OpenAICompatible("it", config, make_host(tmp_path, environ))
        assert text_of(await ask(provider)) == "Hello, world"
        await provider.aclose()
    assert proxy.requests[0].path == "http://example.invalid/v1/chat/completions"
    assert proxy.requests[0].headers["proxy-authorization"] == "Basic bWU6cHc="
    provider = OpenAICompatible("it", config, make_host(tmp_path, environ))
    with pytest.raises(ProviderUnavailable) as caught:
        await ask(provider)
    await provider.aclose()
    assert "proxy" in str(caught.value.hint)


def test_a_key_is_not_sent_in_the_clear(tmp_path: Path) -> None:
    config = ProviderConfig(base_url="http://example.com/v1", model="m", api_key_env="MY_KEY")
    provider = OpenAICompatible("it", config, make_host(tmp_path, {"MY_KEY": SECRET}))
    with pytest.raises(ConfigInvalid, match="not encrypted"):
        asyncio.run(anext(provider.stream(QUESTION)))


@pytest.mark.parametrize(
    "headers", [{"authorization": "x"}, {"X-Api-Key": "x"}, {"A B": "x"}, {"A": "b\r\nC: d"}]
)
def test_headers_that_hold_keys_or_more_than_one_header_are_refused(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    with pytest.raises(ConfigInvalid, match=r"ai\.providers\.it\.headers"):
        OpenAICompatible("it", ProviderConfig(headers=headers), make_host(tmp_path))


# What goes wrong during an answer


@pytest.mark.parametrize(
    "script",
    [
        fake.truncated(*answer("Hello")[:2]),
        fake.reset(*answer("Hello")[:2]),
        fake.stream(*answer("Hello")[:2]),
        fake.stream(*answer("Hello")[:2], b"data: {not json}\n\n"),
        fake.stream(*answer("Hello")[:2], b"data: [1, 2]\n\n"),
        fake.stream(*answer("Hello")[:2], b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n'),
        fake.stream(*answer("Hello")[:2], b"data: " + b"[" * 100_000 + b"\n\n"),
        fake.stream(*answer("Hello")[:2], event(error={"message": "boom", "type": "server_error"})),
        fake.stream(*answer("Hello")[:2], event(error="boom"), DONE),
        fake.stream(*answer("Hello")[:2], b"data: " + b"x" * (1024 * 1024 + 1)),
    ],
    ids=[
        "truncated",
        "reset",
        "no-finish",
        "no-json",
        "odd-json",
        "no-utf8",
        "deep",
        "error",
        "error-text",
        "long",
    ],
)
async def test_a_broken_answer_is_never_passed_off_as_whole(tmp_path: Path, script: Script) -> None:
    async with FakeProvider(script) as server:
        config = AIConfig(providers={"it": ProviderConfig(base_url=server.base_url, model="m")})
        factories = {OpenAICompatible.kind: OpenAICompatible}
        router = AIRouter(config, factories, make_host(tmp_path))
        stream = router.stream("why?")
        with pytest.raises(ProviderUnavailable) as caught:
            await stream.whole()
        assert stream.answer is None
        assert caught.value.detail is not None
        assert caught.value.detail["received_chars"] in (0, 5)  # a reset may overtake what was sent before it
        await router.aclose()
        await server.idle()


async def test_a_stalled_answer_is_given_up(tmp_path: Path) -> None:
    error = await failure(tmp_path, fake.stalled(*answer("Hello")[:2]), config={"read_timeout_s": 0.05})
    assert type(error) is ProviderUnavailable
    assert "sent nothing for 0.05 s" in error.message


async def test_an_error_inside_a_stream_keeps_its_meaning(tmp_path: Path) -> None:
    body = {"message": "slow down", "code": "rate_limit_exceeded"}
    assert type(await failure(tmp_path, fake.stream(event(error=body)))) is RateLimited
    body = {"message": "no such model", "code": 404}
    assert type(await failure(tmp_path, fake.stream(event(error=body)))) is NotFound


async def test_an_endless_answer_ends_when_the_reader_leaves(tmp_path: Path) -> None:
    async with called(tmp_path, fake.endless()) as (provider, server):
        stream = provider.stream(QUESTION)
        for _ in range(100):
            await anext(stream)
        await stream.aclose()
        await server.idle()


async def test_an_endless_answer_ends_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "MAX_RESPONSE_BYTES", 1024 * 1024)
    error = await failure(tmp_path, fake.endless("x" * 1000))
    assert type(error) is ProviderUnavailable
    assert "longer than 1 MiB" in error.message


async def test_closing_a_stream_early_closes_its_connection_at_once(tmp_path: Path) -> None:
    async with called(tmp_path, fake.stalled(*answer("Hello")[:2])) as (provider, server):
        stream = provider.stream(QUESTION)
        assert isinstance(await anext(stream), Opened)
        assert await anext(stream) == TextDelta("Hello")
        assert server.open == 1
        await stream.aclose()
        await server.idle()


async def test_a_cancelled_question_closes_its_connection_at_once(tmp_path: Path) -> None:
    for script in (fake.silent, fake.stalled(*answer("Hello")[:2])):
        async with called(tmp_path, script) as (provider, server):
            task = asyncio.create_task(ask(provider))
            await server.called(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await server.idle()


async def test_one_question_may_fail_while_another_is_answered(tmp_path: Path) -> None:
    async with called(tmp_path, None, fake.truncated(*answer("Hello")[:2])) as (provider, _):
        ends = await asyncio.gather(ask(provider), ask(provider), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["ProviderUnavailable", "list"]


# The laws of providers


async def test_the_laws_of_providers_hold(tmp_path: Path) -> None:
    async def echo(exchange: fake.Exchange) -> None:
        text = exchange.request.body["messages"][-1]["content"]
        await fake.says(*(f"{text}{number} " for number in range(20)))(exchange)

    async with called(tmp_path, echo) as (provider, _):
        await check_provider(provider, QUESTION, ChatRequest(messages=(Message("user", "how?"),)))


async def test_many_questions_at_once_do_not_mix(tmp_path: Path) -> None:
    async def echo(exchange: fake.Exchange) -> None:
        text = exchange.request.body["messages"][-1]["content"]
        await fake.bytewise(*answer(*text))(exchange)

    async with called(tmp_path, echo) as (provider, _):
        requests = [ChatRequest(messages=(Message("user", f"question {number}"),)) for number in range(20)]
        answers = await asyncio.gather(*(collect_pieces(provider, request) for request in requests))
    assert [text_of(pieces) for pieces in answers] == [request.messages[0].content for request in requests]


async def test_nothing_of_http_and_protocols_is_imported_before_the_first_question() -> None:
    late = ["aiohttp", "yarl"]  # asyncio, which every daemon has, brings ssl
    late += [
        f"isaacd.ai.protocol.{name}" for name in ("chat_answer", "chat_request", "responses_answer", "media")
    ]
    code = (
        "import json, sys, isaacd.api\n"
        "import isaac_plugins.openai_compatible, isaac_plugins.openai_responses, isaac_plugins.xai\n"
        f"print(json.dumps([name for name in {late} if name in sys.modules]))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": ":".join(sys.path)}
    )
    out, _ = await process.communicate()
    assert json.loads(out) == []


# All of the protocol


async def test_an_answer_may_be_asked_for_in_one_body(tmp_path: Path) -> None:
    async with called(tmp_path, fake.refuses(200, fake.completion("whole"))) as (provider, server):
        request = ChatRequest(messages=QUESTION.messages, stream=False)
        pieces = await collect_pieces(provider, request)
    assert server.requests[0].body["stream"] is False
    assert "stream_options" not in server.requests[0].body
    assert text_of(pieces) == "whole"


async def test_limits_come_before_the_first_words(tmp_path: Path) -> None:
    script = fake.refuses(200, fake.completion("x"), X_RateLimit_Remaining_Requests="3")
    async with called(tmp_path, script) as (provider, _):
        first = (await collect_pieces(provider, QUESTION))[0]
    assert isinstance(first, Opened)
    assert first.limits is not None
    assert first.limits.requests_remaining == 3


async def test_a_tool_is_called_and_answered(tmp_path: Path) -> None:
    weather = Tool(name="weather", description="How it is", parameters={"type": "object", "properties": {}})
    call = {"index": 0, "id": "c1", "function": {"name": "weather", "arguments": "{}"}}
    asks = fake.stream(delta(tool_calls=[call]), delta("tool_calls"), DONE)
    async with called(tmp_path, None, asks) as (provider, server):
        request = ChatRequest(messages=QUESTION.messages, tools=(weather,))
        pieces = await collect_pieces(provider, request)
        calls = tuple(piece for piece in pieces if isinstance(piece, ToolCall))
        assert calls == (ToolCall("c1", "weather", "{}"),)
        turns = (Message("assistant", tool_calls=calls), Message("tool", "rain", tool_call_id="c1"))
        await collect_pieces(provider, ChatRequest(messages=(*QUESTION.messages, *turns), tools=(weather,)))
    assert [item["role"] for item in server.requests[1].body["messages"]] == ["user", "assistant", "tool"]


@pytest.mark.parametrize(
    ("listed", "cards"),
    [
        (
            {"data": [{"id": "x", "context_length": 9, "top_provider": {"max_completion_tokens": 4}}]},
            [ModelCard(name="x", context_tokens=9, max_output_tokens=4)],
        ),
        ({"data": [{"id": "x", "max_model_len": 9}]}, [ModelCard(name="x", context_tokens=9)]),
        (
            {"data": [{"id": "x", "meta": {"n_ctx_train": 9, "size": 77}}]},
            [ModelCard(name="x", context_tokens=9, size_bytes=77)],
        ),
    ],
    ids=["openrouter", "vllm", "llama.cpp"],
)
async def test_models_are_listed_with_what_the_service_tells_of_them(
    tmp_path: Path, listed: dict[str, object], cards: list[ModelCard]
) -> None:
    async with called(tmp_path, fake.refuses(200, listed)) as (provider, server):
        assert await provider.models() == cards
    assert (server.requests[0].method, server.requests[0].path) == ("GET", "/v1/models")


async def test_a_service_without_batches_says_what_to_do(tmp_path: Path) -> None:
    async with called(tmp_path, fake.refuses(404, {"detail": "Not Found"})) as (provider, _):
        with pytest.raises(InvalidParams, match="no batches") as caught:
            await provider.submit_batch([BatchItem("a", QUESTION)])
        assert "--deferred" in str(caught.value.hint)
        assert provider.batch_discount == 0
