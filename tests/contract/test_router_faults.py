"""The router against services that fail in every way on real sockets: who is called how often, and what is said.

Time is the test's: nothing waits but for what the other side really does.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from isaac_plugins.openai_compatible import OpenAICompatible
from isaacd.ai.chat import Answer, TextDelta
from isaacd.ai.router import AIRouter
from isaacd.config import AIConfig, BreakerConfig, ProviderConfig, RetryConfig, Strategy
from isaacd.errors import (
    IsaacError,
    NotFound,
    PermissionDenied,
    ProviderUnavailable,
    RateLimited,
)
from tests import fake_provider as fake
from tests.fake_host import make_host
from tests.fake_kind import CountingMeter
from tests.fake_provider import Exchange, FakeProvider, Script, answer
from tests.fake_time import FakeTime, chance

pytestmark = pytest.mark.anyio

START = answer("half of it")[:2]
DEAD_PORT = "http://127.0.0.1:9/v1"  # discard: nobody listens there


class Setting:
    """Servers a, b ... in the order of `ai.order`, and a router that asks them."""

    def __init__(self, router: AIRouter, servers: Mapping[str, FakeProvider], time: FakeTime) -> None:
        self.router = router
        self.servers = servers
        self.time = time

    def __getitem__(self, name: str) -> FakeProvider:
        return self.servers[name]

    def calls(self) -> dict[str, int]:
        return {name: len(server.requests) for name, server in self.servers.items()}

    async def ask(self, **options: Any) -> Answer:
        async with asyncio.timeout(20):
            return await self.router.chat_async("why?", **options)

    async def fails(self, **options: Any) -> IsaacError:
        with pytest.raises(IsaacError) as caught:
            await self.ask(**options)
        return caught.value

    async def asked(self, **options: Any) -> asyncio.Task[Answer]:
        return asyncio.create_task(self.ask(**options))

    async def waits(self, seconds: float) -> None:
        """Find the router waiting for so long, and let that time pass."""
        assert await self.time.armed() == pytest.approx(seconds, abs=0.01)
        self.time.advance(seconds)


@asynccontextmanager
async def setting(
    home: Path,
    *,
    strategy: Strategy = "fallback",
    attempts: int = 3,
    breaker: int = 1000,
    config: dict[str, Any] | None = None,
    **scripts: Script | list[Script],
) -> AsyncGenerator[Setting, None]:
    async with AsyncExitStack() as stack:
        servers = {}
        for name, script in scripts.items():
            several = script if isinstance(script, list) else [script]
            server = FakeProvider(several[-1], several[:-1])
            servers[name] = await stack.enter_async_context(server)
        time = FakeTime()
        ai = AIConfig(
            providers={
                name: ProviderConfig(base_url=server.base_url, model=f"m-{name}", **(config or {}))
                for name, server in servers.items()
            },
            order=tuple(servers),
            strategy=strategy,
            retry=RetryConfig(max_attempts=attempts, max_wait_s=20),
            breaker=BreakerConfig(failures=breaker, window_s=60, open_s=30),
        )
        meter = CountingMeter()
        router = AIRouter(
            ai,
            {OpenAICompatible.kind: OpenAICompatible},
            make_host(home),
            clock=time,
            timers=time,
            random=chance(1.0),
            meter=meter,
        )
        stack.push_async_callback(router.aclose)
        yield Setting(router, servers, time)
        await router.aclose()
        for server in servers.values():
            await server.idle()
        assert len(meter.outcomes()) == len(meter.settled)  # each was settled, and once


# What fails before the first piece: the same is asked again after 0.5 s and 1 s, and then the next.
BEFORE: dict[str, Script] = {
    "status-500": fake.refuses(500),
    "status-503": fake.refuses(503),
    "status-529": fake.refuses(529, {"error": {"type": "overloaded_error", "message": "Overloaded"}}),
    "status-408": fake.refuses(408),
    "reset": fake.reset(),
    "truncated": fake.truncated(),
    "no-finish": fake.stream(),
    "malformed": fake.malformed(),
    "error-event": fake.stream(fake.event(error={"message": "boom", "type": "server_error"})),
}


async def test_a_page_in_the_place_of_an_answer_is_not_asked_for_again(tmp_path: Path) -> None:
    page = fake.stream(b"<html>log in</html>", content_type="text/html")
    async with setting(tmp_path, a=page, b=fake.says("from b")) as it:
        found = await it.router.chat_async("why?")
        assert found.provider == "b"
        assert it.calls() == {"a": 1, "b": 1}


@pytest.mark.parametrize("script", BEFORE.values(), ids=BEFORE)
async def test_what_fails_before_the_first_piece_is_repeated_and_then_asked_of_the_next(
    tmp_path: Path, script: Script
) -> None:
    async with setting(tmp_path, a=script, b=fake.says("from b")) as it:
        task = await it.asked()
        await it.waits(0.5)
        await it.waits(1.0)
        found = await task
        assert (found.text, found.provider) == ("from b", "b")
        assert it.calls() == {"a": 3, "b": 1}
        assert [attempt.outcome for attempt in found.attempts] == ["provider_unavailable"] * 3 + ["ok"]


@pytest.mark.parametrize("script", BEFORE.values(), ids=BEFORE)
async def test_what_fails_once_succeeds_at_the_second_call(tmp_path: Path, script: Script) -> None:
    async with setting(tmp_path, a=[script, fake.says("at last")]) as it:
        task = await it.asked()
        await it.waits(0.5)
        assert (await task).text == "at last"
        assert it.calls() == {"a": 2}


async def resets(exchange: Exchange) -> None:
    exchange.reset()


async def hangs_up(exchange: Exchange) -> None:
    exchange.hang_up()


def sends(*events: bytes) -> Script:
    async def ending(exchange: Exchange) -> None:
        for item in events:
            await exchange.chunk(item)
        await exchange.end()

    return ending


# How an answer ends after its first piece has surely been read.
MIDWAY: dict[str, Script] = {
    "reset": resets,
    "truncated": hangs_up,
    "no-finish": sends(),
    "malformed": sends(b"data: {not json at all\n\n"),
    "error-event": sends(fake.event(error={"message": "boom", "type": "server_error"})),
}


@pytest.mark.parametrize("ending", MIDWAY.values(), ids=MIDWAY)
@pytest.mark.parametrize("strategy", ["single", "fallback", "hedge", "race"])
async def test_what_breaks_midway_is_told_with_what_arrived_and_never_repeated(
    tmp_path: Path, ending: Script, strategy: Strategy
) -> None:
    rival_called, read = asyncio.Event(), asyncio.Event()

    async def rival(exchange: Exchange) -> None:
        rival_called.set()
        await fake.silent(exchange)

    async def breaks(exchange: Exchange) -> None:
        if strategy == "race":
            await rival_called.wait()
        await exchange.open_stream()
        for item in START:
            await exchange.chunk(item)
        await read.wait()
        await ending(exchange)

    async with setting(tmp_path, strategy=strategy, a=breaks, b=rival) as it:
        stream = it.router.stream("why?")
        assert await anext(stream) == TextDelta("half of it")
        read.set()
        with pytest.raises(ProviderUnavailable) as caught:
            await anext(stream)
        assert stream.answer is None
        detail: Any = caught.value.detail
        assert (detail["received_chars"], detail["received"]) == (10, "half of it")
        assert it.calls() == {"a": 1, "b": 1 if strategy == "race" else 0}
        assert len(detail.get("attempts", [0])) == (2 if strategy == "race" else 1)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.5),
        ({"retry_after_ms": "1500"}, 2.0),
        ({"retry_after": "0"}, 0.5),
        ({"retry_after": format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)}, 0.5),
        ({}, 0.5),
        ({"retry_after": "soon"}, 0.5),
        ({"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "3s"}, 3.5),
    ],
    ids=["seconds", "ms", "zero", "past-date", "none", "nonsense", "limits"],
)
async def test_a_limit_is_waited_for_as_long_as_it_asks_and_the_jitter(
    tmp_path: Path, headers: dict[str, str], seconds: float
) -> None:
    async with setting(tmp_path, a=[fake.limited(**headers), fake.says("at last")]) as it:
        task = await it.asked()
        await it.waits(seconds)
        assert (await task).text == "at last"
        assert it.calls() == {"a": 2}


@pytest.mark.parametrize(
    "retry_after",
    ["47", format_datetime(datetime.now(UTC) + timedelta(hours=5), usegmt=True)],
    ids=["seconds", "date"],
)
async def test_nobody_waits_long_but_the_next_is_asked_and_the_cool_down_kept(
    tmp_path: Path, retry_after: str
) -> None:
    async with setting(tmp_path, a=fake.limited(retry_after=retry_after), b=fake.says("from b")) as it:
        for _ in range(3):
            assert (await it.ask()).text == "from b"
        assert it.calls() == {"a": 1, "b": 3}
        error = await it.fails(provider="a")
        assert isinstance(error, RateLimited)
        assert error.retry_after_ms is not None
        assert it.time.pending() == []
        assert it.calls()["a"] == 1


async def test_an_exhausted_quota_is_never_repeated(tmp_path: Path) -> None:
    script = fake.refuses(429, fake.openai_error("You exceeded your quota", "insufficient_quota"))
    async with setting(tmp_path, a=script) as it:
        assert isinstance(await it.fails(), PermissionDenied)
        assert it.calls() == {"a": 1}


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (fake.refuses(401, fake.openai_error("bad key", "invalid_api_key")), PermissionDenied),
        (fake.refuses(404, fake.openai_error("no such model", "model_not_found")), NotFound),
    ],
    ids=["key", "model"],
)
async def test_what_one_provider_refuses_is_asked_of_the_next_and_not_repeated(
    tmp_path: Path, script: Script, kind: type[IsaacError]
) -> None:
    async with setting(tmp_path, a=script, b=fake.says("from b")) as it:
        assert isinstance(await it.fails(provider="a"), kind)
        assert (await it.ask()).text == "from b"
        assert it.calls() == {"a": 2, "b": 1}


async def test_a_bad_request_is_asked_of_nobody_else(tmp_path: Path) -> None:
    script = fake.refuses(400, fake.openai_error("too long", "context_length_exceeded"))
    async with setting(tmp_path, a=script, b=fake.says("from b")) as it:
        assert (await it.fails()).name == "invalid_params"
        assert it.calls() == {"a": 1, "b": 0}


async def test_who_cannot_be_reached_costs_nothing_and_is_repeated_like_others(tmp_path: Path) -> None:
    async with setting(tmp_path, attempts=2, b=fake.says("from b")) as it:
        providers = {"gone": ProviderConfig(base_url=DEAD_PORT, model="m")}
        ai = AIConfig(
            providers={**providers, "b": ProviderConfig(base_url=it["b"].base_url, model="m")},
            order=("gone", "b"),
            retry=RetryConfig(max_attempts=2),
        )
        router = it.router.seen_by(ai, {"HOME": str(tmp_path)})
        task = asyncio.create_task(router.chat_async("why?"))
        await it.waits(0.5)
        found = await task
        assert [attempt.provider for attempt in found.attempts] == ["gone", "gone", "b"]
        assert found.cost_usd == 0.25


async def test_a_silent_service_is_given_up_when_its_time_is_over(tmp_path: Path) -> None:
    async with setting(
        tmp_path, attempts=1, config={"read_timeout_s": 0.05}, a=fake.silent, b=fake.says("from b")
    ) as it:
        assert (await it.ask()).text == "from b"
        await it["a"].left(1)


async def test_the_loser_of_a_hedge_is_cut_and_its_socket_closed_at_once(tmp_path: Path) -> None:
    async with setting(tmp_path, strategy="hedge", a=fake.silent, b=fake.says("from b")) as it:
        task = await it.asked()
        await it["a"].called(1)
        assert it.calls() == {"a": 1, "b": 0}
        await it.waits(3.0)
        found = await task
        assert found.text == "from b"
        await it["a"].left(1)
        assert it.calls() == {"a": 1, "b": 1}
        assert [(item.provider, item.outcome) for item in found.attempts] == [("a", "cancelled"), ("b", "ok")]


async def test_the_losers_of_a_race_are_cut_while_the_winner_still_speaks(tmp_path: Path) -> None:
    gate = asyncio.Semaphore(0)
    async with setting(
        tmp_path,
        strategy="race",
        a=fake.silent,
        b=fake.gated(gate, *answer("one ", "two")),
        c=fake.stalled(fake.delta(role="assistant", content="")),
    ) as it:
        stream = it.router.stream("why?")
        reading = asyncio.ensure_future(anext(stream))
        for name in "abc":
            await it[name].called(1)
        gate.release()
        gate.release()
        assert await reading == TextDelta("one ")
        await it["a"].left(1)
        await it["c"].left(1)
        for _ in range(10):
            gate.release()
        assert (await stream.whole()).text == "one two"
        assert it.calls() == {"a": 1, "b": 1, "c": 1}


async def test_an_endless_answer_ends_when_its_last_reader_leaves(tmp_path: Path) -> None:
    async with setting(tmp_path, a=fake.endless()) as it:
        first, second = it.router.stream("why?"), it.router.stream("why?")
        for _ in range(300):
            await anext(first)
            await anext(second)
        await first.aclose()
        for _ in range(300):
            await anext(second)
        assert it["a"].open == 1
        await second.aclose()
        await it["a"].left(1)
        assert it.calls() == {"a": 1}


async def test_a_stalled_answer_is_reported_with_what_arrived(tmp_path: Path) -> None:
    async with setting(tmp_path, config={"read_timeout_s": 0.05}, a=fake.stalled(*START)) as it:
        error = await it.fails()
        detail: Any = error.detail
        assert isinstance(error, ProviderUnavailable)
        assert detail["received"] == "half of it"
        assert it.calls() == {"a": 1}


async def test_a_broken_service_is_left_alone_and_then_tried_by_one_call(tmp_path: Path) -> None:
    gate = asyncio.Event()
    scripts = [fake.refuses(500), fake.refuses(500), fake.slow(gate, *answer("back"))]
    async with setting(tmp_path, attempts=1, breaker=2, a=scripts, b=fake.says("from b")) as it:
        for _ in range(5):
            assert (await it.ask()).text == "from b"
        assert it.calls()["a"] == 2
        assert it.router.health()[0].breaker == "open"
        it.time.advance(30)
        probe = await it.asked()
        await it["a"].called(3)
        others = [asyncio.create_task(it.router.chat_async(f"{number}")) for number in range(5)]
        assert {(await task).provider for task in others} == {"b"}
        gate.set()
        assert (await probe).text == "back"
        assert it.router.health()[0].breaker == "closed"
        assert it.calls()["a"] == 3


async def test_two_hundred_who_ask_the_same_cost_one_call(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with setting(tmp_path, a=fake.slow(gate, *answer("for all"))) as it:
        tasks = [await it.asked() for _ in range(200)]
        await it["a"].called(1)
        gate.set()
        assert {found.text for found in await asyncio.gather(*tasks)} == {"for all"}
        assert it.calls() == {"a": 1}


async def test_fewer_are_asked_at_once_after_a_limit(tmp_path: Path) -> None:
    async with setting(tmp_path, a=[fake.limited(retry_after="1"), fake.says("x")]) as it:
        task = await it.asked()
        await it.waits(1.5)
        await task
        assert it.router.health()[0].concurrency_limit == 32
