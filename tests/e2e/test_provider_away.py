"""A provider that is away in any way costs no question its answer: the next one gives it, and who stays away is left alone."""

import contextlib
import itertools
from collections.abc import Iterator

import pytest

from tests.daemon import eventually
from tests.fake_provider import refuses, reset, silent
from tests.ill_providers import (
    PLAIN,
    IllHouse,
    ask_all,
    ill_house,
    nobody_accepts,
    nobody_listens,
    speaks_first,
    well,
)

EACH = 4
FAILURES = 3
# An alert of TLS that was damaged on its way.
NO_TLS = b"\x15\x03\x01\x00\x02\x02\x28\xff\xff\x16\x03"
GREETINGS = {
    "resets": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.9\r\n",
    "hangs up": b"HTTP/1.1 ",
    "no TLS": NO_TLS,
    "plain HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}
SCRIPTS = {"fails": refuses(500), "breaks": reset(), "silent": silent}
AWAY = ("refuses", "takes nobody", *GREETINGS, *SCRIPTS)


@pytest.fixture(scope="module")
def house() -> Iterator[IllHouse]:
    """A daemon with a provider for each way to be away, and an alias for each: it, and then `other`."""
    with contextlib.ExitStack() as stack:
        places = {"refuses": nobody_listens(), "takes nobody": nobody_accepts()}
        places |= {kind: speaks_first(greeting) for kind, greeting in GREETINGS.items()}
        providers, aliases = {}, "[ai.aliases]\n"
        for number, kind in enumerate(AWAY):
            providers[f"p{number}"] = "read_timeout_s = 0.2\n"
            if kind in places:
                scheme = "https" if kind in ("no TLS", "plain HTTP") else "http"
                place = stack.enter_context(places[kind])
                providers[f"p{number}"] = f'base_url = "{scheme}://{place}/v1"\nconnect_timeout_s = 0.2\n'
            aliases += f'a{number} = ["p{number}/{kind}", "other/m"]\n'
        yield stack.enter_context(ill_house(lambda _: SCRIPTS, PLAIN + aliases, **providers, other=""))


@pytest.mark.parametrize("kind", AWAY)
def test_the_next_one_answers_all_that_was_asked(house: IllHouse, kind: str) -> None:
    questions = [f"well, {kind}? {count}" for count in range(EACH)]
    before = house.today()
    with house.daemon.caller() as caller:
        told = ask_all(caller, questions, model=f"a{AWAY.index(kind)}")
    found = {text: (how, value["text"], value["provider"]) for text, (how, value) in told.items()}
    assert found == {text: ("reply", well(text), "other") for text in questions}
    for _, value in told.values():
        assert [item["outcome"] for item in value["attempts"]] == ["provider_unavailable", "ok"], value
    after = house.today()
    assert after["ok"] - before["ok"] == after["failed"] - before["failed"] == EACH
    house.let_go()


def both_asked(open_s: float) -> contextlib.AbstractContextManager[IllHouse]:
    """A daemon with `ill`, and `other` to fall back to."""
    breaker = f"[ai.breaker]\nfailures = {FAILURES}\nopen_s = {open_s}\n"
    config = f'{breaker}[ai.retry]\nmax_attempts = 1\n[ai.aliases]\nboth = ["ill/fails", "other/m"]\n'
    return ill_house(lambda _: SCRIPTS, config, ill="", other="")


def test_who_stays_away_is_left_alone() -> None:
    with both_asked(open_s=3600) as house, house.daemon.caller() as caller:
        for number in range(4 * FAILURES):
            told = caller.call("ask", {"question": f"well? {number}", "model": "both"})
            assert (told["text"], told["provider"]) == (well(f"well? {number}"), "other")
        shown = {item["provider"]: item["breaker"] for item in caller.call("status")["providers"]}
        assert shown == {"ill": "open", "other": "closed"}
        assert house.count("fails") == FAILURES


def test_who_is_back_is_asked_again() -> None:
    numbers = itertools.count()
    with both_asked(open_s=0.05) as house, house.daemon.caller() as caller:

        def provider() -> str:
            question = f"well? {next(numbers)}"
            told = caller.call("ask", {"question": question, "model": "both"})
            assert told["text"] == well(question)
            return str(told["provider"])

        assert {provider() for _ in range(2 * FAILURES)} == {"other"}
        house.recover()
        eventually(lambda: provider() == "ill", "the one that is back to be asked again")
