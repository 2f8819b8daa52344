"""A regression is what is worse than the stored runs beyond noise; a budget is what no run may go beyond."""

import pytest
from check import Budgets, check, worse_by
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
    (line,) = check([row([value * 1.3 for value in STEADY])], [row(STEADY)], budgets())
    assert line.startswith("row: 1.300")
    assert "worse by 30%" in line


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
    (line,) = check([row([2.0] * 4)], [], budgets(row={"most": 1.5}))
    assert line == "row: 2.000, its budget is 1.500"


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


def test_a_mistaken_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no 'moost'"):
        budgets(row={"moost": 1})


def test_the_budgets_of_the_house_can_be_read() -> None:
    assert Budgets.read().rows
