"""HTTP to a provider on real sockets: what is sent, and every way to read what comes back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.lowlevel
import pytest

from isaacd.ai import reply
from isaacd.ai.chat import RateLimits
from isaacd.ai.http import HttpApi
from isaacd.config import ProviderConfig
from isaacd.errors import ProviderUnavailable
from tests import fake_provider as fake
from tests.fake_host import make_host
from tests.fake_provider import FakeProvider, Script

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def calling(
    tmp_path: Path, script: Script, **config: object
) -> AsyncIterator[tuple[HttpApi, FakeProvider]]:
    async with FakeProvider(script) as server:
        settings = ProviderConfig(base_url=server.base_url, **config)
        api = HttpApi("it", settings, make_host(tmp_path), base_url=server.base_url)
        try:
            yield api, server
        finally:
            await api.aclose()
        await server.idle()


async def test_every_method_sends_what_it_says(tmp_path: Path) -> None:
    async with calling(tmp_path, fake.refuses(200, {"ok": True})) as (api, server):
        async with api.get("/models?limit=2") as answer:
            assert await answer.body() == b'{"ok": true}'
        async with api.delete("/files/f") as answer:
            await answer.body()
        async with api.post("/x", b'{"a":1}', headers={"X-More": "yes"}) as answer:
            await answer.body()
    told = [(request.method, request.path, request.body) for request in server.requests]
    assert told == [
        ("GET", "/v1/models?limit=2", None),
        ("DELETE", "/v1/files/f", None),
        ("POST", "/v1/x", {"a": 1}),
    ]
    assert server.requests[2].headers["x-more"] == "yes"
    assert "content-type" not in server.requests[0].headers
    assert server.connections == 1


async def test_a_configured_header_is_sent_instead_of_the_providers_own(tmp_path: Path) -> None:
    async with (
        calling(tmp_path, fake.refuses(200, {}), headers={"X-Version": "mine"}) as (api, server),
        api.post("/x", b"{}", headers={"x-version": "theirs"}) as answer,
    ):
        await answer.body()
    assert server.requests[0].headers["x-version"] == "mine"


async def test_an_upload_is_a_form_with_a_file(tmp_path: Path) -> None:
    async with (
        calling(tmp_path, fake.refuses(200, {})) as (api, server),
        api.upload("/files", {"purpose": "batch"}, "a.jsonl", b'{"a": 1}\n') as answer,
    ):
        await answer.body()
    request = server.requests[0]
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    parts = request.body.split(b"--" + request.headers["content-type"].partition("=")[2].encode())
    assert b'name="purpose"' in parts[1]
    assert parts[1].endswith(b"\r\n\r\nbatch\r\n")
    assert b'name="file"; filename="a.jsonl"' in parts[2]
    assert parts[2].endswith(b'\r\n\r\n{"a": 1}\n\r\n')


async def test_lines_are_whole_however_they_arrive(tmp_path: Path) -> None:
    script = fake.stream(b'{"a"', b':1}\n\n{"b":2}\r\n{"c"', b":", b"3}", content_type="application/x-ndjson")
    async with calling(tmp_path, script) as (api, _), api.get("/x") as answer:
        lines = []
        while (line := await answer.next_line()) is not None:
            lines.append(line)
        assert lines == [b'{"a":1}', b'{"b":2}', b'{"c":3}']
        assert await answer.next_line() is None


async def test_a_line_without_end_ends_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "MAX_LINE_BYTES", 1000)
    async with calling(tmp_path, fake.stream(b"x" * 5000)) as (api, _), api.get("/x") as answer:
        with pytest.raises(ProviderUnavailable, match="longer"):
            await answer.next_line()


async def test_a_body_is_bounded(tmp_path: Path) -> None:
    async with (
        calling(tmp_path, fake.stream(b"x" * 5000)) as (api, _),
        api.get("/x", max_bytes=1000) as answer,
    ):
        with pytest.raises(ProviderUnavailable, match="longer"):
            await answer.body()


async def test_a_body_that_breaks_off_is_told(tmp_path: Path) -> None:
    async with calling(tmp_path, fake.truncated(b'{"a":')) as (api, _), api.get("/x") as answer:
        with pytest.raises(ProviderUnavailable):
            await answer.body()


async def test_the_limits_come_with_the_answer(tmp_path: Path) -> None:
    script = fake.refuses(200, {}, X_RateLimit_Limit_Requests="60", X_RateLimit_Reset_Tokens="2m")
    async with calling(tmp_path, script) as (api, _), api.get("/x") as answer:
        assert answer.limits == RateLimits(requests_limit=60, tokens_reset_s=120.0)


class _Hands:
    """A clock that goes on by 40 seconds at each look."""

    def __init__(self) -> None:
        self.ticks = 0.0

    def now(self) -> float:
        return 1.0

    def monotonic(self) -> float:
        self.ticks += 40.0
        return self.ticks


async def test_a_line_that_drips_byte_by_byte_is_given_up(tmp_path: Path) -> None:
    async def drip(exchange: fake.Exchange) -> None:
        await exchange.open_stream()
        for byte in b"data: {} and much more":
            await exchange.chunk(bytes([byte]))
            for _ in range(20):  # the client, in the same loop, takes each by itself
                await anyio.lowlevel.checkpoint()

    async with FakeProvider(drip) as server:
        api = HttpApi("it", ProviderConfig(), make_host(tmp_path), base_url=server.base_url, clock=_Hands())
        try:
            async with api.get("/x") as found:
                with pytest.raises(ProviderUnavailable, match="no whole line for 60 s"):
                    await found.next_event()
        finally:
            await api.aclose()
