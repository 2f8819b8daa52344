"""Prices: what a call costs, and what is not known rather than free."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from isaacd.ai import prices as module
from isaacd.ai.chat import Usage
from isaacd.ai.prices import Prices, Vendor

OPENAI, ANTHROPIC, XAI = "https://api.openai.com/v1", "https://api.anthropic.com/v1", "https://api.x.ai/v1"
SIZES = (0, 1, 1_000, 99_999, 100_001, 199_999, 200_001, 272_000, 272_001, 1_000_000)
USAGE = Usage(input_tokens=10_000, output_tokens=1_000, cached_tokens=4_000)


@pytest.fixture(scope="module")
def prices() -> Prices:
    return Prices.bundled()


def every_model(prices: Prices) -> Iterator[tuple[Vendor, str, str]]:
    """Return the vendor, a host and one whole name of every model."""
    for vendor in prices.table.vendors.values():
        for model in vendor.models.values():
            for name in model.names:
                yield (
                    vendor,
                    f"https://{vendor.hosts[0]}/v1",
                    name.rstrip("*").replace("-DATE", "-2026-09-01"),
                )


@pytest.mark.parametrize(
    ("model", "url", "usd"),
    [
        ("gpt-6-luna", OPENAI, 6_000 * 0.10 + 4_000 * 0.01 + 1_000 * 0.50),
        ("gpt-5.6-luna", OPENAI, 6_000 * 0.20 + 4_000 * 0.02 + 1_000 * 1.20),
        ("gpt-6-sol", OPENAI, 6_000 * 2 + 4_000 * 0.20 + 1_000 * 10),
        ("claude-haiku-5-5", ANTHROPIC, 6_000 * 0.10 + 4_000 * 0.01 + 1_000 * 0.50),
        ("claude-opus-5-5", ANTHROPIC, 6_000 * 4 + 4_000 * 0.20 + 1_000 * 20),
        ("grok-4.7", XAI, 6_000 * 2 + 4_000 * 0.50 + 1_000 * 6),
    ],
)
def test_a_call_costs_what_the_vendor_says(prices: Prices, model: str, url: str, usd: float) -> None:
    assert prices.charged(model, USAGE, url) == pytest.approx(usd / 1e6, rel=1e-12)
    assert prices.cost_usd(model, USAGE) == prices.charged(model, USAGE, url)


def test_all_tokens_cost_more_above_a_length(prices: Prices) -> None:
    at, above = (prices.cost_usd("gpt-6-luna", Usage(tokens, 1_000_000)) for tokens in (272_000, 272_001))
    assert at == pytest.approx(0.272 * 0.10 + 0.50)
    assert above == pytest.approx(0.272001 * 0.20 + 0.75)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("gpt-6-luna-2026-09-01", "gpt-6-luna"),
        ("gpt-6-luna-20260901", "gpt-6-luna"),
        ("openai/gpt-5.6-luna", "gpt-5.6-luna"),
        ("GPT-6-Luna", "gpt-6-luna"),
        ("claude-haiku-5-5-20261001", "claude-haiku-5-5"),
        ("anthropic/claude-sonnet-5-5@20261001", "claude-sonnet-5-5"),
        ("xai/grok-4.3-latest", "grok-4.3"),
        ("x-ai/grok-4.3-20260901", "grok-4.3"),
    ],
)
def test_a_model_is_known_with_date_suffix_and_prefix(prices: Prices, name: str, plain: str) -> None:
    expected = prices.cost_usd(plain, USAGE)
    assert expected is not None
    assert prices.cost_usd(name, USAGE) == expected


@pytest.mark.parametrize(
    "name",
    [
        "",
        "*",
        "-DATE",
        "llama3.2",
        "gpt-6-luna-turbo",
        "gpt-7",
        "my-gpt-6-luna",
        "gpt-6-luna-2026",
        "other/gpt-6-luna",
    ],
)
def test_an_unknown_model_has_no_price(prices: Prices, name: str) -> None:
    assert prices.cost_usd(name, USAGE) is None
    assert prices.charged(name, USAGE, OPENAI) is None


@pytest.mark.parametrize(
    "url",
    [
        None, "", "http://[", "http://localhost:11434/v1", "http://127.0.0.1:8000/v1", "https://openrouter.ai/api/v1",
        "https://eu.api.openai.com/v1", "https://api.openai.com.example.org/v1", "https://example.org/api.openai.com",
        "https://api.openai.com@example.org/v1", ANTHROPIC,
    ],
)  # fmt: skip
def test_only_the_vendors_own_host_charges_its_prices(prices: Prices, url: str | None) -> None:
    assert prices.charged("gpt-6-luna", USAGE, url) is None
    assert prices.charged("gpt-6-luna", USAGE, "https://API.OpenAI.com:443/v1/") is not None


def test_every_bundled_model_has_prices_for_input_and_output(prices: Prices) -> None:
    for vendor in prices.table.vendors.values():
        for name, model in vendor.models.items():
            assert model.names, name
            assert model.rates[0].above == 0, name
            assert all(rate.input > 0 and rate.cached > 0 and rate.output > 0 for rate in model.rates), name


def test_every_name_of_every_model_leads_to_it(prices: Prices) -> None:
    for _, url, name in every_model(prices):
        assert prices.charged(name, USAGE, url), name


def test_more_tokens_never_cost_less(prices: Prices) -> None:
    for _, url, name in every_model(prices):
        by_input = [prices.charged(name, Usage(size, 100), url) or 0 for size in SIZES]
        by_output = [prices.charged(name, Usage(100, size), url) or 0 for size in SIZES]
        assert by_input == sorted(by_input), name
        assert by_output == sorted(by_output), name


def test_a_cached_token_is_never_dearer_than_a_fresh_one(prices: Prices) -> None:
    for _, url, name in every_model(prices):
        for size in SIZES:
            fresh = prices.charged(name, Usage(size, 10), url)
            cached = prices.charged(name, Usage(size, 10, cached_tokens=size), url)
            assert fresh is not None
            assert cached is not None
            assert cached <= fresh, name


def test_more_cached_tokens_than_input_cost_as_many_as_there_are(prices: Prices) -> None:
    most = prices.cost_usd("gpt-6-luna", Usage(100, 10, cached_tokens=100))
    assert prices.cost_usd("gpt-6-luna", Usage(100, 10, cached_tokens=500)) == most


def test_a_name_that_two_vendors_sell_has_no_price_without_an_address() -> None:
    def vendor(host: str) -> dict[str, object]:
        model = {"rates": [[0, 1, 1, 1]], "names": ["m"]}
        return {"hosts": [host], "prefixes": [f"{host}/"], "models": {"m": model}}

    table = {"source": "s", "date": "d", "licence": "l", "vendors": {"a": vendor("a"), "b": vendor("b")}}
    prices = Prices.of(msgspec.json.encode(table))
    assert prices.cost_usd("m", USAGE) is None
    assert prices.cost_usd("a/m", USAGE) == prices.charged("m", USAGE, "https://b/v1") == pytest.approx(0.011)


def test_the_table_says_whence_it_is(prices: Prices) -> None:
    assert prices.table.source.startswith("genai-prices ")
    assert "MIT License" in prices.table.licence
    assert len(prices.table.date) == len("2026-11-23")


def test_the_table_is_small() -> None:
    assert len(Path(module.__file__).with_name("prices.json").read_bytes()) < 60_000


def test_it_is_read_once() -> None:
    assert Prices.bundled() is Prices.bundled()
