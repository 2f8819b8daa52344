"""A slow provider costs those who ask it their time, and nobody else anything; what never comes is given up and counted."""

import asyncio
import itertools
from collections.abc import Iterator

import pytest

from tests.daemon import eventually
from tests.fake_provider import Exchange, delta, endless, silent
from tests.http_client import HttpClient
from tests.ill_providers import IllHouse, ask_all, ill_house, told_of, well

BEGUN = "so far"
DRIP_S = 0.02
MANY = 12


async def stops(exchange: Exchange) -> None:
    """Begin to answer, in one piece with the head, and say nothing more."""
    piece = delta(content=BEGUN)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    await exchange.raw(head + b"%x\r\n%s\r\n" % (len(piece), piece))
    await asyncio.Event().wait()


async def drips_head(exchange: Exchange) -> None:
    """Send a head byte by byte, whose end never comes."""
    await exchange.raw(b"HTTP/1.1 200 OK\r\n")
    for number in itertools.count():
        await asyncio.sleep(DRIP_S)  # the pace of the service; nothing here waits for it
        await exchange.raw(b"X-%d: y\r\n" % number if number % 4 else b"X")


async def drips(exchange: Exchange) -> None:
    """Begin a line of the answer byte by byte, whose end never comes."""
    await exchange.open_stream()
    await exchange.chunk(b"data: ")
    while True:
        await asyncio.sleep(DRIP_S)
        await exchange.chunk(b"x")


async def hums(exchange: Exchange) -> None:
    """Say again and again that an answer will come."""
    await exchange.open_stream()
    while True:
        await asyncio.sleep(DRIP_S)
        await exchange.chunk(b": wait\n\n")


NEVER = {"silent": silent, "stops": stops, "drips": drips, "drips head": drips_head}
ENDLESS = {**NEVER, "hums": hums, "endless": endless()}


@pytest.fixture(scope="module")
def house() -> Iterator[IllHouse]:
    with ill_house(
        lambda ward: {**ENDLESS, "late": ward.late, "paused": ward.paused},
        patient="",
        hasty="connect_timeout_s = 0.15\nread_timeout_s = 0.15",
        other="",
    ) as house:
        yield house


def test_those_who_wait_hold_nobody_up_and_are_all_answered_in_the_end(house: IllHouse) -> None:
    waiting = [f"{kind} {number}" for kind in ("late", "paused") for number in range(MANY)]
    before = house.today()
    with house.daemon.caller() as slow, house.daemon.caller() as caller:
        asked = {slow.ask("ask", {"question": text, "provider": "patient"}): text for text in waiting}
        others = ask_all(caller, [f"other {number}" for number in range(MANY)], provider="other")
        assert {text: told["text"] for text, (_, told) in others.items()} == {
            text: well(text) for text in others
        }
        for number in range(MANY):
            assert caller.call("greet", {"name": str(number)})
            assert "exit" in caller.call("cli.run", {"argv": ["status"]})
        with HttpClient(house.daemon.connect()) as client:
            assert client.chat("over http 1", model="other/m").status == 200
        assert house.daemon.status()["in_flight"] == len(
            waiting
        )  # so nobody was answered, or given up, meanwhile
        house.open_gate()
        told = told_of(slow, asked)
    assert {text: (kind, value["text"]) for text, (kind, value) in told.items()} == {
        text: ("reply", well(text)) for text in waiting
    }
    house.let_go()
    after = house.today()
    assert after["ok"] - before["ok"] == len(waiting) + MANY + 1
    assert after["failed"] == before["failed"]


@pytest.mark.parametrize("kind", NEVER)
def test_what_never_comes_is_given_up_and_not_kept(house: IllHouse, kind: str) -> None:
    before = house.today()
    questions = [f"{kind} {number}" for number in range(3)]
    with house.daemon.caller() as caller:
        told = ask_all(caller, questions, provider="hasty")
        assert {text: (how, error.split(":")[0]) for text, (how, error) in told.items()} == dict.fromkeys(
            questions, ("error", "provider_unavailable")
        )
        house.let_go()
        # None of it is an answer: what is asked again is called for again, and counted again.
        calls = house.count(kind)
        assert ask_all(caller, questions[:1], provider="hasty")[questions[0]][0] == "error"
        house.let_go()
        assert house.count(kind) >= calls
        after = house.today()
        assert (after["ok"], after["failed"]) == (before["ok"], before["failed"] + len(questions) + 1)
        assert house.daemon.status()["in_flight"] == 0


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_deadline_ends_the_wait_and_the_call(house: IllHouse, kind: str) -> None:
    with house.daemon.caller() as caller:
        told = ask_all(caller, [f"{kind} 10"], provider="patient", _meta={"deadline_ms": 150})
        ((how, error),) = told.values()
        assert (how, error.split(":")[0]) == ("error", "deadline_exceeded")
        house.let_go()
        assert caller.call("ping")


@pytest.mark.parametrize("kind", ENDLESS)
def test_who_gives_up_frees_the_call(house: IllHouse, kind: str) -> None:
    with house.daemon.caller() as caller:
        calls = house.count(kind)
        number = caller.ask("ask", {"question": f"{kind} 20", "provider": "patient"})
        eventually(lambda: house.count(kind) > calls, "the call")
        caller.notify("cancel", number)
        how, _, error = caller.answer(number)
        assert (how, error.split(":")[0]) == ("error", "cancelled")
        house.let_go()


def test_over_http_too_each_has_one_end(house: IllHouse) -> None:
    with HttpClient(house.daemon.connect()) as client:
        assert client.chat("silent 30", model="hasty/m").status == 502
        assert client.chat("stops 30", model="hasty/m").status == 502
        streamed = client.chat("stops 31", model="hasty/m", stream=True)
        # What had come is passed on; then it is said that this is not the whole, and never that it is.
        if streamed.status == 200:
            assert "error" in streamed.events[-1], streamed.events
        assert client.chat("well 30", model="other/m").json["choices"][0]["message"]["content"] == well(
            "well 30"
        )
    house.let_go()
