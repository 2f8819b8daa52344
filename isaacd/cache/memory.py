"""The two levels in memory: one policy decides over both, and L1 is the part of it that is kept decoded.

L2's policy sees every request and may keep as many keys as both levels have room for. L1's policy chooses among
them those whose values are kept as objects; its keys do not count against L2. So the hit rate is that of L2's policy
at the size of both together, whatever L1 does, and no key takes up two places.

Only values that nobody can change are shared. Any other is decoded anew for each caller from bytes that are ready.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from isaacd.cache.alarm import Alarm
from isaacd.cache.entry import Entry, shifted
from isaacd.cache.figures import LevelStats, Tally
from isaacd.cache.policy import Policy, PolicyFactory
from isaacd.cache.unpacked import Unpacked
from isaacd.cache.values import MISSING, Missing, decode, is_immutable
from isaacd.clock import Clock

L1, L2 = "L1", "L2"
_FOREVER = float("inf")
# What computing a value costs that has no price; it keeps `worth` above 0.
_LEAST_COST_USD = 1e-6
# How long hits are served without a look at the clock, and how much longer than that they must be fresh.
_LIVE_S = 0.1
_MARGIN_S = 1.0
_MOST_UNTOLD = 4096
# Less is only that two clocks cannot be read at once.
_LEAST_JUMP_S = 0.001


class Slot:
    """An entry in memory; its moments are monotonic, so that a wall clock that jumps has no say in memory."""

    __slots__ = ("entry", "expires_at", "gone_at", "raw", "refresh_at", "shift_s")

    def __init__(self, entry: Entry, wall_to_monotonic_s: float) -> None:
        self.entry = entry
        self.shift_s = wall_to_monotonic_s
        self.raw: bytes | None = None  # what L1 keeps: the value, never compressed
        self.expires_at = _moment(entry.expires_at, wall_to_monotonic_s)
        self.gone_at = _moment(entry.gone_at(), wall_to_monotonic_s)
        self.refresh_at = _moment(entry.refresh_at, wall_to_monotonic_s)


class Shared:
    """An object of L1 that may be handed out until `until` to those who ask for this shape."""

    __slots__ = ("shape", "until", "value")

    def __init__(self, value: object, until: float, shape: Any) -> None:
        self.value = value
        self.until = until
        self.shape = shape


def _moment(wall: float | None, shift_s: float) -> float:
    return _FOREVER if wall is None else wall + shift_s


class Peek(Protocol):
    """How a value is read without waiting."""

    def __call__(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, or `default`."""
        ...


class Memory:
    """Slots by key, in L2 or (those with `raw`) in L1.

    `_shared` is the part of L1 that can be handed out at once. `_live` is the part of that for which not even the clock
    is looked at: it holds what is fresh for a second at least, and is emptied by an alarm much sooner. So it can be
    late only if the loop is held up for that second.
    """

    def __init__(
        self,
        l1_size: int,
        l2_size: int,
        l1: PolicyFactory,
        l2: PolicyFactory,
        clock: Clock,
        tally: Tally,
        alarm: Alarm,
    ) -> None:
        self.l1_size, self.l2_size = l1_size, l2_size
        self.slots: dict[str, Slot] = {}
        self._clock = clock
        self._tally = tally
        self._alarm = alarm
        self._shared: dict[str, Shared] = {}
        self._live: dict[str, object] = {}
        self._armed_until = -_FOREVER
        self._unpacked = Unpacked()
        # Hits on `_shared` that nobody has been told of yet, in order.
        self._untold: list[str] = []
        # Without an L2 there is nothing to choose among: all that is in memory is in L1.
        self._l1: Policy | None = l1(l1_size) if l1_size and l2_size else None
        self._all: Policy = (l2 if l2_size else l1)(max(1, l1_size + l2_size))

    def make_peek(self, otherwise: Callable[[str, Any], Any]) -> Peek:
        """Return the fastest possible get; `otherwise` is asked for what is not live.

        A closure instead of a method, without a look at the clock, at a policy, or at how much is untold: each of these
        would cost as much as the look-up in the dict.
        """
        live, untold = self._live, self._untold

        def peek(key: str, default: Any = None) -> Any:
            try:
                value = live[key]
            except KeyError:
                return otherwise(key, default)
            untold.append(key)
            return value

        return peek

    def take_shared(self, key: str, shape: Any) -> Any | Missing:
        """Count a hit and return the very object, if L1 has one of this shape that nobody can change; or MISSING."""
        record = self._shared.get(key)
        if record is None or record.shape is not shape:
            return MISSING
        now = self._clock.monotonic()
        if record.until <= now:
            return MISSING
        self._untold.append(key)
        if len(self._untold) >= _MOST_UNTOLD:
            self.tell()
        if shape is Any and record.until >= now + _MARGIN_S and self._arm(now):
            self._live[key] = record.value
        return record.value

    def _arm(self, now: float) -> bool:
        if self._armed_until + _MARGIN_S / 2 < now:
            # Not armed, or the alarm never rang, as when its loop has ended.
            self.disarm()
            if self._alarm.ring_in(_LIVE_S, self.disarm):
                self._armed_until = now + _LIVE_S
        return self._armed_until > now

    def disarm(self) -> None:
        """Look at the clock again at the next hit of each key."""
        self._armed_until = -_FOREVER
        self._live.clear()
        self.tell()

    def tell(self) -> None:
        """Let the policies and the figures catch up with the hits in L1, in the order of each key's last one."""
        untold = self._untold
        if not untold:
            return
        times = Counter(untold)
        order = list(dict.fromkeys(reversed(untold)))
        untold.clear()
        for key in reversed(order):
            self._note_hits(key, self.slots[key], times[key])

    def find(self, key: str) -> Slot | None:
        """Return the slot of a key unless it is gone."""
        slot = self.slots.get(key)
        if slot is not None and slot.gone_at <= self._clock.monotonic():
            self.drop(key)
            return None
        return slot

    def use(self, key: str, slot: Slot, shape: Any) -> Any | Missing:
        """Count a hit and return the value as `shape`; MISSING, and no hit, if it cannot be read as that."""
        raw = slot.raw or self._unpacked.raw(key, slot.entry)
        value = MISSING if raw is None else decode(raw, shape)
        if value is MISSING:
            return MISSING
        self.tell()
        self._note_hits(key, slot, 1)
        self._raise(key, slot)
        self.share(key, slot, value, shape)
        return value

    def share(self, key: str, slot: Slot, value: object, shape: Any) -> None:
        """Let the next get have this very object, if the key is in L1 and nobody can change the object."""
        if slot.raw is not None and is_immutable(value):
            self._live.pop(key, None)
            self._shared[key] = Shared(value, slot.expires_at, shape)

    def keep(self, entry: Entry, raw: bytes | None = None) -> Slot | None:
        """Take in an entry, settled and not gone, in place of any other of its key; None if there is no room.

        `raw` is its value unpacked, from who has that already.
        """
        self.tell()
        key = entry.key
        slot = self.slot_of(entry)
        if not self.l1_size + self.l2_size:
            return None
        old = self.slots.get(key)
        if old is None:
            leaving = self._all.admit(key, (entry.cost + _LEAST_COST_USD) / (entry.size_bytes + 1))
            if leaving is not None:
                self._tally.events["evictions"] += 1
                self._leave(leaving)
            if leaving == key:
                return None
        else:
            self._all.touch(key)
            self._lower(key)
        self.slots[key] = slot
        self._raise(key, slot, raw)
        return slot

    def slot_of(self, entry: Entry) -> Slot:
        """Return the entry with its moments by the monotonic clock; it is not in memory by that."""
        return Slot(entry, self._clock.monotonic() - self._clock.now())

    def drop(self, key: str) -> bool:
        """Forget a key; say whether it was there."""
        self.tell()
        if key not in self.slots:
            return False
        self._leave(key)
        self._all.remove(key)
        return True

    def entries(self) -> Iterator[Entry]:
        """Iterate over what is in now and not gone, with moments by the wall clock as it goes now.

        The caller may change the memory in between.
        """
        now = self._clock.monotonic()
        shift_s = now - self._clock.now()
        return iter([_as_of(slot, shift_s) for slot in self.slots.values() if slot.gone_at > now])

    def levels(self) -> tuple[LevelStats, ...]:
        """Return how full the levels are; what is decoded counts for L1 alone."""
        l1 = [slot.entry for slot in self.slots.values() if slot.raw is not None]
        l2 = [slot.entry for slot in self.slots.values() if slot.raw is None]
        return tuple(
            LevelStats(name, size, len(entries), sum(entry.size_bytes for entry in entries))
            for name, size, entries in ((L1, self.l1_size, l1), (L2, self.l2_size, l2))
        )

    def _note_hits(self, key: str, slot: Slot, times: int) -> None:
        self._tally.hit(L2 if slot.raw is None else L1, slot.entry, times)
        self._all.touch(key, times)
        if slot.raw is not None and self._l1 is not None:
            self._l1.touch(key, times)

    def _raise(self, key: str, slot: Slot, known: bytes | None = None) -> None:
        """Bring a key of L2 up to L1; whoever drops out of L1 stays in L2.

        What nobody has read stays packed below L1: most of what is kept is never asked for, and twice the bytes would
        be more than the plain objects.
        """
        if not self.l1_size or slot.raw is not None:
            return
        fresh = known is not None and slot.entry.packed
        slot.raw = known if fresh else self._unpacked.raw(key, slot.entry)
        if slot.raw is not None and self._l1 is not None:
            leaving = self._l1.admit(key)
            if leaving is not None:
                self._forget_decoded(leaving)

    def _lower(self, key: str) -> None:
        """Take a key out of L1, and all that was made of its entry away."""
        self._unpacked.forget(key)
        if self._l1 is not None and self.slots[key].raw is not None:
            self._l1.remove(key)
        self._forget_decoded(key)

    def _forget_decoded(self, key: str) -> None:
        self.slots[key].raw = None
        self._shared.pop(key, None)
        self._live.pop(key, None)

    def _leave(self, key: str) -> None:
        if key in self.slots:
            self._lower(key)
            del self.slots[key]


def _as_of(slot: Slot, shift_s: float) -> Entry:
    jump_s = slot.shift_s - shift_s
    return slot.entry if abs(jump_s) < _LEAST_JUMP_S else shifted(slot.entry, jump_s)
