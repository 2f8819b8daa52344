"""Moments as people say them: `today`, `2h`, `2026-11-01`, `2026-11-01 14:30`."""

import re
import time
from datetime import UTC, date, datetime, timedelta

from isaacd.errors import InvalidParams

_AGO = re.compile(r"([0-9]{1,6})([smhdwy])\Z")
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}
_SHAPES = (("%Y-%m-%d %H:%M:%S", 0), ("%Y-%m-%d %H:%M", 0), ("%Y-%m-%dT%H:%M:%S", 0), ("%Y-%m-%dT%H:%M", 0), ("%Y-%m-%d", 1), ("%Y-%m", 2))  # fmt: skip


def moment(text: str, now: float, *, ends: bool = False) -> float:
    """Return the wall time that is meant, here; of a day or month its first moment, or its last if that `ends` a span.

    Raises InvalidParams with what may be said.
    """
    text = text.strip().lower()
    ago = _AGO.match(text)
    if ago is not None:
        return now - int(ago[1]) * _UNITS_S[ago[2]]
    if text == "now":
        return now
    today = _local(now).date()
    if text in ("today", "yesterday"):
        return _day(today - timedelta(days=text == "yesterday"), ends=ends)
    if text.isdigit() and len(text) in (9, 10):
        return float(text)
    for shape, span in _SHAPES:
        try:
            found = datetime.strptime(text.upper(), shape)  # noqa: DTZ007 - it is meant where the person is
        except ValueError:
            continue
        if span == 0:
            return _stamp(found)
        if span == 1:
            return _day(found.date(), ends=ends)
        following = (found.date().replace(day=1) + timedelta(days=32)).replace(day=1)
        return _day(following - timedelta(days=1), ends=True) if ends else _day(found.date(), ends=False)
    raise InvalidParams(
        f"{text[:40]!r} is no time",
        hint="say 2h, 7d, today, yesterday, 2026-11, 2026-11-01 or '2026-11-01 14:30'",
    )


def _day(day: date, *, ends: bool) -> float:
    if ends:
        return _stamp(datetime(day.year, day.month, day.day) + timedelta(days=1)) - 0.000001  # noqa: DTZ001
    return _stamp(datetime(day.year, day.month, day.day))  # noqa: DTZ001


def _stamp(found: datetime) -> float:
    try:
        return found.timestamp()
    except (OverflowError, ValueError, OSError):
        raise InvalidParams(f"{found.year} is too far away") from None


def _local(now: float) -> datetime:
    time.tzset()
    return datetime.fromtimestamp(now, UTC).astimezone()
