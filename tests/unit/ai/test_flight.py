"""Single flight: the same question at the same time costs one call, and nobody can stop it for the others."""

import asyncio
from pathlib import Path

import pytest

from isaacd.ai.chat import TextDelta
from isaacd.ai.routing.flight import WINDOW
from isaacd.config import RetryConfig
from isaacd.errors import ProviderUnavailable, RateLimited, ServerCancelled
from tests.fake_kind import FINISH, says
from tests.fake_time import settle
from tests.router_house import RouterHouse

pytestmark = pytest.mark.anyio


def held(tmp_path: Path) -> tuple[RouterHouse, asyncio.Event]:
    """Return a house whose provider gives one piece, and the rest when the gate opens."""
    gate = asyncio.Event()
    return RouterHouse(tmp_path, plays={"a": [TextDelta("one "), gate, TextDelta("two"), FINISH]}), gate


async def test_the_same_question_at_the_same_time_is_one_call(tmp_path: Path) -> None:
    house, gate = held(tmp_path)
    tasks = [await house.asked() for _ in range(20)]
    gate.set()
    answers = await asyncio.gather(*tasks)
    assert house.calls() == {"a": 1}
    assert {answer.text for answer in answers} == {"one two"}
    assert len(house.meter.settled) == 1
    assert {answer.attempts for answer in answers} == {answers[0].attempts}


async def test_who_comes_late_gets_what_has_arrived_and_then_the_rest(tmp_path: Path) -> None:
    house, gate = held(tmp_path)
    early, late = house.router.stream("why?"), house.router.stream("why?")
    assert await anext(early) == TextDelta("one ")
    assert await anext(late) == TextDelta("one ")
    gate.set()
    assert [piece async for piece in late] == [TextDelta("two"), FINISH]
    assert [piece async for piece in early] == [TextDelta("two"), FINISH]
    assert house.calls() == {"a": 1}


async def test_exactly_one_of_those_who_share_can_claim_the_answer(tmp_path: Path) -> None:
    house, gate = held(tmp_path)
    streams = [house.router.stream("why?") for _ in range(5)]
    for stream in streams:
        await anext(stream)
    assert sorted(stream.claim() for stream in streams) == [False] * 4 + [True]
    gate.set()
    for stream in streams:
        await stream.whole()
    alone = house.router.stream("why?")
    await alone.whole()
    assert alone.claim()
    assert not alone.claim()


async def test_one_leaving_does_not_stop_it_the_last_one_does(tmp_path: Path) -> None:
    house, _ = held(tmp_path)
    streams = [house.router.stream("why?") for _ in range(3)]
    for stream in streams:
        await anext(stream)
    await streams[0].aclose()
    await streams[1].aclose()
    assert house.running() == 1
    await streams[2].aclose()
    assert house.running() == 0
    assert house.meter.outcomes() == [("a", "cancelled")]


async def test_the_first_asker_being_cancelled_does_not_stop_it(tmp_path: Path) -> None:
    house, gate = held(tmp_path)
    first, second = await house.asked(), await house.asked()
    first.cancel()
    await settle()
    gate.set()
    assert (await second).text == "one two"
    assert house.calls() == {"a": 1}


async def test_who_asks_after_the_last_one_left_begins_anew(tmp_path: Path) -> None:
    house, gate = held(tmp_path)
    first = house.router.stream("why?")
    await anext(first)
    leaving = asyncio.create_task(first.aclose())
    await asyncio.sleep(0)
    gate.set()
    assert (await house.router.chat_async("why?")).text == "one two"
    await leaving
    assert house.calls() == {"a": 2}


async def test_leaving_before_the_call_has_begun_leaves_nothing_behind(tmp_path: Path) -> None:
    house, _ = held(tmp_path)
    task = house.ask()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert house.calls() == {}
    house.kind.plays["a"] = says("fresh")
    assert (await house.router.chat_async("why?")).text == "fresh"


async def test_a_slow_reader_holds_nobody_up(tmp_path: Path) -> None:
    house = RouterHouse(tmp_path, plays={"a": says(*(["x"] * (WINDOW * 4)))})
    slow, fast = house.router.stream("why?"), house.router.stream("why?")
    await anext(slow)
    assert len((await fast.whole()).text) == WINDOW * 4
    assert len((await slow.whole()).text) == WINDOW * 4
    assert house.calls() == {"a": 1}


async def test_nobody_reading_holds_the_provider_back(tmp_path: Path) -> None:
    sent = 0

    def count() -> None:
        nonlocal sent
        sent += 1

    script = [step for _ in range(WINDOW * 8) for step in (count, TextDelta("x"))]
    house = RouterHouse(tmp_path, plays={"a": [*script, FINISH]})
    stream = house.router.stream("why?")
    await anext(stream)
    await settle()
    assert sent <= WINDOW + 65  # what one look takes may be ahead too
    assert len((await stream.whole()).text) == WINDOW * 8


async def test_an_error_goes_to_all_and_each_has_its_own(tmp_path: Path) -> None:
    gate = asyncio.Event()
    house = RouterHouse(tmp_path, plays={"a": [TextDelta("x"), gate, ProviderUnavailable("down")]})
    tasks = [await house.asked() for _ in range(3)]
    gate.set()
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(error) for error in errors] == ["down"] * 3
    assert len({id(error) for error in errors}) == 3


async def test_what_differs_is_not_shared(tmp_path: Path) -> None:
    house, gate = held(tmp_path)
    tasks = [
        await house.asked(),
        await house.asked("what?"),
        await house.asked(max_tokens=5),
        await house.asked(model="a/other"),
        await house.asked(share=False),
        await house.asked(temperature=0.7),
        await house.asked(temperature=0.7),
    ]
    assert house.calls() == {"a": 7}
    other = house.router.seen_by(house.config, {"A_API_KEY": "secret"})
    tasks.append(asyncio.create_task(other.chat_async("why?")))
    await settle()
    assert len(house.meter.calls) == 8
    gate.set()
    await asyncio.gather(*tasks)


async def test_a_temperature_of_0_is_shared(tmp_path: Path) -> None:
    house, gate = held(tmp_path)
    tasks = [await house.asked(temperature=0.0) for _ in range(2)]
    assert house.calls() == {"a": 1}
    gate.set()
    await asyncio.gather(*tasks)


async def test_a_person_who_joins_a_batch_brings_it_forward(tmp_path: Path) -> None:
    gate = asyncio.Event()
    house = RouterHouse(
        tmp_path, plays={"a": [gate, *says("x")]}, providers={"a": {"max_concurrency": 1}}, order=("a",)
    )
    running = await house.asked("running", provider="a")
    ahead = await house.asked("ahead", provider="a", lane="batch")
    shared = await house.asked("shared", provider="a", lane="batch")
    person = await house.asked("shared", provider="a")
    gate.set()
    await asyncio.gather(running, ahead, shared, person)
    assert [request.messages[-1].content for request in house.kind.made["a"].requests] == [
        "running",
        "shared",
        "ahead",
    ]


async def test_the_most_patient_asker_decides_how_long_is_waited(tmp_path: Path) -> None:
    house = RouterHouse(
        tmp_path,
        first={"a": [[RateLimited("slow", retry_after_ms=7000)]]},
        retry=RetryConfig(max_attempts=3, max_wait_s=20),
        luck=(0.0,),
    )
    gate = asyncio.Event()
    house.meter.gate = gate
    hasty = await house.asked(provider="a", deadline_s=5)
    patient = await house.asked(provider="a", deadline_s=60)
    gate.set()
    await settle()
    await house.time.pass_(5)
    assert "in time" in str(hasty.exception())
    await house.time.pass_(2)
    assert (await patient).text == "from a"


async def test_closing_the_router_stops_all_answers_and_tells_their_askers(tmp_path: Path) -> None:
    house, _ = held(tmp_path)
    tasks = [await house.asked(), await house.asked("what?")]
    await house.router.aclose()
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(error) for error in errors] == [ServerCancelled] * 2
    assert house.running() == 0
    assert house.kind.made["a"].closed
