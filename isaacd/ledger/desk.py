"""The ledger as its owner sees it: reports, budgets, single calls, and tidying up."""

import datetime
from typing import Protocol

import aiosqlite

from isaacd.ai.price_book import PriceBook
from isaacd.ai.provider import Host
from isaacd.clock import Clock
from isaacd.config import Config
from isaacd.database import Database
from isaacd.errors import InvalidParams
from isaacd.ledger.budget import Account, Limit, limits
from isaacd.ledger.calendar import Calendar
from isaacd.ledger.figures import BudgetState, By, Gone, Overview, PastCall, PriceRow, Report, Sums, Updated
from isaacd.ledger.report import latest, state, sums, total
from isaacd.ledger.statements import account

# Single calls are kept so long; the sums of days for ever.
KEEP_DAYS = 400
_DAYS_OF_OVERVIEW = 30
_FIRST, _LAST = "0001-01-01", "9999-12-31"
_SPANS = {"d": 1, "w": 7}


class Ledger(Protocol):
    """The ledger, as far as its owner looks into it."""

    database: Database
    calendar: Calendar
    clock: Clock
    prices: PriceBook

    @property
    def troubles(self) -> tuple[str, ...]:
        """What a person has to know."""
        ...

    async def flush(self) -> None:
        """Write down everything so far."""
        ...


class Desk:
    """Answers questions about the ledger, with everything in it that has ended so far."""

    def __init__(self, ledger: Ledger, config: Config) -> None:
        self._ledger = ledger
        self._config = config

    @property
    def _database(self) -> Database:
        return self._ledger.database

    async def overview(self) -> Overview:
        """Return how things stand: today, this month, budgets, and the last 30 days."""
        await self._ledger.flush()
        today = self._today()
        first, month = (
            (today - datetime.timedelta(days=_DAYS_OF_OVERVIEW - 1)).isoformat(),
            today.isoformat()[:7],
        )
        days = await sums(self._database, "day", first, today.isoformat())
        return Overview(
            today=total(tuple(day for day in days if day.key == today.isoformat()), "today"),
            month=total(await sums(self._database, "all", f"{month}-01", f"{month}-31"), "month"),
            budgets=tuple(await self.budgets()),
            models=await sums(self._database, "model", first, today.isoformat()),
            callers=await sums(self._database, "caller", first, today.isoformat()),
            days=_without_gaps(days, today),
            troubles=self._ledger.troubles,
        )

    async def report(self, by: By, since: str | None, until: str | None) -> Report:
        """Sum up the calls of some days; `since` and `until` are dates, `today`, `yesterday`, or such as 7d, 4w.

        Raises InvalidParams for what is no day, and for a beginning after the end.
        """
        await self._ledger.flush()
        first = _FIRST if since is None else self._date(since, "--since")
        last = _LAST if until is None else self._date(until, "--until")
        if first > last:
            raise InvalidParams(f"--since {first} is later than --until {last}")
        return Report(
            since=first if since is not None else "",
            until=last if until is not None else "",
            by=by,
            total=total(await sums(self._database, "all", first, last), ""),
            rows=await sums(self._database, by, first, last),
            troubles=self._ledger.troubles,
        )

    async def budgets(self) -> list[BudgetState]:
        """Return how each budget stands, those of single callers too."""
        await self._ledger.flush()
        now, calendar = self._ledger.clock.now(), self._ledger.calendar
        budget = self._config.budget
        callers = [name for name in budget.caller_day_usd if name != "*"]
        if "*" in budget.caller_day_usd:
            day = calendar.day(now)
            callers += [item.key for item in await sums(self._database, "caller", day, day)]
        found: dict[Limit, BudgetState] = {}
        for caller in ("", *callers):
            for limit in limits(budget, caller, calendar, now):
                if limit in found or limit.caller == "":
                    continue
                known = await self._account(limit)
                shown = calendar.shown(limit.until)
                found[limit] = state(limit, known.spent, known.held, known.under_way, shown)
        return list(found.values())

    async def _account(self, limit: Limit) -> Account:
        return await self._database.write(lambda db: account(db, limit))

    async def calls(self, count: int) -> list[PastCall]:
        """Return the calls that ended last, the newest first."""
        await self._ledger.flush()
        return await latest(self._database, count)

    async def collect(self, *, texts: bool = False) -> Gone:
        """Remove single calls that are older than 400 days, whose sums stay; with `texts`, all kept questions too."""
        await self._ledger.flush()
        oldest = (self._today() - datetime.timedelta(days=KEEP_DAYS)).isoformat()

        async def step(db: aiosqlite.Connection) -> Gone:
            ((old_texts,),) = await db.execute_fetchall(
                "SELECT count(*) FROM texts JOIN calls USING (seq) WHERE ? OR day < ?", (texts, oldest)
            )
            if texts:
                await db.execute("DELETE FROM texts")
            async with db.execute("DELETE FROM calls WHERE day < ?", (oldest,)) as cursor:
                return Gone(cursor.rowcount, old_texts)

        return await self._database.write(step)

    def prices(self, model: str | None) -> list[PriceRow]:
        """Return what is known of the prices of a model, or of all; raises NotFound if nothing is."""
        from isaacd.ledger.price_list import price_list

        return price_list(self._ledger.prices.current(), self._config.ai.prices, model)

    async def update_prices(self, source: str | None, host: Host) -> Updated:
        """Take prices in, from a file, or an address, by default that of genai-prices."""
        from isaacd.ledger.price_list import update

        return await update(self._ledger.prices, source, host, self._today())

    def _today(self) -> datetime.date:
        return datetime.date.fromisoformat(self._ledger.calendar.day(self._ledger.clock.now()))

    def _date(self, text: str, option: str) -> str:
        today = self._today()
        named = {"today": today, "yesterday": today - datetime.timedelta(days=1)}
        number, unit = text[:-1], text[-1:]
        try:
            if text in named:
                return named[text].isoformat()
            if unit in _SPANS and number.isascii() and number.isdigit():
                return (today - datetime.timedelta(days=int(number) * _SPANS[unit] - 1)).isoformat()
            if len(text) == len("2026-11"):
                datetime.date.fromisoformat(f"{text}-01")
                return f"{text}-01" if option == "--since" else f"{text}-31"
            return datetime.date.fromisoformat(text).isoformat()
        except (ValueError, OverflowError):
            raise InvalidParams(
                f"{option}: {text[:40]!r} is no day",
                hint="write 2026-11-23, 2026-11, today, yesterday, 7d or 4w",
            ) from None


def _without_gaps(days: tuple[Sums, ...], today: datetime.date) -> tuple[Sums, ...]:
    """Put a day of zeros where nothing happened, so that a chart shows time as it passed."""
    if not days:
        return ()
    known = {day.key: day for day in days}
    first = datetime.date.fromisoformat(days[0].key)
    keys = ((first + datetime.timedelta(days=index)).isoformat() for index in range((today - first).days + 1))
    return tuple(known.get(key) or Sums(key=key) for key in keys)
