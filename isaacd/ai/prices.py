"""What a call costs at the list prices of those who sell the models; a price that is not known is None, never 0."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

import msgspec

from isaacd.ai.chat import Usage
from isaacd.ai.rates import Rate, Rates
from isaacd.config import PriceConfig

# gpt-6-luna-2026-09-01, claude-haiku-5-5-20261001, claude-sonnet-4-5@20250929
_DATE = re.compile(r"[-@](\d{4})(?:(\d{2})(\d{2})|-(\d{2})-(\d{2}))$")
_NO_OVERRIDES: Mapping[str, PriceConfig] = {}


class Model(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rates from the lowest step up; a name may end in `*` (all that begin so) or `-DATE` (dated versions).

    `batch` is the share of these prices that the vendor's own batch interface charges; None is not known.
    """

    rates: tuple[Rate, ...]
    names: tuple[str, ...]
    batch: float | None = None


class Vendor(msgspec.Struct, frozen=True):
    """Who sells models: the hosts that charge these prices, and what may stand before a model's name."""

    hosts: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    prefixes: tuple[str, ...]
    models: dict[str, Model]


class Table(msgspec.Struct, frozen=True):
    """The file of prices: whence it is, of which day, and under which licence it came."""

    source: str
    date: str
    licence: str
    vendors: dict[str, Vendor]


_MAX_FOUND = 1024


class Prices:
    """The prices of one table."""

    def __init__(self, table: Table) -> None:
        self.table = table
        # What was looked up before: some twenty look-ups of names each, and every call asks three times.
        self._found: dict[tuple[str, str | None, bool], Rates | None] = {}
        self._hosts = {host: vendor for vendor in table.vendors.values() for host in vendor.hosts}
        self._names = {
            vendor.hosts[0]: {name: model for model in vendor.models.values() for name in model.names}
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

    def rates(
        self,
        provider: str,
        model: str,
        url: str | None = None,
        overrides: Mapping[str, PriceConfig] = _NO_OVERRIDES,
        *,
        by_name: bool = True,
    ) -> Rates | None:
        """Find what a model costs; None if nobody knows.

        Looked up in this order: `overrides` (the setting ai.prices), the vendor that listens at `url`, and, for any
        other address, the only vendor that sells a model of that name. `by_name` False leaves out the last.
        """
        own = _own_price(provider, model, overrides)
        if own is not None:
            return own
        key = model, url, by_name
        if key not in self._found:
            if len(self._found) >= _MAX_FOUND:
                self._found.clear()
            self._found[key] = self._look_up(model, url, by_name=by_name)
        return self._found[key]

    def _look_up(self, model: str, url: str | None, *, by_name: bool) -> Rates | None:
        vendor = self._hosts.get(_host(url or ""))
        if vendor is not None:
            # A vendor's own host that does not know the name sells something that is not in the table.
            return self._rates(vendor, model, vendor.hosts[0])
        return self._by_name(model) if by_name else None

    def cost_usd(self, model: str, usage: Usage) -> float | None:
        """Return what a call costs where its model comes from; None if nobody, or more than one, sells that name."""
        found = self._by_name(model)
        return found.cost_usd(usage) if found is not None else None

    def charged(self, model: str, usage: Usage, base_url: str | None) -> float | None:
        """Return what a call to an address costs; None if it is not the vendor's own: others have their own prices."""
        found = self.rates("", model, base_url, by_name=False)
        return found.cost_usd(usage) if found is not None else None

    def _by_name(self, model: str) -> Rates | None:
        sold = [
            found
            for name, vendor in self.table.vendors.items()
            if (found := self._rates(vendor, model, f"{name}, by the model's name"))
        ]
        return sold[0] if len(sold) == 1 else None

    def _rates(self, vendor: Vendor, model: str, source: str) -> Rates | None:
        """Find a model by its name, as a dated version, or by the longest beginning."""
        name = model.lower()
        for prefix in vendor.prefixes:
            name = name.removeprefix(prefix)
        known = self._names[vendor.hosts[0]]
        beginnings = (f"{name[:end]}*" for end in range(len(name), 0, -1))
        for key in (name, _DATE.sub("-DATE", name), *beginnings, _DATE.sub(_dashed, name)):
            if key in known and known[key].rates:
                return Rates(known[key].rates, source, known[key].batch)
        return None


def _own_price(provider: str, model: str, overrides: Mapping[str, PriceConfig]) -> Rates | None:
    """Look into ai.prices: PROVIDER/MODEL, MODEL, the same without a date, and last PROVIDER/* for all its models."""
    if not overrides:
        return None
    undated = _DATE.sub("", model)
    for key in (f"{provider}/{model}", model, f"{provider}/{undated}", undated, f"{provider}/*"):
        found = overrides.get(key)
        if found is not None:
            cached = found.input if found.cached is None else found.cached
            rate = Rate(0, found.input, cached, found.output, found.cache_write, found.cache_write)
            return Rates((rate,), f'ai.prices."{key}"')
    return None


def _dashed(date: re.Match[str]) -> str:
    """Write a compact date as some names have it: 20260901 is 2026-09-01."""
    return "".join(f"-{part}" for part in date.groups() if part)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
