"""Blends the guesses of several tables into one, and learns from each outcome which of them to believe."""

from collections.abc import Sequence

import msgspec

from isaacd.cache.counts import Counts

# What an opinion's weight is before anything is known of it: one success in four.
_PRIOR_HITS = 1.0
_PRIOR_TRIES = 4.0
_MOST_TRIES = 20_000.0


class Trust(msgspec.Struct, array_like=True):
    """How often an expert in a certain state was the one to name what came."""

    hits: float = _PRIOR_HITS
    tries: float = _PRIOR_TRIES

    @property
    def weight(self) -> float:
        """The share of the outcomes that it explained."""
        return self.hits / self.tries

    def learn(self, share: float) -> None:
        """Take one outcome into account, of which this expert explains `share`."""
        self.hits += share
        self.tries += 1.0
        if self.tries > _MOST_TRIES:
            self.hits *= 0.5
            self.tries *= 0.5


class Opinion(msgspec.Struct, frozen=True, gc=False):
    """What one expert knows of the present context."""

    expert: int
    counts: Counts


class Mixture(msgspec.Struct, array_like=True):
    """Weights of experts by how much each has seen, fitted online by expectation maximisation.

    The distribution is sum(w_e * p_e(item)) / sum(w_e). After an outcome, each expert's weight moves towards the
    posterior probability that it was the source (Dempster, Laird and Rubin 1977, one step for each outcome; the
    buckets by size and spread of the counts are those of the PPM family's escape estimates).
    """

    trust: dict[str, Trust] = {}

    def blend(self, opinions: Sequence[Opinion]) -> dict[str, float]:
        """Return the probability of each item that any expert knows; empty if none has an opinion."""
        weighed = [(self._trust(item).weight, item.counts) for item in opinions]
        total = sum(weight for weight, _ in weighed)
        mixed: dict[str, float] = {}
        for weight, counts in weighed:
            if counts.total <= 0:
                continue
            factor = weight / total / counts.total
            for name, value in counts.weights.items():
                mixed[name] = mixed.get(name, 0.0) + factor * value
        return mixed

    def learn(self, opinions: Sequence[Opinion], outcome: str) -> None:
        """Shift trust to the experts that expected what came."""
        found = []
        for item in opinions:
            counts = item.counts
            share = counts.weights.get(outcome, 0.0) / counts.total if counts.total > 0 else 0.0
            trust = self._trust(item)
            found.append((trust, trust.weight * share))
        total = sum(likely for _, likely in found)
        for trust, likely in found:
            trust.learn(likely / total if total > 0 else 0.0)

    def _trust(self, opinion: Opinion) -> Trust:
        counts = opinion.counts
        size = min(4, max(0, int(counts.seen).bit_length() - 1))
        spread = min(3, len(counts.weights).bit_length() - 1)
        state = f"{opinion.expert}.{size}.{spread}"
        found = self.trust.get(state)
        if found is None:
            found = self.trust[state] = Trust()
        return found
