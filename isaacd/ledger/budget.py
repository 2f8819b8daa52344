"""Budgets: which ones a call falls under, whether it fits, and what to say when it does not."""

from typing import Literal

import msgspec

from isaacd.config import BudgetConfig
from isaacd.errors import BudgetExceeded
from isaacd.ledger.calendar import Calendar
from isaacd.ledger.schema import nano, usd


class Limit(msgspec.Struct, frozen=True):
    """The most, in billionths of a dollar, for the days from `first` to `last`, of one caller or (None) of all."""

    name: Literal["day", "month", "caller_day"]
    first: str
    last: str
    caller: str | None
    most: int
    until: float

    @property
    def setting(self) -> str:
        """What it is called in config.toml."""
        return (
            f'budget.caller_day_usd."{self.caller}"' if self.caller is not None else f"budget.{self.name}_usd"
        )

    @property
    def shown(self) -> str:
        """What it is called in a sentence."""
        day = "this month" if self.name == "month" else "today"
        return (
            f"the budget of {self.caller} for {day}" if self.caller is not None else f"the budget for {day}"
        )


class Account(msgspec.Struct):
    """What is spent and set aside of a limit, in billionths of a dollar, and by how many calls under way."""

    spent: int = 0
    held: int = 0
    under_way: int = 0


def is_set(budget: BudgetConfig, caller: str) -> bool:
    """Tell whether any budget concerns a caller."""
    return (
        budget.day_usd is not None
        or budget.month_usd is not None
        or _caller_limit(budget, caller) is not None
    )


def limits(budget: BudgetConfig, caller: str, calendar: Calendar, now: float) -> list[Limit]:
    """Return the limits that a call falls under that is made now."""
    found = []
    day = calendar.day(now)
    if budget.day_usd is not None:
        found.append(Limit("day", day, day, None, nano(budget.day_usd), calendar.day_ends(now)))
    if budget.month_usd is not None:
        month = day[:7]
        most, until = nano(budget.month_usd), calendar.month_ends(now)
        found.append(Limit("month", f"{month}-01", f"{month}-31", None, most, until))
    own = _caller_limit(budget, caller)
    if own is not None:
        found.append(Limit("caller_day", day, day, caller, nano(own), calendar.day_ends(now)))
    return found


def _caller_limit(budget: BudgetConfig, caller: str) -> float | None:
    return budget.caller_day_usd.get(caller, budget.caller_day_usd.get("*"))


def verdict(limit: Limit, account: Account, bound: int) -> Literal["fits", "wait", "over"]:
    """Say whether a call that may cost `bound` fits, might fit once others have ended, or cannot."""
    if account.spent + account.held + bound <= limit.most:
        return "fits"
    return "wait" if account.held and account.spent + bound <= limit.most else "over"


def exceeded(limit: Limit, account: Account, bound: int, calendar: Calendar) -> BudgetExceeded:
    """Say which budget it is, how much of it is gone, and until when."""
    left = max(0, limit.most - account.spent - account.held)
    held = ""
    if account.held:
        calls = "a call" if account.under_way == 1 else f"{account.under_way} calls"
        held = f", {_dollars(account.held)} set aside for {calls} under way"
    until = calendar.shown(limit.until)
    return BudgetExceeded(
        f"{limit.shown} does not allow this call: it could cost up to {_dollars(bound)}, and of "
        f"{_dollars(limit.most)} {_dollars(account.spent)} are spent{held}, so that {_dollars(left)} are left "
        f"until {until}",
        hint=f"ask for a shorter answer or a cheaper model, or raise {limit.setting}",
        detail={
            "budget": limit.name,
            "caller": limit.caller,
            "limit_usd": usd(limit.most),
            "spent_usd": usd(account.spent),
            "reserved_usd": usd(account.held),
            "left_usd": usd(left),
            "needed_usd": usd(bound),
            "until": limit.until,
        },
    )


def unpriced(provider: str, model: str | None, caller: str) -> BudgetExceeded:
    """Say that a budget cannot hold for a model whose price nobody knows."""
    name = f"{provider}/{model}" if model else f"{provider}/*"
    return BudgetExceeded(
        f"a budget is set, and the price of {name} is not known",
        hint=f'set it: [ai.prices."{name}"] with input and output (0 for a model of your own), '
        'or allow all such models: budget.unpriced = "allow"',
        detail={"budget": "unpriced", "provider": provider, "model": model, "caller": caller},
    )


def unbounded(provider: str, model: str | None) -> BudgetExceeded:
    """Say that a budget cannot hold for a call without an end."""
    return BudgetExceeded(
        f"a budget is set, and nothing limits how long the answer of {provider}/{model or '*'} may be",
        hint="give the request a max_tokens",
        detail={"budget": "unbounded", "provider": provider, "model": model},
    )


def _dollars(nanos: int) -> str:
    """Write money so that two amounts that differ look different."""
    text = f"{usd(nanos):.9f}".rstrip("0")
    whole, _, part = text.partition(".")
    return f"${whole}.{part:<02}" if len(part) < 2 else f"${whole}.{part}"
