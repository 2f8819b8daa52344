"""The five tiers of safety: how dangerous a thing is, and what each demands of a person before it happens."""

from collections.abc import Iterable
from enum import Enum
from typing import Literal

Demand = Literal["nothing", "notice", "confirmation", "reasons", "phrase"]


class Tier(Enum):
    """How dangerous a thing is; tiers are ordered, and only ever raised.

    | tier | what it may do | before it runs |
    |---|---|---|
    | 1 `READ` | read only | nothing |
    | 2 `REVERSIBLE` | what was corrected, or can be taken back | it is said |
    | 2.5 `WORKING_TREE` | changes within the working tree | one confirmation |
    | 3 `BEYOND` | changes beyond it, the network, the unknown | a confirmation, with the reasons |
    | 4 `DESTRUCTIVE` | what destroys, cannot be taken back, or needs privileges | refused, unless the phrase shown is typed |

    What is not known is BEYOND, never less.
    """

    READ = "1"
    REVERSIBLE = "2"
    WORKING_TREE = "2.5"
    BEYOND = "3"
    DESTRUCTIVE = "4"

    @property
    def label(self) -> str:
        """How people and programs write it: 1, 2, 2.5, 3 or 4."""
        return self.value

    @property
    def demand(self) -> Demand:
        """What has to happen before it may run."""
        return _DEMANDS[self]

    @property
    def runs_unasked(self) -> bool:
        """Whether nobody has to agree first."""
        return self < Tier.WORKING_TREE

    def raise_to(self, other: "Tier") -> "Tier":
        """Return the higher of the two: an opinion can raise a tier, never lower it."""
        return max(self, other)

    def __lt__(self, other: "Tier") -> bool:
        return _rank(self) < _rank(other)

    def __le__(self, other: "Tier") -> bool:
        return _rank(self) <= _rank(other)

    def __gt__(self, other: "Tier") -> bool:
        return _rank(self) > _rank(other)

    def __ge__(self, other: "Tier") -> bool:
        return _rank(self) >= _rank(other)


_DEMANDS: dict[Tier, Demand] = {
    Tier.READ: "nothing",
    Tier.REVERSIBLE: "notice",
    Tier.WORKING_TREE: "confirmation",
    Tier.BEYOND: "reasons",
    Tier.DESTRUCTIVE: "phrase",
}
_ORDER = tuple(Tier)


def highest(tiers: Iterable[Tier]) -> Tier:
    """Return the tier of a whole by those of its parts; of nothing at all it is READ."""
    return max(tiers, default=Tier.READ)


def _rank(tier: object) -> int:
    """Return the place of a tier; comparing one with anything else is a mistake, not an answer."""
    if not isinstance(tier, Tier):
        raise TypeError(f"a tier cannot be compared with {type(tier).__name__}")
    return _ORDER.index(tier)
