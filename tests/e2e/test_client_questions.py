"""The questions of both clients, with a real daemon and a provider on a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
import pytest

from isaacctl.client import Answer, AsyncClient, Client, RemoteError
from tests.client_runs import Home, home
from tests.fake_provider import FakeProvider

pytestmark = pytest.mark.anyio

CONFIG = """
[ai]
[ai.providers.one]
base_url = "{url}"
model = "gpt-6-luna"
[ai.providers.dead]
base_url = "http://127.0.0.1:9/v1"
model = "gpt-6-luna"
[ai.retry]
max_attempts = 1
"""


@asynccontextmanager
async def daemon_and_provider() -> AsyncIterator[tuple[Home, FakeProvider]]:
    async with FakeProvider() as provider:
        with home() as user:
            config = user.base / ".config/isaac/config.toml"
            config.parent.mkdir(parents=True)
            config.write_text(CONFIG.format(url=provider.base_url))
            yield user, provider


async def test_a_program_that_waits_asks_streams_falls_back_and_asks_many() -> None:
    async with daemon_and_provider() as (user, provider):

        def work() -> None:
            with Client(environ=user.environ, timeout_s=60, caller="tests") as client:
                answer = client.chat("why?", provider="one")
                assert (answer.text, answer.provider) == ("Hello, world", "one")
                assert answer.hit is None
                with client.chat_stream([{"role": "user", "content": "why not?"}], provider="one") as stream:
                    assert list(stream.deltas()) == ["Hello", ", world"]
                    assert stream.result.text == "Hello, world"
                fallen = client.query_with_fallback("and then?", ["dead", "one"])
                assert [call.outcome for call in fallen.attempts] == ["provider_unavailable", "ok"]
                many = client.batch_query(["a", [{"role": "user", "content": "b"}]], provider="one")
                assert [item.text for item in many if isinstance(item, Answer)] == ["Hello, world"] * 2
                (failed,) = client.batch_query(["c"], provider="dead")
                assert isinstance(failed, RemoteError)
                assert failed.name == "provider_unavailable"
                assert client.call("usage", since="today", by="caller")["rows"][0]["key"] == "tests"

        await anyio.to_thread.run_sync(work)
        assert len(provider.requests) == 5


async def test_a_program_that_does_not_wait_does_the_same() -> None:
    async with (
        daemon_and_provider() as (user, provider),
        AsyncClient(environ=user.environ, timeout_s=60) as client,
    ):
        answer = await client.chat_async("why?", provider="one")
        assert answer.usage is not None
        async with client.chat_stream("why not?", provider="one") as stream:
            assert [text async for text in stream.deltas()] == ["Hello", ", world"]
            assert stream.result.text == "Hello, world"
        fallen = await client.query_with_fallback("and then?", ["dead", "one"])
        assert fallen.provider == "one"
        many = await client.batch_query(["a", "b"], provider="one")
        assert all(isinstance(item, Answer) for item in many)
        again = await client.chat_async("why?", provider="one")
        assert again.hit is not None
        assert (again.hit.kind, again.cost_usd) == ("exact", 0.0)
    assert len(provider.requests) == 5
