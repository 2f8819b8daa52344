"""What users know comes first, with the target of old and ours."""

from conditions import Company, Ticks, company, floor_spread, verdict
from harness import Row
from headline import headline_table, headlines

ROWS = [
    Row("a line routed, median in us, masaryk lines", ours=[90.0], unit="integer"),
    Row("5 at 100 ms, batch_query", "one after another", [0.1], [0.5]),
    Row("200 plugins loaded, concurrent", "one after another", [0.37], [1.0]),
    Row("daemon ready (spawn to first ping)", "python -c pass", [0.09], [0.01], target=8),
]


def test_each_promise_has_both_targets_and_a_verdict_on_each() -> None:
    _, routing, five, fifty, plugins, l1, start = headlines(ROWS)
    assert routing[1:6] == ("0.09 ms", "<= 3 ms", "yes", "<= 0.1 ms", "yes")
    assert five[1:6] == ("5 x", ">= 5 x", "yes", ">= 4.9 x", "yes")
    assert plugins[1:6] == ("63 %", ">= 60 %", "yes", ">= 65 %", "NO")
    assert start[1:6] == ("0.09 s", "<= 1 s", "yes", "<= 8 x the floor", "NO")
    assert fifty[3] == l1[3] == "?"


def test_the_table_has_a_line_for_each_promise() -> None:
    assert len(headline_table(ROWS).splitlines()) == 8


def test_what_others_took_is_what_was_busy_and_not_ours() -> None:
    around = company(Ticks(1000, 100, 0, 50), Ticks(2000, 600, 30, 250))
    assert around == Company(0.3, 0.03)
    assert around.is_busy
    assert not company(None, None).is_busy


def test_a_busy_machine_is_named_with_the_spread_that_it_makes() -> None:
    wide = Row("a", "f", [1.0] * 5, [1.0, 1.0, 1.5, 2.0, 2.0])
    assert floor_spread([wide]) > 0.5
    assert "THE MACHINE WAS BUSY" in verdict([wide], Company(0.0, 0.0))
    assert "THE MACHINE WAS BUSY" in verdict([], Company(0.5, 0.0))
    calm = verdict([Row("a", "f", [1.0] * 5, [1.0] * 5)], Company(0.01, 0.0))
    assert "BUSY" not in calm
