"""Cuts the price table of the `genai-prices` package down to isaacd/ai/prices.json, and proves the cut.

Run it in an environment that has both packages: `pip install genai-prices`, then `python perf/extract_prices.py`.
"""

import argparse
import datetime
import importlib.metadata
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from genai_prices import Usage as TheirUsage
from genai_prices.data import providers
from genai_prices.types import StartDateConstraint

from isaacd.ai.chat import Usage
from isaacd.ai.prices import Prices

TABLE = Path(__file__).resolve().parent.parent / "isaacd" / "ai" / "prices.json"
MAX_BYTES = 60_000
# The hosts that charge these prices, and what others write before the names of these models.
VENDORS = {
    "openai": (["api.openai.com"], ["openai/"]),
    "anthropic": (["api.anthropic.com"], ["anthropic/"]),
    "x-ai": (["api.x.ai"], ["x-ai/", "xai/"]),
    "google": (["generativelanguage.googleapis.com"], ["models/", "google/", "gemini/"]),
    "mistral": (["api.mistral.ai"], ["mistral/", "mistralai/"]),
    "groq": (["api.groq.com"], ["groq/"]),
}
DATES = {r"-\d{8}$": "-DATE", r"[-@]\d{8}$": "-DATE", r"-\d{4}-\d{2}-\d{2}$": "-DATE"}
OTHER_OUTPUT = ("output_audio_mtok", "output_image_mtok", "output_video_mtok")
NOTATIONS = ("-20250414", "-2025-04-14", "@20250414")
ENDINGS = ("", "-x", "-latest", "-preview", "-mini", *NOTATIONS)
COUNTS = [(0, 0, 0), (1000, 0, 500), (1000, 900, 500), (199_999, 0, 1), (200_000, 9, 1), (200_001, 9, 1), (300_000, 250_000, 9)]  # fmt: skip


def names(match: Any) -> Iterator[str]:
    """Reduce a rule to names: NAME, NAME* for all that begin so, NAME-DATE; what is more than that is left out."""
    for rule in getattr(match, "or_", [match]):
        ((kind, value),) = vars(rule).items()
        if kind in ("equals", "ends_with"):
            yield value.lower()
        elif kind in ("starts_with", "contains"):
            yield f"{value.lower()}*"
        elif kind == "regex":
            for pattern, date in DATES.items():
                name = value.removeprefix("^").removesuffix(pattern).replace("\\.", ".")
                if value.endswith(pattern) and not set(name) & set(r"\[](){}*+?|^$"):
                    yield name + date


def rates(model: Any, today: datetime.date) -> list[list[float]]:
    """Return the rates of a model, none if a token of it has no one price today and on the days to come."""
    price = model.prices
    if isinstance(price, list):
        constraints = [item.constraint for item in price if item.constraint is not None]
        if any(not isinstance(item, StartDateConstraint) or item.start_date > today for item in constraints):
            return []
        price = model.get_prices(datetime.datetime.combine(today, datetime.time(), datetime.UTC))
    values = vars(price)
    read, write = values.get("input_mtok"), values.get("output_mtok")
    if not read or not write or any(values.get(name) for name in OTHER_OUTPUT):
        return []
    columns = [read, values.get("cache_read_mtok") or read, write]
    steps = sorted({0, *(tier.start for column in columns for tier in getattr(column, "tiers", ()))})
    return [[step, *(number(at(column, step)) for column in columns)] for step in steps]


def at(column: Any, step: int) -> Decimal:
    """Return the price of a token in a request of more than `step` input tokens."""
    found = getattr(column, "base", column)
    for tier in getattr(column, "tiers", ()):
        if tier.start <= step:
            found = tier.price
    return found


def number(price: Decimal) -> float:
    return int(price) if price == int(price) else float(price)


def vendor(provider: Any, today: datetime.date) -> dict[str, Any]:
    """Return all that is known of a vendor."""
    hosts, prefixes = VENDORS[provider.id]
    models = {}
    for model in provider.models:
        found = rates(model, today)
        if found and not is_elsewhere(provider, model):
            own = {name for name in (model.id.lower(), *names(model.match)) if owner(provider, name) is model}
            plain = sorted(name for name in own if not name.startswith(tuple(prefixes)))
            models[model.id] = {"rates": found, "names": plain}
    return {"hosts": hosts, "prefixes": prefixes, "models": models}


def is_elsewhere(provider: Any, model: Any) -> bool:
    """Say whether a model is sold at another host than the vendor's own models."""
    return provider.id == "google" and "claude" in model.id


def owner(provider: Any, name: str) -> Any:
    """Return the model that the source finds under a name; where one has dated versions, in whatever notation."""
    name = name.removesuffix("*")
    for prefix in VENDORS[provider.id][1]:
        name = name.removeprefix(prefix)
    stem = name.removesuffix("-DATE")
    for notation in NOTATIONS:
        stem = stem.removesuffix(notation)
    names = [name] if stem == name else [name, *(stem + notation for notation in NOTATIONS)]
    return next((found for item in names if (found := provider.find_model(item)) is not None), None)


def text(table: dict[str, Any]) -> str:
    """Write one model a line, so that a change of price is a change of one line."""
    head = json.dumps({key: value for key, value in table.items() if key != "vendors"}, indent=1)
    parts = []
    for name, item in table["vendors"].items():
        lines = [f"   {json.dumps(model)}: {json.dumps(row)}" for model, row in item.pop("models").items()]
        rest = json.dumps(item)[:-1]
        parts.append(f'  {json.dumps(name)}: {rest}, "models": {{\n' + ",\n".join(lines) + "\n  }}")
    return head[:-2] + ',\n "vendors": {\n' + ",\n".join(parts) + "\n }\n}\n"


def differences(prices: Prices, table: dict[str, Any], today: datetime.date) -> Iterator[str]:
    """Ask both sides for the price of every name, with and without an ending, and tell where they differ."""
    moment = datetime.datetime.combine(today, datetime.time(), datetime.UTC)
    for provider in providers:
        if provider.id not in table["vendors"]:
            continue
        url = f"https://{VENDORS[provider.id][0][0]}/v1"
        here = [model for model in provider.models if not is_elsewhere(provider, model)]
        stems = {
            name.removesuffix("*").removesuffix("-DATE") for model in here for name in names(model.match)
        }
        for name in sorted(stem + ending for stem in stems for ending in ENDINGS):
            theirs = owner(provider, name)
            priced = theirs is not None and bool(rates(theirs, today))
            for read, cached, written in COUNTS:
                ours = prices.charged(name, Usage(read, written, cached), url)
                if ours is None:
                    if priced and name in stems:
                        yield f"{provider.id}: {name} has lost its price"
                    break
                if not priced:
                    yield f"{provider.id}: {name} has a price that is not its own"
                    break
                usage = TheirUsage(input_tokens=read, cache_read_tokens=cached, output_tokens=written)
                right = theirs.get_prices(moment).calc_price(usage)["total_price"]
                if abs(Decimal(ours) - right) > Decimal("1e-9"):
                    yield f"{provider.id}: {name} is {ours} for {read}/{cached}/{written}, not {right}"
                    break


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--date", type=datetime.date.fromisoformat, default=datetime.datetime.now(datetime.UTC).date()
    )
    today = parser.parse_args().date
    package = importlib.metadata.distribution("genai-prices")
    table = {
        "source": f"genai-prices {package.version}, https://github.com/pydantic/genai-prices",
        "date": today.isoformat(),
        "unit": "USD for a million tokens; a rate is [for requests above so many input tokens, input, cached input, output]",
        "licence": package.read_text("licenses/LICENSE"),
        "vendors": {item.id: vendor(item, today) for item in providers if item.id in VENDORS},
    }
    raw = text(table).encode()
    found = list(differences(Prices.of(raw), table, today))
    print("\n".join(found), file=sys.stderr)
    if found or len(raw) > MAX_BYTES:
        print(f"not written: {len(raw)} bytes, {len(found)} differences", file=sys.stderr)
        return 1
    TABLE.write_bytes(raw)
    print(f"{TABLE}: {len(raw)} bytes, the same as the source for every name")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
