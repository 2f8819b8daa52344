"""The prices that hold now: those that came with Isaac, or newer ones that its user has fetched."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from isaacd.ai.prices import Prices, Table
from isaacd.errors import InvalidParams, PermissionDenied
from isaacd.paths import make_private, read_regular

MAX_BYTES = 4_000_000
_LOOK_EVERY_S = 1.0


class PriceBook:
    """Looks at its file about once a second, so that every process on this machine soon knows of new prices.

    `monotonic` returns seconds; without it the file is looked at at each use.
    """

    def __init__(self, file: Path, *, monotonic: Callable[[], float] | None = None) -> None:
        self.file = file
        self._monotonic = monotonic
        self._looked_at = float("-inf")
        self._name = str(file)
        self.problem: str | None = None
        self._seen: tuple[int, int, int] | None = None
        self._prices: Prices | None = None

    def current(self) -> Prices:
        """Return the newer of the fetched and the bundled prices; a file that cannot be used is `problem`."""
        if self._monotonic is not None:
            now = self._monotonic()
            if self._prices is not None and now - self._looked_at < _LOOK_EVERY_S:
                return self._prices
            self._looked_at = now
        seen = self._look()
        if self._prices is None or seen != self._seen:
            self._seen = seen
            self._prices = self._choose()
        return self._prices

    def install(self, table: Table) -> None:
        """Put a table in the file's place; raises InvalidParams for one that cannot be right or is older."""
        problem = faults(table)
        if problem is not None:
            raise InvalidParams(f"these prices cannot be right: {problem}", hint="the old ones stay in force")
        bundled = Prices.bundled().table
        if table.date < bundled.date:
            raise InvalidParams(
                f"these prices are of {table.date}, older than those that came with Isaac ({bundled.date})",
                hint="set prices of your own under [ai.prices] in config.toml",
            )
        try:
            make_private(self.file.parent)
            fresh = self.file.with_name(self.file.name + ".new")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(msgspec.json.format(msgspec.json.encode(table)))
                stream.flush()
                os.fsync(descriptor)
            fresh.replace(self.file)
            self._looked_at = float("-inf")
        except OSError as error:
            raise PermissionDenied(f"{self.file} cannot be written: {error.strerror}") from error

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._name)  # noqa: PTH116 - before every call, and a Path takes twice as long
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _choose(self) -> Prices:
        bundled = Prices.bundled()
        self.problem = None
        if self._seen is None:
            return bundled
        try:
            raw = read_regular(self.file) if self._seen[2] <= MAX_BYTES else b""
            fetched = Prices.of(raw)
            problem = faults(fetched.table)
        except (OSError, msgspec.DecodeError) as error:
            problem = str(error)
        if problem is not None:
            self.problem = f"{self.file} is not used: {problem}"
            return bundled
        return (
            Prices(_laid_over(bundled.table, fetched.table))
            if fetched.table.date >= bundled.table.date
            else bundled
        )


def _laid_over(bundled: Table, fetched: Table) -> Table:
    """Return the fetched prices, and the bundled ones of models and vendors that a short list may lack."""
    vendors = dict(bundled.vendors)
    for name, vendor in fetched.vendors.items():
        known = vendors[name].models if name in vendors else {}
        kept = {model: item for model, item in known.items() if model not in vendor.models}
        # What comes later wins where two models have a name in common.
        vendors[name] = msgspec.structs.replace(vendor, models=kept | vendor.models)
    return msgspec.structs.replace(fetched, vendors=vendors)


def faults(table: Table) -> str | None:
    """Say what is wrong with a table, if anything is: too few prices, or one that no vendor would ask."""
    if len(table.date) != len("2026-11-23"):
        return "it has no date"
    if not table.vendors:
        return "it holds no vendors"
    for name, vendor in table.vendors.items():
        if not vendor.models:
            return f"{name} sells nothing"
        for model, item in vendor.models.items():
            if not item.rates or item.rates[0].above != 0:
                return f"{model} has no price for a short request"
            if item.batch is not None and not 0 < item.batch <= 1:
                return f"{model} has a batch discount that cannot be"
            for rate in item.rates:
                prices = (rate.input, rate.cached, rate.output, rate.written, rate.written_1h)
                # Free offers end, and a price of 0 would switch budgets off.
                if not all(0 < price <= 100_000 for price in prices):
                    return f"{model} has a price that cannot be: {prices}"
    return None
