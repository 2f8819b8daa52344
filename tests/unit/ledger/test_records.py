"""What is written down of each call, and what never is."""

import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from isaacd.ai.chat import Usage
from isaacd.config import Config, HistoryConfig
from isaacd.ledger.figures import PastCall
from isaacd.ledger.ledger import Ledger
from tests.fakes import FakeClock
from tests.ledgers import at, call, config, ended, ledger

pytestmark = pytest.mark.anyio

BROKEN = {"usage": None, "outcome": "broken"}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(at("2026-11-23 12:00"))


@pytest.fixture
async def book(tmp_path: Path, clock: FakeClock) -> AsyncGenerator[Ledger, None]:
    found = ledger(tmp_path, clock)
    yield found
    await found.aclose()


async def record(
    book: Ledger, settings: Config | None = None, *, facts: dict[str, Any] | None = None, **outcome: Any
) -> PastCall:
    """Make one call and return what is written down of it."""
    settings = settings or config()
    meter = book.view(settings, "nvim")
    known = {"text": "a question"} | (facts or {})
    item = await meter.reserve(call(known.pop("text"), **known))
    told = await meter.settle(item, ended(**outcome))
    (row,) = await book.desk(settings).calls(1)
    assert row.cost_usd == (None if told is None else pytest.approx(told, abs=1e-9))
    return row


async def test_a_call_is_written_down_with_all_that_is_known_of_it(book: Ledger, clock: FakeClock) -> None:
    row = await record(
        book, facts={"attempt": 2, "reason": "retry", "lane": "batch"}, usage=Usage(1000, 500, 200)
    )
    assert row == PastCall(
        at=clock.wall, day="2026-11-23", provider="p", model="m", caller="nvim", lane="batch", attempt=2,
        reason="retry", outcome="ok", input_tokens=1000, cached_tokens=200, output_tokens=500, cost_usd=0.002,
        how="config", elapsed_ms=10.0, first_ms=1.0,
    )  # fmt: skip


async def test_the_price_that_the_provider_states_counts(book: Ledger) -> None:
    row = await record(book, usage=Usage(1000, 500, cost_usd=0.0123))
    assert (row.cost_usd, row.how) == (0.0123, "stated")


@pytest.mark.parametrize("stated", [float("nan"), float("inf"), -1.0, 1e9])
async def test_a_stated_price_that_cannot_be_is_not_believed(book: Ledger, stated: float) -> None:
    row = await record(book, usage=Usage(1000, 500, cost_usd=stated))
    assert (row.cost_usd, row.how) == (0.002, "config")


async def test_an_unknown_price_is_not_0(book: Ledger) -> None:
    row = await record(book, facts={"model": "mystery"}, model="mystery")
    assert (row.cost_usd, row.how) == (None, "unknown")


async def test_a_model_under_another_name_is_charged_as_it_was_asked_for(book: Ledger) -> None:
    row = await record(book, model="m-2026-11-01")
    assert (row.model, row.cost_usd) == ("m-2026-11-01", 0.002)
    row = await record(book, model="what-is-this")
    assert (row.model, row.cost_usd) == ("what-is-this", 0.002)


@pytest.mark.parametrize("outcome", ["broken", "cancelled", "deadline_exceeded"])
async def test_a_call_that_broke_off_is_charged_by_what_is_known(book: Ledger, outcome: str) -> None:
    row = await record(book, facts={"text": "x" * 2988}, usage=None, outcome=outcome, text="y" * 900)
    assert (row.input_tokens, row.output_tokens, row.how) == (1000, 300, "estimated")
    assert row.cost_usd == pytest.approx(0.001 + 0.0006)


async def test_what_a_broken_call_had_counted_already_is_used(book: Ledger) -> None:
    row = await record(book, usage=Usage(1000, 1, cached_tokens=0), outcome="broken", text="y" * 900)
    assert (row.input_tokens, row.output_tokens) == (1000, 300)


async def test_an_answer_whose_provider_counts_nothing_is_estimated(book: Ledger) -> None:
    row = await record(book, facts={"text": "x" * 2988}, usage=None, text="y" * 900)
    assert (row.how, row.cost_usd) == ("estimated", 0.0016)


@pytest.mark.parametrize(
    ("outcome", "how"),
    [
        ({"outcome": "provider_unavailable", "sent": False}, "unsent"),
        ({"outcome": "cancelled", "sent": False}, "unsent"),
        ({"outcome": "rate_limited", "text": "", "first_ms": None}, "refused"),
    ],
)
async def test_what_never_reached_the_model_costs_nothing(
    book: Ledger, outcome: dict[str, Any], how: str
) -> None:
    row = await record(book, usage=None, **outcome)
    assert (row.cost_usd, row.how) == (0, how)


async def test_an_estimate_is_never_above_what_was_set_aside(book: Ledger) -> None:
    row = await record(book, config(day_usd=1), facts={"max_tokens": 10}, text="y" * 90_000, **BROKEN)
    assert row.cost_usd == pytest.approx(0.001050 + 0.00002, abs=1e-6)


@pytest.mark.parametrize("tokens", [-5, 2**63, 2**70])
async def test_a_count_that_cannot_be_breaks_nothing(book: Ledger, tokens: int) -> None:
    row = await record(book, usage=Usage(tokens, tokens, tokens))
    assert 0 <= row.input_tokens <= 10**9
    assert book.troubles == ()


async def test_names_of_strangers_are_cut_and_made_writable(book: Ledger) -> None:
    row = await record(book, model="\ud800" + "x" * 1000)
    assert row.model == "?" + "x" * 199


async def test_offline_answers_are_no_calls(book: Ledger) -> None:
    meter = book.view(config(), "nvim")
    item = await meter.reserve(call(kind="knowledge", model=None))
    assert await meter.settle(item, ended()) == 0
    assert await book.desk(config()).calls(5) == []


async def test_a_kept_answer_costs_nothing_and_saves_what_it_had_cost(book: Ledger) -> None:
    await record(book)
    book.record_hit("nvim", "p", "m", 0.002, 1500, "exact")
    book.record_hit("nvim", "p", "m", None, 1500, "slot")
    total = (await book.desk(config()).report("caller", None, None)).total
    assert (total.calls, total.hits, total.cost_usd, total.saved_usd, total.unpriced) == (
        1,
        2,
        0.002,
        0.002,
        0,
    )


async def test_what_the_providers_cache_saved_is_written_down(book: Ledger) -> None:
    raw = {"ai": {"prices": {"m": {"input": 10.0, "output": 2.0, "cached": 1.0, "cache_write": 12.5}}}}
    settings = msgspec.convert(raw, Config)
    await record(book, settings, usage=Usage(100_000, 0, cached_tokens=100_000))
    await record(book, settings, usage=Usage(100_000, 0, cache_write_tokens=100_000))
    total = (await book.desk(settings).report("day", None, None)).total
    assert total.cost_usd == pytest.approx(0.1 + 1.25)
    assert total.cache_saved_usd == pytest.approx(0.9 - 0.25)


async def test_a_deferred_call_costs_half_and_outlives_its_process(
    tmp_path: Path, book: Ledger, clock: FakeClock
) -> None:
    settings = config(day_usd=1)
    meter = book.view(settings, "batch", deferred=0.5)
    item = await meter.reserve(call())
    assert item is not None
    assert item.bound == 1_522_500
    kept = msgspec.json.decode(msgspec.json.encode(item), type=type(item))
    await book.aclose()
    later = ledger(tmp_path, clock)
    later.book._is_gone = lambda _: True
    assert (await later.desk(settings).budgets())[0].under_way == 1
    assert await later.view(settings, "batch", deferred=0.5).settle(kept, ended()) == pytest.approx(0.001)
    assert (await later.desk(settings).budgets())[0].under_way == 0
    await later.aclose()


async def test_questions_are_never_written_unless_history_is_on(book: Ledger, tmp_path: Path) -> None:
    await record(book, facts={"text": "a most private question"}, text="a most private answer")
    await book.aclose()
    for file in (tmp_path / "data").iterdir():
        assert b"private" not in file.read_bytes()


async def test_with_history_on_questions_are_kept_without_secrets(book: Ledger, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(config(), history=HistoryConfig(prompts=True))
    secret = "sk-proj-abcdefghij0123456789"
    row = await record(
        book, settings, facts={"text": f"why is {secret} refused?"}, text=f"ask for another {secret}"
    )
    assert (row.question, row.answer) == ("why is [redacted] refused?", "ask for another [redacted]")
    await book.aclose()
    for file in (tmp_path / "data").iterdir():
        assert secret.encode() not in file.read_bytes()
    gone = await book.desk(settings).collect(texts=True)
    assert (gone.calls, gone.texts) == (0, 1)
    assert (await book.desk(settings).calls(1))[0].question is None


async def test_the_file_is_private(book: Ledger, tmp_path: Path) -> None:
    await record(book)
    for file in (tmp_path / "data").glob("ledger.sqlite*"):
        assert file.stat().st_mode & 0o777 == 0o600


async def test_nothing_is_lost_at_an_orderly_end(book: Ledger, tmp_path: Path) -> None:
    meter = book.view(config(), "nvim")
    for _ in range(500):
        await meter.settle(await meter.reserve(call()), ended())
    await book.aclose()
    file = sqlite3.connect(tmp_path / "data" / "ledger.sqlite")
    assert file.execute("SELECT count(*) FROM calls").fetchone() == (500,)
    file.close()


async def test_old_calls_go_and_their_sums_stay(book: Ledger, clock: FakeClock) -> None:
    await record(book)
    clock.advance(401 * 86_400)
    await record(book)
    desk = book.desk(config())
    assert (await desk.collect()).calls == 1
    assert len(await desk.calls(10)) == 1
    assert (await desk.report("month", None, None)).total.calls == 2
