"""Which lines of the log somebody wants to see: by level, event, plugin, time, request or trace."""

import json
import re
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

RANKS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)(?:\s+ago)?\Z")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?\Z")


class Wanted:
    """What is wanted; what is None or empty does not count."""

    def __init__(
        self,
        *,
        level: str | None = None,
        event: str | None = None,
        plugin: str | None = None,
        since: datetime | None = None,
        trace: str | None = None,
        request: str | None = None,
    ) -> None:
        self._least = RANKS.get(level or "", 0)
        self._event = (event or "").lower()
        self._since = since
        self._fields = {
            name: value
            for name, value in (("plugin", plugin), ("trace", trace), ("request", request))
            if value is not None
        }

    @property
    def everything(self) -> bool:
        """Whether no line is left out."""
        return not (self._least or self._event or self._since or self._fields)

    def takes(self, line: bytes) -> bool:
        """Say whether a line is wanted; what is no line of ours is only if everything is."""
        if self.everything:
            return True
        try:
            fields = json.loads(line)
            level, event, moment = fields["level"], fields["event"], fields["ts"]
        except (ValueError, TypeError, KeyError):
            return False
        if RANKS.get(level, 0) < self._least or self._event not in str(event).lower():
            return False
        if any(str(fields.get(name)) != value for name, value in self._fields.items()):
            return False
        return self._since is None or _at(moment, self._since) >= self._since

    def last(self, lines: Iterable[bytes], count: int) -> list[bytes]:
        """Return the last of the lines that are wanted."""
        return list(deque((line for line in lines if self.takes(line)), maxlen=count))


def moment(text: str, now: Callable[[], datetime]) -> datetime:
    """Read a time: `10m`, `2h ago`, `14:05` (the last time that it was), or a date with or without a time.

    Raises ValueError.
    """
    text = text.strip()
    if ago := _AGO.match(text):
        try:
            return now() - timedelta(seconds=float(ago[1]) * _UNITS[ago[2]])
        except OverflowError:
            raise ValueError(text) from None
    if clock := _CLOCK.match(text):
        found = now().replace(
            hour=int(clock[1]), minute=int(clock[2]), second=int(clock[3] or 0), microsecond=0
        )
        return found if found <= now() else found - timedelta(days=1)
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=now().tzinfo)


def _at(said: object, otherwise: datetime) -> datetime:
    try:
        return datetime.fromisoformat(str(said))
    except ValueError:
        return otherwise
