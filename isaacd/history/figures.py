"""Figures of the history: what is used most, what fails, when, and how long it takes."""

from collections.abc import Sequence
from typing import Any

from isaacd.history.asking import FAILED, FROM, US, whole_condition
from isaacd.history.cards import LineRow, NameRow, PlaceRow, Query, Stats
from isaacd.history.store import HistoryStore

_HOURS = 24


async def stats(store: HistoryStore, query: Query, top: int) -> Stats:
    """Return the figures of the runs that a query is about; `top` rows of each list."""
    where, values = whole_condition(query)
    read = store.database.read

    async def rows(sql: str, *more: object) -> list[tuple[Any, ...]]:
        return await read(sql.format(f"FROM {FROM} WHERE {where}"), (*values, *more))

    (total,) = await rows(
        f"SELECT count(*), count(DISTINCT line), coalesce(sum({FAILED}), 0), count(exit), min(at), max(at), "
        "total(duration), count(duration) {}"
    )
    runs, lines, failed, known, first, last, seconds, timed = total
    middle = await rows(
        "SELECT duration {} AND duration IS NOT NULL ORDER BY duration LIMIT 1 OFFSET ?", timed // 2
    )
    names = await rows(
        f"SELECT name, count(*) AS n, coalesce(sum({FAILED}), 0), count(exit), avg(duration), total(duration) "
        "{} AND name <> '' GROUP BY name ORDER BY n DESC, name LIMIT ?",
        top,
    )
    commands = await rows(
        "SELECT text, count(*) AS n {} GROUP BY line ORDER BY n DESC, max(at) DESC LIMIT ?", top
    )
    slowest = await rows(
        "SELECT text, count(*), max(duration) AS longest {} AND duration IS NOT NULL GROUP BY line "
        "ORDER BY longest DESC LIMIT ?",
        top,
    )
    places = await rows(
        "SELECT cwd, count(*) AS n {} AND cwd <> '' GROUP BY cwd ORDER BY n DESC, cwd LIMIT ?", top
    )
    hours = await rows(
        f"SELECT CAST(strftime('%H', at / {US}, 'unixepoch', 'localtime') AS INTEGER) AS hour, count(*) "
        "{} AND at IS NOT NULL GROUP BY hour"
    )
    return Stats(
        runs=runs,
        lines=lines,
        failed=failed,
        failure_rate=_rate(failed, known),
        first_at=_seconds(first),
        last_at=_seconds(last),
        total_s=seconds / US,
        median_s=_seconds(middle[0][0]) if middle else None,
        names=[
            NameRow(
                name=name,
                runs=count,
                failed=bad,
                failure_rate=_rate(bad, ended),
                mean_s=_seconds(mean),
                total_s=whole / US,
            )
            for name, count, bad, ended, mean, whole in names
        ],
        commands=[LineRow(command=text, runs=count) for text, count in commands],
        slowest=[
            LineRow(command=text, runs=count, seconds=_seconds(longest)) for text, count, longest in slowest
        ],
        places=[PlaceRow(cwd=cwd, runs=count) for cwd, count in places],
        hours=_by_hour(hours),
        torn=await store.torn(),
    )


def _by_hour(rows: Sequence[tuple[Any, ...]]) -> list[int]:
    found = {hour: count for hour, count in rows if hour is not None}
    return [found.get(hour, 0) for hour in range(_HOURS)]


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _seconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else microseconds / US
