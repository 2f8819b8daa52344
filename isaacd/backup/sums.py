"""The sums of the ledger, kept right when calls are added from elsewhere."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from isaacd.ledger.record import Row
from isaacd.ledger.schema import FACTS, SUMS

_KEY = ("day", "caller", "provider", "model")


def add_to_days(
    database: sqlite3.Connection, calls: Sequence[dict[str, Any]], days: Sequence[dict[str, Any]]
) -> None:
    """Add new calls to the sums of their days, unless these came along with them."""
    came = {tuple(day[name] for name in _KEY) for day in days}
    update = ", ".join(f"{name} = {name} + excluded.{name}" for name in SUMS)
    statement = (
        f"INSERT INTO days ({', '.join((*_KEY, *SUMS))}) VALUES ({', '.join('?' * (len(_KEY) + len(SUMS)))}) "  # noqa: S608
        f"ON CONFLICT DO UPDATE SET {update}"
    )
    for call in calls:
        key = tuple(call[name] for name in _KEY)
        if key not in came:
            sums = Row(**{name: call[name] for name in FACTS}).sums()
            database.execute(statement, (*key, *(sums[name] for name in SUMS)))
