"""What an entry is worth per byte: the price of computing it anew, aged as in GreedyDual-Size-Frequency."""

from isaacd.cache.entry import Entry

# Nothing is free: even what costs no money and no time to speak of saves a look-up somewhere.
_LEAST_USD = 1e-6
# What one second of somebody's waiting counts for.
_SECOND_USD = 1e-4
# Indexes and the row's head.
_ROW_BYTES = 160


def price_of(entry: Entry) -> float:
    """Return the price in USD of a mebibyte of such entries."""
    cost = _sane(entry.cost) + _sane(entry.took_s) * _SECOND_USD + _LEAST_USD
    return cost * 1_048_576 / (entry.size_bytes + _ROW_BYTES)


def dies_at(entry: Entry, max_age_s: float) -> float:
    """Return when the entry may be collected whatever it is worth."""
    gone_at = entry.gone_at()
    oldest = entry.stored_at + max_age_s
    return oldest if gone_at is None else min(gone_at, oldest)


def _sane(amount: float) -> float:
    """Return a figure from outside as one that can be added and compared for years."""
    return min(amount, 1e6) if amount > 0 else 0.0
