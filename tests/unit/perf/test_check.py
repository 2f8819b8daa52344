"""A regression is what is worse than the stored runs beyond noise; a budget is what no run may go beyond."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from check import Budgets, check, settled, worse_by
from harness import Row

pytest.importorskip("pyperf", reason="comes with the extra `perf`")

STEADY = [1.00, 1.01, 0.99, 1.00, 1.02, 0.98]


def budgets(**rows: dict[str, float]) -> Budgets:
    return Budgets({"usual": {"over_target": 0.25, "noise": 0.1}, "rows": rows})


def row(
    values: list[float], *, name: str = "row", target: float | None = None, at_least: bool = False
) -> Row:
    half = len(values) // 2
    return Row(
        name, ours=values, unit="integer", target=target, at_least=at_least, runs=[half, len(values) - half]
    )


def test_the_same_again_is_no_regression() -> None:
    assert check([row(STEADY)], [row(STEADY)], budgets()) == []


def test_what_is_worse_beyond_noise_is_named() -> None:
    (complaint,) = check([row([value * 1.3 for value in STEADY])], [row(STEADY)], budgets())
    assert complaint.text.startswith("row: 1.300")
    assert "worse by 30%" in complaint.text
    assert not complaint.lasting


def test_what_is_worse_within_noise_is_not_named() -> None:
    assert check([row([value * 1.08 for value in STEADY])], [row(STEADY)], budgets()) == []


def test_noise_is_a_matter_of_the_row() -> None:
    worse = row([value * 1.3 for value in STEADY])
    assert check([worse], [row(STEADY)], budgets(row={"noise": 0.4})) == []


def test_one_bad_run_of_several_is_noise() -> None:
    now = [1.0, 1.0, 1.0, 9.0, 9.0, 9.0, 9.0]
    assert check([row(now)], [row(STEADY)], budgets()) == []


def test_a_wild_spread_hides_what_it_has_to_hide() -> None:
    now = [0.5, 1.3, 30.0, 0.4, 1.3, 20.0]
    assert check([row(now)], [row(STEADY)], budgets()) == []


def test_what_is_wanted_to_be_large_has_regressed_when_it_is_smaller() -> None:
    less = [value * 0.7 for value in STEADY]
    assert check([row(less, at_least=True)], [row(STEADY, at_least=True)], budgets())
    assert not check([row(STEADY, at_least=True)], [row(less, at_least=True)], budgets())


def test_a_budget_holds_without_anything_stored() -> None:
    (complaint,) = check([row([2.0] * 4)], [], budgets(row={"most": 1.5}))
    assert complaint.text == "row: 2.000, its budget is 1.500"


def test_a_target_grants_a_budget_that_is_a_little_wider() -> None:
    assert check([row([1.2] * 4, target=1)], [], budgets()) == []
    assert check([row([1.3] * 4, target=1)], [], budgets())
    assert check([row([70.0] * 4, target=100, at_least=True)], [], budgets())
    assert not check([row([81.0] * 4, target=100, at_least=True)], [], budgets())


def test_a_count_that_leaves_zero_is_worse_without_end() -> None:
    assert worse_by(1, 0, at_least=False) == float("inf")
    assert worse_by(0, 1, at_least=True) == float("inf")
    assert worse_by(0, 0, at_least=False) == 0
    assert check([row([1.0] * 4)], [row([0.0] * 4)], budgets())


def test_what_is_left_out_is_named() -> None:
    stored = [row(STEADY, name="a", target=2), row(STEADY, name="b"), row(STEADY, name="c", target=2)]
    now = [row(STEADY, name="a", target=3), row([], name="c", target=2)]
    found = {complaint.title: complaint for complaint in check(now, stored, budgets())}
    assert list(found) == ["a", "b", "c"]
    assert all(complaint.lasting for complaint in found.values())
    assert found["a"].text == "a: its target was 2, and is 3"
    (gone,) = check([row(STEADY, name="a")], stored[:1], budgets())
    assert gone.text == "a: its target was 2, and is gone"


def test_a_room_that_was_not_measured_now_is_not_missed() -> None:
    elsewhere = replace(row(STEADY, name="b"), room="other")
    assert check([row(STEADY)], [row(STEADY), elsewhere], budgets()) == []


class Looks:
    """What further looks at a room see, one after another."""

    def __init__(self, *seen: tuple[list[float], list[float]]) -> None:
        self.seen = list(seen)

    def __call__(self, rooms: Sequence[str], runs: int) -> tuple[list[Row], list[Row]]:
        assert list(rooms) == [""]
        now, then = self.seen.pop(0)
        return [row(now)] if now else [], [row(then)] if then else []


SLOW = [value * 1.3 for value in STEADY]


@pytest.mark.parametrize(
    ("seen", "named"),
    [
        pytest.param([(SLOW, STEADY), (SLOW, STEADY)], True, id="it is slower whenever one looks"),
        pytest.param([(SLOW, STEADY), (STEADY, STEADY)], False, id="it is not always slower"),
        pytest.param([(SLOW, SLOW)], False, id="what was stored is as slow by now: it was the machine"),
        pytest.param([(SLOW, []), (SLOW, [])], True, id="what was stored cannot be run: its figures count"),
        pytest.param([([], []), ([], [])], True, id="a room that fails takes no suspicion away"),
    ],
)
def test_a_suspect_has_to_be_worse_at_every_look(
    seen: list[tuple[list[float], list[float]]], named: bool
) -> None:
    looks = Looks(*seen)
    found = settled([row(SLOW)], [row(STEADY)], budgets(), looks)
    assert bool(found) is named
    assert not looks.seen


def test_what_one_odd_run_hides_is_suspected_and_looked_at_again() -> None:
    odd = Row("row", ours=[1.0, 1.0, 5.0], unit="integer", runs=[1, 1, 1])
    assert check([row(SLOW)], [odd], budgets()) == []
    assert settled([row(SLOW)], [odd], budgets(), Looks((SLOW, STEADY), (SLOW, STEADY)))
    assert not settled([row(SLOW)], [odd], budgets(), Looks((STEADY, STEADY)))


def test_what_is_well_is_not_looked_at_again() -> None:
    assert settled([row(STEADY)], [row(STEADY)], budgets(), Looks()) == []


def test_a_mistaken_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no 'moost'"):
        budgets(row={"moost": 1})


def test_the_budgets_of_the_house_can_be_read() -> None:
    assert Budgets.read().rows
