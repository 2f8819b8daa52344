"""Ledgers for tests: small files under a clock that only the test moves, and calls with known prices."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from isaacd.ai.chat import ChatRequest, Message, Usage
from isaacd.ai.meter import Call, Outcome
from isaacd.ai.price_book import PriceBook
from isaacd.config import BudgetConfig, Config
from isaacd.ledger.calendar import Calendar
from isaacd.ledger.ledger import Ledger
from isaacd.log import open_log
from tests.fakes import FakeClock

BERLIN = ZoneInfo("Europe/Berlin")
# A round price, so that a person can check every sum: $1 for a million input tokens, $2 for a million output tokens.
PRICED: dict[str, Any] = {"m": {"input": 1.0, "output": 2.0}}

_numbers: Iterator[int] = itertools.count(1)


def at(text: str, zone: tzinfo = BERLIN) -> float:
    """Return the wall time of a local date and time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC).timestamp()


def ledger(
    folder: Path, clock: FakeClock, *, zone: tzinfo | None = BERLIN, patience_s: float = 0.0
) -> Ledger:
    """Make a ledger in a folder, as one more process would."""
    return Ledger(
        folder / "data" / "ledger.sqlite",
        clock=clock,
        log=open_log(folder / "log", level="info"),
        prices=PriceBook(folder / "data" / "prices.json"),
        calendar=Calendar(zone),
        patience_s=patience_s,
    )


def config(**budget: Any) -> Config:
    """Return a configuration with a budget and the price of the model `m`."""
    raw = {"ai": {"prices": PRICED}, "budget": msgspec.to_builtins(BudgetConfig(**budget))}
    return msgspec.convert(raw, Config)


def call(text: str = "hello", *, max_tokens: int | None = 1000, model: str | None = "m", **more: Any) -> Call:
    """Return a call that is about to be made; without more, it may cost a little over $0.003."""
    facts: dict[str, Any] = {
        "provider": "p",
        "kind": "openai-compatible",
        "url": None,
        "caller": "isaacctl",
        **more,
    }
    request = ChatRequest(messages=(Message("user", text),), model=model, max_tokens=max_tokens)
    return Call(id=f"call-{next(_numbers)}", model=model, request=request, **facts)


def ended(input_tokens: int = 1000, output_tokens: int = 500, **more: Any) -> Outcome:
    """Return a whole answer; without more, it costs $0.002."""
    facts: dict[str, Any] = {
        "outcome": "ok",
        "elapsed_ms": 10.0,
        "first_ms": 1.0,
        "text": "hi",
        "model": "m",
        **more,
    }
    return Outcome(usage=facts.pop("usage", Usage(input_tokens, output_tokens)), **facts)
