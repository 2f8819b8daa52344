"""A batch asks every row once, keeps what it paid for, and goes on where it was stopped."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from isaacd.ai.chat import Answer, Hit, Usage
from isaacd.batch.cards import Running, Wishes
from isaacd.batch.question import Question
from isaacd.batch.source import FileSource, GivenSource, PipedSource, Source
from isaacd.batch.store import BatchStore, Ports
from isaacd.errors import BudgetExceeded, InvalidParams, IsaacError, NotFound, Overloaded, ProviderUnavailable
from isaacd.log import open_log
from tests.fakes import FakeClock

pytestmark = pytest.mark.anyio


def answer(text: str, **fields: Any) -> Answer:
    fields = {"cost_usd": 0.5, "usage": Usage(3, 2), **fields}
    return Answer(
        text=text, provider="p", model="m", chosen="", finish_reason="stop", elapsed_ms=1.0, **fields
    )


class Desk:
    """Whoever answers, and whoever reads: counts what was asked, and remembers what was written."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.text = ""
        self.said: list[str] = []
        self.shown: list[dict[str, object]] = []
        self.under_way = self.most_under_way = 0
        self.held: dict[str, anyio.Event] = {}
        self.replies: dict[str, Answer | IsaacError] = {}
        self.reading = anyio.Event()
        self.reading.set()
        self.emitted = anyio.Event()

    async def ask(self, question: Question) -> Answer:
        prompt = question.messages[-1].content
        self.asked.append(prompt)
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        try:
            for _ in range(10):  # an answer takes longer than the next question does to be read
                await anyio.lowlevel.checkpoint()
            if prompt in self.held:
                await self.held[prompt].wait()
        finally:
            self.under_way -= 1
        reply = self.replies.get(prompt, answer(f"re: {prompt}"))
        if isinstance(reply, IsaacError):
            raise reply
        return reply

    async def emit(self, text: str) -> None:
        await self.reading.wait()
        self.text += text
        self.emitted.set()
        self.emitted = anyio.Event()

    async def show(self, data: dict[str, object]) -> None:
        self.shown.append(data)

    async def say(self, text: str) -> None:
        self.said.append(text)

    @property
    def ports(self) -> Ports:
        return Ports(self.ask, self.emit, self.show, self.say)

    @property
    def rows(self) -> list[Any]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def order(self) -> list[int]:
        return [row["index"] for row in self.rows]

    async def until(self, condition: Callable[[], bool]) -> None:
        with anyio.fail_after(90):
            while not condition():
                await anyio.lowlevel.checkpoint()


class Shop:
    """A store of batches in a directory, and what a command would do with it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = FakeClock()
        self.grace_s = 0.0
        self.store = self.opened()

    def opened(self) -> BatchStore:
        return BatchStore(
            self.directory / "state" / "batches.sqlite",
            self.clock,
            open_log(Path("/dev/null"), level="error"),
            grace_s=self.grace_s,
        )

    def file(self, prompts: Iterable[str], name: str = "in.txt") -> FileSource:
        path = self.directory / name
        path.write_text("".join(f"{prompt}\n" for prompt in prompts))
        return FileSource(path)

    async def run(self, desk: Desk, source: Source, wishes: Wishes | None = None, **running: Any) -> Any:
        running = {"concurrency": 4, **running}
        return await self.store.run(source, wishes or Wishes(), Running(**running), desk.ports)


@pytest.fixture
async def shop(tmp_path: Path) -> Any:
    shop = Shop(tmp_path)
    yield shop
    await shop.store.aclose()


NAMES = [f"q{number}" for number in range(50)]


async def test_every_row_is_asked_once_and_written_in_order(shop: Shop) -> None:
    desk = Desk()
    summary = await shop.run(desk, shop.file(NAMES), concurrency=7)
    assert sorted(desk.asked) == sorted(NAMES)
    assert desk.most_under_way == 7
    assert desk.order == list(range(50))
    assert [row["text"] for row in desk.rows] == [f"re: {name}" for name in NAMES]
    assert (summary.total, summary.ok, summary.failed, summary.cost_usd) == (50, 50, 0, 25.0)
    assert desk.rows[0] | {"usage": None} == {
        "index": 0, "text": "re: q0", "provider": "p", "model": "m", "finish_reason": "stop", "usage": None,
        "cost_usd": 0.5, "cached": None, "elapsed_ms": 1.0,
    }  # fmt: skip


async def test_a_slow_row_stops_no_other_and_what_waits_for_it_waits_on_disk(shop: Shop) -> None:
    names = [f"q{number}" for number in range(5000)]
    desk = Desk()
    slow = desk.held["q1"] = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: shop.run(desk, shop.file(names), concurrency=50))
        await desk.until(lambda: len(desk.asked) == 5000 and desk.under_way == 1)
        assert desk.order == [0]
        slow.set()
    assert desk.order == list(range(5000))
    assert [row["text"] for row in desk.rows] == [f"re: {name}" for name in names]


async def test_as_completed_a_slow_row_comes_last(shop: Shop) -> None:
    desk = Desk()
    slow = desk.held["q1"] = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: shop.run(desk, shop.file(NAMES), ordered=False))
        with anyio.fail_after(90):
            while len(desk.rows) < 49:
                await desk.emitted.wait()
        slow.set()
    assert sorted(desk.order) == list(range(50))
    assert desk.order[-1] == 1


async def test_nothing_more_is_asked_while_nobody_reads_but_what_was_paid_for_is_kept(shop: Shop) -> None:
    desk = Desk()
    desk.reading = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: shop.run(desk, shop.file(NAMES), concurrency=4))
        await desk.until(lambda: len(desk.asked) >= 4 and not desk.under_way)
        for _ in range(200):
            await anyio.lowlevel.checkpoint()
        asked = len(desk.asked)
        assert asked <= 8
        (card,) = await shop.store.cards()
        while card.rows < asked:
            (card,) = await shop.store.cards()
        desk.reading.set()
    assert desk.order == list(range(50))


async def test_a_row_that_fails_fails_alone(shop: Shop) -> None:
    desk = Desk()
    desk.replies["q3"] = ProviderUnavailable("it broke")
    source = shop.file(["q1", "", "q3", "q4"])
    summary = await shop.run(desk, source)
    assert desk.rows[1] == {
        "index": 1,
        "error": {"code": -32006, "name": "provider_unavailable", "message": "it broke"},
    }
    assert (summary.ok, summary.failed, summary.bad) == (2, 1, 0)


async def test_bad_rows_are_written_said_and_counted(shop: Shop) -> None:
    path = shop.directory / "in.jsonl"
    path.write_text('{"prompt": "a", "id": "x"}\n' + "nope\n" * 12 + '{"prompt": "b"}\n')
    desk = Desk()
    summary = await shop.run(desk, FileSource(path), echo=True)
    assert (summary.total, summary.ok, summary.bad) == (14, 2, 12)
    assert (desk.rows[0]["id"], desk.rows[0]["prompt"]) == ("x", "a")
    assert desk.rows[1]["error"]["message"].startswith("line 2: this is not JSON")
    assert len(desk.said) == 11
    assert desk.said[0].startswith("line 2: ")


async def test_what_was_answered_before_a_stop_is_never_asked_again(shop: Shop) -> None:
    desk = Desk()
    for name in NAMES[20:]:
        desk.held[name] = anyio.Event()
    source = shop.file(NAMES)
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: shop.run(desk, source))
        await desk.until(lambda: len(desk.rows) == 20)
        group.cancel_scope.cancel()
    assert desk.said == ["interrupted: 20 answers are kept; the same command goes on from there"]
    (card,) = await shop.store.cards()
    assert (card.state, card.rows) == ("interrupted", 20)
    again = Desk()
    summary = await shop.run(again, source)
    assert sorted(again.asked) == sorted(NAMES[20:])
    assert again.order == list(range(50))
    assert (summary.resumed, summary.ok, summary.cost_usd) == (20, 50, 15.0)


async def test_answers_that_come_in_the_moment_of_the_stop_are_kept(shop: Shop) -> None:
    desk = Desk()
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: shop.run(desk, shop.file(NAMES), concurrency=50))
        await desk.until(lambda: len(desk.asked) == 50 and desk.under_way == 0)
        group.cancel_scope.cancel()
    again = Desk()
    await shop.run(again, shop.file(NAMES))
    assert again.asked == []
    assert again.order == list(range(50))


async def test_another_daemon_goes_on_where_one_was_killed(shop: Shop) -> None:
    desk = Desk()
    desk.held["q9"] = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: shop.run(desk, shop.file(NAMES), ordered=False))
        await desk.until(lambda: len(desk.rows) == 49)
        other = Shop(shop.directory)  # the first one never gets to note anything more
        (card,) = await other.store.cards()
        assert (card.state, card.rows) == ("interrupted", 49)
        again = Desk()
        await other.run(again, shop.file(NAMES))
        assert again.asked == ["q9"]
        await other.store.aclose()
        group.cancel_scope.cancel()


async def test_rows_are_known_by_what_they_say_not_by_their_place(shop: Shop) -> None:
    await shop.run(Desk(), shop.file(["a", "b", "b", "c"]))
    desk = Desk()
    summary = await shop.run(desk, shop.file(["new", "b", "c", "b", "b", "a"]))
    assert desk.asked == ["new", "b"]
    assert [row["text"] for row in desk.rows] == ["re: new", "re: b", "re: c", "re: b", "re: b", "re: a"]
    assert summary.resumed == 4


async def test_other_wishes_are_another_batch(shop: Shop) -> None:
    source = shop.file(["a"])
    await shop.run(Desk(), source)
    desk = Desk()
    await shop.run(desk, source, Wishes(model="other"))
    assert desk.asked == ["a"]
    assert len(await shop.store.cards()) == 2


async def test_fresh_begins_anew(shop: Shop) -> None:
    source = shop.file(["a", "b"])
    await shop.run(Desk(), source)
    desk = Desk()
    assert (await shop.run(desk, source, fresh=True)).resumed == 0
    assert desk.asked == ["a", "b"]


async def test_failures_are_told_again_until_they_are_to_be_retried(shop: Shop) -> None:
    desk = Desk()
    desk.replies["b"] = ProviderUnavailable("no")
    source = shop.file(["a", "b"])
    await shop.run(desk, source)
    same = Desk()
    assert (await shop.run(same, source)).failed == 1
    assert same.asked == []
    again = Desk()
    assert (await shop.run(again, source, retry_failed=True)).failed == 0
    assert again.asked == ["b"]
    assert [row["text"] for row in again.rows] == ["re: a", "re: b"]
    assert (await shop.store.cards())[0].failed == 0


async def test_what_stops_all_rows_stops_the_batch_and_fails_none(shop: Shop) -> None:
    desk = Desk()
    desk.replies |= {name: BudgetExceeded("the day's budget is spent") for name in NAMES[10:]}
    source = shop.file(NAMES)
    with pytest.raises(BudgetExceeded) as stopped:
        await shop.run(desk, source, concurrency=5)
    assert "10 answers are kept" in (stopped.value.hint or "")
    assert len(desk.asked) <= 20
    assert desk.order == list(range(10))
    again = Desk()
    assert (await shop.run(again, source)).failed == 0
    assert sorted(again.asked) == sorted(NAMES[10:])


async def test_the_same_batch_runs_once_at_a_time(shop: Shop) -> None:
    desk = Desk()
    desk.held["a"] = anyio.Event()
    source = shop.file(["a"])
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: shop.run(desk, source))
        await desk.until(lambda: desk.under_way == 1)
        with pytest.raises(Overloaded, match="under way already"):
            await shop.run(Desk(), source)
        (card,) = await shop.store.cards()
        with pytest.raises(Overloaded):
            await shop.store.forget(card.id)
        assert card.state == "running"
        desk.held["a"].set()


async def piped(*chunks: bytes) -> PipedSource:
    left = [*chunks, b""]

    async def read() -> bytes | None:
        await anyio.lowlevel.checkpoint()
        return left.pop(0)

    return PipedSource(read)


async def test_what_is_piped_in_is_known_by_its_first_row(shop: Shop) -> None:
    await shop.run(Desk(), await piped(b"a\nb", b"b\n"))
    same = Desk()
    await shop.run(same, await piped(b"a\nbb\nc"))
    assert same.asked == ["c"]
    other = Desk()
    await shop.run(other, await piped(b"bb\na\n"))
    assert other.asked == ["bb", "a"]


async def test_rows_are_asked_as_they_are_piped_in(shop: Shop) -> None:
    desk = Desk()
    gate = anyio.Event()
    chunks = [b"a\n", b"b\n", b""]

    async def read() -> bytes | None:
        if len(chunks) == 2:
            await gate.wait()
        return chunks.pop(0)

    async with anyio.create_task_group() as group:
        group.start_soon(lambda: shop.run(desk, PipedSource(read)))
        await desk.until(lambda: len(desk.rows) == 1)
        gate.set()
    assert desk.order == [0, 1]


async def test_no_input_says_what_to_do(shop: Shop) -> None:
    async def nothing() -> bytes | None:
        return None

    with pytest.raises(InvalidParams, match="there are no prompts"):
        await shop.run(Desk(), PipedSource(nothing))
    for name, says in (("missing", "No such file"), (".", "directory"), ("/dev/null", "not a regular file")):
        with pytest.raises(InvalidParams, match=says):
            await shop.run(Desk(), FileSource(shop.directory / name))


async def test_an_empty_input_is_an_empty_output(shop: Shop) -> None:
    desk = Desk()
    assert (await shop.run(desk, shop.file([]))).total == 0
    assert desk.text == ""


async def test_hits_cost_nothing_and_what_has_no_price_is_not_free(shop: Shop) -> None:
    desk = Desk()
    desk.replies["a"] = answer("kept", cost_usd=0.0, hit=Hit(kind="exact"))
    desk.replies["b"] = answer("dear", cost_usd=None)
    summary = await shop.run(desk, shop.file(["a", "b", "c"]))
    assert (summary.cached, summary.unpriced, summary.cost_usd) == (1, 1, 0.5)
    assert [row["cached"] for row in desk.rows] == ["exact", None, None]


async def test_text_and_tables_can_be_written_instead(shop: Shop) -> None:
    desk = Desk()
    desk.replies["b"] = ProviderUnavailable("no")
    source = shop.file(["a", "b"])
    await shop.run(desk, source, layout="text")
    assert desk.text == "re: a\n[error: no]\n"
    table = Desk()
    await shop.run(table, source, layout="csv", echo=True)
    head, first, second = table.text.splitlines()
    assert head.startswith("index,id,prompt,text,provider,model,finish_reason,input_tokens,")
    assert first == "0,,a,re: a,p,m,stop,3,2,0.5,,1.0,"
    assert second.endswith("provider_unavailable: no")


async def test_answers_can_be_had_again_and_forgotten(shop: Shop) -> None:
    desk = Desk()
    await shop.run(desk, shop.file(NAMES), ordered=False)
    (card,) = await shop.store.cards()
    assert (card.state, card.total, card.rows, card.cost_usd) == ("finished", 50, 50, 25.0)
    again = Desk()
    assert await shop.store.answers(card.id[:4], "jsonl", again.emit) == 50
    assert again.order == list(range(50))
    await shop.store.forget(card.id)
    with pytest.raises(NotFound, match="no batch is called"):
        await shop.store.card(card.id)


async def test_old_batches_are_forgotten(shop: Shop) -> None:
    await shop.run(Desk(), shop.file(["a"], "one"))
    shop.clock.advance(31 * 86_400)
    await shop.run(Desk(), shop.file(["b"], "two"))
    assert [card.source for card in await shop.store.cards()] == [str(shop.directory / "two")]


async def test_a_batch_that_is_under_way_is_never_forgotten_as_old(shop: Shop) -> None:
    desk = Desk()
    desk.held["a"] = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: shop.run(desk, shop.file(["a"], "one")))
        await desk.until(lambda: desk.under_way == 1)
        shop.clock.advance(31 * 86_400)
        await shop.run(Desk(), shop.file(["b"], "two"))
        desk.held["a"].set()
    assert desk.order == [0]
    assert len(await shop.store.cards()) == 2


async def test_progress_tells_rate_cost_failures_and_what_is_left(shop: Shop) -> None:
    desk = Desk()
    desk.replies["q1"] = ProviderUnavailable("no")
    ask = desk.ask

    async def slowly(question: Question) -> Answer:
        try:
            return await ask(question)
        finally:
            shop.clock.advance(0.1)

    ports = Ports(slowly, desk.emit, desk.show, desk.say)
    await shop.store.run(shop.file(NAMES), Wishes(), Running(concurrency=1), ports)
    assert desk.shown[0]["done"] == 0
    assert 20 <= len(desk.shown) <= 27  # five a second
    last = desk.shown[-1]
    assert last["total"] == 50
    assert last["per_s"] == pytest.approx(10, rel=0.2)
    assert str(last["note"]).endswith("1 failed")
    assert str(last["note"]).startswith("$")


async def test_prompts_of_the_call_need_no_file(shop: Shop) -> None:
    desk = Desk()
    await shop.run(desk, GivenSource(["a", "two\nlines"]))
    assert [row["text"] for row in desk.rows] == ["re: a", "re: two\nlines"]


async def test_earlier_answers_that_were_lost_with_a_damaged_journal_are_said_before_rows_are_paid_again(
    shop: Shop,
) -> None:
    journal = shop.directory / "state" / "batches.sqlite"
    journal.parent.mkdir()
    journal.write_bytes(b"no database " * 100)
    desk = Desk()
    await shop.run(desk, shop.file(["a"]))
    assert desk.order == [0]
    assert ["was damaged" in said for said in desk.said] == [True]


async def test_rows_under_way_may_end_after_an_interruption_and_are_not_asked_again(tmp_path: Path) -> None:
    shop, desk = Shop(tmp_path), Desk()
    await shop.store.aclose()
    shop.grace_s = 600
    shop.store = shop.opened()
    desk.held = {name: anyio.Event() for name in "abcdef"}
    source = shop.file("abcdefghij")
    with anyio.fail_after(90):
        async with anyio.create_task_group() as group:
            group.start_soon(shop.run, desk, source)
            await desk.until(lambda: desk.under_way == 4)
            group.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await desk.until(lambda: bool(desk.said))
                assert desk.said == ["finishing 4 rows under way; Ctrl-C again leaves at once"]
                for event in desk.held.values():
                    event.set()
    assert sorted(desk.asked) == ["a", "b", "c", "d"]
    again = Desk()
    summary = await shop.run(again, source)
    assert (summary.resumed, sorted(again.asked)) == (4, list("efghij"))
    await shop.store.aclose()


async def test_rows_that_do_not_end_in_time_are_given_up(tmp_path: Path) -> None:
    shop, desk = Shop(tmp_path), Desk()
    await shop.store.aclose()
    shop.grace_s = 0.01
    shop.store = shop.opened()
    desk.held = {"a": anyio.Event()}
    with anyio.fail_after(90):
        async with anyio.create_task_group() as group:
            group.start_soon(shop.run, desk, shop.file("a"))
            await desk.until(lambda: desk.under_way == 1)
            group.cancel_scope.cancel()
    assert desk.under_way == 0
    await shop.store.aclose()
