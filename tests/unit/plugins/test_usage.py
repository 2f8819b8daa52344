"""The `usage` commands: what they show on a terminal of any width, to programs, and how they refuse."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from isaac_plugins import usage
from isaac_plugins.usage import chart
from isaacd.ai.price_source import VENDORS
from isaacd.context import TTY, Context, Meta
from tests.fake_caller import TERMINAL, Caller
from tests.fakes import FakeServices
from tests.ledgers import at, call, ended

CONFIG = """
[ai.prices.m]
input = 1.0
output = 2.0

[budget]
day_usd = 0.0105
caller_day_usd = { nvim = 1.0 }
unpriced = "allow"
"""


@pytest.fixture
def typed(tmp_path: Path) -> Iterator[Caller]:
    caller = Caller(usage.plugin)
    caller.services = FakeServices({"HOME": str(tmp_path)}, tmp_path / "log")
    caller.services.clock.wall = at("2026-11-23 12:00")
    caller.services.paths.config_dir.mkdir(parents=True)
    caller.services.paths.config_file.write_text(CONFIG)
    yield caller
    anyio.run(caller.services.ledger.aclose)


def spend(caller: Caller, *, who: str = "isaacctl", model: str = "m", calls: int = 1) -> None:
    async def work() -> None:
        ledger = caller.services.ledger
        meter = ledger.view(Context(caller.services, Meta()).config, who)
        for _ in range(calls):
            await meter.settle(await meter.reserve(call(model=model)), ended(model=model))
        await ledger.aclose()

    anyio.run(work)


def test_an_empty_ledger_is_no_mistake(typed: Caller) -> None:
    shown = typed.type("usage", tty=TERMINAL)
    assert shown.exit == 0
    assert "$0, 0 calls" in shown.out
    assert typed.type("usage", "--by", "model").out == "no calls (all time)\n"
    assert typed.type("usage", "calls").out == "no calls yet\n"
    assert typed.type("usage", "gc").out == "removed 0 old calls and 0 questions with their answers\n"


def test_the_overview_shows_money_budgets_models_and_callers(typed: Caller) -> None:
    spend(typed, calls=3)
    spend(typed, who="nvim", model="mystery", calls=2)

    async def hit() -> None:
        typed.services.ledger.record_hit("nvim", "p", "m", 0.002, 1500, "exact")
        await typed.services.ledger.aclose()

    anyio.run(hit)
    out = typed.type("usage", tty=TERMINAL).out
    assert "today        $0.006000, 5 calls" in out
    assert "saved $0.002000 by 1 kept answer" in out
    assert " 57%  $0.006000 of $0.0105, until 2026-11-2" in out
    assert "2 calls have no known price and are in no sum of money" in out
    assert "unpriced" in out
    for name in ("models, last 30 days", "callers, last 30 days", "isaacctl", "nvim", "mystery"):
        assert name in out


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal_can_be_used(typed: Caller, columns: int) -> None:
    spend(typed, calls=2)
    out = typed.type("usage", "--by", "day", tty=TTY(stdout=True, columns=columns)).out
    bars = [line for line in out.splitlines() if "█" in line]
    assert bars
    assert all(len(line) <= max(columns, 34) for line in bars)


def test_colours_are_left_out_where_they_are_not_wanted(typed: Caller) -> None:
    spend(typed)
    env = {"TERM": "xterm"}
    assert "\x1b[32m" in typed.type("usage", tty=TERMINAL, env=env).out
    assert "\x1b" not in typed.type("usage", tty=TERMINAL, env={**env, "NO_COLOR": "1"}).out
    assert "\x1b" not in typed.type("usage").out


def test_programs_get_json(typed: Caller) -> None:
    spend(typed, calls=2)
    found = typed.type("usage", "--json").json
    assert (found["today"]["cost_usd"], found["budgets"][0]["left_usd"]) == (0.004, 0.0065)
    rows = typed.type("usage", "--by", "caller", "--json").json["rows"]
    assert [(row["key"], row["calls"]) for row in rows] == [("isaacctl", 2)]


def test_a_spreadsheet_gets_csv_and_no_formulas(typed: Caller) -> None:
    spend(typed, who="nvim", model='=cmd("x"),y')
    out = typed.type("usage", "--by", "model", "--csv").out
    head, row = list(csv.reader(out.splitlines()))
    assert head[:2] == ["model", "calls"]
    assert row[:2] == ['\'=cmd("x"),y', "1"]


def test_names_of_strangers_steer_no_terminal(typed: Caller) -> None:
    spend(typed, model="\x1b[2Jevil\n\u202e")
    for argv in (("usage",), ("usage", "--by", "model"), ("usage", "calls")):
        out = typed.type(*argv, tty=TERMINAL).out
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "·[2Jevil··" in out


@pytest.mark.parametrize(
    "argv",
    [
        ("--by", "colour"),
        ("--since", "soon"),
        ("--since", "today", "--until", "yesterday"),
        ("calls", "-n", "0"),
    ],
)
def test_mistakes_are_said(typed: Caller, argv: tuple[str, ...]) -> None:
    shown = typed.type("usage", *argv)
    assert shown.exit != 0
    assert shown.err
    assert "Traceback" not in shown.err


def test_calls_are_listed_the_newest_first(typed: Caller) -> None:
    spend(typed)
    typed.services.clock.advance(60)
    spend(typed, model="mystery")
    lines = typed.type("usage", "calls").out.splitlines()
    assert lines[1].startswith("2026-11-23 11:01:00Z  p/mystery  isaacctl  ok")
    assert "unknown" in lines[1]
    assert "$0.002000" in lines[2]


def test_prices_say_whence_they_are(typed: Caller) -> None:
    out = typed.type("usage", "prices", "m").out
    assert 'ai.prices."m"' in out
    (row,) = typed.type("usage", "prices", "grok-4.3", "--json").json[:1]
    assert (row["input"], row["cached"], row["output"], row["batch"]) == (1.25, 0.2, 2.5, 0.8)
    assert "by the model's name" in row["source"]
    assert len(typed.type("usage", "prices", "--json").json) > 200
    shown = typed.type("usage", "prices", "gpt-6-lunna")
    assert shown.exit != 0
    assert "gpt-6-luna" in shown.err


def published(price: Any) -> bytes:
    """Return a list in the format of genai-prices."""
    return msgspec.json.encode(
        [
            {"id": vendor, "models": [{"id": "grok-4.3", "match": {"equals": "grok-4.3"}, "prices": price}]}
            for vendor in VENDORS
            if vendor == "x-ai"
        ]
    )


def test_newer_prices_are_taken_in_from_a_file(typed: Caller, tmp_path: Path) -> None:
    (tmp_path / "new.json").write_bytes(published({"input_mtok": 7, "output_mtok": 9}))
    shown = typed.type("usage", "update-prices", "new.json", cwd=tmp_path)
    # The day is that of the zone that this machine is in.
    assert re.match(r"prices of 2026-11-2[34]: models 1, new or changed 1\n", shown.out)
    (row,) = typed.type("usage", "prices", "grok-4.3", "--json").json
    assert (row["input"], row["cached"], row["output"]) == (7, 7, 9)
    # What a short list lacks is still known.
    assert typed.type("usage", "prices", "gpt-6-luna").exit == 0


@pytest.mark.parametrize(
    "price", [{"input_mtok": 0.0, "output_mtok": 0.0}, {"input_mtok": -1, "output_mtok": 2}, "free"]
)
def test_prices_that_cannot_be_are_refused_and_the_old_stay(
    typed: Caller, tmp_path: Path, price: Any
) -> None:
    (tmp_path / "new.json").write_bytes(published(price))
    shown = typed.type("usage", "update-prices", "new.json", cwd=tmp_path)
    assert shown.exit != 0
    assert typed.type("usage", "prices", "grok-4.3", "--json").json[0]["input"] == 1.25


@pytest.mark.parametrize("source", ["missing.json", "http://example.org/prices.json"])
def test_a_source_that_cannot_be_used_is_said(typed: Caller, tmp_path: Path, source: str) -> None:
    shown = typed.type("usage", "update-prices", source, cwd=tmp_path)
    assert shown.exit != 0
    assert source in shown.err


def test_whatever_is_above_nothing_is_seen() -> None:
    assert chart.bar(0, 10) == ""
    assert chart.bar(1e-9, 10) == "▏"
    assert chart.bar(0.5, 10) == "█████"
    assert chart.bar(7, 10) == "█" * 10
    assert chart.gauge(1e-9, 4) == "█░░░"


def test_columns_fit_their_width() -> None:
    lines = chart.columns([0.0, 1.0, 2.0, 1e-9], 16, 2)
    assert lines == ["        ███", "    ███ ███ ▁▁▁"]
    assert max(map(len, chart.columns([1.0] * 30, 76, 6))) <= 76
    assert chart.columns([], 10, 2) == chart.columns([0.0], 10, 2) == []
