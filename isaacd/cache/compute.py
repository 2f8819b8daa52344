"""Values that are computed when they are not there: one at a time for each key, ahead of expiry where asked."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from isaacd.cache.entry import Entry
from isaacd.cache.failure import ERROR_KIND, failure_value, kept_error
from isaacd.cache.figures import Tally
from isaacd.cache.flight import Flight, Flights
from isaacd.cache.life import Keep, draw_early, new_entry
from isaacd.cache.lookup import Located, Lookup, Sweep
from isaacd.cache.packing import raw_value
from isaacd.cache.values import MISSING, Missing
from isaacd.clock import Clock
from isaacd.errors import IsaacError


class Computed(msgspec.Struct, frozen=True):
    """What a computation may return instead of a bare value, if it knows best how the value is to be kept."""

    value: Any
    keep: Keep


class Order(msgspec.Struct, frozen=True):
    """One call of `get_or_compute`; its parameters are explained there."""

    key: str
    fn: Callable[[], Awaitable[Any]]
    keep: Keep
    shape: Any
    beta: float | None = None
    errors_s: float | None = None


class Computing:
    """Serves orders from the cache, or else by computing."""

    def __init__(
        self,
        lookup: Lookup,
        keep: Callable[[Entry], None],
        forget: Callable[[str], None],
        clock: Clock,
        tally: Tally,
        random: Callable[[], float],
    ) -> None:
        self._lookup = lookup
        self._keep = keep
        self._forget = forget
        self._clock = clock
        self._tally = tally
        self._random = random
        self._flights: Flights[Entry] = Flights()

    async def serve(self, order: Order) -> Any | Missing:
        """Return what is kept, or MISSING; raises the error that is kept, if the order takes one."""
        located = await self._lookup.locate(order.key)
        if located is not None and located.slot.entry.kind == ERROR_KIND:
            return self._serve_error(order, located)
        value: Any | Missing = MISSING
        if located is not None:
            value = self._lookup.take(order.key, located, order.shape)
        if located is None or value is MISSING:
            return self._missed()
        if not self._lookup.is_fresh(located.slot):
            self._tally.events["stale_hits"] += 1
            self._refresh(order)
        elif self._is_due(order, located):
            self._refresh(order)
        return value

    async def compute(self, order: Order) -> Any:
        """Compute the value, or wait for the computation that is under way."""
        flight = self._flights.find(order.key)
        if flight is None:
            flight = self._launch(order)
        else:
            self._tally.events["joined"] += 1
        entry = await self._flights.wait(flight)
        # From the bytes, as the cache would serve it: no two askers share what one of them could change.
        return msgspec.msgpack.decode(raw_value(entry), type=order.shape)

    def void_key(self, key: str) -> None:
        """Let what is being computed for a key not be kept."""
        self._flights.void(lambda flight: flight.key == key)

    def void_sweep(self, sweep: Sweep) -> None:
        """Let what is being computed for keys that a sweep concerns not be kept."""
        self._flights.void(lambda flight: sweep.concerns(flight.key, flight.tags))

    async def aclose(self) -> None:
        """Cancel what is being computed."""
        await self._flights.aclose()

    def _serve_error(self, order: Order, located: Located) -> Missing:
        if order.errors_s is None or not self._lookup.is_fresh(located.slot):
            return self._missed()
        if self._lookup.take(order.key, located, Any) is MISSING:
            return self._missed()
        self._tally.events["error_hits"] += 1
        raise kept_error(raw_value(located.slot.entry))

    def _missed(self) -> Missing:
        self._tally.events["misses"] += 1
        return MISSING

    def _is_due(self, order: Order, located: Located) -> bool:
        slot, now = located.slot, self._clock.monotonic()
        if slot.refresh_at <= now:
            return True
        if order.beta is None or slot.entry.expires_at is None:
            return False
        return draw_early(slot.entry.took_s, order.beta, slot.expires_at - now, self._random)

    def _refresh(self, order: Order) -> None:
        if self._flights.find(order.key) is None:
            self._tally.events["refreshed"] += 1
            self._flights.hold(self._launch(order))

    def _launch(self, order: Order) -> Flight[Entry]:
        return self._flights.launch(order.key, order.keep.tags, lambda flight: self._work(order, flight))

    async def _work(self, order: Order, flight: Flight[Entry]) -> Entry:
        start = self._clock.monotonic()
        try:
            result = await order.fn()
        except Exception as error:
            self._tally.events["failed"] += 1
            if isinstance(error, IsaacError) and order.errors_s and not flight.void:
                await self._keep_error(order, flight, error, order.errors_s)
            raise
        self._tally.events["computed"] += 1
        value, keep = (result.value, result.keep) if isinstance(result, Computed) else (result, order.keep)
        took_s = max(0.0, self._clock.monotonic() - start)
        entry = new_entry(order.key, value, keep, self._clock.now(), took_s)
        if flight.void:
            self._tally.events["voided"] += 1
        elif keep.lasts:
            self._keep(entry)
        else:
            self._forget(order.key)
        return entry

    async def _keep_error(
        self, order: Order, flight: Flight[Entry], error: IsaacError, errors_s: float
    ) -> None:
        located = await self._lookup.locate(order.key)
        if flight.void or (located is not None and located.slot.entry.kind != ERROR_KIND):
            return  # a value that can still be served, if only stale, is worth more
        keep = Keep(ttl=errors_s, tags=order.keep.tags, kind=ERROR_KIND)
        self._keep(new_entry(order.key, failure_value(error), keep, self._clock.now()))
