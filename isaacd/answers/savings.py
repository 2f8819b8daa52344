"""What hits saved and what asking cost, day by day, kept for good in a small private file."""

import datetime
from pathlib import Path

import msgspec

from isaacd.answers.figures import Day, Sum
from isaacd.cache.journal import Journal

_MAX_DAYS = 400
_RECORDS_A_SNAPSHOT = 2_000


class Savings:
    """The book of savings; without a path it is kept in memory only."""

    def __init__(self, path: Path | None) -> None:
        self._journal = Journal(path) if path is not None else None
        self._days: dict[str, dict[str, Sum]] = {}
        self._load()

    def note(self, now: float, kind: str, *, usd: float | None, tokens: int, seconds: float) -> None:
        """Write down one answer of a kind, at the wall time `now`."""
        day = datetime.datetime.fromtimestamp(now, datetime.UTC).date().isoformat()
        record = [day, kind, "" if usd is None else repr(usd), str(tokens), f"{seconds:.3f}"]
        self._add(record)
        if self._journal is not None:
            self._journal.append(record)
            if self._journal.records >= _RECORDS_A_SNAPSHOT:
                self._save()

    def days(self) -> list[Day]:
        """Return all days, the earliest first."""
        return [Day(day, kinds) for day, kinds in sorted(self._days.items())]

    def clear(self) -> None:
        """Begin a new book."""
        self._days = {}
        if self._journal is not None:
            self._journal.erase()

    def close(self) -> None:
        """Let go of the file."""
        if self._journal is not None:
            self._journal.close()

    def _add(self, record: list[str]) -> None:
        day, kind, usd, tokens, seconds = record
        more = Sum(1, float(usd or 0), int(tokens), float(seconds), int(not usd))
        found = self._days.setdefault(day, {}).setdefault(kind, Sum())
        for name in Sum.__struct_fields__:
            setattr(found, name, getattr(found, name) + getattr(more, name))

    def _load(self) -> None:
        if self._journal is None:
            return
        kept = self._journal.snapshot()
        if kept is not None:
            try:
                self._days = msgspec.msgpack.decode(kept, type=dict[str, dict[str, Sum]])
            except msgspec.DecodeError:
                self._days = {}
        for record in self._journal.replay():
            try:
                self._add(record)
            except ValueError:
                continue

    def _save(self) -> None:
        assert self._journal is not None
        for day in sorted(self._days)[:-_MAX_DAYS]:
            del self._days[day]
        self._journal.replace(msgspec.msgpack.encode(self._days))
