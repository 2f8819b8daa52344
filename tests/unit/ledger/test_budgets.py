"""Budgets: what is refused, before it is asked, and until when."""

from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from isaacd.ai.chat import ChatRequest, Message
from isaacd.config import Config
from isaacd.errors import BudgetExceeded, StorageUnavailable
from isaacd.ledger.ledger import Ledger
from isaacd.ledger.record import Reservation
from tests.fakes import FakeClock
from tests.ledgers import at, call, config, ended, ledger

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(at("2026-11-23 12:00"))


@pytest.fixture
async def book(tmp_path: Path, clock: FakeClock) -> AsyncGenerator[Ledger, None]:
    found = ledger(tmp_path, clock)
    yield found
    await found.aclose()


async def spend(book: Ledger, settings: Config, *, caller: str = "isaacctl", calls: int = 1) -> None:
    """Make calls of $0.002 each."""
    meter = book.view(settings, caller)
    for _ in range(calls):
        assert await meter.settle(await meter.reserve(call()), ended()) == pytest.approx(0.002)


async def until_one_waits(book: Ledger) -> None:
    """Return once a call waits for others, and has been looked at once."""
    while not book.book._wishes:
        await anyio.lowlevel.checkpoint()
    await book.flush()


async def test_a_call_that_could_go_over_is_refused_before_it_is_made(book: Ledger) -> None:
    meter = book.view(config(day_usd=0.003), "isaacctl")
    with pytest.raises(BudgetExceeded) as caught:
        await meter.reserve(call())
    detail = caught.value.detail or {}
    # 1024 for the request, 16 for the message, 5 bytes: 1045 tokens of $1, 1000 of $2 a million.
    assert detail["needed_usd"] == pytest.approx(0.003045)
    assert (detail["budget"], detail["spent_usd"], detail["left_usd"]) == ("day", 0.0, 0.003)
    assert detail["until"] == at("2026-11-24 00:00")
    assert "until 2026-11-24 00:00" in caught.value.message
    assert "budget.day_usd" in (caught.value.hint or "")


async def test_what_is_spent_counts_and_what_was_set_aside_is_freed(book: Ledger) -> None:
    settings = config(day_usd=0.0071)
    await spend(book, settings, calls=3)  # 0.006 spent; a fourth could cost 0.003045
    with pytest.raises(BudgetExceeded) as caught:
        await book.view(settings, "isaacctl").reserve(call())
    assert "$0.006 are spent" in caught.value.message
    assert (caught.value.detail or {})["reserved_usd"] == 0


async def test_calls_under_way_count_with_the_most_they_can_cost(book: Ledger) -> None:
    meter = book.view(config(day_usd=0.0062), "isaacctl")
    first, second = await meter.reserve(call()), await meter.reserve(call())
    with pytest.raises(BudgetExceeded, match=r"\$0.00609 set aside for 2 calls under way"):
        await meter.reserve(call())
    await meter.settle(first, ended(sent=False))
    third = await meter.reserve(call())
    for item in (second, third):
        await meter.settle(item, ended(sent=False))
    assert (await book.desk(config(day_usd=1)).budgets())[0].spent_usd == 0


async def test_who_could_fit_waits_for_calls_under_way(tmp_path: Path, clock: FakeClock) -> None:
    book = ledger(tmp_path, clock, patience_s=60)
    meter = book.view(config(day_usd=0.0055), "isaacctl")
    first = await meter.reserve(call())
    with anyio.fail_after(90):
        async with anyio.create_task_group() as group:
            group.start_soon(meter.reserve, call())
            await until_one_waits(book)
            await meter.settle(first, ended())
    assert (await book.desk(config(day_usd=1)).budgets())[0].under_way == 1
    await book.aclose()


async def test_who_cannot_fit_whatever_the_others_cost_is_refused_at_once(
    tmp_path: Path, clock: FakeClock
) -> None:
    book = ledger(tmp_path, clock, patience_s=3600)
    meter = book.view(config(day_usd=0.0055), "isaacctl")
    await meter.reserve(call())
    with anyio.fail_after(90), pytest.raises(BudgetExceeded):
        await meter.reserve(call(max_tokens=5000))
    await book.aclose()


async def test_a_caller_who_leaves_frees_what_it_waited_for(tmp_path: Path, clock: FakeClock) -> None:
    book = ledger(tmp_path, clock, patience_s=3600)
    settings = config(day_usd=0.0055)
    meter = book.view(settings, "isaacctl")
    first = await meter.reserve(call())
    with anyio.fail_after(90):
        async with anyio.create_task_group() as group:
            group.start_soon(meter.reserve, call())
            await until_one_waits(book)
            group.cancel_scope.cancel()
        await meter.settle(first, ended())
        await book.flush()
        state = (await book.desk(settings).budgets())[0]
    assert (state.under_way, state.reserved_usd, state.spent_usd) == (0, 0, 0.002)
    await book.aclose()


@pytest.mark.parametrize("turns", range(6))
async def test_a_reservation_cancelled_at_any_moment_is_freed(book: Ledger, turns: int) -> None:
    settings = config(day_usd=1)
    meter = book.view(settings, "isaacctl")
    async with anyio.create_task_group() as group:
        group.start_soon(meter.reserve, call())
        for _ in range(turns):
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert (await book.desk(settings).budgets())[0].under_way == 0


async def test_200_askers_with_a_cent_never_spend_more(tmp_path: Path, clock: FakeClock) -> None:
    book = ledger(tmp_path, clock, patience_s=60)
    settings = config(day_usd=0.01)
    meter = book.view(settings, "isaacctl")
    answered, refused = [], []

    async def ask() -> None:
        try:
            item = await meter.reserve(call())
        except BudgetExceeded as error:
            refused.append(error)
            return
        await anyio.lowlevel.checkpoint()
        answered.append(await meter.settle(item, ended()))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for _ in range(200):
                group.start_soon(ask)
    assert len(answered) + len(refused) == 200
    assert len(answered) == 4  # 4 x 0.002, and a fifth could cost 0.003045
    assert (await book.desk(settings).budgets())[0].spent_usd == pytest.approx(0.008)
    assert sum(answered) <= 0.01
    await book.aclose()


async def test_two_ledgers_on_one_file_hold_one_budget(tmp_path: Path, clock: FakeClock) -> None:
    one, two = ledger(tmp_path, clock), ledger(tmp_path, clock)
    settings = config(day_usd=0.0062)
    await one.view(settings, "a").reserve(call())
    await two.view(settings, "b").reserve(call())
    for book in (one, two):
        with pytest.raises(BudgetExceeded):
            await book.view(settings, "c").reserve(call())
    await one.aclose()
    await two.aclose()


async def test_one_ledger_waits_for_what_another_frees(tmp_path: Path, clock: FakeClock) -> None:
    one, two = ledger(tmp_path, clock, patience_s=60), ledger(tmp_path, clock, patience_s=60)
    settings = config(day_usd=0.0055)
    first = await one.view(settings, "a").reserve(call())
    with anyio.fail_after(90):
        async with anyio.create_task_group() as group:
            group.start_soon(two.view(settings, "b").reserve, call())
            await until_one_waits(two)
            await one.view(settings, "a").settle(first, ended())
    await one.aclose()
    await two.aclose()


async def test_a_day_ends_at_local_midnight_in_a_daemon_that_never_restarts(
    book: Ledger, clock: FakeClock
) -> None:
    settings = config(day_usd=0.0055)
    clock.wall = at("2026-11-23 23:59:58")
    await spend(book, settings, calls=2)
    with pytest.raises(BudgetExceeded):
        await spend(book, settings)
    clock.advance(1)
    with pytest.raises(BudgetExceeded):
        await spend(book, settings)
    clock.advance(1)
    await spend(book, settings)


async def test_a_month_ends_with_the_month(book: Ledger, clock: FakeClock) -> None:
    settings = config(month_usd=0.0055)
    clock.wall = at("2026-11-01 00:00")
    await spend(book, settings)
    clock.wall = at("2026-11-30 23:59:59")
    await spend(book, settings)
    with pytest.raises(BudgetExceeded, match="until 2026-12-01 00:00"):
        await spend(book, settings)
    clock.advance(1)
    await spend(book, settings)


async def test_a_call_counts_for_the_day_on_which_it_was_reserved(book: Ledger, clock: FakeClock) -> None:
    settings = config(day_usd=0.0055)
    clock.wall = at("2026-11-23 23:59:59")
    meter = book.view(settings, "isaacctl")
    item = await meter.reserve(call())
    clock.advance(2)
    await meter.settle(item, ended())
    report = await book.desk(settings).report("day", None, None)
    assert [(row.key, row.cost_usd) for row in report.rows] == [("2026-11-23", 0.002)]


async def test_a_call_that_waits_past_midnight_counts_for_the_new_day(
    tmp_path: Path, clock: FakeClock
) -> None:
    book = ledger(tmp_path, clock, patience_s=60)
    settings = config(day_usd=0.0055)
    clock.wall = at("2026-11-23 23:59:59")
    meter = book.view(settings, "isaacctl")
    await meter.reserve(call())
    found: list[Reservation | None] = []

    async def wait() -> None:
        found.append(await meter.reserve(call()))

    with anyio.fail_after(90):
        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await until_one_waits(book)
            clock.advance(1)
    assert found[0] is not None
    assert found[0].day == "2026-11-24"
    await book.aclose()


async def test_a_clock_that_jumps_back_finds_what_was_spent_then(book: Ledger, clock: FakeClock) -> None:
    settings = config(day_usd=0.0055)
    clock.wall = at("2026-11-24 00:00:01")
    await spend(book, settings, calls=2)
    clock.advance(-10)
    await spend(book, settings, calls=2)
    for moment in ("2026-11-23 23:59:59", "2026-11-24 00:00:01"):
        clock.wall = at(moment)
        with pytest.raises(BudgetExceeded):
            await spend(book, settings)


async def test_a_caller_has_its_own_limit_and_a_star_is_for_all_others(book: Ledger) -> None:
    settings = config(caller_day_usd={"nvim": 0.0035, "*": 0.0055})
    await spend(book, settings, caller="nvim")
    for caller in ("isaacctl", "cron"):
        await spend(book, settings, caller=caller, calls=2)
    for caller in ("nvim", "isaacctl"):
        with pytest.raises(BudgetExceeded, match=f"the budget of {caller} for today") as caught:
            await spend(book, settings, caller=caller)
        assert (caught.value.detail or {})["caller"] == caller


async def test_the_answer_is_limited_only_while_a_budget_is_set(book: Ledger) -> None:
    request = ChatRequest(messages=(Message("user", "hi"),))
    limited = book.view(config(day_usd=1, max_output_tokens=77), "isaacctl").bounded(request)
    assert limited.max_tokens == 77
    assert book.view(config(), "isaacctl").bounded(request) is request
    own = ChatRequest(messages=(), max_tokens=5)
    assert book.view(config(day_usd=1), "isaacctl").bounded(own) is own


async def test_an_unpriced_model_is_refused_under_a_budget_unless_allowed(book: Ledger) -> None:
    with pytest.raises(BudgetExceeded, match="the price of p/mystery is not known") as caught:
        await book.view(config(day_usd=1), "x").reserve(call(model="mystery"))
    assert '[ai.prices."p/mystery"]' in (caught.value.hint or "")
    settings = config(day_usd=1, unpriced="allow")
    meter = book.view(settings, "x")
    item = await meter.reserve(call(model="mystery"))
    assert await meter.settle(item, ended(model="mystery")) is None
    total = (await book.desk(settings).report("model", None, None)).total
    assert (total.calls, total.unpriced, total.cost_usd) == (1, 1, None)


async def test_a_call_without_an_end_is_refused_under_a_budget(book: Ledger) -> None:
    with pytest.raises(BudgetExceeded, match="nothing limits"):
        await book.view(config(day_usd=1), "x").reserve(call(max_tokens=None))


async def test_a_budget_of_0_allows_what_costs_nothing_only(book: Ledger) -> None:
    meter = book.view(config(day_usd=0), "x")
    with pytest.raises(BudgetExceeded):
        await meter.reserve(call())
    assert await meter.reserve(call(kind="knowledge", model=None)) is None


async def test_a_budget_needs_a_ledger_that_can_be_written(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "data").write_text("in the way of the folder")
    book = ledger(tmp_path, clock)
    with pytest.raises(StorageUnavailable, match="a budget is set, and it cannot be kept") as caught:
        await book.view(config(day_usd=1), "x").reserve(call())
    assert not caught.value.retryable
    await book.aclose()


async def test_without_a_budget_a_ledger_that_cannot_be_written_stops_nothing(
    tmp_path: Path, clock: FakeClock
) -> None:
    (tmp_path / "data").write_text("in the way of the folder")
    book = ledger(tmp_path, clock)
    meter = book.view(config(), "x")
    for _ in range(3):
        assert await meter.settle(await meter.reserve(call()), ended()) == pytest.approx(0.002)
        await book.flush()
    assert book.troubles == (f"3 calls are not written down yet: {book.book.trouble}",)
    lines = (tmp_path / "log").read_text().splitlines()
    assert sum("the ledger cannot be written" in line for line in lines) == 1
    (tmp_path / "data").unlink()
    await book.flush()
    assert book.troubles == ()
    assert (await book.desk(config()).report("day", None, None)).total.calls == 3
    await book.aclose()


async def test_what_a_dead_process_had_not_sent_is_free_and_what_it_kept_stays(
    tmp_path: Path, clock: FakeClock
) -> None:
    settings = config(day_usd=1.0)
    first = ledger(tmp_path, clock)
    meter = first.view(settings, "x", deferred=0.5)
    kept, *_ = [await meter.reserve(call()) for _ in range(3)]
    assert isinstance(kept, Reservation)
    await meter.keep([kept])
    await first.aclose()
    second = ledger(tmp_path, clock)
    second.book._owner = "another"
    second.book._is_gone = lambda owner: owner == first.owner
    await second.view(settings, "y").reserve(call())
    (state,) = await second.desk(settings).budgets()
    assert (state.under_way, state.spent_usd) == (2, 0.0)
    await second.view(settings, "x", deferred=0.5).free([kept])
    (state,) = await second.desk(settings).budgets()
    assert state.under_way == 1
    assert await second.desk(settings).calls(10) == [], "what was never made is no call"
    await second.aclose()
