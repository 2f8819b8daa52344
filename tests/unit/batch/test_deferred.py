"""Batches that a provider works on by itself: never handed over twice in silence, fetched in order, paid once."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from isaacd.ai.chat import ChatRequest, Finish, Message, TextDelta, Usage
from isaacd.ai.meter import Call, Outcome
from isaacd.ai.provider import BatchItem, BatchMark, BatchResult, BatchStatus
from isaacd.batch.cards import BatchCard, Wishes
from isaacd.batch.deferred import Deferred
from isaacd.batch.handing import Lent, Office
from isaacd.batch.source import FileSource, Source
from isaacd.batch.store import BatchStore
from isaacd.errors import BudgetExceeded, InvalidParams, IsaacError, PermissionDenied, ProviderUnavailable
from isaacd.ledger.record import Reservation
from isaacd.log import open_log
from tests.fakes import FakeClock

pytestmark = pytest.mark.anyio


class FakeBatches:
    """A provider with a batch interface; a job works until `ended` has its name."""

    batch_discount = 0.5
    batch_max_items = 3

    def __init__(self) -> None:
        self.jobs: dict[str, list[BatchItem]] = {}
        self.names: dict[str, str] = {}
        self.marks: list[BatchMark] = []
        self.silent = False
        self.states: dict[str, BatchStatus] = {}
        self.refusal: BaseException | None = None
        self.looks = 0
        self.lost: set[str] = set()
        self.errors: dict[str, str] = {}

    async def submit_batch(self, items: Sequence[BatchItem], *, name: str = "") -> str:
        if isinstance(self.refusal, IsaacError):
            raise self.refusal
        remote = f"remote-{len(self.jobs)}"
        self.jobs[remote] = list(items)
        self.names[remote] = name
        self.states[remote] = BatchStatus(state="working", total=len(items))
        if self.refusal is not None:
            raise ProviderUnavailable("the connection broke")
        return remote

    async def find_batch(self, mark: BatchMark) -> str | None:
        self.marks.append(mark)
        if self.silent:
            raise ProviderUnavailable("acme does not say")
        return next((remote for remote, name in self.names.items() if name == mark.name), None)

    def end(self, state: Any = "ended") -> None:
        for name, items in self.jobs.items():
            self.states[name] = BatchStatus(state=state, total=len(items), succeeded=len(items))

    async def batch_status(self, batch: str) -> BatchStatus:
        self.looks += 1
        return self.states[batch]

    async def batch_results(self, batch: str) -> AsyncIterator[BatchResult]:
        for item in reversed(self.jobs[batch]):
            prompt = item.request.messages[-1].content
            if prompt in self.lost:
                continue
            if prompt in self.errors:
                yield BatchResult(custom_id=item.custom_id, error=self.errors[prompt], message="bad luck")
                continue
            finish = Finish(reason="stop", model="m-1", usage=Usage(10, 20))
            yield BatchResult(custom_id=item.custom_id, pieces=(TextDelta(f"re: {prompt}"), finish))
        yield BatchResult(custom_id="somebody-elses", error="errored")

    async def cancel_batch(self, batch: str) -> None:
        self.states[batch] = BatchStatus(state="cancelled", total=3)


class FakeMeter:
    """Sets money aside, a dollar a row, of which half is spent in the end."""

    def __init__(self) -> None:
        self.left = 100
        self.held: dict[str, Call] = {}
        self.settled: dict[str, Outcome] = {}
        self.kept: set[str] = set()

    def bounded(self, request: ChatRequest) -> ChatRequest:
        return request

    async def reserve(self, call: Call) -> object:
        if self.left < 1:
            raise BudgetExceeded("the day's budget is spent")
        self.left -= 1
        self.held[call.id] = call
        return Reservation(
            id=call.id, at=0, day="", provider=call.provider, kind=call.kind, model=call.model or "",
            url=call.url, caller=call.caller, lane=call.lane, attempt=1, reason="first", input_tokens=1,
        )  # fmt: skip

    async def keep(self, reservations: Sequence[Reservation]) -> None:
        self.kept |= {item.id for item in reservations}

    async def free(self, reservations: Sequence[Reservation]) -> None:
        for item in reservations:
            if self.held.pop(item.id, None) is not None:
                self.left += 1

    def die(self) -> None:
        """End the process: what was not kept is free again."""
        for name in [name for name in self.held if name not in self.kept]:
            del self.held[name]
            self.left += 1

    async def settle(self, reservation: object, outcome: Outcome) -> float | None:
        assert isinstance(reservation, Reservation)
        assert reservation.id not in self.settled, "settled twice"
        del self.held[reservation.id]
        self.settled[reservation.id] = outcome
        if not outcome.sent:
            self.left += 1
            return 0.0
        return 0.5


class Desk:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = FakeClock()
        self.provider: object = FakeBatches()
        self.meter = FakeMeter()
        self.said: list[str] = []
        self.shown: list[dict[str, object]] = []
        self.slept: list[float] = []
        self.store = self.opened()
        self.on_sleep: Any = lambda: None

    def opened(self) -> BatchStore:
        return BatchStore(
            self.directory / "batches.sqlite", self.clock, open_log(Path("/dev/null"), level="error")
        )

    @property
    def acme(self) -> FakeBatches:
        assert isinstance(self.provider, FakeBatches)
        return self.provider

    @property
    def deferred(self) -> Deferred:
        @asynccontextmanager
        async def lend(provider: str | None, model: str | None) -> AsyncIterator[Lent]:
            assert provider in (None, "acme")
            yield Lent("acme", "acme-kind", model or "m-default", "http://acme", self.provider)

        async def say(text: str) -> None:
            self.said.append(text)

        async def show(data: dict[str, object]) -> None:
            self.shown.append(data)

        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.on_sleep()
            await anyio.lowlevel.checkpoint()

        def conversation(messages: Sequence[Message]) -> tuple[Message, ...]:
            return (Message("system", "usual"), *messages)

        office = Office(lend, lambda _: self.meter, "me", conversation, say, show, sleep)
        return Deferred(self.store, office)

    def file(self, *prompts: str) -> FileSource:
        path = self.directory / "in.jsonl"
        path.write_text("".join(json.dumps({"prompt": item, "id": f"id-{item}"}) + "\n" for item in prompts))
        return FileSource(path)

    async def submit(self, source: Source, **options: Any) -> BatchCard:
        return await self.deferred.submit(source, Wishes(), **options)

    async def rows(self, batch: str) -> list[Any]:
        text = ""

        async def emit(piece: str) -> None:
            nonlocal text
            text += piece

        await self.store.answers(batch, "jsonl", emit)
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
async def desk(tmp_path: Path) -> Any:
    desk = Desk(tmp_path)
    yield desk
    await desk.store.aclose()


async def test_rows_go_in_jobs_and_come_back_in_their_order(desk: Desk) -> None:
    card = await desk.submit(desk.file("a", "b", "c", "d"))
    assert [len(items) for items in desk.acme.jobs.values()] == [3, 1]
    first = desk.acme.jobs["remote-0"][0]
    assert first.custom_id.startswith(f"isaac-{card.id}-")
    assert [turn.content for turn in first.request.messages] == ["usual", "a"]
    assert first.request.model == "m-default"
    assert [(job.state, job.rows, job.discount) for job in card.jobs] == [
        ("working", 3, 0.5),
        ("working", 1, 0.5),
    ]
    assert (card.state, card.total, card.rows) == ("submitted", 4, 0)
    desk.acme.end()
    card = await desk.deferred.look(card.id)
    assert (card.state, card.rows, card.failed, card.cost_usd) == ("finished", 4, 0, 2.0)
    rows = await desk.rows(card.id)
    assert [(row["index"], row["id"], row["text"]) for row in rows] == [
        (number, f"id-{name}", f"re: {name}") for number, name in enumerate("abcd")
    ]
    assert rows[0]["cost_usd"] == 0.5
    assert desk.meter.held == {}


async def test_nothing_is_handed_over_twice(desk: Desk) -> None:
    source = desk.file("a", "b")
    await desk.submit(source)
    await desk.submit(source)
    assert len(desk.acme.jobs) == 1
    card = await desk.submit(desk.file("b", "a", "new"))
    assert [len(items) for items in desk.acme.jobs.values()] == [2, 1]
    desk.acme.end()
    await desk.deferred.look(card.id)
    assert [row["text"] for row in await desk.rows(card.id)] == ["re: b", "re: a", "re: new"]


async def test_a_restart_between_handing_over_and_fetching_changes_nothing(desk: Desk) -> None:
    card = await desk.submit(desk.file("a"))
    await desk.store.aclose()
    desk.store = desk.opened()
    desk.acme.end()
    assert (await desk.deferred.look(card.id)).rows == 1
    assert desk.meter.held == {}


async def test_a_job_that_may_have_been_taken_is_not_handed_over_again_unasked(desk: Desk) -> None:
    desk.acme.refusal = RuntimeError("after it was taken")
    desk.acme.silent = True
    source = desk.file("a", "b")
    with pytest.raises(ProviderUnavailable, match="is not known") as unknown:
        await desk.submit(source)
    assert "--resubmit" in (unknown.value.hint or "")
    (card,) = await desk.store.cards()
    assert (await desk.store.card(card.id)).jobs[0].state == "unknown"
    assert len(desk.meter.held) == 2, "it may have to be paid"
    desk.acme.refusal = None
    with pytest.raises(ProviderUnavailable, match="is not known: acme does not say"):
        await desk.submit(source)
    assert len(desk.acme.jobs) == 1
    await desk.submit(source, resubmit=True)
    assert len(desk.acme.jobs) == 2
    assert len(desk.meter.held) == 2
    assert len(desk.meter.settled) == 2, "the first may be charged, so it is counted"
    assert all(outcome.sent for outcome in desk.meter.settled.values())


@pytest.mark.parametrize("resubmit", [False, True])
async def test_a_job_that_reached_the_provider_goes_on_and_is_not_paid_twice(
    desk: Desk, resubmit: bool
) -> None:
    desk.acme.refusal = RuntimeError("after it was taken")
    source = desk.file("a", "b")
    with pytest.raises(ProviderUnavailable):
        await desk.submit(source)
    desk.acme.refusal = None
    card = await desk.submit(source, resubmit=resubmit)
    assert len(desk.acme.jobs) == 1
    assert [(job.state, job.remote) for job in card.jobs] == [("working", "remote-0")]
    (mark,) = desk.acme.marks
    assert mark.custom_ids == {item.custom_id for item in desk.acme.jobs["remote-0"]}
    desk.acme.end()
    card = await desk.deferred.look(card.id)
    assert (card.state, card.rows) == ("finished", 2)
    assert desk.meter.held == {}


async def test_looking_finds_a_job_that_reached_the_provider(desk: Desk) -> None:
    desk.acme.refusal = RuntimeError("after it was taken")
    with pytest.raises(ProviderUnavailable):
        await desk.submit(desk.file("a", "b"))
    desk.acme.end()
    (card,) = await desk.store.cards()
    assert (await desk.deferred.look(card.id)).rows == 2


async def test_a_job_that_never_reached_the_provider_is_handed_over_again_and_paid_once(desk: Desk) -> None:
    async def unheard(items: Sequence[BatchItem], *, name: str = "") -> str:
        raise ProviderUnavailable("the connection broke")

    taken = desk.acme.submit_batch
    desk.acme.submit_batch = unheard  # type: ignore[method-assign]
    source = desk.file("a", "b")
    with pytest.raises(ProviderUnavailable, match="is not known"):
        await desk.submit(source)
    desk.acme.submit_batch = taken  # type: ignore[method-assign]
    desk.clock.advance(1)
    card = await desk.submit(source)
    assert desk.slept == [10.0], "what has just been sent may still be taken in"
    assert len(desk.acme.jobs) == 1
    assert len(desk.meter.held) == 2
    assert desk.meter.settled == {}
    assert [job.state for job in card.jobs] == ["working"]
    assert desk.acme.names["remote-0"] != desk.acme.marks[0].name, "no job is called like an earlier one"


async def test_a_daemon_killed_while_handing_over_leaves_a_job_that_is_said_to_be_unknown(desk: Desk) -> None:
    class Died(BaseException):
        pass

    async def die(items: Sequence[BatchItem], *, name: str = "") -> str:
        raise Died

    desk.acme.submit_batch = die  # type: ignore[method-assign]
    desk.acme.silent = True
    with pytest.raises(Died):
        await desk.submit(desk.file("a"))
    await desk.store.aclose()
    desk.store = desk.opened()
    (card,) = await desk.store.cards()
    card = await desk.store.card(card.id)
    assert (card.state, card.jobs[0].state) == ("interrupted", "unknown")
    with pytest.raises(ProviderUnavailable, match=f"job 1 of batch {card.id} \\(1 row\\)"):
        await desk.submit(desk.file("a"))


@pytest.mark.parametrize("stage", ["reserve", "held", "keep", "leaving"])
@pytest.mark.parametrize("then", ["submit", "look", "another", "forget"])
async def test_a_daemon_killed_before_it_hands_over_holds_no_money_for_it(
    desk: Desk, stage: str, then: str
) -> None:
    class Died(BaseException):
        pass

    killed = False

    async def no_more(*_: object, **__: object) -> None:
        raise Died

    async def die(*_: object, **__: object) -> None:
        nonlocal killed
        killed = True
        # What is dead tidies nothing up.
        desk.meter.free = no_more  # type: ignore[method-assign]
        desk.store.jobs.drop = no_more  # type: ignore[method-assign]
        raise Died

    free = desk.meter.free
    at: object = desk.meter if stage in ("reserve", "keep") else desk.store.jobs
    known = getattr(at, stage)
    if stage == "reserve":
        rows = iter("ab")

        async def second_dies(call: Call) -> object:
            return await (known(call) if next(rows) == "a" else die())

        desk.meter.reserve = second_dies  # type: ignore[method-assign]
    else:
        setattr(at, stage, die)
    with pytest.raises(BaseException):  # noqa: B017
        await desk.submit(desk.file("a", "b"))
    assert killed
    assert desk.acme.jobs == {}
    setattr(at, stage, known)
    desk.meter.free = free  # type: ignore[method-assign]
    desk.meter.die()
    await desk.store.aclose()
    desk.store = desk.opened()
    (card,) = await desk.store.cards()
    assert [job.state for job in (await desk.store.card(card.id)).jobs] == ["holding"]
    if then == "submit":
        await desk.submit(desk.file("a", "b"))
        assert [len(items) for items in desk.acme.jobs.values()] == [2]
        assert len(desk.meter.held) == 2
        return
    if then == "look":
        assert (await desk.deferred.look(card.id)).jobs == ()
    elif then == "forget":
        await desk.deferred.forget(card.id)
    else:
        other = desk.directory / "other.jsonl"
        other.write_text('{"prompt": "z"}\n')
        card = await desk.submit(FileSource(other))
        assert len(desk.meter.held) == 1
        desk.acme.end()
        await desk.deferred.look(card.id)
    assert desk.meter.held == {}
    assert all(outcome.sent for outcome in desk.meter.settled.values())


async def test_a_job_that_was_refused_leaves_nothing_behind(desk: Desk) -> None:
    desk.acme.refusal = PermissionDenied("no key")
    with pytest.raises(PermissionDenied):
        await desk.submit(desk.file("a", "b"))
    assert desk.meter.held == {}
    desk.acme.refusal = None
    card = await desk.submit(desk.file("a", "b"))
    assert [len(items) for items in desk.acme.jobs.values()] == [2]
    assert len(card.jobs) == 1


async def test_a_budget_holds_before_anything_is_handed_over(desk: Desk) -> None:
    desk.meter.left = 4
    with pytest.raises(BudgetExceeded):
        await desk.submit(desk.file("a", "b", "c", "d", "e"))
    assert [len(items) for items in desk.acme.jobs.values()] == [3]
    assert len(desk.meter.held) == 3, "what was set aside for the job that was not handed over is free again"


async def test_rows_without_result_say_why_and_can_be_handed_over_again(desk: Desk) -> None:
    desk.acme.lost = {"b"}
    desk.acme.errors = {"c": "errored"}
    source = desk.file("a", "b", "c")
    card = await desk.submit(source)
    desk.acme.end("expired")
    card = await desk.deferred.look(card.id)
    assert (card.jobs[0].state, card.rows, card.failed) == ("expired", 3, 2)
    rows = await desk.rows(card.id)
    assert [row["error"]["name"] for row in rows if "error" in row] == ["expired", "errored"]
    assert rows[2]["id"] == "id-c"
    assert desk.meter.held == {}
    desk.acme.lost, desk.acme.errors = set(), {}
    card = await desk.submit(source, retry_failed=True)
    assert [item.request.messages[-1].content for item in desk.acme.jobs["remote-1"]] == ["b", "c"]
    desk.acme.end()
    await desk.deferred.look(card.id)
    assert [row["text"] for row in await desk.rows(card.id)] == ["re: a", "re: b", "re: c"]


async def test_waiting_looks_less_often_while_nothing_changes(desk: Desk) -> None:
    card = await desk.submit(desk.file("a"))

    def later() -> None:
        if len(desk.slept) == 5:
            desk.acme.end()

    desk.on_sleep = later
    done = await desk.deferred.wait(card.id, poll_s=60)
    assert done.state == "finished"
    assert desk.slept == [60, 90, 135, 202.5, 303.75]
    assert desk.acme.looks == 6
    assert desk.shown[-1] == {"done": 1, "total": 1, "label": "deferred batch"}


async def test_waiting_outlasts_a_provider_that_is_away(desk: Desk) -> None:
    card = await desk.submit(desk.file("a"))
    status = desk.acme.batch_status

    async def away(batch: str) -> BatchStatus:
        raise ProviderUnavailable("away")

    desk.acme.batch_status = away  # type: ignore[method-assign]

    def later() -> None:
        desk.acme.batch_status = status  # type: ignore[method-assign]
        desk.acme.end()

    desk.on_sleep = later
    assert (await desk.deferred.wait(card.id, poll_s=60)).state == "finished"
    assert desk.said == ["cannot look now: away"]


async def test_a_batch_can_be_cancelled(desk: Desk) -> None:
    desk.acme.lost = {"b"}
    card = await desk.submit(desk.file("a", "b"))
    card = await desk.deferred.cancel(card.id)
    assert card.jobs[0].state == "cancelled"
    assert [row.get("text", row.get("error", {}).get("name")) for row in await desk.rows(card.id)] == [
        "re: a",
        "cancelled",
    ]


async def test_each_model_has_jobs_of_its_own(desk: Desk) -> None:
    path = desk.directory / "in.jsonl"
    path.write_text('{"prompt": "a"}\n{"prompt": "b", "model": "big"}\nnope\n{"prompt": "c"}\n')
    card = await desk.submit(FileSource(path))
    jobs = [[item.request.model for item in items] for items in desk.acme.jobs.values()]
    assert jobs == [["m-default", "m-default"], ["big"]]
    assert desk.said[0].startswith("line 3: ")
    desk.acme.end()
    await desk.deferred.look(card.id)
    rows = await desk.rows(card.id)
    assert [row.get("text") for row in rows] == ["re: a", "re: b", None, "re: c"]


async def test_a_provider_without_a_batch_interface_is_refused(desk: Desk) -> None:
    desk.provider = object()
    with pytest.raises(InvalidParams, match="no batch interface"):
        await desk.submit(desk.file("a"))
    assert await desk.store.cards() == []


async def test_beginning_anew_counts_what_is_given_up(desk: Desk) -> None:
    source = desk.file("a", "b")
    await desk.submit(source)
    with pytest.raises(InvalidParams, match="1 job of this batch is at the provider"):
        await desk.submit(source, fresh=True)
    await desk.submit(source, fresh=True, resubmit=True)
    assert len(desk.acme.jobs) == 2
    assert len(desk.meter.held) == 2
    assert len(desk.meter.settled) == 2


async def test_a_large_job_is_paid_for_in_few_transactions(desk: Desk) -> None:
    at_once = most = 0
    reserve = desk.meter.reserve

    async def slow(call: Call) -> object:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await anyio.lowlevel.checkpoint()
        at_once -= 1
        return await reserve(call)

    desk.meter.reserve = slow  # type: ignore[method-assign]
    desk.meter.left = 2000
    desk.acme.batch_max_items = 2000
    await desk.submit(desk.file(*map(str, range(1200))))
    assert most == 500
    assert len(desk.meter.kept) == 1200
