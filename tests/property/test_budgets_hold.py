"""Budgets against a simple model: whatever is reserved, settled, forgotten by a kill, or pushed over midnight."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from isaacd.ai.chat import Usage
from isaacd.errors import BudgetExceeded
from isaacd.ledger.calendar import Calendar
from isaacd.ledger.ledger import Ledger
from isaacd.ledger.record import Reservation
from tests.fakes import FakeClock
from tests.ledgers import BERLIN, at, call, config, ended, ledger

DAY, MONTH, CALLER = 0.02, 0.05, 0.012
LIMITS = config(day_usd=DAY, month_usd=MONTH, caller_day_usd={"*": CALLER})
CALLERS = ("isaacctl", "nvim")
NANO = 10**9


class Budgets(RuleBasedStateMachine):
    """Two processes on one file; the model keeps what each reservation counts, by day and caller."""

    reservations: Bundle[Reservation | None] = Bundle("reservations")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.loop = asyncio.new_event_loop()
        self.clock = FakeClock(at("2026-10-30 12:00"))
        self.calendar = Calendar(BERLIN)
        self.dead: set[str] = set()
        self.born = 0
        self.books = [self.process(), self.process()]
        self.counts: dict[str, tuple[str, str, int]] = {}

    def process(self) -> Ledger:
        book = ledger(self.folder, self.clock)
        self.born += 1
        book.owner = book.book._owner = f"process-{self.born}"
        book.book._is_gone = self.dead.__contains__
        return book

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(work, 60))

    def counted(self, day: str, caller: str | None = None) -> int:
        return sum(
            nanos
            for its_day, its_caller, nanos in self.counts.values()
            if its_day.startswith(day) and caller in (None, its_caller)
        )

    @rule(
        target=reservations,
        who=st.integers(0, 1),
        caller=st.sampled_from(CALLERS),
        tokens=st.integers(0, 5000),
        count=st.integers(1, 4),
    )
    def reserve(self, who: int, caller: str, tokens: int, count: int) -> Any:
        """Ask several times at once; the ledger grants as long as the model has room, and not once more."""
        meter = self.books[who].view(LIMITS, caller)
        calls = [call(max_tokens=tokens, caller=caller) for _ in range(count)]

        async def ask() -> list[Any]:
            return await asyncio.gather(*(meter.reserve(item) for item in calls), return_exceptions=True)

        day, granted = self.calendar.day(self.clock.now()), []
        for found in self.run(ask()):
            bound = (1045 + 2 * tokens) * 1000
            fits = (
                self.counted(day) + bound <= DAY * NANO
                and self.counted(day[:7]) + bound <= MONTH * NANO
                and self.counted(day, caller) + bound <= CALLER * NANO
            )
            if fits:
                assert (found.day, found.bound) == (day, bound)
                self.counts[found.id] = (day, caller, bound)
                granted.append(found)
            else:
                assert isinstance(found, BudgetExceeded)
        # Bundles hold one value for each run of a rule; the others stay under way for ever.
        return granted[0] if granted else None

    @rule(who=st.integers(0, 1), reservation=consumes(reservations), share=st.floats(0, 1))
    def settle(self, who: int, reservation: Reservation | None, share: float) -> None:
        """A call ends and has cost a part of what was set aside, even if it was charged in full after a kill."""
        if reservation is None:
            return
        day, caller, _ = self.counts[reservation.id]
        tokens = int(1045 * share)
        assert reservation.bound is not None
        written = int((reservation.bound // 1000 - 1045) / 2 * share)
        meter = self.books[who].view(LIMITS, caller)
        self.run(meter.settle(reservation, ended(usage=Usage(tokens, written))))
        self.run(self.books[who].flush())
        self.counts[reservation.id] = (day, caller, (tokens + 2 * written) * 1000)

    @rule(who=st.integers(0, 1))
    def kill(self, who: int) -> None:
        """A process dies with what it had reserved, and another takes its place."""
        killed = self.books[who]
        self.run(killed.database.aclose())  # as the kernel would; the book is asked for nothing any more
        self.dead.add(killed.owner)
        self.books[who] = self.process()

    @rule(hours=st.floats(-3, 30))
    def time_passes(self, hours: float) -> None:
        """Days and months pass, clocks go back, and a clock that was wrong is put right."""
        self.clock.advance(hours * 3600)

    @invariant()
    def the_ledger_counts_as_the_model(self) -> None:
        today = self.calendar.day(self.clock.now())
        states = {state.setting: state for state in self.run(self.books[0].desk(LIMITS).budgets())}
        for setting, counted in (
            ("budget.day_usd", self.counted(today)),
            ("budget.month_usd", self.counted(today[:7])),
        ):
            state = states[setting]
            assert round((state.spent_usd + state.reserved_usd) * NANO) == counted
            assert state.spent_usd + state.reserved_usd <= state.limit_usd + 1e-12

    def teardown(self) -> None:
        if hasattr(self, "books"):
            for book in self.books:
                self.run(book.aclose())
            self.loop.close()
            shutil.rmtree(self.folder)


TestBudgets = Budgets.TestCase
TestBudgets.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
