"""Rules that say when something is due: once, every so many seconds, or by the calendar of a zone."""

from datetime import date, time, timedelta
from typing import Protocol

from isaacd.jobs.times.cron import Cron, parse_cron
from isaacd.jobs.times.zone import Zone

# A 29th of February on a given weekday comes within 40 years, and no clock skips more than a day.
_DAYS_AHEAD = 366 * 41
_LAST_YEAR = 9990
MAX_COUNTED = 1000


class Rule(Protocol):
    """When something is due; moments are seconds since the epoch."""

    def next_after(self, at: float) -> float | None:
        """Return the first moment after `at`; None if there is none any more."""
        ...


class Once:
    """Due once."""

    def __init__(self, at: float) -> None:
        self.at = at

    def next_after(self, at: float) -> float | None:
        """Return that moment, if it is still to come."""
        return self.at if self.at > at else None


class Every:
    """Due every `seconds`, counted from `anchor`, whatever the clocks on the wall do."""

    def __init__(self, seconds: float, anchor: float) -> None:
        self.seconds = seconds
        self.anchor = anchor

    def next_after(self, at: float) -> float | None:
        """Return the next of the moments; an anchor that is still to come was set by a clock that was ahead."""
        passed = (at - self.anchor) // self.seconds
        due = self.anchor + (passed + 1) * self.seconds
        return due if due > at else due + self.seconds


class Calendar:
    """Due when one of some cron lines is, by the clock of a zone.

    A time of day comes once a day: where a clock goes back and shows it twice, the first time counts; where a clock
    skips it, it is as much later. A line for every hour follows time as it passes instead.
    """

    def __init__(self, lines: tuple[Cron, ...], zone: Zone) -> None:
        self._lines = lines
        self._zone = zone

    def next_after(self, at: float) -> float | None:
        """Return the first moment after `at` that one of the lines means."""
        found = [due for line in self._lines if (due := self._of(line, at)) is not None]
        return min(found, default=None)

    def _of(self, line: Cron, at: float) -> float | None:
        return self._passing(line, at) if line.every_hour else self._on_the_wall(line, at)

    def _passing(self, line: Cron, at: float) -> float | None:
        """Look at one minute after the other, as they pass."""
        minute, zone = int(at // 60) + 1, self._zone
        for _ in range(_DAYS_AHEAD):
            shown = zone.local(minute * 60)
            day = shown.date()
            if shown.year > _LAST_YEAR:
                return None
            if line.on(day):
                while zone.local(minute * 60).date() == day:
                    if zone.local(minute * 60).minute in line.minutes:
                        return minute * 60.0
                    minute += 1
            else:
                minute = max(minute + 1, int(zone.moment(day + timedelta(days=1), time(0)) // 60))
        return None

    def _on_the_wall(self, line: Cron, at: float) -> float | None:
        """Look at one day after the other; what a clock skips on the day before may still be to come."""
        zone = self._zone
        day = zone.local(at).date() - timedelta(days=1)
        best: float | None = None
        for _ in range(_DAYS_AHEAD):
            if day.year > _LAST_YEAR or (best is not None and zone.moment(day, time(0)) > best):
                break
            if line.on(day) and zone.moment(day, time(23, 59)) > at:
                due = self._within(line, day, at)
                best = due if best is None or (due is not None and due < best) else best
            day += timedelta(days=1)
        return best

    def _within(self, line: Cron, day: date, at: float) -> float | None:
        """Return the first moment of a day after `at`; hours follow each other, but for those that a clock skips."""
        zone = self._zone
        best: float | None = None
        for hour in line.hours:
            if best is not None and zone.moment(day, time(hour)) > best:
                break
            if zone.moment(day, time(hour, 59)) > at:
                coming = (zone.moment(day, time(hour, minute)) for minute in line.minutes)
                due = min((moment for moment in coming if moment > at), default=None)
                best = due if best is None or (due is not None and due < best) else best
        return best


def rule_of(spec: str, zone: Zone, anchor: float) -> Rule:
    """Return the rule that `spec` stands for: `once AT`, `every SECONDS`, or `cron LINE; LINE`."""
    kind, _, rest = spec.partition(" ")
    if kind == "once":
        return Once(float(rest))
    if kind == "every":
        return Every(float(rest), anchor)
    return Calendar(tuple(parse_cron(line) for line in rest.split(";")), zone)


def count_between(rule: Rule, after: float, until: float) -> int:
    """Return how many moments lie after one and not after another; at most MAX_COUNTED."""
    count = 0
    due = rule.next_after(after)
    while due is not None and due <= until and count < MAX_COUNTED:
        count += 1
        due = rule.next_after(due)
    return count
