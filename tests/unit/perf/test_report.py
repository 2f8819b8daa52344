"""A report is one page that fetches nothing, says how far it can be trusted, and escapes what it shows."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from harness import Row
from pictures import Bars, Lines, pictures
from report import page, write
from results import write_more, write_results
from svg import svg, ticks

ROWS = [
    Row("isaacctl <status>", "python -c pass", [0.011, 0.012, 0.010, 0.011, 0.013], [0.01] * 5, target=1.05),
    Row("calls", ours=[3.0], unit="integer", target=3),
]
MORE = {
    "imports": [["a", 1, 500, 500], ["b", 0, 700, 1200], ["c", 0, 10, 10]],
    "timeline-concurrent": [[[0.001, 0.002], [0.002, 0.009]], [[0.002, 0.003], [0.003, 0.01]]],
    "cache": {
        "masaryk": {"policies": {"lru": {"100": 0.5, "1100": 0.6}, "optimum": {"100": 0.6, "1100": 0.7}}}
    },
    "money": {
        "tables": {
            "claude-sonnet-5-5": [
                {"strategy": "no cache", "lever adds": 0.0},
                {"strategy": "exact", "lever adds": 0.4},
                {"strategy": "+ slots", "lever adds": -0.1},
            ]
        }
    },
    "rooms": {"isaacd.ai": 2048.0},
}


def test_there_is_a_picture_for_all_that_was_told() -> None:
    names = [picture.name for picture in pictures(ROWS, MORE)]
    assert names == ["startup", "latency-processes", "plugins-concurrent", "hits-masaryk", "money", "rooms"]
    assert list(pictures([], {})) == []


def test_a_waterfall_puts_what_is_imported_within_what_imports_it() -> None:
    picture = next(pictures([], {"imports": MORE["imports"]}))
    assert isinstance(picture, Bars)
    assert picture.spans == [
        ("b: 1.2", [(0.0, 0.5), (0.5, 1.2)]),
        ("  a: 0.5", [(0.0, 0.0), (0.0, 0.5)]),
        ("c: 0.0", [(1.2, 1.2), (1.2, 1.21)]),
    ]


def test_levers_begin_where_the_one_before_ended() -> None:
    picture = next(pictures([], {"money": MORE["money"]}))
    assert isinstance(picture, Bars)
    ends = [spans[0] for _, spans in picture.spans]
    assert ends == [(0.0, 40.0), (pytest.approx(30.0), 40.0)]


@pytest.mark.parametrize("picture", list(pictures(ROWS, MORE)), ids=lambda picture: picture.name)
def test_every_picture_is_xml(picture: Bars | Lines) -> None:
    assert ET.fromstring(svg(picture)).tag.endswith("svg")


def test_ticks_are_round_and_within() -> None:
    assert ticks(0, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert ticks(9, 60, log=True) == [10, 20, 50]
    assert ticks(5, 5) == [5]


def test_a_page_fetches_nothing_and_escapes_what_it_shows() -> None:
    text = page(ROWS, {"machine": "a <b> machine"}, list(pictures(ROWS, MORE)))
    assert "isaacctl &lt;status&gt;" in text
    assert "a &lt;b&gt; machine" in text
    for word in ("<script", "<link", "src=", "url(", "@import", "href="):
        assert word not in text
    assert "http" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")


def test_a_page_says_that_the_machine_was_busy() -> None:
    assert "The machine was busy" in page(ROWS, {"others": "0.60", "steal": "0.00"}, [])
    assert "The machine was busy" not in page(ROWS, {"others": "0.01", "steal": "0.00"}, [])


def test_a_page_shows_peers_and_what_was_missed() -> None:
    peers = [{"title": "Caches", "note": "in one run", "rows": [["what", "ours"], ["get", "NO"]]}]
    text = page(ROWS, {}, [], peers)
    assert "<h2>Caches</h2>" in text
    assert '<td class="no">NO</td>' in text


def test_results_become_files(tmp_path: Path) -> None:
    pytest.importorskip("pyperf", reason="comes with the extra `perf`")
    write_results(tmp_path / "now.json", ROWS, {"commit": "c"})
    write_more(tmp_path / "now.json", MORE)
    files = write(tmp_path / "now.json", tmp_path / "report")
    assert files[0].read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert all(file.stat().st_size for file in files)
