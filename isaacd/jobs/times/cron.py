"""The five fields of cron: which minutes, hours, days, months and days of the week are meant."""

from datetime import date

import msgspec

from isaacd.errors import InvalidParams

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_SHAPE = 'a cron line has five fields: minute hour day month weekday, as in "0 9 * * 1-5"'


class Cron(msgspec.Struct, frozen=True):
    """The values that each field allows.

    `weekdays` count from 0 (Sunday). Where both days of the month and of the week are restricted, a day needs to be one
    of either, as in cron(8).
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    @property
    def every_hour(self) -> bool:
        """Whether the hour does not matter: then what is meant is time that passes, not a time of day."""
        return len(self.hours) == 24

    def on(self, day: date) -> bool:
        """Tell whether a day is meant."""
        if day.month not in self.months:
            return False
        by_date = day.day in self.days
        by_weekday = day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_date and by_weekday
        return by_date or by_weekday


def parse_cron(text: str) -> Cron:
    """Read five fields; raises InvalidParams that names the field which is wrong."""
    fields = text.lower().split()
    if len(fields) != 5:
        raise InvalidParams(f"{text[:80]!r} has {len(fields)} fields", hint=_SHAPE)
    minute, hour, day, month, weekday = fields
    days = _field("day", day, 1, 31)
    months = _field("month", month, 1, 12, _MONTHS, 1)
    if not any(_longest(number) >= min(days) for number in months) and weekday.startswith("*"):
        raise InvalidParams(f"no month of {month!r} has a day {min(days)}")
    return Cron(
        minutes=tuple(sorted(_field("minute", minute, 0, 59))),
        hours=tuple(sorted(_field("hour", hour, 0, 23))),
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(number % 7 for number in _field("weekday", weekday, 0, 7, _DAYS, 0)),
        any_day=day.startswith("*"),
        any_weekday=weekday.startswith("*"),
    )


def _longest(month: int) -> int:
    return 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31


def _field(
    what: str, text: str, low: int, high: int, names: tuple[str, ...] = (), first: int = 0
) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = _number(what, step_text, 1, high - low + 1, (), 0) if slash else 1
        if span == "*":
            start, end = low, high
        elif "-" in span:
            left, _, right = span.partition("-")
            start = _number(what, left, low, high, names, first)
            end = _number(what, right, low, high, names, first)
            if end < start:
                raise InvalidParams(f"the {what} {part!r} goes backwards", hint=_SHAPE)
        else:
            start = _number(what, span, low, high, names, first)
            end = high if slash else start
        found.update(range(start, end + 1, step))
    return found


def _number(what: str, text: str, low: int, high: int, names: tuple[str, ...], first: int) -> int:
    if text in names:
        return names.index(text) + first
    if not text.isascii() or not text.isdigit() or len(text) > 4 or not low <= int(text) <= high:
        raise InvalidParams(f"the {what} {text[:20]!r} is none of {low} to {high}", hint=_SHAPE)
    return int(text)
