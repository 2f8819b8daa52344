"""Laws of a policy that somebody else wrote: it decides as long as it keeps the laws, and then LRU does."""

from collections.abc import Callable

import pytest

from isaacd.cache.policy import LRU, policies
from isaacd.cache.policy.conformance import check_policy
from isaacd.cache.policy.guarded import Guarded, guarded


@pytest.mark.parametrize("name", sorted(policies()))
def test_a_policy_that_keeps_the_laws_is_never_put_aside(name: str) -> None:
    told: list[str] = []
    check_policy(guarded(policies()[name], told.append))
    assert told == []


class Base(LRU):
    """Begins well."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.count = 0

    def admit(self, key: str, worth: float = 1.0) -> str | None:
        self.count += 1
        return super().admit(key, worth) if self.count < 8 else self.wrong(key)

    def wrong(self, key: str) -> str | None:
        raise NotImplementedError


class Raises(Base):
    def wrong(self, key: str) -> str | None:
        raise ValueError("broken")


class Forgets(Base):
    def wrong(self, key: str) -> str | None:
        return None


class Invents(Base):
    def wrong(self, key: str) -> str | None:
        return "a stranger"


class Throws(LRU):
    def touch(self, key: str, times: int = 1) -> None:
        raise SystemError


class Unmakeable:
    def __init__(self, capacity: int) -> None:
        raise TypeError("no")


@pytest.mark.parametrize("bad", [Raises, Forgets, Invents, Throws, Unmakeable])
def test_one_that_breaks_them_is_put_aside_once_and_the_keys_stay(bad: Callable[[int], LRU]) -> None:
    told: list[str] = []
    check_policy(guarded(bad, told.append))
    told.clear()
    policy = Guarded(bad, 3, told.append)
    for key in "abcdefghij":
        policy.admit(key)
        policy.touch(key)
    assert len(told) == 1
    assert policy.admit("k") == "h", "the three newest were in"
    policy.remove("i")
    assert policy.admit("l") is None
