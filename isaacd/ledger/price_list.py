"""Prices for people: what is known of a model, and new prices taken in at their command."""

import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import msgspec

from isaacd.ai.http import HttpApi
from isaacd.ai.price_book import MAX_BYTES, PriceBook
from isaacd.ai.price_source import URL, read_source
from isaacd.ai.prices import Prices, Table
from isaacd.ai.provider import Host
from isaacd.ai.rates import Rate, Rates
from isaacd.config import PriceConfig, ProviderConfig
from isaacd.errors import InvalidParams, IsaacError, NotFound, ProviderUnavailable
from isaacd.ledger.figures import PriceRow, Updated

_NEAR = 3


def price_list(prices: Prices, overrides: Mapping[str, PriceConfig], model: str | None) -> list[PriceRow]:
    """Return the prices of a model: as it would be charged, or else of all models with this in their names."""
    if model is None:
        return [*_own(prices, overrides), *_sold(prices, "")]
    provider, slash, rest = model.partition("/")
    found = prices.rates(provider if slash else "", rest if slash else model, None, overrides)
    found = found or prices.rates("", model, None, overrides)
    if found is not None:
        return list(_rows(model, "-", found))
    rows = [
        row for row in [*_own(prices, overrides), *_sold(prices, model.lower())] if model.lower() in row.model
    ]
    if rows:
        return rows
    raise _unknown(prices, model)


async def update(book: PriceBook, source: str | None, host: Host, today: datetime.date) -> Updated:
    """Take in the prices at an https address or in a file; raises InvalidParams for what is no list of prices."""
    source = source or URL
    raw = await _fetch(source, host) if "://" in source else await _read(Path(source))
    table = await anyio.to_thread.run_sync(_table, raw, source, today)
    before = _models(book.current().table)
    await anyio.to_thread.run_sync(book.install, table)
    after = _models(table)
    changed = sum(before.get(name) != rates for name, rates in after.items())
    return Updated(table.source, table.date, len(after), changed)


async def _fetch(url: str, host: Host) -> bytes:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise InvalidParams(f"only https addresses are fetched, not {url}")
    path = parts.path
    base = parts._replace(path="", fragment="").geturl()
    api = HttpApi("prices", ProviderConfig(base_url=base), host, base_url=base)
    try:
        async with api.get(path) as reply:
            raw = await reply.body()
    except IsaacError as error:
        raise ProviderUnavailable(
            f"{url} could not be fetched: {error.message}",
            hint="are you online? A list that you have already can be given as a file",
        ) from error
    finally:
        await api.aclose()
    if len(raw) > MAX_BYTES:
        raise InvalidParams(f"what {url} sent is too long for a list of prices")
    return raw


async def _read(file: Path) -> bytes:
    try:
        size = (await anyio.Path(file).stat()).st_size
        if size > MAX_BYTES:
            raise InvalidParams(f"{file} is too long for a list of prices")
        return await anyio.Path(file).read_bytes()
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}") from error


def _table(raw: bytes, source: str, today: datetime.date) -> Table:
    """Read Isaac's own format, or that of genai-prices."""
    try:
        return Prices.of(raw).table
    except msgspec.DecodeError:
        licence = Prices.bundled().table.licence
        return read_source(raw, today, source, licence)


def _models(table: Table) -> dict[str, tuple[Rate, ...]]:
    return {
        f"{vendor}/{name}": model.rates
        for vendor, item in table.vendors.items()
        for name, model in item.models.items()
    }


def _own(prices: Prices, overrides: Mapping[str, PriceConfig]) -> Iterator[PriceRow]:
    for key in overrides:
        found = prices.rates("", key, None, {key: overrides[key]})
        if found is not None:
            yield from _rows(key, "-", found)


def _sold(prices: Prices, part: str) -> Iterator[PriceRow]:
    table = prices.table
    for vendor, item in table.vendors.items():
        for name, model in item.models.items():
            if part in name.lower() or any(part in alias for alias in model.names):
                yield from _rows(
                    name,
                    vendor,
                    Rates(model.rates, f"{table.source.split(',')[0]}, {table.date}", model.batch),
                )


def _rows(model: str, vendor: str, found: Rates) -> Iterator[PriceRow]:
    for rate in found.steps:
        yield PriceRow(
            model=model,
            vendor=vendor,
            above=rate.above,
            input=rate.input,
            cached=rate.cached,
            cache_write=rate.written,
            output=rate.output,
            batch=found.batch,
            source=found.source,
        )


def _unknown(prices: Prices, model: str) -> NotFound:
    from difflib import get_close_matches

    names = [name for vendor in prices.table.vendors.values() for name in vendor.models]
    near = get_close_matches(model.lower(), names, _NEAR)
    hint = f'set it: [ai.prices."{model}"] with input and output, in USD for a million tokens'
    return NotFound(
        f"the price of {model} is not known",
        hint=f"did you mean {' or '.join(near)}? Otherwise {hint}" if near else hint,
    )
