"""The ledger: every call written down, and no call made that could break a budget."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from isaacd.ai.chat import ChatRequest
from isaacd.ai.choice import OFFLINE
from isaacd.ai.meter import Call, Outcome
from isaacd.ai.price_book import PriceBook
from isaacd.ai.rates import Rate, Rates
from isaacd.clock import Clock
from isaacd.config import Config
from isaacd.database import Database
from isaacd.errors import StorageUnavailable
from isaacd.ledger.book import Book, Entry
from isaacd.ledger.bound import most_input_tokens, probable_input_tokens
from isaacd.ledger.budget import is_set, limits, unbounded, unpriced
from isaacd.ledger.calendar import Calendar
from isaacd.ledger.owner import PLEDGE, is_gone, this_process
from isaacd.ledger.record import Charge, Reservation, Row, charge, name_of, row
from isaacd.ledger.schema import SCHEMA, nano, nano_above
from isaacd.ledger.statements import keep_holds
from isaacd.log import Log
from isaacd.paths import Paths

if TYPE_CHECKING:
    from isaacd.ledger.desk import Desk

# How long a call waits for others to cost less than was set aside for them.
PATIENCE_S = 10.0
# Such models are asked under names that vendors use too, but nobody sends a bill for them.
_HOME_KINDS = frozenset(("ollama",))


class Ledger:
    """The ledger of one file, opened at its first use; each caller uses it through a `view`."""

    def __init__(
        self,
        file: Path,
        *,
        clock: Clock,
        log: Log,
        prices: PriceBook,
        calendar: Calendar | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.calendar = calendar or Calendar()
        self.prices = prices
        self.clock = clock
        self.owner = this_process()
        self._numbers = itertools.count(1)
        self.database = Database(file, SCHEMA, clock=clock, log=log)
        self.book = Book(
            self.database,
            self.calendar,
            clock,
            log,
            owner=self.owner,
            is_gone=is_gone,
            patience_s=patience_s,
        )

    @classmethod
    def of(cls, paths: Paths, *, clock: Clock, log: Log) -> Self:
        """Return the ledger of a user, with the prices that this user has."""
        prices = PriceBook(paths.data_dir / "prices.json", monotonic=clock.monotonic)
        return cls(paths.data_dir / "ledger.sqlite", clock=clock, log=log, prices=prices)

    def view(self, config: Config, caller: str, *, deferred: float | None = None) -> "CallerMeter":
        """Return the meter of one caller, whose own configuration counts.

        `deferred` is for calls that a provider's own batch interface will make at a discount (0.5 is half price) for
        models whose discount the prices do not tell: their reservations outlive this process once they are kept, and
        are free again if it ends before.
        """
        return CallerMeter(self, config, caller, deferred)

    def desk(self, config: Config) -> "Desk":
        """Return what reports, budgets and tidying are asked of."""
        from isaacd.ledger.desk import Desk

        return Desk(self, config)

    def rate(self, provider: str, model: str, config: Config) -> Rate | None:
        """Return what a model costs in short requests, None if that is not known."""
        known = config.ai.providers.get(provider)
        kind, url = (known.kind, known.base_url) if known is not None else (provider, None)
        found = self.prices.current().rates(
            provider, model, url, config.ai.prices, by_name=kind not in _HOME_KINDS
        )
        return found.steps[0] if found is not None else None

    def record_hit(
        self, caller: str, provider: str, model: str, saved_usd: float | None, saved_tokens: int, kind: str
    ) -> None:
        """Write down an answer that was kept: it cost nothing, and saved what it had cost the first time."""
        now = self.clock.now()
        hit = Row(
            id="",
            at=now,
            day=self.calendar.day(now),
            provider=name_of(provider),
            kind=kind,
            model=name_of(model),
            caller=name_of(caller),
            lane="interactive",
            attempt=0,
            reason="kept",
            outcome="hit",
            how="hit",
            saved=nano(saved_usd or 0.0),
        )
        self.book.write(Entry(hit))

    @property
    def troubles(self) -> tuple[str, ...]:
        """What a person has to know: that calls are not being written down, that records were damaged."""
        found = [*self.database.notices]
        if self.book.trouble is not None:
            waiting = self.book.waiting_rows
            found.append(f"{waiting} calls are not written down yet: {self.book.trouble}")
        if self.book.lost:
            found.append(f"{self.book.lost} calls could not be written down and are missing here")
        if self.prices.problem is not None:
            found.append(self.prices.problem)
        return tuple(found)

    def next_number(self) -> int:
        """Number the calls of this process, whatever others call them."""
        return next(self._numbers)

    async def flush(self) -> None:
        """Write down everything so far."""
        await self.book.flush()

    async def aclose(self) -> None:
        """Write everything down and close the file."""
        await self.book.aclose()


class CallerMeter:
    """The ledger as the AI router uses it for one caller."""

    def __init__(self, ledger: Ledger, config: Config, caller: str, deferred: float | None) -> None:
        self._ledger = ledger
        self._config = config
        self._caller = name_of(caller)
        self._deferred = deferred
        self._budgeted = is_set(config.budget, self._caller)

    @property
    def waits(self) -> bool:
        """Whether a budget has to be asked, which is on disk; what is only counted is written behind."""
        return self._budgeted

    def bounded(self, request: ChatRequest) -> ChatRequest:
        """Limit the answer of a request that does not, while a budget is set."""
        if not self._budgeted or request.max_tokens is not None:
            return request
        return msgspec.structs.replace(request, max_tokens=self._config.budget.max_output_tokens)

    async def reserve(self, call: Call) -> Reservation | None:
        """Set aside what `call` may cost; without a budget nothing waits for the disk.

        Raises BudgetExceeded, and StorageUnavailable when a budget is set and the ledger cannot be written.
        """
        if call.kind == OFFLINE:
            return None
        rates = self._rates(call.provider, call.kind, call.model, call.url)
        item = self._item(call, rates)
        if not self._budgeted:
            return item
        bound = self._bound(call, rates, item.discount)
        item = msgspec.structs.replace(item, bound=bound)
        if not bound:
            return item
        budget = self._config.budget
        return await self._ledger.book.hold(
            item,
            lambda now: limits(budget, self._caller, self._ledger.calendar, now),
            owner=None if self._deferred is None else f"{PLEDGE}{self._ledger.owner}",
        )

    async def settle(self, reservation: object, outcome: Outcome) -> float | None:
        """Count what the call has cost; it is on disk soon, and at once as far as others wait for it."""
        if reservation is None:
            return 0.0
        assert isinstance(reservation, Reservation)
        found = self._charge(reservation, outcome)
        texts = None
        if reservation.question is not None:
            texts = (reservation.question, outcome.text)
        entry = Entry(row(reservation, outcome, found), reservation.id if reservation.held else None, texts)
        self._ledger.book.write(entry)
        return found.usd

    async def keep(self, reservations: Sequence[Reservation]) -> None:
        """Let reservations of deferred calls outlive this process; that is on disk when this returns."""
        held = [item.id for item in reservations if item.held]
        if held:
            await self._ledger.database.write(lambda db: keep_holds(db, held))

    async def free(self, reservations: Sequence[Reservation]) -> None:
        """Free reservations for calls that were never made, which are in no record then; on disk when this returns.

        Raises StorageUnavailable if they could not be freed.
        """
        book = self._ledger.book
        for item in reservations:
            if item.held:
                book.write(Entry(None, item.id))
        await book.flush()
        if book.trouble is not None:
            raise StorageUnavailable(f"the ledger cannot be written: {book.trouble}")

    def _item(self, call: Call, rates: Rates | None) -> Reservation:
        now = self._ledger.clock.now()
        discount = None
        if self._deferred is not None:
            known = rates.batch if rates is not None else None
            discount = self._deferred if known is None else 1.0 - known
        return Reservation(
            id=f"{self._ledger.owner}/{self._ledger.next_number()}/{call.id}",
            at=now,
            day=self._ledger.calendar.day(now),
            provider=name_of(call.provider),
            kind=call.kind,
            model=name_of(call.model or ""),
            url=call.url,
            caller=self._caller,
            lane=call.lane,
            attempt=call.attempt,
            reason=call.reason,
            input_tokens=probable_input_tokens(call.request),
            discount=discount,
            question=_question(call.request) if self._config.history.prompts else None,
        )

    def _bound(self, call: Call, rates: Rates | None, discount: float | None) -> int:
        """Return the most that a call can cost, in billionths of a dollar."""
        if rates is None:
            if self._config.budget.unpriced == "refuse":
                raise unpriced(call.provider, call.model, self._caller)
            return 0
        if call.request.max_tokens is None and any(rate.output for rate in rates.steps):
            raise unbounded(call.provider, call.model)
        most = rates.bound_usd(most_input_tokens(call.request), call.request.max_tokens or 0)
        return nano_above(most * (1.0 - (discount or 0.0)))

    def _charge(self, reservation: Reservation, outcome: Outcome) -> Charge:
        names = [name for name in (outcome.model, reservation.model) if name]
        found = (self._rates(reservation.provider, reservation.kind, name, reservation.url) for name in names)
        return charge(reservation, outcome, next((rates for rates in found if rates is not None), None))

    def _rates(self, provider: str, kind: str, model: str | None, url: str | None) -> Rates | None:
        prices, overrides = self._ledger.prices.current(), self._config.ai.prices
        return prices.rates(provider, model or "", url, overrides, by_name=kind not in _HOME_KINDS)


def _question(request: ChatRequest) -> str:
    """Return what is new in a conversation: all turns after the last one of the assistant, without instructions."""
    found: list[str] = []
    for message in reversed(request.messages):
        if message.role == "assistant":
            break
        if message.role != "system":
            found.append(message.content)
    return "\n\n".join(reversed(found))
