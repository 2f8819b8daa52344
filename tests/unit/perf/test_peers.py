"""Where a peer is better the table says so, and who did not run is named."""

from peer import Figure, lines

FLOOR = [1.0, 1.0, 1.0]


def test_a_peer_is_compared_with_ours_by_its_ratio_to_the_floor() -> None:
    ours = Figure("ours", "", [2.0, 2.1, 1.9], FLOOR)
    slow = Figure("slow", "1.0", [8.0, 8.0, 8.0], [2.0, 2.0, 2.0])
    quick = Figure("quick", "2.0", [1.0, 1.1, 0.9], FLOOR)
    same = Figure("same", "3.0", [2.05, 2.1, 1.9], FLOOR)
    first, *rest = lines([ours, slow, quick, same])
    assert first[3:] == ("2.00", "1.92 - 2.08", "", "")
    assert [(line[0], line[5], line[6]) for line in rest] == [
        ("slow", "2.00", "ours"),
        ("quick", "0.50", "quick"),
        ("same", "1.02", "neither"),
    ]


def test_who_did_not_run_is_named() -> None:
    (line,) = lines([Figure("gone", "1.0: no wheel", [], [])])
    assert line[:3] == ("gone", "1.0: no wheel", "did not run")
