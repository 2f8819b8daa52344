"""xAI, against a service on real sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from isaac_plugins.xai import XAI
from isaacd.ai.chat import ChatRequest, Finish, Message, TextDelta
from isaacd.ai.protocol import xai_batches
from isaacd.ai.provider import BatchItem, BatchMark, RunsBatches
from isaacd.config import ProviderConfig
from isaacd.errors import InvalidParams, ProviderUnavailable
from isaacd.testing import check_provider, collect_pieces
from tests import fake_provider as fake
from tests import fake_responses as responses
from tests.fake_host import make_host
from tests.fake_provider import FakeProvider, Script

pytestmark = pytest.mark.anyio

QUESTION = ChatRequest(messages=(Message("user", "why?"),))
TICKS = {"input_tokens": 10, "output_tokens": 5, "cost_in_usd_ticks": 25_000_000}


@asynccontextmanager
async def called(tmp_path: Path, script: Script | None = None) -> AsyncIterator[tuple[XAI, FakeProvider]]:
    async with FakeProvider(script or responses.says("Hello", usage=TICKS)) as server:
        settings = ProviderConfig(kind="xai", base_url=server.base_url)
        provider = XAI("it", settings, make_host(tmp_path))
        try:
            yield provider, server
        finally:
            await provider.aclose()
        await server.idle()


async def test_it_keeps_the_laws_of_providers(tmp_path: Path) -> None:
    async with called(tmp_path) as (provider, _):
        await check_provider(provider, QUESTION)
        assert isinstance(provider, RunsBatches)


async def test_its_own_price_is_believed(tmp_path: Path) -> None:
    async with called(tmp_path) as (provider, _):
        finish = (await collect_pieces(provider, QUESTION))[-1]
    assert isinstance(finish, Finish)
    assert finish.usage is not None
    assert finish.usage.cost_usd == pytest.approx(0.0025)


@pytest.mark.parametrize(
    ("fields", "header"),
    [
        ({"conversation": "talk-1"}, "talk-1"),
        ({"conversation": "talk-1", "prompt_cache": False}, None),
        ({"conversation": "ä\n"}, None),
        ({}, None),
    ],
)
async def test_a_conversation_stays_with_one_server(
    tmp_path: Path, fields: dict[str, Any], header: str | None
) -> None:
    async with called(tmp_path) as (provider, server):
        await collect_pieces(provider, msgspec.structs.replace(QUESTION, **fields))
    assert server.requests[0].headers.get("x-grok-conv-id") == header
    assert "prompt_cache_key" not in server.requests[0].body


# Batches


async def test_a_batch_is_made_and_then_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xai_batches, "MAX_ADDED_BYTES", 400)
    service = {"POST /v1/batches": {"batch_id": "batch_1"}, "POST /v1/batches/batch_1/requests": {}}
    async with called(tmp_path, responses.by_path(service)) as (provider, server):
        assert await provider.submit_batch([BatchItem(f"q-{n}", QUESTION) for n in range(5)]) == "batch_1"
    first, *parts = server.requests
    assert first.body == {"name": "isaac"}
    assert len(parts) > 1
    added = [item for part in parts for item in part.body["batch_requests"]]
    assert [item["batch_request_id"] for item in added] == [f"q-{n}" for n in range(5)]
    assert added[0]["batch_request"]["responses"]["input"] == [{"role": "user", "content": "why?"}]


async def test_a_batch_that_cannot_be_filled_is_cancelled(tmp_path: Path) -> None:
    async def script(exchange: fake.Exchange) -> None:
        if exchange.request.path.endswith("/requests"):
            await exchange.reply(400, fake.openai_error("Model m is not supported for batch processing"))
        else:
            await exchange.reply(200, {"batch_id": "batch_1"})

    async with called(tmp_path, script) as (provider, server):
        with pytest.raises(InvalidParams, match="not supported for batch"):
            await provider.submit_batch([BatchItem("q", QUESTION)])
    assert server.requests[-1].path == "/v1/batches/batch_1:cancel"


@pytest.mark.parametrize(
    ("counts", "more", "state"),
    [
        ({}, {}, "working"),
        ({"num_requests": 3, "num_pending": 1, "num_success": 2}, {}, "working"),
        ({"num_requests": 3, "num_pending": 0, "num_success": 2, "num_error": 1}, {}, "ended"),
        ({"num_requests": 3, "num_cancelled": 3}, {"cancel_time": "2026-11-01"}, "cancelled"),
        ({}, {"cancel_time": "2026-11-01", "cancel_by_xai_message": "no such model"}, "failed"),
    ],
)
async def test_the_state_of_a_batch_is_read_from_its_counts(
    tmp_path: Path, counts: dict[str, int], more: dict[str, str], state: str
) -> None:
    batch = {"batch_id": "b", "state": counts, "expire_time": "2026-12-01", **more}
    async with called(tmp_path, responses.by_path({"GET /v1/batches/b": batch})) as (provider, _):
        status = await provider.batch_status("b")
    assert status.state == state
    assert status.failed == counts.get("num_error", 0) + counts.get("num_cancelled", 0)
    assert status.expires_at == 1_796_083_200
    assert status.message == more.get("cancel_by_xai_message", "")


async def test_results_come_page_by_page_in_either_form(tmp_path: Path) -> None:
    chat = {
        **fake.completion("one"),
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "cost_in_usd_ticks": 5e9},
    }
    first = {
        "results": [
            {"batch_request_id": "a", "batch_result": {"response": {"chat_get_completion": chat}}},
            {"batch_request_id": "b", "batch_result": {"error": {"code": 3, "message": "too long"}}},
        ],
        "pagination_token": "p&+2",
    }
    whole = responses.whole(responses.message("two"))
    second = {
        "results": [
            {"batch_request_id": "c", "batch_result": {"response": {"responses": whole}}},
            {"batch_request_id": "d", "error_message": "cancelled by user"},
        ],
        "pagination_token": None,
    }
    path = "GET /v1/batches/b/results?limit=100"
    service = {path: first, f"{path}&pagination_token=p%26%2B2": second}
    async with called(tmp_path, responses.by_path(service)) as (provider, _):
        found = {item.custom_id: item async for item in provider.batch_results("b")}
    assert found["a"].pieces[0] == TextDelta("one")
    finish = found["a"].pieces[-1]
    assert isinstance(finish, Finish)
    assert finish.usage is not None
    assert finish.usage.cost_usd == pytest.approx(0.5)
    assert found["c"].pieces[0] == TextDelta("two")
    assert [(item.error, item.message) for item in (found["b"], found["d"])] == [
        ("errored", "too long"),
        ("canceled", "cancelled by user"),
    ]


MARK = BatchMark(name="isaac-b-1-7", custom_ids=frozenset(("q-1", "q-2")), since=1_000_000.0)


async def test_a_batch_of_ours_is_found_by_its_name(tmp_path: Path) -> None:
    other = {"batch_id": "batch_0", "name": "isaac"}
    ours = {"batch_id": "batch_1", "name": MARK.name, "state": {"num_requests": 2}}
    service = {
        "POST /v1/batches": {"batch_id": "batch_1"},
        "POST /v1/batches/batch_1/requests": {},
        "GET /v1/batches?limit=100": {"batches": [other], "pagination_token": "t2"},
        "GET /v1/batches?limit=100&pagination_token=t2": {"batches": [ours]},
    }
    async with called(tmp_path, responses.by_path(service)) as (provider, server):
        await provider.submit_batch([BatchItem("q-1", QUESTION)], name=MARK.name)
        assert server.requests[0].body == {"name": MARK.name}
        assert await provider.find_batch(MARK) == "batch_1"
        assert await provider.find_batch(msgspec.structs.replace(MARK, name="isaac-b-2-7")) is None


async def test_a_batch_that_was_not_filled_is_cancelled_and_is_none(tmp_path: Path) -> None:
    for added in (0, 1):
        ours = {"batch_id": "batch_1", "name": MARK.name, "state": {"num_requests": added}}
        service = {"GET /v1/batches?limit=100": {"batches": [ours]}, "POST /v1/batches/batch_1:cancel": {}}
        async with called(tmp_path, responses.by_path(service)) as (provider, server):
            if added:
                with pytest.raises(ProviderUnavailable, match="only 1 of the 2 rows"):
                    await provider.find_batch(MARK)
            else:
                assert await provider.find_batch(MARK) is None
        assert server.requests[-1].path == "/v1/batches/batch_1:cancel"
