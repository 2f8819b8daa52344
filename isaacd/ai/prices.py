"""What a call costs at the list prices of those who sell the models; a price that is not known is None, never 0."""

import re
from functools import cache
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import msgspec

from isaacd.ai.chat import Usage

_TOKENS_A_UNIT = 1e6
# gpt-6-luna-2026-09-01, claude-haiku-5-5-20261001, claude-sonnet-4-5@20250929
_DATE = re.compile(r"[-@](\d{4})(?:(\d{2})(\d{2})|-(\d{2})-(\d{2}))$")


class Rate(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """USD for a million tokens, in requests of more than `above` input tokens."""

    above: int
    input: float
    cached: float
    output: float


class Model(msgspec.Struct, frozen=True):
    """Rates from the lowest step up; a name may end in `*` (all that begin so) or `-DATE` (dated versions)."""

    rates: tuple[Rate, ...]
    names: tuple[str, ...]


class Vendor(msgspec.Struct, frozen=True):
    """Who sells models: the hosts that charge these prices, and what may stand before a model's name."""

    hosts: tuple[str, ...]
    prefixes: tuple[str, ...]
    models: dict[str, Model]


class Table(msgspec.Struct, frozen=True):
    """The file of prices: whence it is, of which day, and under which licence it came."""

    source: str
    date: str
    licence: str
    vendors: dict[str, Vendor]


class Prices:
    """The prices of one table."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._hosts = {host: vendor for vendor in table.vendors.values() for host in vendor.hosts}
        self._names = {
            vendor.hosts[0]: {name: model.rates for model in vendor.models.values() for name in model.names}
            for vendor in table.vendors.values()
        }

    @classmethod
    def of(cls, raw: bytes) -> Self:
        """Read a table; raises msgspec.DecodeError for what is none."""
        return cls(msgspec.json.decode(raw, type=Table))

    @classmethod
    @cache
    def bundled(cls) -> "Prices":
        """Return the prices that come with Isaac; the file is read once."""
        return cls.of(Path(__file__).with_name("prices.json").read_bytes())

    def cost_usd(self, model: str, usage: Usage) -> float | None:
        """Return what a call costs where its model comes from; None if nobody, or more than one, sells that name."""
        found = [rates for vendor in self.table.vendors.values() if (rates := self._rates(vendor, model))]
        return _cost(found[0], usage) if len(found) == 1 else None

    def charged(self, model: str, usage: Usage, base_url: str | None) -> float | None:
        """Return what a call to an address costs; None if it is not the vendor's own: others have their own prices."""
        vendor = self._hosts.get(_host(base_url or ""))
        return _cost(self._rates(vendor, model), usage) if vendor is not None else None

    def _rates(self, vendor: Vendor, model: str) -> tuple[Rate, ...]:
        """Find a model by its name, as a dated version, or by the longest beginning; none if it is unknown."""
        name = model.lower()
        for prefix in vendor.prefixes:
            name = name.removeprefix(prefix)
        known = self._names[vendor.hosts[0]]
        beginnings = (f"{name[:end]}*" for end in range(len(name), 0, -1))
        for key in (name, _DATE.sub("-DATE", name), *beginnings, _DATE.sub(_dashed, name)):
            if key in known:
                return known[key]
        return ()


def _cost(rates: tuple[Rate, ...], usage: Usage) -> float | None:
    """Charge all tokens at the rate of the last step that the input is above."""
    if not rates:
        return None
    rate = rates[0]
    for step in rates[1:]:
        if usage.input_tokens > step.above:
            rate = step
    cached = min(usage.cached_tokens, usage.input_tokens)
    fresh = usage.input_tokens - cached
    return (fresh * rate.input + cached * rate.cached + usage.output_tokens * rate.output) / _TOKENS_A_UNIT


def _dashed(date: re.Match[str]) -> str:
    """Write a compact date as some names have it: 20260901 is 2026-09-01."""
    return "".join(f"-{part}" for part in date.groups() if part)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
