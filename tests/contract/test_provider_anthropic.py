"""The Anthropic provider against a server that speaks the Messages API, well and badly, on real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from isaac_plugins.anthropic import Anthropic
from isaacd.ai.chat import (
    Attachment,
    ChatRequest,
    Finish,
    Message,
    Opened,
    OutputSchema,
    Piece,
    Reasoning,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    Usage,
)
from isaacd.ai.provider import (
    BatchItem,
    BatchMark,
    BatchResult,
    BatchStatus,
    ListsModels,
    ModelCard,
    RunsBatches,
)
from isaacd.config import ProviderConfig
from isaacd.errors import (
    InvalidParams,
    IsaacError,
    NotFound,
    PermissionDenied,
    ProviderUnavailable,
    RateLimited,
)
from isaacd.testing import check_provider, collect_pieces, text_of
from tests import fake_anthropic as claude
from tests import fake_provider as fake
from tests.fake_host import make_host
from tests.fake_provider import FakeProvider, Script

pytestmark = pytest.mark.anyio

SECRET = "sk-ant-very-secret-0123456789"
QUESTION = ChatRequest(messages=(Message("user", "why?"),))
USAGE = Usage(
    input_tokens=4320,
    output_tokens=17,
    cached_tokens=4000,
    cache_write_tokens=200,
    cache_write_1h_tokens=100,
)


@asynccontextmanager
async def called(
    tmp_path: Path,
    script: Script | None = None,
    *scripts: Script,
    config: dict[str, Any] | None = None,
    environ: dict[str, str] | None = None,
) -> AsyncIterator[tuple[Anthropic, FakeProvider]]:
    """Give a provider and the server it calls; afterwards no connection is left on either side."""
    async with FakeProvider(script or fake.stream(*claude.answer("Hello", ", world")), scripts) as server:
        fields = {
            "kind": "anthropic",
            "base_url": server.base_url,
            "model": "claude-sonnet-5-5",
            **(config or {}),
        }
        provider = Anthropic("it", ProviderConfig(**fields), make_host(tmp_path, environ))
        try:
            yield provider, server
        finally:
            await provider.aclose()
        await server.idle()


async def answered(tmp_path: Path, script: Script, request: ChatRequest = QUESTION) -> list[Piece]:
    """Return the pieces that a script leads to, without Opened."""
    async with called(tmp_path, script) as (provider, _):
        first, *pieces = await collect_pieces(provider, request)
    assert isinstance(first, Opened)
    return pieces


async def failure(tmp_path: Path, script: Script, **options: Any) -> IsaacError:
    """Return the error that a script leads to."""
    async with called(tmp_path, script, **options) as (provider, _):
        with pytest.raises(IsaacError) as caught:
            await collect_pieces(provider, QUESTION)
    return caught.value


async def asked(tmp_path: Path, request: ChatRequest) -> dict[str, Any]:
    """Return the body of the call that `request` leads to."""
    async with called(tmp_path) as (provider, server):
        await collect_pieces(provider, request)
    body: dict[str, Any] = server.requests[0].body
    return body


# What is asked


async def test_the_request_is_a_message_with_a_pinned_version(tmp_path: Path) -> None:
    environ = {"MY_KEY": SECRET}
    async with called(tmp_path, config={"api_key_env": "MY_KEY"}, environ=environ) as (provider, server):
        await collect_pieces(
            provider,
            ChatRequest(
                messages=(Message("system", "be kind"), Message("user", "why?")),
                model="claude-haiku-4-5",
                temperature=0.5,
                max_tokens=7,
                stop=("END",),
            ),
        )
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/messages")
    assert request.headers["x-api-key"] == SECRET
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in request.headers
    assert request.body == {
        "model": "claude-haiku-4-5",
        "max_tokens": 7,
        "system": [{"type": "text", "text": "be kind"}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "why?"}]}],
        "stream": True,
        "temperature": 0.5,
        "stop_sequences": ["END"],
    }


async def test_a_limit_that_nobody_sets_is_set_since_the_service_wants_one(tmp_path: Path) -> None:
    assert (await asked(tmp_path, QUESTION))["max_tokens"] == 32_000


async def test_the_key_of_anthropic_is_for_nobody_else(tmp_path: Path) -> None:
    async with called(tmp_path, environ={"ANTHROPIC_API_KEY": SECRET}) as (provider, server):
        await collect_pieces(provider, QUESTION)
    assert "x-api-key" not in server.requests[0].headers


async def test_the_environment_may_name_another_address_for_the_key_that_it_holds(tmp_path: Path) -> None:
    async with FakeProvider(fake.stream(*claude.answer("hi"))) as server:
        environ = {"ANTHROPIC_API_KEY": SECRET, "ANTHROPIC_BASE_URL": server.base_url.removesuffix("/v1")}
        provider = Anthropic("anthropic", ProviderConfig(kind="anthropic"), make_host(tmp_path, environ))
        assert text_of(await collect_pieces(provider, QUESTION)) == "hi"
        await provider.aclose()
    assert server.requests[0].path == "/v1/messages"
    assert server.requests[0].headers["x-api-key"] == SECRET
    assert server.requests[0].body["model"] == Anthropic.default_model


async def test_a_configured_header_goes_before_ours(tmp_path: Path) -> None:
    headers = {"anthropic-version": "2099-01-01", "anthropic-beta": "x"}
    async with called(tmp_path, config={"headers": headers}) as (provider, server):
        await collect_pieces(provider, QUESTION)
    assert server.requests[0].headers["anthropic-version"] == "2099-01-01"
    assert server.requests[0].headers["anthropic-beta"] == "x"


async def test_without_a_model_another_service_is_asked_nothing(tmp_path: Path) -> None:
    async with called(tmp_path, config={"model": None}) as (provider, server):
        with pytest.raises(InvalidParams, match="model") as caught:
            await collect_pieces(provider, QUESTION)
    assert "--model" in str(caught.value.hint)
    assert not server.requests


async def test_a_conversation_without_a_question_is_not_sent(tmp_path: Path) -> None:
    async with called(tmp_path) as (provider, server):
        with pytest.raises(InvalidParams, match="no question"):
            await collect_pieces(
                provider, ChatRequest(messages=(Message("system", "be kind"), Message("user", " ")))
            )
    assert not server.requests


async def test_what_a_model_thought_goes_back_unchanged_and_only_to_its_own_kind(tmp_path: Path) -> None:
    script = fake.stream(
        claude.start(),
        *claude.thought(0, "h", "m"),
        *claude.block(1, {"type": "redacted_thinking", "data": "b3BhcXVl"}),
        *claude.text(2, "so"),
        *claude.end(),
    )
    pieces = await answered(tmp_path, script)
    seals = [item.signature for item in pieces if isinstance(item, ReasoningDelta) and item.signature]
    reasoning = (
        Reasoning("hm", seals[0], "anthropic"),
        Reasoning("", seals[1], "anthropic"),
        Reasoning("of another", "seal", "openai"),
        Reasoning("not sealed", "", "anthropic"),
    )
    turns = (Message("user", "a"), Message("assistant", "so", reasoning=reasoning), Message("user", "b"))
    body = await asked(tmp_path, ChatRequest(messages=turns, prompt_cache=False))
    assert body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "c2VhbA=="},
        {"type": "redacted_thinking", "data": "b3BhcXVl"},
        {"type": "text", "text": "so"},
    ]


async def test_thoughts_whose_seal_is_refused_are_left_out_in_a_second_call(tmp_path: Path) -> None:
    refused = fake.refuses(
        400,
        claude.refusal(
            "invalid_request_error", "messages.1.content.0: Invalid `signature` in `thinking` block."
        ),
    )
    turns = (
        Message("user", "a"),
        Message("assistant", "so", reasoning=(Reasoning("hm", "seal", "anthropic"),)),
        Message("user", "b"),
    )
    async with called(tmp_path, None, refused) as (provider, server):
        assert text_of(await collect_pieces(provider, ChatRequest(messages=turns))) == "Hello, world"
    kinds = [[item["type"] for item in call.body["messages"][1]["content"]] for call in server.requests]
    assert kinds == [["thinking", "text"], ["text"]]


async def test_a_refusal_is_final_if_no_thoughts_were_sent(tmp_path: Path) -> None:
    body = claude.refusal("invalid_request_error", "Invalid signature in something else")
    async with called(tmp_path, fake.refuses(400, body)) as (provider, server):
        with pytest.raises(InvalidParams):
            await collect_pieces(provider, QUESTION)
    assert len(server.requests) == 1


# What is answered


async def test_the_provider_keeps_the_laws_of_providers(tmp_path: Path) -> None:
    async def echo(exchange: fake.Exchange) -> None:
        said = exchange.request.body["messages"][-1]["content"][0]["text"]
        await fake.stream(*claude.answer(*(f"{said}{number} " for number in range(20))))(exchange)

    async with called(tmp_path, echo) as (provider, _):
        other = ChatRequest(messages=(Message("user", "other"),))
        await check_provider(provider, QUESTION, other)
        assert isinstance(provider, ListsModels)
        assert isinstance(provider, RunsBatches)


WHOLE = [
    TextDelta("Hello"),
    TextDelta(", wörld 🎲"),
    Finish(reason="stop", raw_reason="end_turn", model="claude-fake-1", usage=USAGE),
]
EVENTS = claude.answer("Hello", ", wörld 🎲")


@pytest.mark.parametrize(
    "script",
    [
        fake.stream(*EVENTS),
        fake.bytewise(*EVENTS),
        fake.stream(b"".join(EVENTS)),
        fake.stream(*(item.replace(b"\n", b"\r\n") for item in EVENTS)),
        fake.stream(*EVENTS, end=False),  # the end of the response never comes
        fake.stream(*EVENTS[:-1]),  # without message_stop, but the reason was told
        fake.stream(*EVENTS, b"data: [DONE]\n\n"),
    ],
    ids=["stream", "bytewise", "one-chunk", "crlf", "held-open", "no-stop", "done"],
)
async def test_an_answer_is_whole_however_it_arrives(tmp_path: Path, script: Script) -> None:
    assert await answered(tmp_path, script) == WHOLE


async def test_an_answer_may_come_in_one_body(tmp_path: Path) -> None:
    body = claude.message(
        {"type": "thinking", "thinking": "hm", "signature": "c2VhbA=="},
        {"type": "text", "text": "so"},
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "x"}},
        reason="tool_use",
    )
    async with called(tmp_path, fake.refuses(200, body)) as (provider, server):
        pieces = await collect_pieces(provider, ChatRequest(messages=QUESTION.messages, stream=False))
    assert "stream" not in server.requests[0].body
    assert pieces[1:] == [
        ReasoningDelta("hm"),
        ReasoningDelta("", "c2VhbA=="),
        TextDelta("so"),
        ToolCall("toolu_1", "look", '{"at": "x"}'),
        Finish(reason="tool_calls", raw_reason="tool_use", model="claude-fake-1", usage=USAGE),
    ]


async def test_a_piece_comes_as_soon_as_it_is_sent(tmp_path: Path) -> None:
    gate = asyncio.Semaphore(0)
    first, second = claude.text(0, "a", "b")[1:3]
    events = [claude.start() + claude.text(0)[0] + first, second]
    async with called(tmp_path, fake.gated(gate, *events)) as (provider, _), asyncio.timeout(10):
        stream = provider.stream(QUESTION)
        assert isinstance(await anext(stream), Opened)
        for letter in ("a", "b"):
            gate.release()
            assert await anext(stream) == TextDelta(letter)
        await stream.aclose()


async def test_a_call_of_a_tool_is_told_when_all_of_it_is_there(tmp_path: Path) -> None:
    script = fake.stream(
        claude.start(),
        *claude.text(0, "let me look"),
        *claude.call(1, "look", '{"pa', 'th": "/x", "n"', ": 1}"),
        *claude.call(2, "now", call_id="toolu_2"),
        *claude.end("tool_use"),
    )
    assert await answered(tmp_path, script) == [
        TextDelta("let me look"),
        ToolCall("toolu_1", "look", '{"path": "/x", "n": 1}'),
        ToolCall("toolu_2", "now", "{}"),
        Finish(reason="tool_calls", raw_reason="tool_use", model="claude-fake-1", usage=USAGE),
    ]


async def test_arguments_that_were_cut_off_are_told_as_they_are(tmp_path: Path) -> None:
    script = fake.stream(claude.start(), *claude.call(0, "look", '{"pa'), *claude.end("max_tokens"))
    call, finish = await answered(tmp_path, script)
    assert call == ToolCall("toolu_1", "look", '{"pa')
    assert isinstance(finish, Finish)
    assert finish.reason == "length"


async def test_blocks_and_events_of_unknown_types_are_passed_over(tmp_path: Path) -> None:
    strange = {
        "type": "web_search_tool_result",
        "tool_use_id": "s1",
        "content": [{"type": "x"}],
        "text": {"a": 1},
    }
    script = fake.stream(
        claude.start(),
        claude.event("weather", index="odd", delta=[1]),
        *claude.block(0, {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}),
        *claude.block(1, strange, {"type": "new_delta", "text": ["odd"]}),
        *claude.block(
            2,
            {"type": "text", "text": "", "citations": []},
            {"type": "text_delta", "text": "so"},
            {"type": "citations_delta", "citation": {"url": "https://example.com"}},
        ),
        claude.event("content_block_delta", index=9, delta={"type": "text_delta", "text": "of no block"}),
        *claude.end(),
    )
    assert text_of(await answered(tmp_path, script)) == "so"


async def test_a_block_that_never_ends_is_told_with_the_message(tmp_path: Path) -> None:
    script = fake.stream(claude.start(), *claude.call(0, "look", "{}")[:-1], *claude.end("tool_use"))
    assert (await answered(tmp_path, script))[0] == ToolCall("toolu_1", "look", "{}")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        ("pause_turn", "pause_turn"),
        ("something_new", "something_new"),
    ],
)
async def test_the_reason_of_the_end_is_told(tmp_path: Path, said: str, reason: str) -> None:
    finish = (await answered(tmp_path, fake.stream(*claude.answer("x", reason=said))))[-1]
    assert isinstance(finish, Finish)
    assert (finish.reason, finish.raw_reason) == (reason, said)


async def test_later_counts_of_tokens_replace_earlier_ones(tmp_path: Path) -> None:
    later: dict[str, Any] = {
        "input_tokens": 30,
        "cache_read_input_tokens": None,
        "output_tokens": 99,
        "output_tokens_details": {"thinking_tokens": 40},
    }
    script = fake.stream(claude.start(), *claude.text(0, "x"), *claude.end(**later))
    finish = (await answered(tmp_path, script))[-1]
    assert isinstance(finish, Finish)
    assert finish.usage == Usage(4330, 99, 4000, 40, 200, 100)
    assert finish.usage.fresh_tokens == 30


async def test_an_answer_in_a_schema_is_text_where_only_a_tool_can_be_forced(tmp_path: Path) -> None:
    schema = OutputSchema(schema={"type": "object", "properties": {"city": {"type": "string"}}})
    request = ChatRequest(messages=QUESTION.messages, model="claude-sonnet-4-0", schema=schema)
    script = fake.stream(
        claude.start(), *claude.call(0, "answer_as_json", '{"city"', ': "Rome"}'), *claude.end("tool_use")
    )
    async with called(tmp_path, script) as (provider, server):
        pieces = await collect_pieces(provider, request)
    assert text_of(pieces) == '{"city": "Rome"}'
    assert isinstance(pieces[-1], Finish)
    assert (pieces[-1].reason, pieces[-1].raw_reason) == ("stop", "tool_use")
    assert server.requests[0].body["tool_choice"] == {"type": "tool", "name": "answer_as_json"}


async def test_the_limits_come_first(tmp_path: Path) -> None:
    async def script(exchange: fake.Exchange) -> None:
        headers = {
            "Content-Type": "application/json",
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "49",
            "anthropic-ratelimit-tokens-remaining": "8000",
        }
        body = json.dumps(claude.message({"type": "text", "text": "x"})).encode()
        await exchange.head(200, {**headers, "Content-Length": str(len(body))})
        await exchange.raw(body)

    async with called(tmp_path, script) as (provider, _):
        opened = (await collect_pieces(provider, QUESTION))[0]
    assert isinstance(opened, Opened)
    assert opened.limits is not None
    assert (opened.limits.requests_limit, opened.limits.requests_remaining) == (50, 49)
    assert opened.limits.tokens_remaining == 8000


# What goes wrong


@pytest.mark.parametrize(
    ("status", "body", "error", "retryable"),
    [
        (400, claude.refusal("invalid_request_error", "no"), InvalidParams, False),
        (401, claude.refusal("authentication_error", "invalid x-api-key"), PermissionDenied, False),
        (402, claude.refusal("billing_error", "no money"), PermissionDenied, False),
        (403, claude.refusal("permission_error", "not for you"), PermissionDenied, False),
        (404, claude.refusal("not_found_error", "model: claude-x"), NotFound, False),
        (413, claude.refusal("request_too_large", "too large"), InvalidParams, False),
        (429, claude.refusal("rate_limit_error", "slow down"), RateLimited, True),
        (
            429,
            claude.refusal("rate_limit_error", "monthly", error_code="enforced_spend_limit_reached"),
            PermissionDenied,
            False,
        ),
        (
            400,
            claude.refusal("invalid_request_error", "Your credit balance is too low"),
            PermissionDenied,
            False,
        ),
        (500, claude.refusal("api_error", "oops"), ProviderUnavailable, True),
        (504, claude.refusal("timeout_error", "too long"), ProviderUnavailable, True),
        (529, claude.refusal("overloaded_error", "Overloaded"), ProviderUnavailable, True),
    ],
)
async def test_an_error_keeps_its_meaning(
    tmp_path: Path, status: int, body: dict[str, Any], error: type[IsaacError], retryable: bool
) -> None:
    caught = await failure(tmp_path, fake.refuses(status, body))
    assert type(caught) is error
    assert caught.retryable is retryable


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("overloaded_error", ProviderUnavailable),
        ("api_error", ProviderUnavailable),
        ("rate_limit_error", RateLimited),
        ("invalid_request_error", InvalidParams),
        ("authentication_error", PermissionDenied),
    ],
)
async def test_an_error_after_the_answer_has_begun_keeps_its_meaning(
    tmp_path: Path, kind: str, error: type[IsaacError]
) -> None:
    told = claude.event("error", error={"type": kind, "message": "so it is"})
    caught = await failure(tmp_path, fake.stream(*claude.answer("Hello")[:4], told))
    assert type(caught) is error
    assert "so it is" in caught.message


@pytest.mark.parametrize(
    "script",
    [
        fake.truncated(*EVENTS[:4]),
        fake.reset(*EVENTS[:4]),
        fake.stream(*EVENTS[:4]),
        fake.stream(*EVENTS[:4], b"data: {not json}\n\n"),
        fake.stream(*EVENTS[:4], b"data: [1, 2]\n\n"),
        fake.stream(*EVENTS[:4], b'data: {"type": 7}\n\n'),
        fake.stream(
            *EVENTS[:4],
            b'data: {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": 1}}\n\n',
        ),
        fake.stream(*EVENTS[:4], b'data: {"type": "content_block_delta", "delta": {"text": "\xff"}}\n\n'),
        fake.stream(*EVENTS[:4], b'data: {"x": ' + b"[" * 100_000 + b"\n\n"),
        fake.refuses(200, {}),
        fake.refuses(200, b"<html>Please log in</html>"),
        fake.refuses(200, {"type": "message", "content": [{"type": "text", "text": 1}]}),
    ],
    ids="truncated reset no-end no-json no-event odd-type odd-text no-utf8 deep empty page odd-body".split(),
)
async def test_a_broken_answer_is_never_passed_off_as_whole(tmp_path: Path, script: Script) -> None:
    error = await failure(tmp_path, script)
    assert type(error) is ProviderUnavailable
    assert error.retryable is ("text/html" not in error.message)  # a page will be there the next time too


async def test_a_key_is_never_shown(tmp_path: Path) -> None:
    body = claude.refusal("authentication_error", f"invalid x-api-key {SECRET}")
    error = await failure(
        tmp_path, fake.refuses(401, body), config={"api_key_env": "MY_KEY"}, environ={"MY_KEY": SECRET}
    )
    assert SECRET not in f"{error!r} {error.message} {error.hint} {error.detail}"


async def test_an_attachment_that_nobody_can_read_is_refused_before_the_call(tmp_path: Path) -> None:
    item = Attachment(media_type="video/mp4", data=b"x", name="a.mp4")
    async with called(tmp_path) as (provider, server):
        with pytest.raises(InvalidParams, match=r"a\.mp4"):
            await collect_pieces(provider, ChatRequest(messages=(Message("user", "see", (item,)),)))
    assert not server.requests


# Models and batches


async def test_all_pages_of_models_are_listed(tmp_path: Path) -> None:
    def page(more: bool, *models: dict[str, Any]) -> Script:
        return fake.refuses(200, {"data": list(models), "has_more": more, "last_id": models[-1]["id"]})

    first = {"id": "claude-a", "max_input_tokens": 200_000, "max_tokens": 64_000, "capabilities": {"x": 1}}
    gone = {"id": "claude-0", "lifecycle": "retired"}
    async with called(tmp_path, None, page(True, first, gone), page(False, {"id": "claude-b"})) as (
        provider,
        server,
    ):
        assert await provider.models() == [
            ModelCard(name="claude-a", context_tokens=200_000, max_output_tokens=64_000),
            ModelCard(name="claude-b"),
        ]
    assert [item.path for item in server.requests] == [
        "/v1/models?limit=1000",
        "/v1/models?limit=1000&after_id=claude-0",
    ]


def batch(status: str, **counts: int) -> dict[str, Any]:
    return {
        "id": "msgbatch_1",
        "type": "message_batch",
        "processing_status": status,
        "request_counts": counts,
        "expires_at": "2026-11-24T01:02:03.500Z",
        "results_url": None,
    }


async def test_a_batch_is_submitted_as_one_call_without_streams(tmp_path: Path) -> None:
    items = [
        BatchItem("a", QUESTION),
        BatchItem("b", ChatRequest(messages=QUESTION.messages, model="claude-x")),
    ]
    async with called(tmp_path, fake.refuses(200, batch("in_progress", processing=2))) as (provider, server):
        assert await provider.submit_batch(items) == "msgbatch_1"
    assert server.requests[0].path == "/v1/messages/batches"
    sent = server.requests[0].body["requests"]
    assert [item["custom_id"] for item in sent] == ["a", "b"]
    assert [item["params"]["model"] for item in sent] == ["claude-sonnet-5-5", "claude-x"]
    assert all("stream" not in item["params"] for item in sent)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (batch("in_progress", processing=3), BatchStatus(state="working", total=3)),
        (batch("canceling", processing=3), BatchStatus(state="working", total=3)),
        (
            batch("ended", succeeded=2, errored=1, expired=1),
            BatchStatus(state="ended", total=4, succeeded=2, failed=2),
        ),
        (batch("ended", canceled=2), BatchStatus(state="cancelled", total=2, failed=2)),
        (batch("ended", expired=2), BatchStatus(state="expired", total=2, failed=2)),
    ],
)
async def test_the_state_of_a_batch_is_told(
    tmp_path: Path, told: dict[str, Any], expected: BatchStatus
) -> None:
    async with called(tmp_path, fake.refuses(200, told)) as (provider, server):
        status = await provider.batch_status("msgbatch_1")
    assert server.requests[0].path == "/v1/messages/batches/msgbatch_1"
    assert status.expires_at == 1795482123.5
    assert (status.state, status.total, status.succeeded, status.failed) == (
        expected.state,
        expected.total,
        expected.succeeded,
        expected.failed,
    )


async def test_results_are_read_line_by_line_in_any_order(tmp_path: Path) -> None:
    lines = [
        {
            "custom_id": "b",
            "result": {"type": "succeeded", "message": claude.message({"type": "text", "text": "so"})},
        },
        {
            "custom_id": "a",
            "result": {"type": "errored", "error": claude.refusal("invalid_request_error", "too long")},
        },
        {"custom_id": "c", "result": {"type": "expired"}},
        {"custom_id": "d", "result": {"type": "canceled"}},
    ]
    body = b"\n".join(json.dumps(item).encode() for item in lines)
    script = fake.stream(body[:700], body[700:], content_type="application/x-jsonl")
    async with called(tmp_path, script) as (provider, server):
        results = [item async for item in provider.batch_results("msgbatch_1")]
    assert server.requests[0].path == "/v1/messages/batches/msgbatch_1/results"
    finish = Finish(reason="stop", raw_reason="end_turn", model="claude-fake-1", usage=USAGE)
    assert results == [
        BatchResult(custom_id="b", pieces=(TextDelta("so"), finish)),
        BatchResult(custom_id="a", error="errored", message="too long"),
        BatchResult(custom_id="c", error="expired"),
        BatchResult(custom_id="d", error="canceled"),
    ]


async def test_results_that_break_off_are_not_taken_for_all(tmp_path: Path) -> None:
    line = json.dumps({"custom_id": "c", "result": {"type": "expired"}}).encode() + b"\n"
    async with called(tmp_path, fake.truncated(line, b'{"custom')) as (provider, _):
        results = provider.batch_results("msgbatch_1")
        assert (await anext(results)).custom_id == "c"
        with pytest.raises(ProviderUnavailable):
            await anext(results)


async def test_a_batch_can_be_cancelled(tmp_path: Path) -> None:
    async with called(tmp_path, fake.refuses(200, batch("canceling"))) as (provider, server):
        await provider.cancel_batch("msgbatch_1")
    assert (server.requests[0].method, server.requests[0].path) == (
        "POST",
        "/v1/messages/batches/msgbatch_1/cancel",
    )


async def test_what_is_no_name_of_a_batch_is_not_asked_for(tmp_path: Path) -> None:
    async with called(tmp_path) as (provider, server):
        for name in ("", "..", "../models", "a/b", "a?b"):
            with pytest.raises(InvalidParams):
                await provider.batch_status(name)
    assert not server.requests


MARK = BatchMark(
    name="isaac-b-1-7",
    custom_ids=frozenset(("q-1", "q-2")),
    since=datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp(),
)


def listed(name: str, status: str, created_at: str = "2026-11-23T12:00:05Z", **counts: int) -> dict[str, Any]:
    return {**batch(status, **counts), "id": name, "created_at": created_at}


def lookup(page: dict[str, Any], results: dict[str, str]) -> Script:
    async def script(exchange: fake.Exchange) -> None:
        path = exchange.request.path
        if path.startswith("/v1/messages/batches?"):
            await exchange.reply(200, page)
        else:
            line = {"custom_id": results[path.split("/")[-2]], "result": {"type": "expired"}}
            await exchange.reply(
                200, json.dumps(line).encode() + b"\n", {"Content-Type": "application/x-jsonl"}
            )

    return script


async def test_a_batch_that_has_ended_is_found_by_its_results(tmp_path: Path) -> None:
    page = {
        "data": [
            listed("other_size", "ended", succeeded=3),
            listed("not_ours", "ended", expired=2),
            listed("ours", "ended", expired=2),
        ]
    }
    script = lookup(page, {"not_ours": "x-1", "ours": "q-2"})
    async with called(tmp_path, script) as (provider, server):
        assert await provider.find_batch(MARK) == "ours"
    assert server.requests[0].path == "/v1/messages/batches?limit=100"


@pytest.mark.parametrize(
    ("found", "known"),
    [
        ([], True),
        ([listed("a", "in_progress", processing=3)], True),
        ([listed("a", "in_progress", "2026-11-22T12:00:00Z", processing=2)], True),
        ([listed("a", "in_progress", processing=2)], False),
    ],
)
async def test_a_batch_that_works_will_not_say_whose_it_is(
    tmp_path: Path, found: list[dict[str, Any]], known: bool
) -> None:
    async with called(tmp_path, lookup({"data": found}, {})) as (provider, _):
        if known:
            assert await provider.find_batch(MARK) is None
        else:
            with pytest.raises(ProviderUnavailable, match="will not say whose it is"):
                await provider.find_batch(MARK)
