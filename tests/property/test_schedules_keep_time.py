"""Moments of rules against a slow reference that looks at every minute, in zones whose clocks jump."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from isaacd.jobs.times.cron import Cron, parse_cron
from isaacd.jobs.times.rule import Calendar, Every, count_between
from isaacd.jobs.times.zone import Zone

ZONES = (
    *(
        "Europe/Berlin",
        "America/New_York",
        "America/Santiago",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Asia/Kolkata",
    ),
    *("Africa/Casablanca", "America/St_Johns", "Asia/Beirut", "America/Asuncion", "UTC", "Antarctica/Troll"),
)
BEGIN = datetime(2009, 1, 1, tzinfo=UTC)
DAYS_SEEN = 4


def transitions(zone: str) -> list[float]:
    """Return moments near which the zone's clock jumps."""
    found, tz = [], ZoneInfo(zone)
    before = None
    for hours in range(0, 24 * 366 * 9, 3):
        at = BEGIN + timedelta(hours=hours)
        offset = at.astimezone(tz).utcoffset()
        if before is not None and offset != before:
            found.append(at.timestamp())
        before = offset
    return found or [BEGIN.timestamp() + 1e7]


JUMPS = {zone: transitions(zone) for zone in ZONES}


@st.composite
def cron_lines(draw: st.DrawFn) -> str:
    minute = draw(st.sampled_from(["0", "30", "*/15", "59", "0,30", "7", "*/20"]))
    hour = draw(st.sampled_from(["*", "0", "1", "2", "3", "2,3", "23", "*/2", "0-4", "1-23/5", "12"]))
    day = draw(st.sampled_from(["*", "*", "*", "*/2", "1-31"]))
    weekday = draw(st.sampled_from(["*", "*", "1-5", "0,6", "sun", "*/3"]))
    return f"{minute} {hour} {day} * {weekday}"


def by_looking_at_every_minute(line: Cron, zone: str, at: float) -> float | None:
    """Return the next moment, as the documentation says it, with no thought for speed."""
    tz = ZoneInfo(zone)
    if line.every_hour:
        minute = int(at // 60) + 1
        for step in range(DAYS_SEEN * 1440):
            shown = datetime.fromtimestamp((minute + step) * 60, UTC).astimezone(tz)
            if line.on(shown.date()) and shown.minute in line.minutes:
                return (minute + step) * 60.0
        return None
    wall = datetime.combine(
        datetime.fromtimestamp(at, UTC).astimezone(tz).date() - timedelta(days=3), time(0)
    )
    found = []
    for _ in range((DAYS_SEEN + 3) * 1440):
        if line.on(wall.date()) and wall.hour in line.hours and wall.minute in line.minutes:
            due = wall.replace(tzinfo=tz, fold=0).timestamp()
            if due > at:
                found.append(due)
        wall += timedelta(minutes=1)
    return min(found, default=None)


@settings(max_examples=150)
@given(
    cron_lines(),
    st.sampled_from(ZONES),
    st.integers(0, 100),
    st.integers(-36 * 60, 36 * 60),
    st.integers(0, 59),
)
@example("30 2 * * *", "Europe/Berlin", 0, -300, 0)
@example("0 12 * * *", "Pacific/Apia", 5, -1000, 3)
def test_the_next_moment_is_the_one_that_a_slow_search_finds(
    text: str, zone: str, which: int, minutes: int, seconds: int
) -> None:
    at = JUMPS[zone][which % len(JUMPS[zone])] + minutes * 60 + seconds
    line = parse_cron(text)
    slow = by_looking_at_every_minute(line, zone, at)
    assume(slow is not None)
    assert Calendar((line,), Zone(zone)).next_after(at) == slow


@given(cron_lines(), st.sampled_from(ZONES), st.floats(0, 4e9))
def test_moments_come_in_order_and_none_is_lost(text: str, zone: str, at: float) -> None:
    rule = Calendar((parse_cron(text),), Zone(zone))
    moments = [at]
    for _ in range(6):
        due = rule.next_after(moments[-1])
        assert due is not None
        assert due > moments[-1]
        moments.append(due)
    for before, due in itertools.pairwise(moments):
        assert rule.next_after((before + due) / 2) == due
    assert count_between(rule, at, moments[-1]) == 6


@given(st.sampled_from(ZONES), st.dates(date(2010, 1, 1), date(2037, 1, 1)))
def test_a_daily_time_comes_once_a_day(zone: str, day: date) -> None:
    rule = Calendar((parse_cron("30 2 * * *"),), Zone(zone))
    begin = Zone(zone).moment(day, time(12)) if zone != "Pacific/Apia" else Zone("UTC").moment(day, time(12))
    at, passed = begin, []
    for _ in range(5):
        due = rule.next_after(at)
        assert due is not None
        passed.append(due - at)
        at = due
    assert all(22 * 3600 <= gap <= 26 * 3600 for gap in passed[1:] if zone != "Pacific/Apia")


@given(st.floats(1, 1e7), st.floats(0, 2e9), st.floats(-1e6, 1e8))
def test_a_period_never_drifts(seconds: float, anchor: float, after: float) -> None:
    rule = Every(seconds, anchor)
    due = rule.next_after(anchor + after)
    assert due > anchor + after
    assert due - (anchor + after) <= seconds * (1 + 1e-6) or after < 0
    periods = (due - anchor) / seconds
    assert abs(periods - round(periods)) < 1e-3
