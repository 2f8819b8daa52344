"""What the ledger does inside one transaction: rows, sums, reservations."""

from collections.abc import Callable, Sequence

import aiosqlite

from isaacd.ledger.budget import Account, Limit
from isaacd.ledger.owner import PLEDGE
from isaacd.ledger.record import Reservation, Row
from isaacd.ledger.schema import FACTS, SUMS

_INSERT = f"INSERT INTO calls ({', '.join(FACTS)}) VALUES ({', '.join('?' * len(FACTS))})"  # noqa: S608 - our own names
_ADD = (
    f"INSERT INTO days (day, caller, provider, model, {', '.join(SUMS)}) "  # noqa: S608
    f"VALUES ({', '.join('?' * (4 + len(SUMS)))}) ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in SUMS)
)
_TEXT = "INSERT INTO texts (seq, question, answer) VALUES (?, ?, ?)"
_HOLD_FACTS = ("id", "at", "day", "provider", "kind", "model", "caller", "lane", "attempt", "reason")
_HOLD = (
    f"INSERT INTO holds ({', '.join(_HOLD_FACTS)}, bound, owner) "  # noqa: S608
    f"VALUES ({', '.join('?' * (2 + len(_HOLD_FACTS)))})"
)


async def add_rows(db: aiosqlite.Connection, rows: Sequence[Row]) -> None:
    """Write rows, and add them to the sums of their days: two statements for however many."""
    days: dict[tuple[str, ...], dict[str, float]] = {}
    for row in rows:
        key = (row.day, row.caller, row.provider, row.model)
        known = days.setdefault(key, dict.fromkeys(SUMS, 0))
        for name, number in row.sums().items():
            known[name] += number
    await db.executemany(_INSERT, [row.facts() for row in rows])
    await db.executemany(_ADD, [(*key, *known.values()) for key, known in days.items()])


async def add_row_with_texts(db: aiosqlite.Connection, row: Row, texts: tuple[str, str]) -> None:
    """Write a row, and what was asked and answered."""
    cursor = await db.execute(_INSERT, row.facts())
    seq = cursor.lastrowid
    await cursor.close()
    await _add_sums(db, row, 1)
    await db.execute(_TEXT, (seq, *texts))


async def _add_sums(db: aiosqlite.Connection, row: Row, sign: int) -> None:
    sums = row.sums()
    key = (row.day, row.caller, row.provider, row.model)
    await db.execute(_ADD, (*key, *(sign * sums[name] for name in SUMS)))


async def add_hold(db: aiosqlite.Connection, item: Reservation, owner: str) -> None:
    """Set money aside."""
    facts = (getattr(item, name) for name in _HOLD_FACTS)
    await db.execute(_HOLD, (*facts, item.bound, owner))


async def keep_holds(db: aiosqlite.Connection, calls: Sequence[str]) -> None:
    """Let what was set aside outlive the process that did it."""
    await db.executemany("UPDATE holds SET owner = '' WHERE id = ?", [(call,) for call in calls])


async def drop_hold(db: aiosqlite.Connection, call: str) -> None:
    """Free what was set aside for a call, even if it has been charged already because its process had ended."""
    async with db.execute("DELETE FROM holds WHERE id = ?", (call,)) as cursor:
        if cursor.rowcount:
            return
    names = ", ".join(("seq", *FACTS))
    query = f"SELECT {names} FROM calls WHERE id = ? AND outcome = 'unsettled'"  # noqa: S608 - our own names
    for seq, *facts in await db.execute_fetchall(query, (call,)):
        await _add_sums(db, Row(**dict(zip(FACTS, facts, strict=True))), -1)
        await db.execute("DELETE FROM calls WHERE seq = ?", (seq,))


async def account(db: aiosqlite.Connection, limit: Limit) -> Account:
    """Return what is spent and set aside of a limit."""
    whose, parameters = "day BETWEEN ? AND ?", [limit.first, limit.last]
    if limit.caller is not None:
        whose, parameters = f"{whose} AND caller = ?", [*parameters, limit.caller]
    spent = f"SELECT coalesce(sum(cost), 0) FROM days WHERE {whose}"  # noqa: S608
    held = f"SELECT coalesce(sum(bound), 0), count(*) FROM holds WHERE {whose}"  # noqa: S608
    ((cost,),) = await db.execute_fetchall(spent, parameters)
    ((bound, under_way),) = await db.execute_fetchall(held, parameters)
    return Account(cost, bound, under_way)


async def charge_the_dead(db: aiosqlite.Connection, mine: str, is_gone: Callable[[str], bool]) -> int:
    """Charge what processes that have ended had set aside, in full: nobody knows what their calls have cost.

    What they had only pledged was not sent, and is free again.
    """
    owners = await db.execute_fetchall("SELECT DISTINCT owner FROM holds WHERE owner NOT IN ('', ?)", (mine,))
    count = 0
    for (owner,) in owners:
        if not is_gone(owner.removeprefix(PLEDGE)):
            continue
        if owner.startswith(PLEDGE):
            async with db.execute("DELETE FROM holds WHERE owner = ?", (owner,)) as cursor:
                count += cursor.rowcount
            continue
        names = ", ".join((*_HOLD_FACTS, "bound"))
        query = f"SELECT {names} FROM holds WHERE owner = ?"  # noqa: S608 - our own names
        for *facts, bound in await db.execute_fetchall(query, (owner,)):
            known = dict(zip(_HOLD_FACTS, facts, strict=True))
            await add_rows(db, [Row(**known, outcome="unsettled", cost=bound, how="bound")])
            count += 1
        await db.execute("DELETE FROM holds WHERE owner = ?", (owner,))
    return count
