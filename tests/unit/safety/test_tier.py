"""The tiers: an order that only rises, and what each demands."""

import itertools

import pytest

from isaacd.safety.tier import Tier, highest

ORDER = ["1", "2", "2.5", "3", "4"]


def test_the_five_tiers_are_in_order() -> None:
    assert [tier.label for tier in sorted(Tier)] == ORDER
    assert [tier.label for tier in sorted(Tier, reverse=True)] == ORDER[::-1]
    for low, high in itertools.combinations(Tier, 2):
        assert low < high
        assert low <= high
        assert high > low
        assert high >= low
        assert not low > high


def test_a_tier_is_found_by_its_label() -> None:
    assert [Tier(label) for label in ORDER] == list(Tier)
    with pytest.raises(ValueError, match="5"):
        Tier("5")


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("opinion", Tier)
def test_an_opinion_raises_a_tier_and_never_lowers_it(tier: Tier, opinion: Tier) -> None:
    raised = tier.raise_to(opinion)
    assert raised in (tier, opinion)
    assert raised >= tier
    assert raised >= opinion


def test_the_whole_has_the_tier_of_its_most_dangerous_part() -> None:
    assert highest([Tier.READ, Tier.DESTRUCTIVE, Tier.BEYOND]) is Tier.DESTRUCTIVE
    assert highest([]) is Tier.READ


def test_what_changes_nothing_that_stays_runs_unasked() -> None:
    assert [tier.label for tier in Tier if tier.runs_unasked] == ["1", "2"]
    assert [tier.demand for tier in Tier] == ["nothing", "notice", "confirmation", "reasons", "phrase"]


def test_a_tier_is_compared_with_tiers_only() -> None:
    with pytest.raises(TypeError, match="float"):
        assert Tier.READ < 2.5  # type: ignore[operator]
