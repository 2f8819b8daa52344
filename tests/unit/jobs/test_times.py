"""What people write for a time is understood as they mean it, or refused with what can be done."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from isaacd.errors import InvalidParams
from isaacd.jobs.times.cron import parse_cron
from isaacd.jobs.times.rule import rule_of
from isaacd.jobs.times.speech import understand
from isaacd.jobs.times.zone import Zone, local_zone

BERLIN = Zone("Europe/Berlin")
NOW = datetime(2026, 12, 1, 3, 45, 17, tzinfo=UTC).timestamp()  # 4:45 in Berlin, a Tuesday


def due(text: str, now: float = NOW, zone: Zone = BERLIN, count: int = 1) -> str:
    rule = rule_of(understand(text, zone, now).spec, zone, now)
    at: float | None = now
    for _ in range(count):
        assert at is not None
        at = rule.next_after(at)
    assert at is not None
    return f"{zone.local(at):%a %Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("in 20 minutes", "Tue 2026-12-01 05:05:17"),
        ("in 1h30m", "Tue 2026-12-01 06:15:17"),
        ("In 2 hours and 5 minutes", "Tue 2026-12-01 06:50:17"),
        ("in half an hour", "Tue 2026-12-01 05:15:17"),
        ("at 18:00", "Tue 2026-12-01 18:00:00"),
        ("4:00", "Wed 2026-12-02 04:00:00"),
        ("12am", "Wed 2026-12-02 00:00:00"),
        ("12:30 pm", "Tue 2026-12-01 12:30:00"),
        ("tomorrow at 9:30pm", "Wed 2026-12-02 21:30:00"),
        ("at 2026-12-24 18:00", "Thu 2026-12-24 18:00:00"),
        ("2026-12-24T18:00Z", "Thu 2026-12-24 19:00:00"),
        ("2026-12-24 18:00+01:00", "Thu 2026-12-24 18:00:00"),
        ("tuesday 4:00", "Tue 2026-12-08 04:00:00"),
        ("next monday at 9:00", "Mon 2026-12-07 09:00:00"),
        ("every 2h", "Tue 2026-12-01 06:45:17"),
        ("every day at 9:00 and 17:30", "Tue 2026-12-01 09:00:00"),
        ("every weekday 9:00", "Tue 2026-12-01 09:00:00"),
        ("every weekend at 10am", "Sat 2026-12-05 10:00:00"),
        ("every monday, thursday at 8:30", "Thu 2026-12-03 08:30:00"),
        ("every month on the 15th at 9:00", "Tue 2026-12-15 09:00:00"),
        ("monthly", "Fri 2027-01-01 00:00:00"),
        ("@daily", "Wed 2026-12-02 00:00:00"),
        ("*/15 * * * *", "Tue 2026-12-01 05:00:00"),
        ("0 9 * * mon-fri", "Tue 2026-12-01 09:00:00"),
        ("0 0 29 2 *", "Tue 2028-02-29 00:00:00"),
        ("0 0 13 * 5", "Fri 2026-12-04 00:00:00"),
    ],
)
def test_what_is_written_means_this(text: str, when: str) -> None:
    assert due(text) == when


@pytest.mark.parametrize(
    "text",
    ["", "blah", "at 25:00", "13pm", "every", "every 2 days 9:00", "yesterday", "in 0 minutes", "every 0.1s", "2020-01-01",
     "2026-02-30", "60 * * * *", "* * * *", "0 0 30 2 *", "5-1 * * * *", "*/0 * * * *", "every month on the 32nd",
     "x" * 500, "in 9999999999 days", "every 9e99 days", "9", "at 9", "once 5", "\0"],
)  # fmt: skip
def test_what_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidParams):
        understand(text, BERLIN, NOW)


def test_a_mistyped_word_is_named() -> None:
    with pytest.raises(InvalidParams) as told:
        understand("every wekday 9:00", BERLIN, NOW)
    assert told.value.hint == "did you mean 'every weekday 9:00'?"


def test_a_time_that_the_clock_skips_is_as_much_later() -> None:
    before = datetime(2027, 3, 27, 12, tzinfo=UTC).timestamp()
    assert due("every day 2:30", before) == "Sun 2027-03-28 03:30:00"
    assert due("every day 2:30", before, count=2) == "Mon 2027-03-29 02:30:00"


def test_a_time_that_comes_twice_counts_once_but_every_hour_counts_both() -> None:
    before = datetime(2026, 10, 24, 12, tzinfo=UTC).timestamp()
    assert due("every day 2:30", before) == "Sun 2026-10-25 02:30:00"
    assert due("every day 2:30", before, count=2) == "Mon 2026-10-26 02:30:00"
    midnight = datetime(2026, 10, 24, 23, 30, tzinfo=UTC).timestamp()
    hours = [due("every hour", midnight, count=count)[-8:-3] for count in (1, 2, 3)]
    assert hours == ["02:00", "02:00", "03:00"]


def test_the_zone_is_that_of_the_caller_or_of_the_system(tmp_path: Path) -> None:
    assert local_zone({"TZ": "Asia/Tokyo"}) == "Asia/Tokyo"
    link = tmp_path / "localtime"
    (tmp_path / "zoneinfo/Europe").mkdir(parents=True)
    (tmp_path / "zoneinfo/Europe/Paris").touch()
    link.symlink_to(tmp_path / "zoneinfo/Europe/Paris")
    assert local_zone({}, localtime=link) == "Europe/Paris"
    (tmp_path / "timezone").write_text("Europe/Rome\n")
    assert local_zone({}, localtime=tmp_path / "none", timezone=tmp_path / "timezone") == "Europe/Rome"
    assert local_zone({}, localtime=tmp_path / "none", timezone=tmp_path / "none") == "UTC"
    with pytest.raises(InvalidParams, match="no time zone"):
        local_zone({"TZ": "Mars/Olympus"})


def test_cron_reads_names_steps_and_lists() -> None:
    line = parse_cron("0,30 8-18/2 1 JAN-mar 7")
    assert (line.minutes, line.hours) == ((0, 30), (8, 10, 12, 14, 16, 18))
    assert (line.months, line.weekdays) == (frozenset({1, 2, 3}), frozenset({0}))
