"""Replacement policies: the laws that all keep, and what each is known for."""

import random
from collections import OrderedDict
from collections.abc import Sequence, Sized

import pytest

from isaacd.cache.policy import (
    ARC,
    LRU,
    AdaptiveS3FIFO,
    Policy,
    PolicyFactory,
    Sieve,
    WTinyLFU,
    policies,
    policy_named,
)
from isaacd.cache.policy.conformance import check_policy
from isaacd.cache.policy.frequency import FrequencyTable
from isaacd.errors import ConfigInvalid

ALL = pytest.mark.parametrize("factory", policies().values(), ids=policies())


def hits(policy: Policy, trace: Sequence[str]) -> int:
    inside: set[str] = set()
    count = 0
    for key in trace:
        if key in inside:
            count += 1
            policy.touch(key)
        else:
            leaving = policy.admit(key)
            inside.add(key)
            inside.discard(leaving or "")
    return count


def leavers(policy: Policy, events: str) -> str:
    """Play `a` as a request for a; return who left, in order."""
    inside: set[str] = set()
    left = ""
    for key in events:
        if key in inside:
            policy.touch(key)
            continue
        leaving = policy.admit(key)
        inside.add(key)
        if leaving is not None:
            inside.remove(leaving)
            left += leaving
    return left


def zipf(keys: int, requests: int, skew: float, seed: int = 1) -> list[str]:
    weights = [1 / (rank + 1) ** skew for rank in range(keys)]
    return [str(key) for key in random.Random(seed).choices(range(keys), weights, k=requests)]


@ALL
def test_every_policy_keeps_the_laws(factory: PolicyFactory) -> None:
    check_policy(factory)


@pytest.mark.parametrize("fault", ["forgets to evict", "evicts a stranger", "evicts too early", "rolls dice"])
def test_the_check_finds_a_policy_that_breaks_a_law(fault: str) -> None:
    class Broken(LRU):
        def admit(self, key: str, worth: float = 1.0) -> str | None:
            leaving = super().admit(key, worth)
            if fault == "forgets to evict":
                return None
            if fault == "evicts a stranger":
                return leaving and "stranger"
            if fault == "evicts too early" and leaving is None:
                self.remove(key)
                return key
            if fault == "rolls dice" and leaving is not None and random.random() < 0.5:
                self.remove(key)
                self._order[leaving] = None
                return key
            return leaving

    with pytest.raises(AssertionError):
        check_policy(Broken)


@ALL
def test_what_is_remembered_is_bounded(factory: PolicyFactory) -> None:
    policy = factory(50)
    for number in range(20_000):
        policy.admit(f"once {number}")
        policy.touch(f"once {number}", number % 3 + 1)
    assert weight(policy) <= 20 * 50


def weight(thing: object) -> int:
    names = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    parts = [getattr(thing, name) for name in names]
    return sum(len(part) for part in parts if isinstance(part, Sized)) + sum(
        weight(part) for part in parts if isinstance(part, FrequencyTable)
    )


@ALL
def test_popular_keys_stay_when_others_pass_through(factory: PolicyFactory) -> None:
    trace = zipf(2000, 20_000, 1.0)
    fifo: OrderedDict[str, None] = OrderedDict()
    fifo_hits = 0
    for key in trace:
        if key in fifo:
            fifo_hits += 1
            continue
        if len(fifo) == 100:
            fifo.popitem(last=False)
        fifo[key] = None
    assert hits(factory(100), trace) > fifo_hits


def test_lru_lets_the_one_go_that_waited_longest() -> None:
    assert leavers(LRU(3), "abcadbe") == "bca"


def test_sieve_passes_over_what_was_used_and_leaves_it_in_place() -> None:
    # a and c are used; the hand takes b, then d (a and c lose their mark only as it passes), then c and on.
    assert leavers(Sieve(4), "abcdacefg") == "bde"


def test_arc_keeps_what_was_seen_twice_through_a_scan() -> None:
    policy = ARC(4)
    assert set("ab") & set(leavers(policy, "abab" + "cdefghijklmnop")) == set()


@pytest.mark.parametrize("name", ["s3fifo", "adaptive-s3fifo", "wtinylfu", "arc"])
def test_a_scan_does_not_flush(name: str) -> None:
    favourites = [f"hot {number}" for number in range(20)]
    scan = [f"scan {number}" for number in range(2000)]
    policy = policies()[name](100)
    before = hits(policy, favourites * 10)
    assert before == 180
    leaving = [policy.admit(key) for key in scan]
    assert not set(favourites) & set(leaving)


def test_the_small_queue_grows_when_its_ghosts_come_back_and_shrinks_when_those_of_the_main_queue_do() -> (
    None
):
    # Every key comes twice, some 30 places apart, and never again: room for newcomers is what helps.
    recent = [key for number in range(4000) for key in (f"k{number}", f"k{number - 30}")]
    fixed = AdaptiveS3FIFO(100, first=0.02, most=0.02)
    learning = AdaptiveS3FIFO(100, first=0.02)
    assert hits(learning, recent) > hits(fixed, recent) * 1.5
    # A steady set, in an ever changing crowd: room for newcomers is wasted.
    steady = zipf(3000, 60_000, 0.9)
    fixed, learning = AdaptiveS3FIFO(100, least=0.5), AdaptiveS3FIFO(100)
    assert hits(learning, steady) > hits(fixed, steady)


@pytest.mark.parametrize("name", ["adaptive-s3fifo", "arc", "wtinylfu"])
def test_an_adaptive_policy_is_never_far_below_lru(name: str) -> None:
    shifting = [f"{phase} {key}" for phase in range(8) for key in zipf(300, 3000, 0.9, phase)]
    stack = [str(number % (200 if number // 200 % 3 else 150)) for number in range(20_000)]
    for trace in (zipf(1000, 30_000, 0.8), shifting, stack):
        assert hits(policies()[name](100), trace) >= hits(LRU(100), trace) - 0.03 * len(trace)


def test_gdsf_keeps_what_is_dear_for_its_size() -> None:
    policy = policies()["gdsf"](2)
    policy.admit("dear", worth=100.0)
    policy.admit("cheap", worth=1.0)
    assert policy.admit("next", worth=10.0) == "cheap"
    assert policy.admit("last", worth=10.0) == "next"


def test_gdsf_does_not_keep_what_was_dear_for_ever() -> None:
    policy = policies()["gdsf"](2)
    policy.admit("dear", worth=10.0)
    assert "dear" in [policy.admit(str(number), worth=1.0) for number in range(30)]


def test_the_window_of_w_tinylfu_moves() -> None:
    policy = WTinyLFU(100)
    first = policy._window_size
    hits(policy, zipf(1000, 2000, 0.9))
    assert policy._window_size != first


def test_a_policy_can_be_a_name_or_a_factory_and_an_unknown_name_is_told_with_the_known_ones() -> None:
    assert policy_named("arc") is ARC
    assert policy_named(ARC) is ARC
    with pytest.raises(ConfigInvalid) as caught:
        policy_named("mru")
    assert "sieve" in (caught.value.hint or "")
