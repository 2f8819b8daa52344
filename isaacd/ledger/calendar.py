"""Which day it is here, and when it ends: asked anew for every call, in a daemon that never restarts."""

import time
from datetime import UTC, date, datetime, timedelta, tzinfo


class Calendar:
    """Days and months of the local time zone, or of `zone`.

    The system's zone is looked up at each use: a traveller's laptop changes it under a running daemon.
    """

    def __init__(self, zone: tzinfo | None = None) -> None:
        self.zone = zone

    def day(self, now: float) -> str:
        """Return the local date at a wall time, as 2026-11-23."""
        return self._local(now).date().isoformat()

    def day_ends(self, now: float) -> float:
        """Return the wall time of the next local midnight, or of the day's first moment where none exists."""
        return self._starts(self._local(now).date() + timedelta(days=1))

    def month_ends(self, now: float) -> float:
        """Return the wall time at which the next local month begins."""
        today = self._local(now).date()
        return self._starts((today.replace(day=1) + timedelta(days=32)).replace(day=1))

    def shown(self, moment: float) -> str:
        """Write a wall time for people, as 2026-11-24 00:00."""
        return self._local(moment).strftime("%Y-%m-%d %H:%M")

    def _local(self, now: float) -> datetime:
        if self.zone is None:
            # Without it the C library keeps the zone that it saw first.
            time.tzset()
            return datetime.fromtimestamp(now, UTC).astimezone()
        return datetime.fromtimestamp(now, self.zone)

    def _starts(self, day: date) -> float:
        # In a night whose clocks skip midnight, fold 0 counts with the old offset: that is the first moment there is.
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return midnight.timestamp()
