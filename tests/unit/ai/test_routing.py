"""Fallback, hedge, race and retries: who is called, how often, when, and what is paid for it."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import anyio
import pytest

from isaacd.ai.chat import (
    Answer,
    ChatRequest,
    Message,
    Opened,
    RateLimits,
    Reasoning,
    ReasoningDelta,
    TextDelta,
    ToolCall,
)
from isaacd.ai.choice import OFFLINE
from isaacd.ai.router import AIRouter
from isaacd.ai.routing.answering import HEDGE_START_S
from isaacd.config import AIConfig, BreakerConfig, ProviderConfig, RetryConfig
from isaacd.errors import (
    BudgetExceeded,
    DeadlineExceeded,
    InternalError,
    InvalidParams,
    IsaacError,
    NotFound,
    PermissionDenied,
    ProviderUnavailable,
    RateLimited,
)
from tests.fake_host import make_host
from tests.fake_kind import FINISH, CountingMeter, Kind, Step, says
from tests.fake_time import FakeTime, settle
from tests.router_house import RouterHouse

pytestmark = pytest.mark.anyio

DOWN = ProviderUnavailable("down", detail={"status": 500})
THRICE = RetryConfig(max_attempts=3, max_wait_s=20)


def limited(seconds: float | None = None) -> RateLimited:
    return RateLimited("slow down", retry_after_ms=None if seconds is None else round(seconds * 1000))


def told(answer: Answer) -> list[tuple[str, str]]:
    return [(attempt.provider, attempt.outcome) for attempt in answer.attempts]


class TestFallback:
    async def test_the_first_that_answers_gives_the_answer(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [DOWN], "b": [NotFound("no such model")]})
        answer = await house.router.chat_async("why?")
        assert answer.text == "from c"
        assert told(answer) == [("a", "provider_unavailable"), ("b", "not_found"), ("c", "ok")]
        assert answer.chosen == "next in ai.order"
        assert [call.reason for call in house.meter.calls] == ["first", "fallback", "fallback"]
        assert [call.attempt for call in house.meter.calls] == [1, 2, 3]

    async def test_each_is_asked_for_its_own_model(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [DOWN]})
        await house.router.chat_async("why?")
        assert [house.kind.made[name].requests[0].model for name in "ab"] == ["m-a", "m-b"]

    @pytest.mark.parametrize("error", [InvalidParams("bad request"), BudgetExceeded("no money")])
    async def test_what_is_wrong_with_the_request_is_not_asked_of_others(
        self, tmp_path: Path, error: IsaacError
    ) -> None:
        house = RouterHouse(tmp_path, plays={"a": [error]})
        with pytest.raises(type(error)):
            await house.router.chat_async("why?")
        assert house.calls() == {"a": 1}

    async def test_all_failing_makes_one_error_that_tells_what_each_said(self, tmp_path: Path) -> None:
        house = RouterHouse(
            tmp_path, plays={"a": [DOWN], "b": [PermissionDenied("bad key")], "c": [limited(300)]}
        )
        with pytest.raises(ProviderUnavailable) as caught:
            await house.router.chat_async("why?")
        for said in ("a: down", "b: bad key", "c: slow down"):
            assert said in caught.value.message
        assert caught.value.retry_after_ms is None  # `a` may be back before
        detail: Any = caught.value.detail
        assert [item["outcome"] for item in detail["attempts"]] == [
            "provider_unavailable",
            "permission_denied",
            "rate_limited",
        ]
        assert [item["error"] for item in detail["errors"]] == [
            "provider_unavailable",
            "permission_denied",
            "rate_limited",
        ]

    async def test_if_all_say_how_long_to_wait_the_shortest_time_is_told(self, tmp_path: Path) -> None:
        house = RouterHouse(
            tmp_path, plays={"a": [limited(300)], "b": [limited(60)], "c": [PermissionDenied("key")]}
        )
        with pytest.raises(RateLimited) as caught:
            await house.router.chat_async("why?")
        assert caught.value.retry_after_ms == 60_000

    async def test_if_waiting_would_not_help_the_error_does_not_say_so(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={key: [PermissionDenied("bad key")] for key in "abc"})
        with pytest.raises(PermissionDenied) as caught:
            await house.router.chat_async("why?")
        assert not caught.value.retryable

    async def test_one_that_took_long_to_fail_is_not_asked_again_before_the_others(
        self, tmp_path: Path
    ) -> None:
        house = RouterHouse(tmp_path, retry=THRICE)
        house.kind.plays["a"] = [lambda: house.time.advance(60), DOWN]
        answer = await house.router.chat_async("why?")
        assert told(answer) == [("a", "provider_unavailable"), ("b", "ok")]

    async def test_nobody_is_asked_after_text_was_handed_out(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [TextDelta("half an ans"), DOWN]}, retry=THRICE)
        stream = house.router.stream("why?")
        assert await anext(stream) == TextDelta("half an ans")
        with pytest.raises(ProviderUnavailable) as caught:
            await anext(stream)
        assert caught.value.detail == {"status": 500, "received_chars": 11, "received": "half an ans"}
        assert stream.answer is None
        assert house.calls() == {"a": 1}
        assert house.meter.outcomes() == [("a", "broken")]

    async def test_only_those_in_the_order_stand_behind_the_first(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [DOWN]}, order=())
        with pytest.raises(ProviderUnavailable):
            await house.router.chat_async("why?")
        assert house.calls() == {"a": 1}

    @pytest.mark.parametrize("options", [{"provider": "b"}, {"model": "b/x"}, {"model": "x"}])
    async def test_who_is_named_is_asked_alone(self, tmp_path: Path, options: dict[str, str]) -> None:
        house = RouterHouse(tmp_path, plays={key: [DOWN] for key in "abc"})
        with pytest.raises(ProviderUnavailable, match=r"^down$"):
            await house.router.chat_async("why?", **options)  # type: ignore[arg-type]
        assert sum(house.calls().values()) == 1

    async def test_a_list_says_who_is_asked_in_which_order(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"c": [DOWN]}, strategy="single")
        answer = await house.router.query_with_fallback("why?", ["c", "b/special"])
        assert told(answer) == [("c", "provider_unavailable"), ("b", "ok")]
        assert house.kind.made["b"].requests[0].model == "special"

    async def test_single_asks_only_the_first(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [DOWN]}, strategy="single")
        with pytest.raises(ProviderUnavailable):
            await house.router.chat_async("why?")
        assert house.calls() == {"a": 1}


class TestRetries:
    async def test_waits_are_random_below_a_bound_that_doubles(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, first={"a": [[DOWN], [DOWN]]}, retry=THRICE, luck=(0.0, 0.5, 0.8))
        task = await house.asked(provider="a")
        assert house.time.pending() == [0.25]
        await house.time.pass_(0.25)
        assert house.time.pending() == [0.8]
        await house.time.pass_(0.8)
        answer = await task
        assert told(answer) == [("a", "provider_unavailable")] * 2 + [("a", "ok")]
        assert [call.reason for call in house.meter.calls] == ["first", "retry", "retry"]
        assert answer.cost_usd == 0.25  # nobody charges for an error status

    async def test_calls_are_no_more_than_allowed(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [DOWN]}, retry=THRICE)
        task = await house.asked(provider="a")
        await house.time.pass_(10)
        await house.time.pass_(10)
        with pytest.raises(ProviderUnavailable) as caught:
            await task
        assert house.calls() == {"a": 3}
        assert caught.value.detail is not None
        assert len(caught.value.detail["attempts"]) == 3  # type: ignore[arg-type]

    async def test_retry_after_is_obeyed(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, first={"a": [[limited(7)]]}, retry=THRICE, luck=(0.0,))
        task = await house.asked(provider="a")
        await house.time.pass_(6.9)
        assert house.calls() == {"a": 1}
        await house.time.pass_(0.2)
        assert (await task).text == "from a"

    async def test_nobody_waits_for_longer_than_allowed(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [limited(47)]}, retry=THRICE)
        with pytest.raises(RateLimited) as caught:
            await house.router.chat_async("why?", provider="a")
        assert caught.value.retry_after_ms == 47_000
        assert house.time.pending() == []
        assert house.calls() == {"a": 1}

    async def test_nobody_is_waited_for_while_another_can_be_asked(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [limited(7)]}, retry=THRICE)
        assert (await house.router.chat_async("why?")).provider == "b"
        assert house.time.pending() == []

    async def test_if_all_others_fail_it_is_waited_for(self, tmp_path: Path) -> None:
        house = RouterHouse(
            tmp_path,
            first={"a": [[limited(7)]]},
            plays={"b": [PermissionDenied("key")], "c": [limited(400)]},
            retry=THRICE,
            luck=(0.0,),
        )
        task = await house.asked()
        assert house.time.pending() == [7.0]
        await house.time.pass_(7)
        assert (await task).text == "from a"
        assert house.calls() == {"a": 2, "b": 1, "c": 1}

    async def test_a_wait_that_ends_after_the_deadline_is_not_begun(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [limited(19)]}, retry=THRICE)
        with pytest.raises(RateLimited):
            await house.router.chat_async("why?", provider="a", deadline_s=15)
        with anyio.fail_after(15), pytest.raises(RateLimited):
            await house.router.chat_async("and why?", provider="a")
        assert house.calls() == {"a": 1}

    async def test_the_deadline_ends_a_call_that_takes_too_long(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [TextDelta("so"), asyncio.Event(), FINISH]})
        task = await house.asked(deadline_s=5)
        await house.time.pass_(4.9)
        assert not task.done()
        await house.time.pass_(0.2)
        with pytest.raises(DeadlineExceeded) as caught:
            await task
        assert caught.value.detail == {"received_chars": 2, "received": "so"}
        assert house.running() == 0
        assert house.meter.outcomes() == [("a", "cancelled")]

    async def test_what_is_not_safe_to_repeat_is_not_repeated(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [PermissionDenied("key")]}, retry=THRICE)
        with pytest.raises(PermissionDenied):
            await house.router.chat_async("why?", provider="a")
        assert house.calls() == {"a": 1}


class TestCoolDown:
    async def test_it_is_remembered_for_the_next_request(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, first={"a": [[limited(47)]]}, retry=THRICE)
        await house.router.chat_async("why?")
        assert (await house.router.chat_async("and why?")).provider == "b"
        assert house.calls()["a"] == 1
        with pytest.raises(RateLimited) as caught:
            await house.router.chat_async("why?", provider="a")
        assert caught.value.retry_after_ms == 47_000
        house.time.advance(47)
        assert (await house.router.chat_async("why?", provider="a")).provider == "a"

    async def test_a_short_one_is_waited_for(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, first={"a": [[limited(30)]]}, retry=THRICE)
        with pytest.raises(RateLimited):
            await house.router.chat_async("why?", provider="a")
        house.time.advance(15)
        task = await house.asked(provider="a")
        assert house.time.pending() == [15]
        await house.time.pass_(15)
        assert (await task).text == "from a"

    async def test_it_is_that_of_one_model(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, first={"a": [[limited(300)]]})
        with pytest.raises(RateLimited):
            await house.router.chat_async("why?", provider="a")
        assert (await house.router.chat_async("why?", model="a/other")).text == "from a"

    async def test_it_holds_for_those_who_stood_in_line_meanwhile(self, tmp_path: Path) -> None:
        gate = asyncio.Event()
        house = RouterHouse(
            tmp_path, plays={"a": [gate, limited(300)]}, providers={"a": {"max_concurrency": 1}}
        )
        tasks = [await house.asked(f"{number}") for number in range(4)]
        gate.set()
        assert {(await task).provider for task in tasks} == {"b"}
        assert house.calls()["a"] == 1

    async def test_the_headers_of_the_provider_hold_the_next_call_back(self, tmp_path: Path) -> None:
        opened = Opened(RateLimits(requests_remaining=0, requests_reset_s=12))
        house = RouterHouse(tmp_path, plays={"a": [opened, *says("from a")]})
        assert (await house.router.chat_async("why?")).provider == "a"
        assert (await house.router.chat_async("and why?")).provider == "b"
        task = await house.asked("but why?", provider="a")
        assert not task.done()
        await house.time.pass_(12)
        assert (await task).provider == "a"


class TestBreaker:
    CONFIG = BreakerConfig(failures=2, window_s=60, open_s=30)

    async def test_an_open_circuit_is_not_called_and_then_tried_once(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [DOWN]}, breaker=self.CONFIG)
        for _ in range(4):
            assert (await house.router.chat_async("why?")).provider == "b"
        assert house.calls()["a"] == 2
        with pytest.raises(ProviderUnavailable, match="left alone") as caught:
            await house.router.chat_async("why?", provider="a")
        assert caught.value.retry_after_ms == 30_000
        assert house.calls()["a"] == 2
        house.time.advance(30)
        gate = asyncio.Event()
        house.kind.made["a"].script = [gate, *says("back")]
        probe = await house.asked("one", provider="a")
        others = [await house.router.chat_async(f"{number}") for number in range(5)]
        assert {answer.provider for answer in others} == {"b"}
        gate.set()
        assert (await probe).text == "back"
        assert (await house.router.chat_async("why?")).provider == "a"

    async def test_those_who_stood_in_line_do_not_call_after_it_opened(self, tmp_path: Path) -> None:
        gate = asyncio.Event()
        house = RouterHouse(
            tmp_path,
            plays={"a": [gate, DOWN]},
            providers={"a": {"max_concurrency": 1}},
            breaker=BreakerConfig(failures=1),
        )
        tasks = [await house.asked(f"{number}") for number in range(4)]
        gate.set()
        assert {(await task).provider for task in tasks} == {"b"}
        assert house.calls()["a"] == 1

    async def test_its_state_can_be_seen(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [DOWN]}, breaker=self.CONFIG)
        assert house.router.health() == []
        for _ in range(2):
            await house.router.chat_async("why?")
        a, b, c = house.router.health()
        assert (a.provider, a.model, a.breaker, a.retry_at) == ("a", "m-a", "open", house.time.now() + 30)
        assert (b.breaker, b.retry_at, b.in_flight, b.concurrency_limit) == ("closed", None, 0, 64)
        assert c.provider == "c"
        house.time.advance(30)
        assert house.router.health()[0].breaker == "half-open"

    async def test_what_callers_do_wrong_does_not_open_it(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [PermissionDenied("key")]}, breaker=self.CONFIG)
        for _ in range(5):
            with pytest.raises(PermissionDenied):
                await house.router.chat_async("why?", provider="a")
        assert house.router.health()[0].breaker == "closed"

    async def test_cancelled_calls_do_not_open_it(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [asyncio.Event()]}, breaker=self.CONFIG)
        for _ in range(5):
            task = await house.asked(provider="a")
            task.cancel()
            await settle()
        assert house.router.health()[0].breaker == "closed"
        assert house.running() == 0


class TestHedge:
    async def test_the_next_is_asked_when_the_first_takes_too_long_and_the_loser_is_cut(
        self, tmp_path: Path
    ) -> None:
        house = RouterHouse(tmp_path, plays={"a": [asyncio.Event(), FINISH]}, strategy="hedge")
        task = await house.asked()
        assert house.time.pending() == [HEDGE_START_S]
        assert house.calls() == {"a": 1}
        await house.time.pass_(HEDGE_START_S)
        answer = await task
        assert answer.text == "from b"
        assert told(answer) == [("a", "cancelled"), ("b", "ok")]
        assert house.calls() == {"a": 1, "b": 1}
        assert house.kind.made["a"].cut == 1
        assert house.running() == 0
        assert answer.cost_usd == 0.5
        assert [call.reason for call in house.meter.calls] == ["first", "hedge"]
        assert house.time.pending() == []

    async def test_who_is_fast_enough_is_asked_alone(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, strategy="hedge")
        answer = await house.router.chat_async("why?")
        assert told(answer) == [("a", "ok")]
        assert house.time.pending() == []

    async def test_the_delay_follows_what_was_observed(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, strategy="hedge", plays={"a": []})
        await house.router.chat_async("make b", provider="b")
        for _ in range(20):
            gate = asyncio.Event()
            house.kind.plays["a"] = [gate, *says("x")]
            if "a" in house.kind.made:
                house.kind.made["a"].script = house.kind.plays["a"]
            task = await house.asked(provider="a")
            await house.time.pass_(0.4)
            gate.set()
            await task
        house.kind.made["a"].script = [asyncio.Event()]
        task = await house.asked()
        assert house.time.pending() == [pytest.approx(0.4)]
        await house.time.pass_(0.41)
        assert (await task).provider == "b"

    async def test_the_delay_can_be_configured(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, strategy="hedge", plays={"a": [asyncio.Event()]}, hedge_after_s=1.5)
        task = await house.asked()
        assert house.time.pending() == [1.5]
        await house.time.pass_(1.5)
        assert (await task).provider == "b"

    async def test_a_request_that_is_refused_is_not_asked_of_the_next(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, strategy="hedge", plays={"a": [InvalidParams("too long")]})
        with pytest.raises(InvalidParams):
            await house.router.chat_async("why?")
        assert house.calls() == {"a": 1}

    async def test_who_is_left_alone_takes_no_part(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, strategy="hedge", first={"a": [[limited(300)]]})
        with pytest.raises(RateLimited):
            await house.router.chat_async("why?", provider="a")
        assert told(await house.router.chat_async("why?")) == [("b", "ok")]

    async def test_who_fails_lets_the_next_begin_at_once(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, strategy="hedge", plays={"a": [DOWN]}, retry=THRICE)
        answer = await house.router.chat_async("why?")
        assert told(answer) == [("a", "provider_unavailable"), ("b", "ok")]

    async def test_if_all_have_failed_they_are_asked_again_in_order(self, tmp_path: Path) -> None:
        house = RouterHouse(
            tmp_path, strategy="hedge", first={name: [[DOWN]] for name in "abc"}, retry=THRICE, luck=(0.0,)
        )
        answer = await house.router.chat_async("why?")
        assert [provider for provider, _ in told(answer)] == ["a", "b", "c", "a"]

    async def test_the_first_to_give_a_piece_wins_even_if_it_was_asked_first(self, tmp_path: Path) -> None:
        gate = asyncio.Event()
        house = RouterHouse(
            tmp_path, strategy="hedge", plays={"a": [gate, *says("late")], "b": [asyncio.Event()]}
        )
        task = await house.asked()
        await house.time.pass_(HEDGE_START_S)
        gate.set()
        answer = await task
        assert answer.text == "late"
        assert told(answer) == [("a", "ok"), ("b", "cancelled")]


class TestRace:
    async def test_all_are_asked_and_all_but_the_first_are_cut(self, tmp_path: Path) -> None:
        gates = {name: asyncio.Event() for name in "abc"}
        house = RouterHouse(
            tmp_path, strategy="race", plays={name: [gates[name], *says(name)] for name in "abc"}
        )
        task = await house.asked()
        assert house.calls() == {"a": 1, "b": 1, "c": 1}
        gates["b"].set()
        answer = await task
        assert answer.text == "b"
        assert sorted(told(answer)) == [("a", "cancelled"), ("b", "ok"), ("c", "cancelled")]
        assert house.running() == 0
        assert answer.cost_usd == 0.75
        assert sorted(house.meter.outcomes()) == sorted(told(answer))

    async def test_losers_are_cut_while_the_winner_still_speaks(self, tmp_path: Path) -> None:
        house = RouterHouse(
            tmp_path,
            strategy="race",
            plays={"a": [asyncio.Event()], "b": [TextDelta("b"), asyncio.Event()], "c": [asyncio.Event()]},
        )
        async with house.router.stream("why?") as stream:
            assert await anext(stream) == TextDelta("b")
            await settle()
            assert {name for name, item in house.kind.made.items() if item.running} == {"b"}

    async def test_two_first_pieces_at_the_same_moment_make_one_answer(self, tmp_path: Path) -> None:
        gate = asyncio.Event()
        house = RouterHouse(tmp_path, strategy="race", plays={name: [gate, *says(name)] for name in "abc"})
        task = await house.asked()
        gate.set()
        answer = await task
        assert answer.text in "abc"
        assert len(answer.text) == 1
        assert sorted(outcome for _, outcome in told(answer)) == ["cancelled", "cancelled", "ok"]

    async def test_a_loser_that_goes_on_is_not_heard(self, tmp_path: Path) -> None:
        async def stubborn() -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

        house = RouterHouse(
            tmp_path, strategy="race", plays={"a": [stubborn, *says("late")], "b": says("b"), "c": [DOWN]}
        )
        answer = await house.router.chat_async("why?")
        assert answer.text == "b"
        assert ("a", "cancelled") in told(answer)

    @pytest.mark.parametrize(
        "piece", [ReasoningDelta("hm"), ToolCall("1", "look", "{}"), FINISH], ids=["reasoning", "tool", "end"]
    )
    async def test_whatever_is_part_of_an_answer_wins(self, tmp_path: Path, piece: Any) -> None:
        script: list[Step] = [piece] if piece is FINISH else [piece, FINISH]
        house = RouterHouse(
            tmp_path, strategy="race", plays={"a": [Opened(), asyncio.Event()], "b": script, "c": [DOWN]}
        )
        assert (await house.router.chat_async("why?")).provider == "b"

    async def test_a_winner_that_breaks_is_broken(self, tmp_path: Path) -> None:
        gate = asyncio.Event()
        house = RouterHouse(
            tmp_path,
            strategy="race",
            plays={"a": [TextDelta("x"), DOWN], "b": [gate, *says("b")], "c": [gate]},
        )
        with pytest.raises(ProviderUnavailable) as caught:
            await house.router.chat_async("why?")
        assert caught.value.detail is not None
        assert caught.value.detail["received"] == "x"
        assert house.running() == 0

    async def test_one_that_fails_does_not_end_the_race(self, tmp_path: Path) -> None:
        gate = asyncio.Event()
        house = RouterHouse(
            tmp_path,
            strategy="race",
            plays={"a": [InvalidParams("too long")], "b": [DOWN], "c": [gate, *says("c")]},
        )
        task = await house.asked()
        assert not task.done()
        gate.set()
        assert (await task).text == "c"

    async def test_the_offline_answers_do_not_race(self, tmp_path: Path) -> None:
        kind = Kind()
        gate = asyncio.Event()
        kind.plays = {"a": [gate, *says("a")], OFFLINE: says("offline")}
        config = AIConfig(
            providers={"a": ProviderConfig(kind="scripted"), OFFLINE: ProviderConfig(kind=OFFLINE)},
            order=("a", OFFLINE),
            strategy="race",
            retry=RetryConfig(max_attempts=1),
        )
        meter = CountingMeter()
        router = AIRouter(
            config, {"scripted": kind, OFFLINE: kind}, make_host(tmp_path), clock=FakeTime(), meter=meter
        )
        task = asyncio.create_task(router.chat_async("why?"))
        await settle()
        gate.set()
        assert (await task).provider == "a"
        kind.made["a"].script = [DOWN]
        answer = await router.chat_async("why?")
        assert (answer.provider, len(meter.calls)) == (OFFLINE, 2)

    async def test_a_cancelled_race_cuts_all(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, strategy="race", plays={key: [asyncio.Event()] for key in "abc"})
        task = await house.asked()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert house.running() == 0
        assert [outcome for _, outcome in house.meter.outcomes()] == ["cancelled"] * 3


class TestMoney:
    async def test_a_call_over_budget_is_not_made(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path)
        house.meter.refuse["a"] = BudgetExceeded("no money")
        with pytest.raises(BudgetExceeded):
            await house.router.chat_async("why?")
        assert house.calls() == {}
        assert house.router.health()[0].in_flight == 0

    async def test_every_reservation_is_settled_once_when_its_maker_leaves_meanwhile(
        self, tmp_path: Path
    ) -> None:
        house = RouterHouse(tmp_path)
        house.meter.gate = asyncio.Event()
        task = await house.asked()
        task.cancel()
        await settle()
        house.meter.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert house.meter.outcomes() == [("a", "cancelled")]
        assert not next(iter(house.meter.settled.values())).sent
        assert house.calls() == {}

    async def test_the_bill_has_what_arrived(self, tmp_path: Path) -> None:
        pieces: list[Step] = [ReasoningDelta("hm "), TextDelta("yes"), ToolCall("1", "x", "{}"), FINISH]
        house = RouterHouse(tmp_path, plays={"a": pieces})
        await house.router.chat_async("why?")
        (outcome,) = house.meter.settled.values()
        assert (outcome.outcome, outcome.text, outcome.model, outcome.usage) == (
            "ok",
            "hm yes{}",
            "s-1",
            FINISH.usage,
        )
        (call,) = house.meter.calls
        assert (call.provider, call.kind, call.model, call.lane) == ("a", "scripted", "m-a", "interactive")

    async def test_an_unpriced_call_makes_the_price_of_the_answer_unknown(self, tmp_path: Path) -> None:
        house = RouterHouse(tmp_path, plays={"a": [DOWN]})
        house.meter.price = None
        assert (await house.router.chat_async("why?")).cost_usd is None

    async def test_what_never_reached_the_provider_costs_nothing(self, tmp_path: Path) -> None:
        refused = ProviderUnavailable("refused", detail={"sent": False})
        house = RouterHouse(tmp_path, plays={"a": [refused]})
        assert (await house.router.chat_async("why?")).cost_usd == 0.25


async def test_the_blocks_of_reasoning_are_kept_apart(tmp_path: Path) -> None:
    pieces: list[Step] = [
        ReasoningDelta("one "),
        ReasoningDelta("two", "sealed"),
        ReasoningDelta("", "encrypted"),
        TextDelta("so"),
        ReasoningDelta("open"),
        FINISH,
    ]
    house = RouterHouse(tmp_path, plays={"a": pieces})
    answer = await house.router.chat_async("why?")
    assert answer.reasoning == (
        Reasoning("one two", "sealed", "scripted"),
        Reasoning("", "encrypted", "scripted"),
        Reasoning("open", "", "scripted"),
    )


async def test_fifty_questions_are_all_under_way_at_once(tmp_path: Path) -> None:
    gate = asyncio.Event()
    house = RouterHouse(tmp_path, plays={"a": [gate, *says("x")]})
    task = asyncio.create_task(house.router.batch_query([f"question {number}" for number in range(50)]))
    await settle()
    assert house.kind.made["a"].running == 50
    gate.set()
    assert len(await task) == 50


async def test_a_batch_keeps_the_order_and_its_failures_to_themselves(tmp_path: Path) -> None:
    house = RouterHouse(tmp_path, strategy="single")
    house.kind.first["a"] = [says("zero"), [InvalidParams("bad")], says("two")]
    house.kind.plays["a"] = says("more")
    answers = await house.router.batch_query((str(number) for number in range(4)), limit=1)
    assert [item.text if isinstance(item, Answer) else item.message for item in answers] == [
        "zero",
        "bad",
        "two",
        "more",
    ]
    assert {call.lane for call in house.meter.calls} == {"batch"}


async def test_a_batch_is_patient_where_a_person_is_not(tmp_path: Path) -> None:
    house = RouterHouse(tmp_path, providers={"a": {"requests_per_minute": 2}})
    task = asyncio.create_task(house.router.batch_query(["1", "2", "3", "4", "5"], provider="a"))
    await settle()
    assert house.calls() == {"a": 2}
    with pytest.raises(RateLimited):
        await house.router.chat_async("quick!", provider="a")
    await house.time.pass_(60)
    assert house.calls() == {"a": 4}
    await house.time.pass_(60)
    assert [type(answer) for answer in await task] == [Answer] * 5


async def test_a_question_of_a_batch_may_bring_its_own_options(tmp_path: Path) -> None:
    house = RouterHouse(tmp_path)
    question = ChatRequest(messages=(Message("user", "why?"),), model="b/x", max_tokens=7, temperature=0.5)
    await house.router.batch_query([question, "how?"], max_tokens=9, lane="interactive")
    (first,) = house.kind.made["b"].requests
    assert (first.model, first.max_tokens, first.temperature) == ("x", 7, 0.5)
    (second,) = house.kind.made["a"].requests
    assert (second.max_tokens, second.temperature) == (9, None)
    assert {call.lane for call in house.meter.calls} == {"interactive"}
    with pytest.raises(InvalidParams):
        await house.router.batch_query([], limit=0)
    assert await house.router.batch_query([]) == []


async def test_what_is_configured_for_all_requests_is_sent_along(tmp_path: Path) -> None:
    house = RouterHouse(tmp_path, max_tokens=100, prompt_cache=False)
    await house.router.chat_async("why?", stop=["END"], effort="low", conversation="c", stream=False)
    (request,) = house.kind.made["a"].requests
    assert (request.max_tokens, request.prompt_cache, request.stop) == (100, False, ("END",))
    assert (request.effort, request.conversation, request.stream) == ("low", "c", False)


async def test_a_provider_can_be_lent_and_asked_for_its_models(tmp_path: Path) -> None:
    house = RouterHouse(tmp_path)
    assert await house.router.models("a") == ()
    async with house.router.lend(house.router.choose(provider="a")) as provider:
        assert provider.name == "a"
    assert house.router.aliases()["local"] == []
    assert [choice.provider for choice in house.router.route("why?").choices] == ["a", "b", "c"]


async def test_calls_under_way_can_be_seen(tmp_path: Path) -> None:
    gate = asyncio.Event()
    house = RouterHouse(
        tmp_path, plays={"a": [gate, *says("x")]}, providers={"a": {"max_concurrency": 2}}, order=("a",)
    )
    tasks = [await house.asked(f"{number}") for number in range(5)]
    (health,) = house.router.health()
    assert (health.in_flight, health.queued, health.concurrency_limit) == (2, 3, 2)
    gate.set()
    await asyncio.gather(*tasks)
    (health,) = house.router.health()
    assert (health.in_flight, health.queued) == (0, 0)
    assert health.first_piece_p50_ms is not None


async def test_a_defect_of_ours_is_told_as_one_and_leaves_nothing_behind(tmp_path: Path) -> None:
    house = RouterHouse(tmp_path)
    house.meter.refuse["a"] = RuntimeError("secret")
    with pytest.raises(InternalError, match="RuntimeError") as caught:
        await house.router.chat_async("why?")
    assert "secret" not in caught.value.message
    assert house.router.health()[0].in_flight == 0
    assert "an answer failed" in (tmp_path / "log").read_text()
