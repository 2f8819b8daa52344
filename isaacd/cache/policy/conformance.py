"""What every replacement policy must keep to, as one check that plugins and tests can run."""

import random
from collections.abc import Sequence

from isaacd.cache.policy.protocol import Policy, PolicyFactory

_CAPACITIES = (1, 2, 3, 10, 100)
_STEPS = 3000


def check_policy(factory: PolicyFactory, seed: int = 1) -> None:
    """Check that a policy keeps the laws of `isaacd.cache.policy.Policy`; raises AssertionError if not."""
    for capacity in _CAPACITIES:
        _check_room(factory, capacity)
        for keys in (capacity + 1, 3 * capacity + 2, 50 * capacity):
            first = _Player(factory(capacity), capacity).play(_names(keys), seed)
            again = _Player(factory(capacity), capacity).play(_names(keys), seed)
            assert first == again, "the same events must make the same keys leave"


def _check_room(factory: PolicyFactory, capacity: int) -> None:
    policy = factory(capacity)
    policy.remove("a stranger")
    keys = _names(capacity)
    for _ in range(3):
        for key in keys:
            assert policy.admit(key) is None, "nobody leaves while there is room"
            policy.touch(key, 2)
        for key in reversed(keys):
            policy.remove(key)


def _names(count: int) -> list[str]:
    return [f"key {number}" for number in range(count)]


class _Player:
    """Does to a policy what a level does, and checks each answer."""

    def __init__(self, policy: Policy, capacity: int) -> None:
        self.policy = policy
        self.capacity = capacity
        self.inside: set[str] = set()

    def play(self, keys: Sequence[str], seed: int) -> list[str | None]:
        """Return who left at each step of a random game in which early keys are asked for more often."""
        dice = random.Random(seed)  # noqa: S311 - a game, no secret
        left = []
        for _ in range(_STEPS):
            key = keys[int(len(keys) * dice.random() ** 2)]
            if dice.random() < 0.05:
                self.policy.remove(key)
                self.inside.discard(key)
            elif key in self.inside:
                self.policy.touch(key, dice.choice((1, 1, 1, 5)))
            else:
                left.append(self._admit(key, dice.choice((0.001, 1.0, 1000.0))))
        return left

    def _admit(self, key: str, worth: float) -> str | None:
        leaving = self.policy.admit(key, worth)
        was_full = len(self.inside) == self.capacity
        self.inside.add(key)
        if leaving is None:
            assert not was_full, "somebody must leave when there is no room"
        else:
            assert was_full, "nobody leaves while there is room"
            assert leaving in self.inside, f"{leaving!r} cannot leave, it is not in"
            self.inside.remove(leaving)
        return leaving
