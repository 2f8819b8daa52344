"""What the ledger tells its owner: sums that agree with the calls, in any order and of any span."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from isaacd.errors import InvalidParams
from isaacd.ledger.figures import By
from isaacd.ledger.ledger import Ledger
from isaacd.ledger.record import Row
from isaacd.ledger.schema import SUMS
from tests.fakes import FakeClock
from tests.ledgers import at, call, config, ended, ledger

pytestmark = pytest.mark.anyio

# Sundays and Mondays, the ends of months and of a year.
MOMENTS = ("2025-12-31 23:59", "2026-01-01 00:00", "2026-11-01 08:00", "2026-11-02 08:00", "2026-11-23 12:00")


@pytest.fixture
async def book(tmp_path: Path) -> AsyncGenerator[Ledger, None]:
    clock = FakeClock()
    found = ledger(tmp_path, clock)
    for index, moment in enumerate(MOMENTS):
        clock.wall = at(moment)
        for caller in ("nvim", "isaacctl")[: 1 + index % 2]:
            meter = found.view(config(), caller)
            item = await meter.reserve(call(model="m" if index % 3 else "mystery", provider=f"p{index % 2}"))
            await meter.settle(item, ended(model="m" if index % 3 else "mystery"))
    yield found
    await found.aclose()


async def keys(book: Ledger, by: By, since: str | None = None, until: str | None = None) -> dict[str, int]:
    report = await book.desk(config()).report(by, since, until)
    assert report.total.calls == sum(row.calls for row in report.rows)
    assert (report.total.cost_usd or 0.0) == pytest.approx(sum(row.cost_usd or 0.0 for row in report.rows))
    return {row.key: row.calls for row in report.rows}


async def test_calls_are_summed_by_anything(book: Ledger) -> None:
    assert await keys(book, "day") == {
        "2025-12-31": 1, "2026-01-01": 2, "2026-11-01": 1, "2026-11-02": 2, "2026-11-23": 1,
    }  # fmt: skip
    # Weeks begin on Monday: 2026-11-01 was a Sunday.
    assert await keys(book, "week") == {"2025-12-29": 3, "2026-10-26": 1, "2026-11-02": 2, "2026-11-23": 1}
    assert await keys(book, "month") == {"2025-12": 1, "2026-01": 2, "2026-11": 4}
    assert await keys(book, "model") == {"m": 4, "mystery": 3}
    assert await keys(book, "caller") == {"nvim": 5, "isaacctl": 2}
    assert await keys(book, "provider") == {"p0": 3, "p1": 4}


@pytest.mark.parametrize(
    ("since", "until", "calls"),
    [
        ("2026-11-02", None, 3), (None, "2026-01-01", 3), ("2026-11", "2026-11", 4), ("today", None, 1),
        ("22d", "yesterday", 2), ("1d", None, 1), ("4w", None, 4), ("yesterday", "today", 1),
    ],
)  # fmt: skip
async def test_a_span_includes_both_its_days(
    book: Ledger, since: str | None, until: str | None, calls: int
) -> None:
    assert sum((await keys(book, "model", since, until)).values()) == calls


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("soon", None),
        ("2026-02-30", None),
        ("", None),
        ("99999999999d", None),
        ("-3d", None),
        ("today", "2026-01-01"),
    ],
)
async def test_what_is_no_span_is_refused_with_what_would_be_one(
    book: Ledger, since: str | None, until: str | None
) -> None:
    with pytest.raises(InvalidParams, match="--since"):
        await book.desk(config()).report("day", since, until)


async def test_the_sums_of_days_are_those_of_the_calls(book: Ledger) -> None:
    await book.flush()
    columns = ["count(*)", *(f"sum({name})" for name in ("input", "output", "cost", "elapsed_ms"))]
    of_calls = await book.database.read(f"SELECT {', '.join(columns)} FROM calls")
    columns = [f"sum({name})" for name in ("calls", "input", "output", "cost", "elapsed_ms")]
    assert of_calls == await book.database.read(f"SELECT {', '.join(columns)} FROM days")


def test_a_row_adds_to_every_sum() -> None:
    row = Row(
        id="i", at=0, day="d", provider="p", kind="k", model="m", caller="c", lane="batch", attempt=1,
        reason="first", outcome="ok",
    )  # fmt: skip
    assert tuple(row.sums()) == SUMS


async def test_the_overview_tells_today_and_the_month_apart(book: Ledger) -> None:
    found = await book.desk(config(day_usd=1, month_usd=2)).overview()
    assert (found.today.calls, found.month.calls) == (1, 4)
    assert [state.setting for state in found.budgets] == ["budget.day_usd", "budget.month_usd"]
    assert [day.key for day in found.days] == [f"2026-11-{day:02}" for day in range(1, 24)]
    assert found.troubles == ()


async def test_budgets_of_all_callers_are_told(book: Ledger) -> None:
    settings = config(caller_day_usd={"cron": 1.0, "*": 2.0})
    states = await book.desk(settings).budgets()
    assert [(state.setting, state.limit_usd) for state in states] == [
        ('budget.caller_day_usd."cron"', 1.0),
        ('budget.caller_day_usd."nvim"', 2.0),
    ]
