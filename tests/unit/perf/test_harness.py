"""Values are taken in turns, and their spread, medians and targets are what the tables say."""

import pytest
from harness import Effort, Row, in_turns, joined, low_middle_high
from tables import table


def test_values_are_taken_forwards_and_backwards_by_turns_and_the_first_round_is_thrown_away() -> None:
    order: list[str] = []

    def taking(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = in_turns({name: lambda name=name: taking(name) for name in "ab"}, 3)
    assert "".join(order) == "ab" + "ab" + "ba" + "ab"
    assert found == {"a": [3.0, 6.0, 7.0], "b": [4.0, 5.0, 8.0]}


def test_ratios_are_those_of_pairs_so_that_what_slows_both_does_not_count() -> None:
    row = Row("ours", "floor", [2.0, 20.0, 4.0], [1.0, 10.0, 2.0], target=2)
    assert row.ratios == [2.0, 2.0, 2.0]
    assert row.met


@pytest.mark.parametrize(("at_least", "met"), [(False, False), (True, True)])
def test_a_target_is_the_most_or_the_least_that_is_wanted(at_least: bool, met: bool) -> None:
    assert Row("share", ours=[70.0], target=68, at_least=at_least).met is met


def test_what_was_not_measured_has_met_nothing_and_says_why() -> None:
    row = Row("calls", target=3, note="there is no strace here")
    assert row.met is None
    assert "calls: not measured, there is no strace here" in table([row])


def test_the_spread_is_from_the_10th_to_the_90th_percentile() -> None:
    assert low_middle_high([float(value) for value in range(101)]) == (10.0, 50.0, 90.0)
    assert low_middle_high([3.0]) == (3.0, 3.0, 3.0)


def test_runs_are_joined_by_their_titles_and_keep_their_own_medians() -> None:
    first = [Row("a", "f", [1.0, 2.0, 3.0], [1.0] * 3), Row("b", ours=[1.0])]
    second = [Row("a", "f", [5.0], [1.0]), Row("b", note="gone")]
    a, b = joined([first, second])
    assert (a.runs, a.run_medians) == ([3, 1], [2.0, 5.0])
    assert (b.runs, b.run_medians) == ([1], [1.0])


def test_a_table_names_absolute_figures_ratio_spread_and_target() -> None:
    row = Row("ours", "floor", [0.002, 0.002], [0.001, 0.001], target=1.5)
    last = table([row]).splitlines()[-1].split()
    assert last == "ours / floor 2.00 ms 1.00 ms 2.000 2.000 - 2.000 <= 1.5 NO".split()


def test_an_effort_says_itself_on_a_command_line() -> None:
    assert [Effort().words, Effort(quick=True).words, Effort(least=True).words] == [
        [],
        ["--quick"],
        ["--least"],
    ]
    assert [effort.rounds(9, 3) for effort in (Effort(), Effort(quick=True), Effort(least=True))] == [9, 3, 1]
    assert [effort.size(9, 3) for effort in (Effort(), Effort(quick=True), Effort(least=True))] == [9, 9, 3]
