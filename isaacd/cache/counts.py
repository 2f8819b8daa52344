"""Decayed counts of what came next, for many contexts, within a bound."""

import heapq

import msgspec

# Weights grow instead of old ones shrinking, so that adding costs the same however much is known; at this size all
# are scaled down again.
_RESCALE_AT = 1e9


class Counts(msgspec.Struct, array_like=True):
    """How often each item was seen, an older sighting counting less than a newer one.

    `unit` is what one sighting now weighs; dividing by it gives counts.
    """

    weights: dict[str, float] = {}
    total: float = 0.0
    unit: float = 1.0

    def add(self, item: str, decay: float, most: int) -> None:
        """Count `item` once and all else `decay` times as much as before; keep at most `most` items."""
        self.unit /= decay
        self.weights[item] = self.weights.get(item, 0.0) + self.unit
        self.total += self.unit
        if len(self.weights) > most:
            self._keep(most - most // 4)
        if self.unit > _RESCALE_AT:
            self.weights = {name: weight / self.unit for name, weight in self.weights.items()}
            self.total /= self.unit
            self.unit = 1.0

    def remove(self, item: str) -> None:
        """Forget an item."""
        self.total -= self.weights.pop(item, 0.0)

    @property
    def seen(self) -> float:
        """How many sightings all these weights amount to."""
        return self.total / self.unit

    def _keep(self, number: int) -> None:
        self.weights = dict(heapq.nlargest(number, self.weights.items(), key=lambda pair: pair[1]))
        self.total = sum(self.weights.values())


class Table(msgspec.Struct, array_like=True):
    """Counts for each context; the context unused for longest goes first."""

    decay: float
    most_contexts: int
    most_items: int
    counts: dict[str, Counts] = {}

    def get(self, context: str) -> Counts | None:
        """Return what is known of a context."""
        return self.counts.get(context)

    def add(self, context: str, item: str) -> None:
        """Note that `item` followed `context`."""
        found = self.counts.pop(context, None) or Counts()
        found.add(item, self.decay, self.most_items)
        self.counts[context] = found
        if len(self.counts) > self.most_contexts:
            self.counts.pop(next(iter(self.counts)))

    def forget(self, item: str) -> None:
        """Forget an item wherever it followed."""
        for counts in self.counts.values():
            counts.remove(item)
