"""The journal: nothing is lost and nothing is doubled, at whatever instant the process is killed."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from isaacd.cache.journal import Journal


def content(path: Path) -> tuple[bytes | None, list[list[str]]]:
    journal = Journal(path)
    return journal.snapshot(), list(journal.replay())


def test_records_come_back_in_their_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(["a", "line\nbreak"])
    journal.append(["b"])
    assert content(tmp_path / "j") == (None, [["a", "line\nbreak"], ["b"]])


def test_a_snapshot_takes_the_place_of_the_records_before_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(["a"])
    journal.replace(b"state")
    journal.append(["b"])
    assert content(tmp_path / "j") == (b"state", [["b"]])


def test_a_kill_between_snapshot_and_empty_log_doubles_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(["a"])
    old = (tmp_path / "j.log").read_bytes()
    journal.replace(b"state with a")
    (tmp_path / "j.log").write_bytes(old)
    assert content(tmp_path / "j") == (b"state with a", [])


def test_after_a_kill_there_records_are_kept_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(["a"])
    old = (tmp_path / "j.log").read_bytes()
    journal.replace(b"state with a")
    (tmp_path / "j.log").write_bytes(old)
    again = Journal(tmp_path / "j")
    again.snapshot()
    list(again.replay())
    again.append(["b"])
    assert content(tmp_path / "j") == (b"state with a", [["b"]])


@given(st.lists(st.lists(st.text(max_size=5), max_size=3), max_size=6), st.integers(0, 200))
def test_a_torn_end_costs_no_whole_record(records: list[list[str]], cut: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "j")
        journal = Journal(path)
        for record in records:
            journal.append(record)
        log = Path(scratch, "j.log")
        data = log.read_bytes() if log.exists() else b""
        head = data.find(b"\n") + 1
        kept = data[: max(head, len(data) - cut)]
        log.write_bytes(kept)
        found = content(path)[1]
        assert found == records[: len(found)]
        assert len(found) >= kept.count(b"\n") - 1
