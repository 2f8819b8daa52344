"""Traces: bounded, named by their callers if these say so, and without a word of what was asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.context.traced import card_of
from isaacd.trace import KEPT, MAX_NAMES, MAX_SPANS, OTHER, Traces, add, current, enter, leave, span, usable


class Hands:
    """A clock in the hand of the test."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def traces(hands) -> Traces:
    return Traces(monotonic=hands, now=lambda: 5.0, prefix="abc")


def test_parts_have_their_times_from_the_arrival_on(traces, hands):
    trace = traces.begin("ask", 100.0)
    hands.at = 100.25
    add(trace, "decode", 100.0, 100.25)
    token = enter(trace)
    with span("ai", provider="mine") as part:
        hands.at = 101.0
        part.note(outcome="ok")
    leave(token)
    trace.end("ok")
    card = card_of(trace)
    assert (card.id, card.took_ms, card.outcome) == ("abc000001", 1000.0, "ok")
    assert [(item.name, item.at_ms, item.took_ms) for item in card.spans] == [
        ("decode", 0.0, 250.0),
        ("ai", 250.0, 750.0),
    ]
    assert card.spans[1].detail == {"provider": "mine", "outcome": "ok"}


def test_without_a_request_a_part_is_nothing():
    assert current() is None
    with span("ai") as part:
        part.note(outcome="ok")
    assert part.ended is None


def test_a_part_that_fails_says_with_what(traces):
    trace = traces.begin("ask", 100.0)
    token = enter(trace)
    with pytest.raises(ZeroDivisionError), span("ai"):
        raise ZeroDivisionError
    leave(token)
    assert card_of(trace).spans[0].detail == {"error": "ZeroDivisionError"}


def test_what_is_under_way_is_there_too(traces):
    card = card_of(traces.begin("ask", 100.0))
    assert (card.took_ms, card.outcome) == (None, "under way")


def test_only_the_last_requests_are_kept_and_of_each_only_so_many_parts(traces):
    for _ in range(KEPT + 5):
        trace = traces.begin("ask", 100.0)
    assert len(list(traces.recent())) == KEPT
    token = enter(trace)
    for _ in range(MAX_SPANS + 3):
        with span("cache"):
            pass
    leave(token)
    assert (len(trace.spans), trace.lost) == (MAX_SPANS, 3)


def test_the_names_of_commands_are_bounded(traces):
    for number in range(MAX_NAMES + 10):
        traces.begin(f"c{number}", 100.0).end("ok")
    assert len(traces.tallies) == MAX_NAMES + 1
    assert traces.tallies[OTHER].count == 10


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.sampled_from([0.0, 0.0001, 0.00011, 0.5, 1.0, 61.0]), st.booleans()
        )
    )
)
def test_what_was_answered_at_once_is_counted_and_kept_as_all_else(requests):
    """However many are settled together, and whatever comes between: the same sums, numbers and times."""
    clock = Hands()
    one_by_one, together = (Traces(monotonic=clock, now=lambda: 5.0, prefix="") for _ in range(2))
    for method, took, is_quick in requests:
        clock.at += 1000.0
        began = clock.at - took
        one_by_one.begin(method, began).end("ok")
        if is_quick:
            together.quick += [method, began, clock.at - began]
        else:
            together.begin(method, began).end("ok")
    for traces in (one_by_one, together):
        traces.settle()
    assert not together.quick
    kept = [
        [
            (trace.id, trace.method, trace.begun, round(trace.ended, 6), trace.outcome)
            for trace in traces.recent()
        ]
        for traces in (one_by_one, together)
    ]
    assert kept[0] == kept[1]
    sums = [
        {name: (tally.count, tally.failed, tally.buckets) for name, tally in traces.tallies.items()}
        for traces in (one_by_one, together)
    ]
    assert sums[0] == sums[1]


def test_of_many_at_once_the_last_are_kept_and_all_are_counted(traces):
    traces.quick += [value for number in range(KEPT + 5) for value in (f"c{number % 3}", 100.0, 0.0)]
    kept = list(traces.recent())
    assert len(kept) == KEPT
    assert [trace.number for trace in kept] == list(range(KEPT + 5, 5, -1))
    assert sum(tally.count for tally in traces.tallies.values()) == KEPT + 5


def test_failures_are_counted_once_and_the_first_outcome_stays(traces):
    trace = traces.begin("ask", 100.0)
    trace.outcome = "not_found"
    trace.end("ok")
    trace.end("broken")
    assert (traces.tallies["ask"].count, traces.tallies["ask"].failed) == (1, 1)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("build-7", "build-7"),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "0af7651916cd43dd8448eb211c80319c"),
        ("", None),
        ("a b", None),
        ("\x1b[2J", None),
        ("x" * 65, None),
    ],
)
def test_a_callers_name_is_taken_if_it_is_one(traces, given, name):
    trace = traces.begin("ask", 100.0, given)
    assert trace.id == (name or "abc000001")
    if name:
        assert traces.find(given) == [trace]


@given(st.text())
def test_a_name_is_always_harmless(text):
    name = usable(text)
    assert name is None or (name.isascii() and name.isprintable() and len(name) <= 64)
