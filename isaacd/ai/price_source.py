"""Reads the prices that the genai-prices project publishes (https://github.com/pydantic/genai-prices) into a table.

Its format: a list of providers, each with `models`; a model has `match` rules for its names, `prices` (one set, or a
list whose later members begin at a date) and `price_variants`, of which those for batches count here.
"""

import datetime
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from isaacd.ai.prices import Model, Table, Vendor
from isaacd.ai.rates import Rate
from isaacd.errors import InvalidParams

URL = "https://raw.githubusercontent.com/pydantic/genai-prices/refs/heads/main/prices/new_data/v2/data_slim.json"
# The hosts that charge these prices, and what others write before the names of these models.
VENDORS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "openai": (("api.openai.com",), ("openai/",)),
    "anthropic": (("api.anthropic.com",), ("anthropic/",)),
    "x-ai": (("api.x.ai",), ("x-ai/", "xai/")),
    "google": (("generativelanguage.googleapis.com",), ("models/", "google/", "gemini/")),
    "mistral": (("api.mistral.ai",), ("mistral/", "mistralai/")),
    "groq": (("api.groq.com",), ("groq/",)),
}
NOTATIONS = ("-20250414", "-2025-04-14", "@20250414")
_DATES = {r"-\d{8}$": "-DATE", r"[-@]\d{8}$": "-DATE", r"-\d{4}-\d{2}-\d{2}$": "-DATE"}
_COLUMNS = ("input_mtok", "cache_read_mtok", "output_mtok", "cache_write_mtok", "cache_write_1h_mtok")
_OTHER_OUTPUT = ("output_audio_mtok", "output_image_mtok", "output_video_mtok", "output_reasoning_mtok")
_LONGEST_PATTERN = 200


def read_source(raw: bytes, today: datetime.date, source: str, licence: str) -> Table:
    """Cut the published list down to a table; raises InvalidParams for what is no such list."""
    try:
        providers = msgspec.json.decode(raw, type=list[dict[str, Any]])
        return table_of(providers, today, source, licence)
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError, re.error) as error:
        raise InvalidParams(
            f"this is no list of prices: {type(error).__name__}: {str(error)[:200]}",
            hint="the data of genai-prices are understood, and the prices.json of Isaac",
        ) from error


def table_of(providers: list[dict[str, Any]], today: datetime.date, source: str, licence: str) -> Table:
    """Make a table of the published providers that sell models of their own."""
    found = {item["id"]: _vendor(item, today) for item in providers if item["id"] in VENDORS}
    return Table(
        source, today.isoformat(), licence, {name: item for name, item in found.items() if item.models}
    )


def rates_of(model: dict[str, Any], today: datetime.date) -> tuple[Rate, ...]:
    """Return the rates of a model, none if a token of it has no one price today and on the days to come."""
    values = _standard(model["prices"], today)
    if values is None or not values.get("input_mtok") or not values.get("output_mtok"):
        return ()
    if any(values.get(name) for name in _OTHER_OUTPUT):
        return ()
    columns = [values.get(name) for name in _COLUMNS]
    columns[1] = columns[1] or columns[0]
    starts = {tier["start"] for column in columns if isinstance(column, dict) for tier in column["tiers"]}
    return tuple(Rate(step, *(_at(column, step) for column in columns)) for step in sorted({0, *starts}))


def batch_of(model: dict[str, Any], today: datetime.date) -> float | None:
    """Return the share of the usual price that batches cost, if it is one share for all kinds of tokens."""
    usual = _standard(model["prices"], today) or {}
    for variant in model.get("price_variants") or ():
        if variant["when"] != {"processing": "batch"} or not _active(variant.get("constraint"), today):
            continue
        shares = {
            round(_at(variant["prices"].get(name, price), 0) / _at(price, 0), 6)
            for name, price in usual.items()
            if name in _COLUMNS
        }
        return shares.pop() if len(shares) == 1 and 0 < max(shares) <= 1 else None
    return None


def names_of(match: dict[str, Any]) -> Iterator[str]:
    """Reduce a rule to names: NAME, NAME* for all that begin so, NAME-DATE; what is more than that is left out."""
    for rule in match.get("or", [match]):
        ((kind, value),) = rule.items()
        if kind in ("equals", "ends_with"):
            yield value.lower()
        elif kind in ("starts_with", "contains"):
            yield f"{value.lower()}*"
        elif kind == "regex":
            for pattern, date in _DATES.items():
                name = value.removeprefix("^").removesuffix(pattern).replace("\\.", ".")
                if value.endswith(pattern) and not set(name) & set(r"\[](){}*+?|^$"):
                    yield name + date


def is_elsewhere(vendor: str, model: dict[str, Any]) -> bool:
    """Say whether a model is sold at another host than the vendor's own models."""
    return vendor == "google" and "claude" in model["id"]


def _vendor(provider: dict[str, Any], today: datetime.date) -> Vendor:
    hosts, prefixes = VENDORS[provider["id"]]
    models = {}
    for model in provider["models"]:
        rates = rates_of(model, today)
        if rates and not is_elsewhere(provider["id"], model):
            names = {model["id"].lower(), *names_of(model["match"])}
            own = {name for name in names if _owner(provider["models"], prefixes, name) is model}
            plain = tuple(sorted(name for name in own if not name.startswith(prefixes)))
            if plain:
                models[model["id"]] = Model(rates, plain, batch_of(model, today))
    return Vendor(hosts, prefixes, models)


def _owner(models: list[dict[str, Any]], prefixes: tuple[str, ...], name: str) -> dict[str, Any] | None:
    """Return the model that the source finds under a name; where one has dated versions, in whatever notation."""
    name = name.removesuffix("*")
    for prefix in prefixes:
        name = name.removeprefix(prefix)
    stem = name.removesuffix("-DATE")
    for notation in NOTATIONS:
        stem = stem.removesuffix(notation)
    names = [name] if stem == name else [name, *(stem + notation for notation in NOTATIONS)]
    return next((model for item in names for model in models if _matches(model["match"], item)), None)


def _matches(rule: dict[str, Any], name: str) -> bool:
    """Apply a rule as the source does: in lower case, `or` and `and` of simple comparisons."""
    ((kind, value),) = rule.items()
    if kind == "or":
        return any(_matches(item, name) for item in value)
    if kind == "and":
        return all(_matches(item, name) for item in value)
    if kind == "regex":
        return len(value) <= _LONGEST_PATTERN and re.search(value, name) is not None
    value = value.lower()
    if kind == "equals":
        return bool(name == value)
    if kind == "starts_with":
        return name.startswith(value)
    return name.endswith(value) if kind == "ends_with" else kind == "contains" and value in name


def _standard(prices: Any, today: datetime.date) -> dict[str, Any] | None:
    """Return the prices of today; None if they depend on the hour, or are known to change."""
    if isinstance(prices, dict):
        return prices
    found: dict[str, Any] = prices[0]["prices"]
    for item in prices:
        constraint = item.get("constraint")
        if constraint is None:
            continue
        if set(constraint) != {"start_date"} or datetime.date.fromisoformat(constraint["start_date"]) > today:
            return None
        found = item["prices"]
    return found


def _active(constraint: dict[str, Any] | None, today: datetime.date) -> bool:
    if constraint is None:
        return True
    return (
        set(constraint) == {"start_date"} and datetime.date.fromisoformat(constraint["start_date"]) <= today
    )


def _at(column: Any, step: int) -> Any:
    """Return the price of a token in a request of more than `step` input tokens."""
    if not isinstance(column, dict):
        return column
    found = column["base"]
    for tier in column["tiers"]:
        if tier["start"] <= step:
            found = tier["price"]
    return found
