"""Published figures: the pages say what was stored, keep what was not measured anew, and are contradicted in words."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyperf")

from check import Budgets
from harness import Row
from publish import _failed, as_row, contradicted, gathered, published
from results import write_more, write_results

sys.path.append(str(Path(__file__).resolve().parents[3] / "docs"))
from measured_pages import peers_page, report_page

CONDITIONS = {
    "date": "2026-12-01", "commit": "abc1234", "python": "Python 3.11", "machine": "one", "load": "0.1 0.1 0.1",
    "others": "0.01", "steal": "0.00", "command": "perf/run", "took": "300 s",
}  # fmt: skip
ROWS = (
    Row("isaacctl status", "python -c pass", [1.0, 1.1, 1.2], [1.0, 1.0, 1.0], target=1.05, room="startup"),
    Row("alias look-up in us", ours=[0.1, 0.12], unit="integer", target=1, room="router"),
)
TABLE = {
    "title": "A cache", "note": "hits only",
    "rows": [
        ["what", "version", "median", "to the floor", "p10 - p90", "to ours", "better"],
        ["isaac", "", "100 ns", "2.00", "1.9 - 2.1", "", ""],
        ["quick", "1.2", "50 ns", "1.00", "0.9 - 1.1", "0.50", "quick"],
        ["slow", "3", "2.00 us", "40.0", "39 - 41", "20.00", "ours"],
    ],
}  # fmt: skip


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Path, Path]:
    suite, peers = tmp_path / "now.json", tmp_path / "peers.json"
    write_results(suite, ROWS, CONDITIONS)
    row = Row(
        "uvicorn + starlette, CPU a call", "isaacd", [8.0], [1.0], target=7, at_least=True, room="peers ipc"
    )
    write_results(peers, [row], CONDITIONS | {"commit": "def5678"})
    write_more(peers, {"tables": [TABLE]})
    return suite, peers


def pages(found: Mapping[str, Any], folder: Path) -> tuple[str, str]:
    file = folder / "published.json"
    file.write_text(json.dumps(found))
    return report_page(file), peers_page(file)


def test_the_pages_say_what_was_stored(stored: tuple[Path, Path], tmp_path: Path) -> None:
    found, _ = gathered(published(tmp_path / "absent"), *stored)
    report, peers = pages(found, tmp_path)
    assert "| isaacctl status / python -c pass | 1100.00 ms | 1000.00 ms | 1.100 |" in report
    assert "`abc1234`" in report
    assert "| `isaacctl status`, against `python -c pass` | <= 1.05 | 1.1 | **no** | startup |" in report
    assert "| quick | 1.2 | 50 ns |" in peers
    assert "- A cache: quick 1.2 takes 0.50 of ours." in peers
    assert "| A cache | 100 ns | quick 0.50, slow 20 |" in peers


def test_what_was_not_measured_anew_stays(stored: tuple[Path, Path], tmp_path: Path) -> None:
    suite, peers = stored
    first, _ = gathered(published(tmp_path / "absent"), suite, peers)
    second, drawn = gathered(json.loads(json.dumps(first)), suite, tmp_path / "absent")
    assert second["tables"] == first["tables"]
    assert [row["name"] for row in second["rows"]] == [row["name"] for row in first["rows"]]
    assert second["targets"] == first["targets"]
    assert not drawn


def test_rooms_that_were_measured_again_replace_those_of_the_suite(
    stored: tuple[Path, Path], tmp_path: Path
) -> None:
    suite, _ = stored
    again = tmp_path / "again.json"
    newer = Row("alias look-up in us", ours=[0.5], unit="integer", target=1, room="router")
    write_results(again, [newer], CONDITIONS | {"command": "perf/run router"})
    found, _ = gathered(published(tmp_path / "absent"), suite, tmp_path / "absent", again)
    assert [(row["name"], row["middle"]) for row in found["rows"]] == [
        ("isaacctl status", 1.1),
        ("alias look-up in us", 0.5),
    ]
    assert found["suite"]["command"] == "perf/run; perf/run router"


def test_results_in_which_a_room_failed_are_not_whole(tmp_path: Path) -> None:
    suite, again = tmp_path / "now.json", tmp_path / "again.json"
    write_results(suite, ROWS, CONDITIONS | {"failed": "ai, startup"})
    assert _failed(suite, []) == "ai, startup in now.json"
    write_results(again, ROWS, CONDITIONS)
    assert _failed(suite, [again]) == "ai in now.json"
    assert _failed(again, []) == _failed(tmp_path / "absent", []) == ""


def test_a_page_without_results_says_so(tmp_path: Path) -> None:
    for text in (report_page(tmp_path / "absent"), peers_page(tmp_path / "absent")):
        assert "Nothing has been published yet." in text


def test_a_published_row_is_judged_as_it_was_measured() -> None:
    for row in ROWS:
        (told,) = gathered_rows(row)
        assert as_row(told).met is row.met
        assert as_row(told).title == row.title


def gathered_rows(row: Row) -> list[dict[str, Any]]:
    from publish import _row

    return [_row(row)]


@pytest.mark.parametrize(("factor", "wrong"), [(1.0, 0), (1.02, 0), (2.0, 1), (0.5, 1)])
def test_only_what_differs_by_more_than_noise_contradicts(
    stored: tuple[Path, Path], tmp_path: Path, factor: float, wrong: int
) -> None:
    found, _ = gathered(published(tmp_path / "absent"), *stored)
    now = Row("isaacctl status", "python -c pass", [value * factor for value in (1.09, 1.1, 1.11)], [1.0] * 3)
    assert len(contradicted(found, [now], Budgets.read())) == wrong
