"""Who may ask: the person on the socket, a token over TCP, and no web page unless it is named."""

from pathlib import Path

import pytest

from isaacd.config import HttpConfig
from isaacd.faces.http.gate import PERSON, Asker, check_origin, demand, let_in
from isaacd.faces.http.head import Head, read_head
from isaacd.faces.http.refused import RefusedError
from isaacd.log import open_log
from isaacd.tokens.book import TokenBook
from tests.fakes import FakeClock

CONFIG = HttpConfig(
    listen="127.0.0.1:4141", hosts=("box.example",), origins=("https://chat.example", "app://notes")
)


def head(**fields: str) -> Head:
    said = {"Host": "localhost", **{name.replace("_", "-"): value for name, value in fields.items()}}
    return read_head(
        "\r\n".join(["GET / HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]).encode()
    )


def refused(head: Head, *, over_tcp: bool) -> int:
    with pytest.raises(RefusedError) as caught:
        check_origin(head, CONFIG, over_tcp=over_tcp)
    return caught.value.status


@pytest.mark.parametrize("over_tcp", [True, False])
@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:4141", "127.0.0.1:4141", "127.8.9.1", "[::1]:4141", "[::1]", "a.localhost", "localhost.",
     "box.example:80", "BOX.example"],
)  # fmt: skip
def test_this_machine_is_known_by_its_names(host: str, over_tcp: bool) -> None:
    assert check_origin(head(Host=host), CONFIG, over_tcp=over_tcp) is None


@pytest.mark.parametrize("over_tcp", [True, False])
@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example:4141", "127.0.0.1.evil.example", "10.0.0.1:4141", "[2001:db8::1]", "1.1.1.1"],
)  # fmt: skip
def test_a_name_that_somebody_else_made_mean_this_machine_is_refused(host: str, over_tcp: bool) -> None:
    assert refused(head(Host=host), over_tcp=over_tcp) == 421


def test_any_plain_name_will_do_on_the_socket() -> None:
    assert check_origin(head(Host="isaac"), CONFIG, over_tcp=False) is None
    assert refused(head(Host="isaac"), over_tcp=True) == 421
    assert refused(head(Host=""), over_tcp=True) == 421


@pytest.mark.parametrize("over_tcp", [True, False])
@pytest.mark.parametrize(
    "origin",
    ["http://127.0.0.1:4141", "http://localhost", "null", "https://chat.example.evil", "https://chat.example:444",
     "http://chat.example", ""],
)  # fmt: skip
def test_a_web_page_may_ask_only_if_it_is_named(origin: str, over_tcp: bool) -> None:
    assert refused(head(Origin=origin), over_tcp=over_tcp) == 403


@pytest.mark.parametrize("origin", CONFIG.origins)
def test_a_page_that_is_named_may_ask(origin: str) -> None:
    assert check_origin(head(Origin=origin), CONFIG, over_tcp=True) == origin


@pytest.mark.anyio
async def test_tokens_let_in_and_narrow(tmp_path: Path) -> None:
    log = open_log(tmp_path / "log")
    book = TokenBook(tmp_path / "t.sqlite", clock=FakeClock(), log=log, spawn=lambda *_: None)
    token = (await book.new("agent", ["ask"], None)).token
    assert let_in(head(), book, over_tcp=False) is PERSON
    assert (
        let_in(head(Authorization="Bearer "), book, over_tcp=False) is PERSON
    )  # a client whose key is empty
    for said in (f"Bearer {token}", f"bearer  {token}", f"BEARER {token}"):
        for over_tcp in (False, True):
            asker = let_in(head(Authorization=said), book, over_tcp=over_tcp)
            assert (asker.caller, asker.scopes) == ("agent", ("ask",))
    for said in ("Bearer x", f"Basic {token}", token, f"Bearer {token}0", f"Bearer{token}"):
        for over_tcp in (False, True):
            if said == "Bearer x" and not over_tcp:
                continue
            with pytest.raises(RefusedError) as caught:
                let_in(head(Authorization=said), book, over_tcp=over_tcp)
            assert (caught.value.status, caught.value.code) == (401, "invalid_api_key")
            assert token not in caught.value.message
    assert let_in(head(Authorization="Bearer none"), book, over_tcp=False) is PERSON
    with pytest.raises(RefusedError, match="a token is needed"):
        let_in(head(), book, over_tcp=True)
    await book.aclose()


def test_scopes_are_demanded() -> None:
    asker = Asker("agent", ("ask",), "agent")
    demand(asker, "ask", "x")
    demand(PERSON, "admin", "x")
    with pytest.raises(RefusedError, match="not good for /metrics: that needs the scope admin") as caught:
        demand(asker, "admin", "/metrics")
    assert caught.value.status == 403
