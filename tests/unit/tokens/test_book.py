"""Tokens: made once, kept as hashes, good for what they say, and for nothing once they are revoked or have ended."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from isaacd.errors import InvalidParams, NotFound, PermissionDenied
from isaacd.log import open_log
from isaacd.tokens.book import MAX_TOKENS, NOTE_USE_S, PREFIX, RESERVED, TokenBook
from tests.fakes import FakeClock

pytestmark = pytest.mark.anyio


class Spawned:
    """Tasks that are to be started, and are when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[..., Any], tuple[object, ...]]] = []

    def __call__(self, main: Callable[..., Any], *args: object) -> None:
        self.waiting.append((main, args))

    async def run(self) -> None:
        while self.waiting:
            main, args = self.waiting.pop(0)
            await main(*args)


class House:
    """A book of tokens over a file that outlives it."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.spawned = Spawned()
        self.file = folder / "state" / "tokens.sqlite"
        self.log_file = folder / "log"

    def book(self) -> TokenBook:
        log = open_log(self.log_file, level="debug")
        return TokenBook(self.file, clock=self.clock, log=log, spawn=self.spawned)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_a_token_is_good_for_its_scopes_in_this_daemon_and_the_next(house: House) -> None:
    book = house.book()
    made = await book.new("agent", ["run:confirm", "ask", "ask"], 60.0)
    for one in (book, house.book()):
        await one.open()
        grant = one.check(made.token)
        assert (grant.name, grant.scopes) == ("agent", ("ask", "run:confirm"))
        assert grant.allows("ask")
        assert grant.allows("run:confirm")
        assert not grant.allows("admin")
        with pytest.raises(PermissionDenied, match="agent is not good for metrics") as caught:
            grant.demand("admin", "metrics")
        assert made.token not in f"{caught.value} {caught.value.hint}"
        await one.aclose()


async def test_admin_is_good_for_everything_that_is_known_and_no_scope_holds_another(house: House) -> None:
    book = house.book()
    admin = book.check((await book.new("a", ["admin"], None)).token)
    run = book.check((await book.new("r", ["run:confirm"], None)).token)
    assert admin.allows("ask")
    assert admin.allows("run:confirm")
    assert not run.allows("ask")
    assert not run.allows("everything")
    await book.aclose()


async def test_nobody_is_let_in_before_the_file_is_read(house: House) -> None:
    book = house.book()
    made = await book.new("agent", ["ask"], None)
    await book.aclose()
    with pytest.raises(PermissionDenied):
        house.book().check(made.token)


@pytest.mark.parametrize(
    "wrong",
    ["", "isaac_", "isaac_" + "0" * 64, "Bearer", "\ud800", "\x00", "x" * 1_000_000, "é"],
)
async def test_what_is_no_token_lets_nobody_in(house: House, wrong: str) -> None:
    book = house.book()
    made = await book.new("agent", ["ask"], None)
    for text in (wrong, made.token + wrong, wrong + made.token, made.token[:-1], made.token.upper()):
        if text != made.token:
            with pytest.raises(PermissionDenied, match="not known, or was revoked"):
                book.check(text)
    await book.aclose()


async def test_a_token_ends_when_its_time_is_over(house: House) -> None:
    book = house.book()
    made = await book.new("agent", ["ask"], 60.0)
    house.clock.advance(59.9)
    book.check(made.token)
    house.clock.advance(0.1)
    with pytest.raises(PermissionDenied, match="agent has expired"):
        book.check(made.token)
    assert [card.state for card in await book.cards()] == ["expired"]
    await book.aclose()


async def test_revoked_is_revoked_at_once_and_for_good_and_is_told(house: House) -> None:
    book = house.book()
    told: list[str] = []
    book.on_revoked(told.append)
    made = await book.new("agent", ["ask"], None)
    other = await book.new("other", ["ask"], None)
    async with anyio.create_task_group() as group:
        group.start_soon(book.revoke, "agent")
        await anyio.lowlevel.checkpoint()
        with pytest.raises(PermissionDenied):  # before the file knows
            book.check(made.token)
    assert told == ["agent"]
    book.check(other.token)
    again = await book.new("agent", ["ask"], None)
    await book.aclose()
    book = house.book()
    await book.open()
    book.check(again.token)
    with pytest.raises(PermissionDenied):
        book.check(made.token)
    with pytest.raises(NotFound, match="no token 'nobody'"):
        await book.revoke("nobody")
    await book.aclose()


async def test_the_file_and_the_log_hold_no_token(house: House) -> None:
    book = house.book()
    made = await book.new("agent", ["ask"], None)
    book.check(made.token)
    with pytest.raises(PermissionDenied):
        book.check(made.token + "0")
    await house.spawned.run()
    await book.revoke("agent")
    secret = made.token.removeprefix(PREFIX)
    assert len(secret) == 64
    for file in house.file.parent.iterdir():
        content = file.read_bytes()
        assert secret.encode() not in content
        assert bytes.fromhex(secret) not in content
        assert file.stat().st_mode & 0o077 == 0
    assert secret not in house.log_file.read_text()
    assert secret not in repr(made)
    await book.aclose()


async def test_the_last_use_is_kept_but_not_at_every_use(house: House) -> None:
    book = house.book()
    made = await book.new("agent", ["ask"], None)
    assert [card.used_at for card in await book.cards()] == [None]
    for _ in range(3):
        house.clock.advance(1.0)
        book.check(made.token)
    assert len(house.spawned.waiting) == 1
    await house.spawned.run()
    house.clock.advance(NOTE_USE_S)
    book.check(made.token)
    await house.spawned.run()
    assert [card.used_at for card in await book.cards()] == [house.clock.now()]
    await book.aclose()
    assert [card.used_at for card in await house.book().cards()] == [house.clock.now()]


@pytest.mark.parametrize("name", ["", "-a", "A", "a b", "a\n", "x" * 41, "ä", "../a", *sorted(RESERVED)])
async def test_names_that_could_be_taken_for_something_else_are_refused(house: House, name: str) -> None:
    with pytest.raises(InvalidParams):
        await house.book().new(name, ["ask"], None)


@pytest.mark.parametrize("scopes", [[], ["root"], ["ask", ""], ["ask,admin"]])
async def test_scopes_that_do_not_exist_are_refused(house: House, scopes: list[str]) -> None:
    with pytest.raises(InvalidParams):
        await house.book().new("agent", scopes, None)


async def test_a_name_is_one_token_s_and_there_is_an_end_to_them(house: House) -> None:
    book = house.book()
    await book.new("agent", ["ask"], None)
    with pytest.raises(InvalidParams, match="there is a token agent already"):
        await book.new("agent", ["admin"], None)
    await book.aclose()
    connection = sqlite3.connect(house.file)
    connection.executemany(
        "INSERT INTO tokens VALUES (?, ?, 'ask', 0, NULL, NULL)",
        [(f"n{number}", b"%d" % number) for number in range(MAX_TOKENS)],
    )
    connection.commit()
    connection.close()
    book = house.book()
    with pytest.raises(InvalidParams, match="tokens already"):
        await book.new("one-more", ["ask"], None)
    await book.aclose()


async def test_a_scope_of_a_later_version_lets_nobody_in_and_blocks_no_name(house: House) -> None:
    book = house.book()
    made = await book.new("agent", ["ask"], None)
    await book.aclose()
    connection = sqlite3.connect(house.file)
    connection.execute("UPDATE tokens SET scopes = 'ask fly'")
    connection.commit()
    connection.close()
    book = house.book()
    await book.open()
    with pytest.raises(PermissionDenied):
        book.check(made.token)
    await book.new("agent", ["ask"], None)
    await book.aclose()
