"""Questions that the ledger answers, each with one aggregate in SQL over the sums of days."""

from typing import Literal

from isaacd.database import Database
from isaacd.database.database import Row
from isaacd.ledger.budget import Limit
from isaacd.ledger.figures import BudgetState, By, PastCall, Sums
from isaacd.ledger.schema import usd

_KEYS: dict[str, str] = {
    "all": "''",
    "day": "day",
    # ISO 8601 weeks begin on Monday; each is named for that day.
    "week": "date(day, '-' || ((strftime('%w', day) + 6) % 7) || ' days')",
    "month": "substr(day, 1, 7)",
    "model": "model",
    "caller": "caller",
    "provider": "provider",
}
_COUNTS = (
    "calls",
    "ok",
    "failed",
    "hits",
    "unpriced",
    "unsettled",
    "input",
    "cached",
    "written",
    "output",
    "reasoning",
)
_MONEY = ("cost", "saved", "cache_saved")
_CALLS = """
SELECT at, day, provider, model, caller, lane, attempt, reason, outcome, input, cached, output, cost, how, elapsed_ms,
       first_ms, question, answer
FROM calls LEFT JOIN texts USING (seq) ORDER BY seq DESC LIMIT ?
"""


async def sums(database: Database, by: By | Literal["all"], first: str, last: str) -> tuple[Sums, ...]:
    """Sum up all days from `first` to `last`; times in the order of time, all else the dearest first."""
    columns = ", ".join(f"sum({name})" for name in (*_COUNTS, *_MONEY, "elapsed_ms"))
    order = "1" if by in ("day", "week", "month") else "sum(cost) DESC, sum(calls) DESC, 1"
    found = await database.read(
        f"SELECT {_KEYS[by]}, {columns} FROM days WHERE day BETWEEN ? AND ? GROUP BY 1 ORDER BY {order}",  # noqa: S608
        (first, last),
    )
    return tuple(_sums(*row) for row in found)


def _sums(key: str, *values: float) -> Sums:
    counts = dict(zip(_COUNTS, (int(value) for value in values), strict=False))
    cost, saved, cache_saved, elapsed_ms = values[len(_COUNTS) :]
    return Sums(
        key=key,
        **{
            name if name in Sums.__struct_fields__ else f"{name}_tokens": value
            for name, value in counts.items()
        },
        cost_usd=None if counts["calls"] and counts["unpriced"] == counts["calls"] else usd(int(cost)),
        saved_usd=usd(int(saved)),
        cache_saved_usd=usd(int(cache_saved)),
        mean_ms=elapsed_ms / counts["calls"] if counts["calls"] else 0.0,
    )


def total(rows: tuple[Sums, ...], key: str) -> Sums:
    """Return the sum of one report, or zeros if there is nothing."""
    return rows[0] if rows else Sums(key=key)


async def latest(database: Database, count: int) -> list[PastCall]:
    """Return the calls that ended last, the newest first."""
    return [_past(*row) for row in await database.read(_CALLS, (count,))]


def _past(*values: object) -> PastCall:
    row: Row = values
    cost: int | None = row[12]
    return PastCall(
        at=row[0],
        day=row[1],
        provider=row[2],
        model=row[3],
        caller=row[4],
        lane=row[5],
        attempt=row[6],
        reason=row[7],
        outcome=row[8],
        input_tokens=row[9],
        cached_tokens=row[10],
        output_tokens=row[11],
        cost_usd=None if cost is None else usd(cost),
        how=row[13],
        elapsed_ms=row[14],
        first_ms=row[15],
        question=row[16],
        answer=row[17],
    )


def state(limit: Limit, spent: int, held: int, under_way: int, until_shown: str) -> BudgetState:
    """Describe how a budget stands."""
    return BudgetState(
        name=limit.shown,
        setting=limit.setting,
        limit_usd=usd(limit.most),
        spent_usd=usd(spent),
        reserved_usd=usd(held),
        left_usd=usd(max(0, limit.most - spent - held)),
        under_way=under_way,
        until=limit.until,
        until_shown=until_shown,
    )
