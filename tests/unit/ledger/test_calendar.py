"""Days and months here: as clocks change, zones change, and midnights are missing."""

import time
from collections.abc import Iterator
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from isaacd.ledger.calendar import Calendar
from tests.ledgers import BERLIN, at


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


def test_a_day_is_the_local_date() -> None:
    moment = at("2026-11-23 23:30", UTC)
    assert Calendar(UTC).day(moment) == "2026-11-23"
    assert Calendar(BERLIN).day(moment) == "2026-11-24"


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-23", 24)],
)
def test_the_days_of_clock_changes_are_shorter_and_longer(day: str, hours: int) -> None:
    start = at(f"{day} 00:00")
    calendar = Calendar(BERLIN)
    assert calendar.day_ends(start) - start == hours * 3600
    assert calendar.day(calendar.day_ends(start) - 1) == day
    assert calendar.day(calendar.day_ends(start)) > day


def test_a_day_whose_midnight_is_skipped_begins_with_its_first_moment() -> None:
    calendar = Calendar(ZoneInfo("America/Sao_Paulo"))  # 2018-11-04 began at 01:00
    before = at("2018-11-03 12:00", ZoneInfo("America/Sao_Paulo"))
    end = calendar.day_ends(before)
    assert calendar.day(end - 1) == "2018-11-03"
    assert calendar.day(end) == "2018-11-04"
    assert calendar.shown(end) == "2018-11-04 01:00"


@pytest.mark.parametrize(
    ("now", "end"),
    [("2026-11-30 23:59", "2026-12-01 00:00"), ("2026-12-01 00:00", "2027-01-01 00:00"), ("2028-02-29 12:00", "2028-03-01 00:00")],
)  # fmt: skip
def test_a_month_ends_when_the_next_begins(now: str, end: str) -> None:
    assert Calendar(BERLIN).month_ends(at(now)) == at(end)


def test_the_zone_of_the_system_is_looked_up_at_each_use(zone: pytest.MonkeyPatch) -> None:
    calendar, moment = Calendar(), at("2026-11-23 23:30", UTC)
    for name, day in (
        ("UTC", "2026-11-23"),
        ("Asia/Tokyo", "2026-11-24"),
        ("America/New_York", "2026-11-23"),
    ):
        zone.setenv("TZ", name)
        assert calendar.day(moment) == day
        assert calendar.day_ends(moment) == at(f"{day[:8]}{int(day[8:]) + 1} 00:00", ZoneInfo(name))
        assert calendar.month_ends(moment) == at("2026-12-01 00:00", ZoneInfo(name))
