"""What was measured is read again as it was written, and pyperf's own programs can read it too."""

from pathlib import Path

import pytest
from harness import Row
from results import read_results, write_results

pyperf = pytest.importorskip("pyperf", reason="comes with the extra `perf`")

ROWS = [
    Row("status", "pass", [1.5, 1.25, 2.0], [1.0, 1.0, 1.0], target=1.05, runs=[2, 1]),
    Row("status", "another floor", [1.5, 1.25], [0.5, 0.5]),
    Row("hit rate, in %", ours=[67.5], unit="integer", target=67.0, at_least=True),
    Row("memory", "bare", [2.0**20], [2.0**19], unit="byte"),
    Row("wrong answers", ours=[0.0], unit="integer", target=0),
    Row("latency added, in ms", ours=[-1.5, 0.25], unit="integer", target=1),
]


def test_rows_survive_the_file(tmp_path: Path) -> None:
    write_results(tmp_path / "in" / "now.json", [*ROWS, Row("nothing", note="not here")], {"commit": "c"})
    rows, conditions = read_results(tmp_path / "in" / "now.json")
    assert conditions == {"commit": "c"}
    for read, written in zip(rows, ROWS, strict=True):
        assert (read.title, read.ratios, read.unit) == (written.title, written.ratios, written.unit)
        assert (read.target, read.at_least, read.met) == (written.target, written.at_least, written.met)
    assert rows[0].run_medians == ROWS[0].run_medians


def test_each_row_is_two_benchmarks_with_a_name_of_their_own(tmp_path: Path) -> None:
    write_results(tmp_path / "now.json", ROWS, {})
    names = pyperf.BenchmarkSuite.load(str(tmp_path / "now.json")).get_benchmark_names()
    assert len(names) == len(set(names)) == 9
    assert names[:2] == ["status", "status: floor pass"]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    run = pyperf.Run([1.0], metadata={"name": "x", "loops": 1}, collect_metadata=False)
    pyperf.BenchmarkSuite([pyperf.Benchmark([run])]).dump(str(tmp_path / "other.json"))
    with pytest.raises(ValueError, match="was not written by perf/run"):
        read_results(tmp_path / "other.json")
