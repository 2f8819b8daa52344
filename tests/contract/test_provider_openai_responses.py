"""OpenAI by its responses interface, against a service on real sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from isaac_plugins.openai_responses import OpenAI
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
from isaacd.ai.provider import BatchItem, BatchMark, BatchResult, ListsModels, ModelCard, RunsBatches
from isaacd.config import ProviderConfig
from isaacd.errors import InvalidParams, IsaacError, NotFound, ProviderUnavailable, RateLimited
from isaacd.testing import check_provider, collect_pieces, text_of
from tests import fake_provider as fake
from tests import fake_responses as responses
from tests.fake_host import make_host
from tests.fake_provider import FakeProvider, Script

pytestmark = pytest.mark.anyio

QUESTION = ChatRequest(messages=(Message("user", "why?"),))
WEATHER = Tool(name="weather", description="How it is", parameters={"type": "object", "properties": {}})


@asynccontextmanager
async def called(
    tmp_path: Path, script: Script | None = None, *scripts: Script, **config: Any
) -> AsyncIterator[tuple[OpenAI, FakeProvider]]:
    """Give a provider and the server it calls; afterwards no connection is left on either side."""
    async with FakeProvider(script or responses.says("Hello", ", world"), scripts) as server:
        settings = ProviderConfig(kind="openai", **{"base_url": server.base_url, "model": "m-1", **config})
        provider = OpenAI("it", settings, make_host(tmp_path))
        try:
            yield provider, server
        finally:
            await provider.aclose()
        await server.idle()


async def ask(provider: OpenAI, request: ChatRequest = QUESTION) -> list[Piece]:
    return await collect_pieces(provider, request)


async def test_it_keeps_the_laws_of_providers(tmp_path: Path) -> None:
    async with called(tmp_path) as (provider, _):
        await check_provider(provider, QUESTION)
        assert isinstance(provider, ListsModels)
        assert isinstance(provider, RunsBatches)


async def test_the_request_is_a_response_that_is_not_kept(tmp_path: Path) -> None:
    async with called(tmp_path) as (provider, server):
        await ask(provider, msgspec.structs.replace(QUESTION, max_tokens=7, conversation="talk"))
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/responses")
    assert request.body == {
        "model": "m-1",
        "input": [{"role": "user", "content": "why?"}],
        "store": False,
        "max_output_tokens": 7,
        "stream": True,
    }


@pytest.mark.parametrize(
    "script",
    [
        responses.says("Hello", ", world"),
        fake.bytewise(responses.text("Hello"), responses.text(", world"), responses.completed()),
        fake.stream(responses.text("Hello"), responses.text(", world"), responses.completed(), end=False),
        fake.refuses(200, responses.whole(responses.message("Hello, world"))),
    ],
    ids=["stream", "bytewise", "held-open", "not-streamed"],
)
async def test_an_answer_is_whole_however_it_arrives(tmp_path: Path, script: Script) -> None:
    async with called(tmp_path, script) as (provider, _):
        found = await ask(provider)
    assert isinstance(found[0], Opened)
    assert text_of(found) == "Hello, world"
    assert found[-1] == Finish(
        reason="stop", raw_reason="completed", model="fake-1", usage=Usage(12, 5, 4, 1)
    )


async def test_an_answer_may_be_asked_for_in_one_body(tmp_path: Path) -> None:
    script = fake.refuses(200, responses.whole(responses.message("whole")))
    async with called(tmp_path, script) as (provider, server):
        found = await ask(provider, msgspec.structs.replace(QUESTION, stream=False))
    assert server.requests[0].body["stream"] is False
    assert TextDelta("whole") in found


async def test_limits_come_before_the_first_words(tmp_path: Path) -> None:
    script = fake.refuses(200, responses.whole(), X_RateLimit_Remaining_Tokens="7")
    async with called(tmp_path, script) as (provider, _):
        first = (await ask(provider))[0]
    assert isinstance(first, Opened)
    assert first.limits is not None
    assert first.limits.tokens_remaining == 7


async def test_thoughts_and_calls_can_go_back_in_the_next_turn(tmp_path: Path) -> None:
    thought = {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "gAAA"}
    call = {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"}
    asked = msgspec.structs.replace(QUESTION, tools=(WEATHER,))
    async with called(tmp_path, fake.stream(responses.completed(thought, call))) as (provider, server):
        found = await ask(provider, asked)
        assert server.requests[0].body["include"] == ["reasoning.encrypted_content"]
        sealed = next(piece for piece in found if isinstance(piece, ReasoningDelta))
        assert ToolCall("c1", "weather", "{}") in found
        turn = msgspec.convert(
            {
                "role": "assistant",
                "tool_calls": [{"kind": "tool_call", "id": "c1", "name": "weather"}],
                "reasoning": [{"text": "", "signature": sealed.signature, "provider_kind": "openai"}],
            },
            Message,
        )
        result = Message("tool", "rain", tool_call_id="c1")
        await ask(provider, msgspec.structs.replace(asked, messages=(*QUESTION.messages, turn, result)))
    kinds = [item.get("type", item.get("role")) for item in server.requests[1].body["input"]]
    assert kinds == ["user", "reasoning", "function_call", "function_call_output"]
    assert server.requests[1].body["input"][1]["encrypted_content"] == "gAAA"


async def test_what_a_model_refuses_is_not_sent_to_it_again(tmp_path: Path) -> None:
    refusals = (
        fake.refuses(400, fake.openai_error("Encrypted content (encrypted_content) is not for this model")),
        fake.refuses(400, fake.openai_error("Unsupported parameter: 'reasoning.summary'")),
    )
    asked = msgspec.structs.replace(QUESTION, effort="low")
    async with called(tmp_path, None, *refusals) as (provider, server):
        await ask(provider, asked)
        await ask(provider, asked)
    sent = [("include" in item.body, "summary" in item.body["reasoning"]) for item in server.requests]
    assert sent == [(True, True), (False, True), (False, False), (False, False)]


async def test_any_other_refusal_is_told_at_once(tmp_path: Path) -> None:
    refusal = fake.refuses(400, fake.openai_error("Your prompt is too long", "context_length_exceeded"))
    async with called(tmp_path, refusal) as (provider, server):
        with pytest.raises(InvalidParams, match="too long"):
            await ask(provider, msgspec.structs.replace(QUESTION, effort="low"))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ([responses.text("a")], ProviderUnavailable),
        (
            [responses.text("a"), responses.event("error", code="server_error", message="boom")],
            ProviderUnavailable,
        ),
        (
            [responses.completed(status="failed", error={"code": "rate_limit_exceeded", "message": "slow"})],
            RateLimited,
        ),
        ([b"data: {not json}\n\n"], ProviderUnavailable),
    ],
    ids=["cut", "error", "failed", "no-json"],
)
async def test_a_broken_answer_is_never_passed_off_as_whole(
    tmp_path: Path, events: list[bytes], kind: type[IsaacError]
) -> None:
    async with called(tmp_path, fake.stream(*events)) as (provider, _):
        with pytest.raises(IsaacError) as caught:
            await ask(provider)
    assert type(caught.value) is kind


async def test_where_to_stop_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    async with called(tmp_path) as (provider, server):
        with pytest.raises(InvalidParams):
            await ask(provider, msgspec.structs.replace(QUESTION, stop=("x",)))
    assert not server.requests


async def test_models_are_listed_by_name(tmp_path: Path) -> None:
    listed = {"object": "list", "data": [{"id": "b"}, {"id": "a", "context_window": 8, "owned_by": "x"}]}
    async with called(tmp_path, responses.by_path({"GET /v1/models": listed})) as (provider, _):
        assert await provider.models() == [ModelCard(name="a", context_tokens=8), ModelCard(name="b")]


async def test_what_is_no_list_of_models_is_told(tmp_path: Path) -> None:
    async with called(tmp_path, responses.by_path({"GET /v1/models": {"data": 3}})) as (provider, _):
        with pytest.raises(ProviderUnavailable):
            await provider.models()


# Batches

ITEMS = [
    BatchItem("q-1", QUESTION),
    BatchItem("q-2", ChatRequest(messages=(Message("user", "how?"),))),
]


async def test_a_batch_is_uploaded_as_lines_and_started(tmp_path: Path) -> None:
    service = {
        "POST /v1/files": {"id": "file-1"},
        "POST /v1/batches": {"id": "batch_1", "status": "validating"},
    }
    async with called(tmp_path, responses.by_path(service)) as (provider, server):
        assert await provider.submit_batch(ITEMS) == "batch_1"
    upload, order = server.requests
    assert b'name="purpose"\r\n\r\nbatch' in upload.body
    lines = [
        msgspec.json.decode(line) for line in upload.body.splitlines() if line.startswith(b'{"custom_id"')
    ]
    assert [line["custom_id"] for line in lines] == ["q-1", "q-2"]
    assert {(line["method"], line["url"], line["body"]["model"]) for line in lines} == {
        ("POST", "/v1/responses", "m-1")
    }
    assert "stream" not in lines[0]["body"]
    assert order.body == {
        "input_file_id": "file-1",
        "endpoint": "/v1/responses",
        "completion_window": "24h",
    }


async def test_a_batch_of_two_models_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    other = BatchItem("q-3", msgspec.structs.replace(QUESTION, model="m-2"))
    async with called(tmp_path) as (provider, server):
        with pytest.raises(InvalidParams, match="only one model"):
            await provider.submit_batch([*ITEMS, other])
    assert not server.requests


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("validating", "working"),
        ("in_progress", "working"),
        ("finalizing", "working"),
        ("cancelling", "working"),
        ("completed", "ended"),
        ("failed", "failed"),
        ("expired", "expired"),
        ("cancelled", "cancelled"),
    ],
)
async def test_the_state_of_a_batch_is_told(tmp_path: Path, said: str, state: str) -> None:
    batch = {
        "id": "batch_1",
        "status": said,
        "request_counts": {"total": 3, "completed": 1, "failed": 2},
        "expires_at": 1_800_000_000,
        "errors": {"data": [{"message": "line 1 is bad"}]},
    }
    async with called(tmp_path, responses.by_path({"GET /v1/batches/batch_1": batch})) as (provider, _):
        status = await provider.batch_status("batch_1")
    assert (status.state, status.total, status.succeeded, status.failed) == (state, 3, 1, 2)
    assert (status.expires_at, status.message) == (1_800_000_000, "line 1 is bad")


def line(custom_id: str, *, status: int = 200, body: Any = None, error: Any = None) -> bytes:
    response = None if body is None else {"status_code": status, "request_id": "r", "body": body}
    return (
        msgspec.json.encode({"id": "x", "custom_id": custom_id, "response": response, "error": error}) + b"\n"
    )


async def results_of(tmp_path: Path, output: bytes, errors: bytes = b"") -> dict[str, BatchResult]:
    service = {
        "GET /v1/batches/b": {"id": "b", "status": "completed", "output_file_id": "o", "error_file_id": "e"},
        "GET /v1/files/o/content": output,
        "GET /v1/files/e/content": errors,
    }
    async with called(tmp_path, responses.by_path(service)) as (provider, _):
        return {item.custom_id: item async for item in provider.batch_results("b")}


async def test_the_results_of_a_batch_are_answers_and_errors(tmp_path: Path) -> None:
    output = line("good", body=responses.whole(responses.message("yes"))) + line(
        "odd", body={"status": "what"}
    )
    errors = (
        line("bad", status=400, body=fake.openai_error("too long"))
        + line("late", error={"code": "batch_expired", "message": "not in time"})
        + line("gone", error={"code": "batch_cancelled", "message": "stopped"})
    )
    found = await results_of(tmp_path, output, errors)
    assert found["good"].pieces[0] == TextDelta("yes")
    assert isinstance(found["good"].pieces[-1], Finish)
    assert found["good"].error is None
    assert {name: item.error for name, item in found.items()} == {
        "good": None,
        "odd": "errored",
        "bad": "errored",
        "late": "expired",
        "gone": "canceled",
    }
    assert found["bad"].message == "too long"


async def test_results_that_are_no_lines_are_told(tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailable):
        await results_of(tmp_path, b"<html>")


async def test_a_batch_is_cancelled_by_its_name_and_no_other_path(tmp_path: Path) -> None:
    service = {"POST /v1/batches/batch_1/cancel": {"id": "batch_1", "status": "cancelling"}}
    async with called(tmp_path, responses.by_path(service)) as (provider, server):
        await provider.cancel_batch("batch_1")
        for name in ("", "../files/x", "a b", "ä"):
            with pytest.raises(NotFound):
                await provider.cancel_batch(name)
    assert len(server.requests) == 1


MARK = BatchMark(name="isaac-b-1-7", custom_ids=frozenset(("q-1", "q-2")), since=1_000_000.0)


def batch_page(*batches: dict[str, Any], more: bool = False) -> dict[str, Any]:
    return {"data": list(batches), "has_more": more}


async def test_a_batch_of_ours_is_found_by_the_name_beside_it(tmp_path: Path) -> None:
    other = {"id": "batch_9", "created_at": 1_000_100, "metadata": {"isaac": "isaac-b-2-8"}}
    ours = {"id": "batch_1", "created_at": 1_000_001, "metadata": {"isaac": MARK.name}}
    service = {
        "POST /v1/files": {"id": "file-1"},
        "POST /v1/batches": {"id": "batch_1"},
        "GET /v1/batches?limit=100": batch_page(other, more=True),
        "GET /v1/batches?limit=100&after=batch_9": batch_page(ours),
    }
    async with called(tmp_path, responses.by_path(service)) as (provider, server):
        await provider.submit_batch(ITEMS, name=MARK.name)
        assert server.requests[1].body["metadata"] == {"isaac": MARK.name}
        assert await provider.find_batch(MARK) == "batch_1"


async def test_a_batch_is_certainly_not_there_only_if_none_could_be_it(tmp_path: Path) -> None:
    old = {"id": "batch_0", "created_at": 1}
    larger = {"id": "batch_2", "created_at": 1_000_100, "request_counts": {"total": 99}}
    service = {"GET /v1/batches?limit=100": batch_page(larger, old, more=True)}
    async with called(tmp_path, responses.by_path(service)) as (provider, server):
        assert await provider.find_batch(MARK) is None
        assert len(server.requests) == 1, "what is older need not be looked through"
    nameless = {"id": "batch_3", "created_at": 1_000_100, "request_counts": {"total": 2}}
    service = {"GET /v1/batches?limit=100": batch_page(nameless)}
    async with called(tmp_path, responses.by_path(service)) as (provider, _):
        with pytest.raises(ProviderUnavailable, match="without a name"):
            await provider.find_batch(MARK)
