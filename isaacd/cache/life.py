"""From what a caller asks for (`ttl` and the like) to the moments that an entry carries, and back."""

import math
from collections.abc import Callable

import msgspec

from isaacd.cache.entry import Entry
from isaacd.cache.packing import encode


class Keep(msgspec.Struct, frozen=True, kw_only=True):
    """How a value is to be kept.

    `ttl`: seconds it is fresh; 0 is not to keep it, None no expiry. `stale_s`: seconds after that in which it may
    still be served while a new one is computed. `early`: the share of the ttl after which a reader computes anew
    ahead of expiry.
    """

    ttl: float | None = None
    tags: tuple[str, ...] = ()
    cost: float = 0.0
    kind: str = "value"
    stale_s: float = 0.0
    early: float | None = None

    def __post_init__(self) -> None:
        if self.ttl is not None and math.isnan(self.ttl):
            raise ValueError("ttl must be a number of seconds or None, not NaN")
        if not self.stale_s >= 0:
            raise ValueError("stale_s must not be negative")
        if self.early is not None and not 0 < self.early <= 1:
            raise ValueError("early must be a share of the ttl, above 0 and up to 1")

    @property
    def lasts(self) -> bool:
        """Whether it is to be kept at all."""
        return self.ttl is None or self.ttl > 0


def new_entry(key: str, value: object, keep: Keep, now: float, took_s: float = 0.0) -> Entry:
    """Return the entry of a value that was made at `now`; raises TypeError if msgpack cannot hold the value."""
    data, packed = encode(value)
    ttl = None if keep.ttl is None or math.isinf(keep.ttl) else keep.ttl
    expires_at = None if ttl is None else now + ttl
    return Entry(
        key=key,
        value=data,
        packed=packed,
        stored_at=now,
        expires_at=expires_at,
        stale_until=expires_at + keep.stale_s if expires_at is not None and keep.stale_s else None,
        cost=keep.cost,
        tags=keep.tags,
        kind=keep.kind,
        refresh_at=None if ttl is None or keep.early is None else now + ttl * keep.early,
        took_s=took_s,
    )


def is_fresh(entry: Entry, now: float) -> bool:
    """Say whether a settled entry may be served without a second thought at the wall time `now`."""
    return entry.expires_at is None or now < entry.expires_at


def draw_early(took_s: float, beta: float, left_s: float, random: Callable[[], float]) -> bool:
    """Say whether this reader is the one to compute anew, ever more likely towards expiry.

    XFetch: Vattani et al., "Optimal probabilistic cache stampede prevention", VLDB 2015. `beta` above 1 is earlier.
    """
    return took_s * beta * -math.log(1.0 - random()) >= left_s
