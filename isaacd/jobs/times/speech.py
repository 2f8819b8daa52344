"""What people write for a time, understood: `in 20 minutes`, `every weekday 9:00`, `at 2026-12-24 18:00`, cron lines."""

import re
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches

import msgspec

from isaacd.errors import InvalidParams
from isaacd.jobs.times.cron import parse_cron
from isaacd.jobs.times.zone import Zone

MIN_PERIOD_S = 1.0
MAX_AHEAD_S = 100 * 366 * 86400.0
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86400),
}
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_PART = re.compile(rf"(\d+(?:\.\d+)?|an?|half an) ?({_UNIT})\b(?: |,|and\b)*|(\d+(?:\.\d+)?)({_UNIT})(?=\d)")
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?(?: ?(am|pm))?\Z")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[t ](.+))?\Z")
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\Z")
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_DAY_NUMBERS = {
    **{name: str(number) for number, name in enumerate(_DAYS)},
    **{name[:3]: str(number) for number, name in enumerate(_DAYS)},
    **{f"{name}s": str(number) for number, name in enumerate(_DAYS)},
    "tues": "2",
    "thurs": "4",
}
_GROUPS = {
    **dict.fromkeys(("day", "days", "daily"), "*"),
    **dict.fromkeys(("weekday", "weekdays", "workday", "workdays"), "1-5"),
    **dict.fromkeys(("weekend", "weekends"), "0,6"),
}
_WORDS = (
    *_DAY_NUMBERS,
    *_GROUPS,
    "every",
    "tomorrow",
    "today",
    "hourly",
    "weekly",
    "monthly",
    "noon",
    "midnight",
)
_TRY = 'try "in 20 minutes", "at 18:00", "tomorrow 9:00", "every weekday 9:00", "every 2h", or cron: "0 9 * * 1-5"'


class Meant(msgspec.Struct, frozen=True):
    """What a text means: a `spec` for `rule_of`, and whether it comes again."""

    spec: str
    again: bool


def understand(text: str, zone: Zone, now: float) -> Meant:
    """Read a text; raises InvalidParams for what is not understood, lies in the past, or comes too often."""
    said = " ".join(text.lower().split())
    if not said or len(said) > 200:
        raise InvalidParams("it is not said when", hint=_TRY)
    try:
        spec = _again(said) or _once(said, zone, now)
    except (ValueError, OverflowError):
        spec = None
    if spec is None:
        raise InvalidParams(
            f"{text.strip()[:80]!r} is no time that Isaac understands", hint=_near(said) or _TRY
        )
    _check(spec, now)
    return Meant(spec, not spec.startswith("once"))


def _check(spec: str, now: float) -> None:
    kind, _, rest = spec.partition(" ")
    if kind == "cron":
        for line in rest.split(";"):
            parse_cron(line)
    elif kind == "every" and not MIN_PERIOD_S <= float(rest) <= MAX_AHEAD_S:
        raise InvalidParams("a period lasts from one second to a hundred years", hint=_TRY)
    elif kind == "once" and float(rest) <= now:
        raise InvalidParams("that moment is over", hint="name one that is still to come")
    elif kind == "once" and float(rest) - now > MAX_AHEAD_S:
        raise InvalidParams("that is more than a hundred years ahead")


def _again(said: str) -> str | None:
    if said in _NICKNAMES:
        return f"cron {_NICKNAMES[said]}"
    fields = said.split()
    if (
        len(fields) == 5
        and all(re.fullmatch(r"[\d*][\d*,/\-a-z]*|[a-z]{3}[a-z,\-]*", part) for part in fields)
        and (re.match(r"[\d*]", fields[0]) and re.match(r"[\d*]", fields[1]))
    ):
        return f"cron {said}"
    if said in ("hourly", "every hour", "every minute"):
        return "cron * * * * *" if said.endswith("minute") else "cron 0 * * * *"
    first, _, rest = said.partition(" ")
    if first == "every":
        seconds = _seconds(rest)
        if seconds is not None and rest not in ("day", "week"):
            return f"every {seconds:g}" if seconds < 1e6 else f"every {seconds:.0f}"
        return _calendar(rest)
    if first in ("daily", "weekly", "monthly", "weekdays", "weekends"):
        return _calendar(said)
    return None


def _calendar(said: str) -> str | None:
    """Read `weekday 9:00`, `monday and friday at 8:30, 17:00`, `month on the 1st at 9:00`, `15th 12:00`."""
    words = [
        word for word in re.split(r"[ ,]+", said) if word not in ("", "at", "on", "the", "and", "of", "a")
    ]
    weekdays: list[str] = []
    days: list[str] = []
    clocks: list[time] = []
    monthly = False
    while words:
        word = words.pop(0)
        if words and words[0] in ("am", "pm"):
            word += words.pop(0)
        if word in _GROUPS:
            weekdays.append(_GROUPS[word])
        elif word in _DAY_NUMBERS:
            weekdays.append(_DAY_NUMBERS[word])
        elif word in ("week", "weekly"):
            weekdays = weekdays or ["1"]
        elif word in ("month", "monthly"):
            monthly = True
        elif (":" in word or word.endswith(("am", "pm")) or word in ("noon", "midnight")) and (
            clock := _clock(word)
        ):
            clocks.append(clock)
        elif (ordinal := _ORDINAL.match(word)) is not None and (monthly or not word.isdigit()):
            days.append(str(int(ordinal[1])))
        else:
            return None
    if monthly and not days:
        days = ["1"]
    if (days and weekdays) or not (days or weekdays):
        return None
    date_part, week_part = ",".join(days) or "*", ",".join(dict.fromkeys(weekdays)) or "*"
    if "*" in week_part:
        week_part = "*"
    lines = [f"{clock.minute} {clock.hour} {date_part} * {week_part}" for clock in clocks or [time(0)]]
    return f"cron {';'.join(lines)}"


def _once(said: str, zone: Zone, now: float) -> str | None:
    if said.startswith("in "):
        seconds = _seconds(said.removeprefix("in "))
        return None if seconds is None else _moment(now + seconds)
    said = re.sub(r"^(?:at|on) ", "", said)
    dated = _DATE.match(said)
    if dated is not None:
        return _dated(dated[1], dated[2], zone)
    today = zone.local(now).date()
    named = re.match(r"(?:(today|tomorrow)|(?:next |on )?([a-z]+)) ?(?:at )?(.*)\Z", said)
    if named is not None and (named[1] or named[2] in _DAY_NUMBERS):
        clock = _clock(named[3]) if named[3] else None
        if clock is None:
            return None
        if named[1]:
            return _moment(zone.moment(today + timedelta(days=named[1] == "tomorrow"), clock))
        ahead = (int(_DAY_NUMBERS[named[2]]) - today.isoweekday()) % 7
        due = zone.moment(today + timedelta(days=ahead), clock)
        return _moment(due if due > now else zone.moment(today + timedelta(days=ahead + 7), clock))
    clock = _clock(said)
    if clock is None:
        return None
    due = zone.moment(today, clock)
    return _moment(due if due > now else zone.moment(today + timedelta(days=1), clock))


def _dated(day: str, rest: str | None, zone: Zone) -> str | None:
    given = date.fromisoformat(day)
    if rest is None:
        return _moment(zone.moment(given, time(0)))
    rest = rest.removeprefix("at ").strip()
    clock = _clock(rest)
    if clock is not None:
        return _moment(zone.moment(given, clock))
    full = datetime.fromisoformat(f"{day}T{rest.upper().replace(' ', '')}")
    return _moment(
        zone.moment(full.date(), full.time()) if full.tzinfo is None else full.astimezone(UTC).timestamp()
    )


def _moment(at: float) -> str:
    return f"once {at:.3f}"


def _clock(text: str) -> time | None:
    text = text.removeprefix("at ").strip()
    if text in ("noon", "midnight"):
        return time(12 if text == "noon" else 0)
    found = _CLOCK.match(text)
    if found is None or (found[2] is None and found[3] is None):
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3] is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[3] == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _seconds(text: str) -> float | None:
    """Read a length of time, such as `1h30m`, `2 hours and 5 minutes`, `an hour`, `hour`."""
    text = text.strip()
    if text in _UNITS and text.isalpha() and len(text) > 1:
        return float(_UNITS[text])
    at, total = 0, 0.0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            return None
        amount, unit = (found[1], found[2]) if found[1] is not None else (found[3], found[4])
        count = {"a": 1.0, "an": 1.0, "half an": 0.5}.get(amount)
        total += (float(amount) if count is None else count) * _UNITS[unit]
        at = found.end()
    return total or None


def _near(said: str) -> str | None:
    for word in re.findall(r"[a-z]{4,}", said):
        if word not in _WORDS and word not in _UNITS:
            near = get_close_matches(word, _WORDS, 1, 0.75)
            if near:
                return f"did you mean {said.replace(word, near[0])!r}?"
    return None
