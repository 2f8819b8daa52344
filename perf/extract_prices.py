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

import msgspec
from genai_prices import Usage as TheirUsage
from genai_prices.data import providers

from isaacd.ai.chat import Usage
from isaacd.ai.price_book import faults
from isaacd.ai.price_source import NOTATIONS, VENDORS, is_elsewhere, names_of, rates_of, table_of
from isaacd.ai.prices import Prices, Table

TABLE = Path(__file__).resolve().parent.parent / "isaacd" / "ai" / "prices.json"
MAX_BYTES = 60_000
ENDINGS = ("", "-x", "-latest", "-preview", "-mini", *NOTATIONS)
# Input, read from the cache, written to it for five minutes and for an hour, output.
COUNTS = [
    (0, 0, 0, 0, 0), (1000, 0, 0, 0, 500), (1000, 900, 0, 0, 500), (1000, 100, 300, 200, 50),
    (199_999, 0, 0, 0, 1), (200_000, 9, 0, 0, 1), (200_001, 9, 90, 900, 1), (300_000, 250_000, 40_000, 5_000, 9),
]  # fmt: skip
# The shape of the published JSON is that of these objects, with shorter names for two of them.
_RENAMED = {"or_": "or", "and_": "and"}


def plain(value: Any) -> Any:
    """Write the package's objects as its published JSON has them."""
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if hasattr(value, "__dict__"):
        return {
            _RENAMED.get(name, name): plain(item) for name, item in vars(value).items() if item is not None
        }
    return value


def owner(provider: Any, name: str) -> Any:
    """Return the model that the package finds under a name; where one has dated versions, in whatever notation."""
    for prefix in VENDORS[provider.id][1]:
        name = name.removeprefix(prefix)
    stem = name
    for notation in NOTATIONS:
        stem = stem.removesuffix(notation)
    names = [name] if stem == name else [name, *(stem + notation for notation in NOTATIONS)]
    return next((found for item in names if (found := provider.find_model(item)) is not None), None)


def text(table: Table) -> str:
    """Write one model a line, so that a change of price is a change of one line."""
    whole = msgspec.to_builtins(table)
    note = "USD for a million tokens; a rate is [for requests above so many input tokens, input, cached input, output, cache write, cache write for an hour]"
    head = json.dumps(
        {"unit": note, **{key: value for key, value in whole.items() if key != "vendors"}}, indent=1
    )
    parts = []
    for name, item in whole["vendors"].items():
        lines = [
            f"   {json.dumps(model)}: {json.dumps(lean(row))}" for model, row in item.pop("models").items()
        ]
        rest = json.dumps(item)[:-1]
        parts.append(f'  {json.dumps(name)}: {rest}, "models": {{\n' + ",\n".join(lines) + "\n  }}")
    return head[:-2] + ',\n "vendors": {\n' + ",\n".join(parts) + "\n }\n}\n"


def lean(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a rate does not know, at its end."""
    for rate in row["rates"]:
        while rate[-1] is None:
            rate.pop()
    return row


def differences(prices: Prices, today: datetime.date) -> Iterator[str]:
    """Ask both sides for the price of every name, with and without an ending, and tell where they differ."""
    moment = datetime.datetime.combine(today, datetime.time(), datetime.UTC)
    for provider in (item for item in providers if item.id in prices.table.vendors):
        url = f"https://{VENDORS[provider.id][0][0]}/v1"
        here = [model for model in provider.models if not is_elsewhere(provider.id, {"id": model.id})]
        stems = {
            name.removesuffix("*").removesuffix("-DATE")
            for model in here
            for name in names_of(plain(model.match))
        }
        for name in sorted(stem + ending for stem in stems for ending in ENDINGS):
            theirs = owner(provider, name)
            yield from compared(prices, provider.id, name, theirs, url, moment, stem=name in stems)


def compared(
    prices: Prices, vendor: str, name: str, theirs: Any, url: str, moment: datetime.datetime, *, stem: bool
) -> Iterator[str]:
    priced = theirs is not None and bool(rates_of(plain(theirs), moment.date()))
    found = prices.rates("", name, url)
    if found is None:
        if priced and stem:
            yield f"{vendor}: {name} has lost its price"
        return
    if not priced:
        yield f"{vendor}: {name} has a price that is not its own"
        return
    usual = theirs.get_prices(moment)
    batch = theirs.get_prices(moment, {"processing": "batch"}) if found.batch is not None else usual
    for read, cached, written, long_written, out in COUNTS:
        if (written or long_written) and not vars(usual).get("cache_write_mtok"):
            continue
        if long_written and not vars(usual).get("cache_write_1h_mtok"):
            continue
        counted = Usage(read, out, cached, cache_write_tokens=written, cache_write_1h_tokens=long_written)
        ours = found.cost_usd(counted)
        usage = TheirUsage(
            input_tokens=read,
            cache_read_tokens=cached,
            cache_write_tokens=written + long_written,
            cache_write_1h_tokens=long_written,
            output_tokens=out,
        )
        for share, set_ in ((1.0, usual), (found.batch or 1.0, batch)):
            right = set_.calc_price(usage)["total_price"]
            if abs(Decimal(ours * share) - right) > Decimal("1e-9"):
                yield f"{vendor}: {name} is {ours * share} for {read}/{cached}/{written}/{long_written}/{out}, not {right}"
                return


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--date", type=datetime.date.fromisoformat, default=datetime.datetime.now(datetime.UTC).date()
    )
    today = parser.parse_args().date
    package = importlib.metadata.distribution("genai-prices")
    source = f"genai-prices {package.version}, https://github.com/pydantic/genai-prices"
    licence = package.read_text("licenses/LICENSE") or ""
    raw = text(table_of(plain(providers), today, source, licence)).encode()
    prices = Prices.of(raw)
    found = [*differences(prices, today), *filter(None, [faults(prices.table)])]
    print("\n".join(found), file=sys.stderr)
    if found or len(raw) > MAX_BYTES:
        print(f"not written: {len(raw)} bytes, {len(found)} differences", file=sys.stderr)
        return 1
    TABLE.write_bytes(raw)
    print(f"{TABLE}: {len(raw)} bytes, the same as the source for every name")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
