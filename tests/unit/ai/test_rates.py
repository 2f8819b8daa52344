"""The arithmetic of prices, by sums that a person can check; and where a price is looked up."""

import datetime
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.ai.chat import Usage
from isaacd.ai.price_book import PriceBook
from isaacd.ai.price_source import read_source
from isaacd.ai.prices import Prices, Table
from isaacd.ai.rates import Rate, Rates
from isaacd.config import PriceConfig
from isaacd.errors import InvalidParams

TODAY = datetime.date(2026, 11, 23)
ANTHROPIC = "https://api.anthropic.com/v1"
SONNET = Rates((Rate(0, 2.0, 0.1, 10.0, 2.5, 4.0),), "a test")
STEPS = Rates((Rate(0, 1.0, 0.1, 5.0), Rate(1000, 2.0, 0.2, 4.0)), "a test")
OWN = {
    "m": PriceConfig(input=1, output=2),
    "p/m": PriceConfig(input=3, output=4),
    "local/*": PriceConfig(input=0, output=0),
}


@pytest.fixture(scope="module")
def prices() -> Prices:
    return Prices.bundled()


def test_each_kind_of_token_has_its_price() -> None:
    usage = Usage(
        input_tokens=100_000, output_tokens=1_000, cached_tokens=50_000,
        cache_write_tokens=20_000, cache_write_1h_tokens=10_000,
    )  # fmt: skip
    # 20 000 fresh at 2, 50 000 read at 0.10, 20 000 written at 2.50, 10 000 for an hour at 4, 1 000 out at 10.
    assert SONNET.cost_usd(usage) == pytest.approx(0.04 + 0.005 + 0.05 + 0.04 + 0.01)
    assert SONNET.saved_usd(usage) == pytest.approx(0.21 - 0.145)


def test_writing_costs_more_at_first_and_reading_pays_it_back() -> None:
    written, read = Usage(100_000, cache_write_tokens=100_000), Usage(100_000, cached_tokens=100_000)
    assert SONNET.saved_usd(written) == pytest.approx(-0.05)
    assert SONNET.saved_usd(read) == pytest.approx(0.19)


def test_a_rate_without_prices_for_writing_charges_fresh_tokens() -> None:
    assert STEPS.cost_usd(Usage(100, cache_write_tokens=60, cache_write_1h_tokens=40)) == pytest.approx(
        0.0001
    )


def test_beyond_a_step_all_tokens_cost_its_price() -> None:
    assert STEPS.cost_usd(Usage(1000, 100)) == pytest.approx(0.0015)
    assert STEPS.cost_usd(Usage(1001, 100)) == pytest.approx(0.002402)


@given(
    st.lists(st.tuples(*[st.floats(0.001, 100)] * 5), min_size=1, max_size=4),
    st.integers(0, 4000),
    st.integers(0, 4000),
    st.lists(st.integers(0, 5000), min_size=4, max_size=4),
    st.integers(0, 4000),
)
def test_nothing_costs_more_than_its_bound(
    steps: list[tuple[float, ...]], most: int, most_out: int, counts: list[int], out: int
) -> None:
    rates = Rates(tuple(Rate(index * 1000, *step) for index, step in enumerate(steps)), "a test")
    read, *parts = (min(count, most) for count in counts)
    usage = Usage(read, min(out, most_out), parts[0], 0, parts[1], parts[2])
    assert rates.cost_usd(usage) <= rates.bound_usd(most, most_out) * (1 + 1e-12)


def test_a_bound_counts_the_dearest_that_may_happen() -> None:
    assert SONNET.bound_usd(1_000_000, 100_000) == pytest.approx(4 + 1)
    assert STEPS.bound_usd(1000, 1_000_000) == pytest.approx(0.001 + 5)
    # Beyond the step output is cheaper, but the input may stay below it.
    assert STEPS.bound_usd(1001, 1_000_000) == pytest.approx(0.002002 + 5)


@pytest.mark.parametrize(
    ("model", "vendor", "usd"),
    [
        ("claude-haiku-5-5", "api.anthropic.com", 0.125 + 0.2),
        ("claude-opus-5-5", "api.anthropic.com", 5 + 8),
        ("gpt-5.6-luna", "api.openai.com", 0.5 + 0.5),
    ],
)
def test_written_tokens_cost_what_the_vendor_says(
    prices: Prices, model: str, vendor: str, usd: float
) -> None:
    long = vendor == "api.openai.com"  # above 272 000 tokens
    usage = Usage(2_000_000, cache_write_tokens=1_000_000, cache_write_1h_tokens=1_000_000)
    small = msgspec.structs.replace(
        usage, input_tokens=80_000, cache_write_tokens=40_000, cache_write_1h_tokens=40_000
    )
    found = prices.charged(model, usage if long else small, f"https://{vendor}")
    assert found == pytest.approx(usd if long else usd * 0.04)


@pytest.mark.parametrize(
    ("provider", "model", "url", "source"),
    [
        ("p", "m", None, 'ai.prices."p/m"'),
        ("q", "m", None, 'ai.prices."m"'),
        ("q", "m-2026-11-01", None, 'ai.prices."m"'),
        ("local", "llama3.2", "http://127.0.0.1:8000/v1", 'ai.prices."local/*"'),
        ("q", "claude-opus-5-5", ANTHROPIC, "api.anthropic.com"),
        ("q", "claude-opus-5-5", "http://127.0.0.1:8000/v1", "anthropic, by the model's name"),
        ("q", "anthropic/claude-opus-5-5", "https://proxy.example.org/v1", "anthropic, by the model's name"),
        ("q", "gpt-6-luna", ANTHROPIC, None),
        ("q", "llama3.2", "http://127.0.0.1:8000/v1", None),
    ],
)
def test_prices_are_looked_up_in_this_order(
    prices: Prices, provider: str, model: str, url: str | None, source: str | None
) -> None:
    found = prices.rates(provider, model, url, OWN)
    assert (found.source if found is not None else None) == source


def test_at_home_names_of_vendors_mean_nothing(prices: Prices) -> None:
    assert prices.rates("q", "gpt-6-luna", "http://localhost:11434", by_name=False) is None


def test_batches_cost_the_share_that_the_vendor_says(prices: Prices) -> None:
    for model, share in (
        ("gpt-6-luna", 0.5),
        ("claude-opus-5-5", 0.5),
        ("grok-4.3", 0.8),
        ("gpt-oss-120b", None),
    ):
        found = prices.rates("q", model)
        assert (found.batch if found is not None else None) == share


def source(**model: Any) -> bytes:
    return json.dumps([{"id": "openai", "models": [{"id": "m", "match": {"equals": "m"}, **model}]}]).encode()


def read(raw: bytes) -> Table:
    return read_source(raw, TODAY, "a test", "none")


@pytest.mark.parametrize(
    ("price", "rates"),
    [
        ({"input_mtok": 1, "output_mtok": 2}, [(0, 1, 1, 2)]),
        ({"input_mtok": 1, "output_mtok": 2, "cache_read_mtok": 0.5, "cache_write_mtok": 3, "cache_write_1h_mtok": 4},
         [(0, 1, 0.5, 2, 3, 4)]),
        ({"input_mtok": {"base": 1, "tiers": [{"start": 10, "price": 5}]}, "output_mtok": 2}, [(0, 1, 1, 2), (10, 5, 5, 2)]),
        ([{"prices": {"input_mtok": 9, "output_mtok": 9}},
          {"constraint": {"start_date": "2026-01-01"}, "prices": {"input_mtok": 1, "output_mtok": 2}}], [(0, 1, 1, 2)]),
    ],
)  # fmt: skip
def test_published_prices_are_read(price: Any, rates: list[tuple[float, ...]]) -> None:
    model = read(source(prices=price)).vendors["openai"].models["m"]
    assert model.rates == tuple(Rate(*rate) for rate in rates)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "price",
    [
        {"input_mtok": 1},
        {"input_mtok": 1, "output_mtok": 2, "output_audio_mtok": 3},
        [{"prices": {"input_mtok": 9, "output_mtok": 9}},
         {"constraint": {"start_date": "2027-01-01"}, "prices": {"input_mtok": 1, "output_mtok": 2}}],
        [{"prices": {"input_mtok": 9, "output_mtok": 9}},
         {"constraint": {"start_time": "00:00", "end_time": "08:00"}, "prices": {"input_mtok": 1, "output_mtok": 2}}],
    ],
)  # fmt: skip
def test_a_model_without_one_lasting_price_has_none(price: Any) -> None:
    assert "openai" not in read(source(prices=price)).vendors


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[1]", b'[{"id": "openai"}]', b'[{"id": "openai", "models": [{}]}]']
)
def test_what_is_no_list_of_prices_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidParams, match="no list of prices"):
        read(raw)


def changed(date: str, price: float) -> Table:
    table = read(source(prices={"input_mtok": price, "output_mtok": price}))
    return msgspec.structs.replace(table, date=date)


def test_newer_prices_hold_in_every_process_at_once(tmp_path: Path) -> None:
    one, two = PriceBook(tmp_path / "prices.json"), PriceBook(tmp_path / "prices.json")
    assert one.current() is two.current() is Prices.bundled()
    one.install(changed("2026-12-01", 7.0))
    assert [book.current().cost_usd("m", Usage(1_000_000)) for book in (one, two)] == [7.0, 7.0]
    (tmp_path / "prices.json").unlink()
    assert two.current() is Prices.bundled()


@pytest.mark.parametrize(
    ("date", "price"), [("2020-01-01", 7.0), ("2026-12-01", -1.0), ("2026-12-01", 1e9), ("soon", 7.0)]
)
def test_prices_that_are_old_or_cannot_be_are_not_taken(tmp_path: Path, date: str, price: float) -> None:
    book = PriceBook(tmp_path / "prices.json")
    with pytest.raises(InvalidParams):
        book.install(changed(date, price))
    assert book.current() is Prices.bundled()


def test_a_broken_file_of_prices_is_said_and_not_used(tmp_path: Path) -> None:
    book = PriceBook(tmp_path / "prices.json")
    book.file.write_text("{")
    assert book.current() is Prices.bundled()
    assert "is not used" in (book.problem or "")
