"""The index is kept, rebuilt when it is stale or damaged, and held in memory where it cannot be kept."""

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from isaac_plugins.knowledge import index, tldr
from isaac_plugins.knowledge.library import Library, Places
from tests.unit.plugins.knowledge.conftest import PAGES, write_archive

QUESTION = "find files larger than 100 MB under /var"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    return Places(tmp_path / "cache", tmp_path / "data", environ, manual=False)


@pytest.fixture
def library(places: Places) -> Iterator[Library]:
    made = Library(places)
    yield made
    made.close()


def texts(library: Library) -> set[str]:
    return {key for key in library.refresh() if key.startswith("count.")}


def give_pages(places: Places) -> None:
    places.data_dir.mkdir(exist_ok=True)
    write_archive(places.data_dir / tldr.ARCHIVE_NAME, PAGES)


def test_the_index_is_private(library: Library, places: Places) -> None:
    library.ask(QUESTION)
    assert stat.S_IMODE(places.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(places.cache_dir.stat().st_mode) == 0o700
    assert [file.name for file in places.cache_dir.iterdir()] == ["knowledge.sqlite"]


def test_the_index_of_an_earlier_run_is_used(library: Library, places: Places) -> None:
    library.ask(QUESTION)
    inode = places.file.stat().st_ino
    other = Library(places)
    assert other.ask(QUESTION) == library.ask(QUESTION)
    other.close()
    assert places.file.stat().st_ino == inode


def test_new_pages_are_found_without_a_restart(library: Library, places: Places) -> None:
    assert texts(library) == {"count.cookbook"}
    give_pages(places)
    assert texts(library) == {"count.cookbook", "count.tldr"}
    hits = library.ask("turn a gizmo into a widget").hits
    assert [hit.name for hit in hits if hit.source == "tldr"]


def test_pages_that_go_away_are_forgotten(library: Library, places: Places) -> None:
    give_pages(places)
    library.refresh()
    (places.data_dir / tldr.ARCHIVE_NAME).unlink()
    assert texts(library) == {"count.cookbook"}


def test_a_sure_answer_does_not_wait_for_the_pages(library: Library, places: Places) -> None:
    give_pages(places)
    assert library.ask(QUESTION).hits[0].source == "cookbook"
    library.close()


def test_an_unsure_answer_waits_for_the_pages(library: Library, places: Places) -> None:
    give_pages(places)
    assert "twiddle start KNOB_NAME" in [
        hit.command for hit in library.ask("adjust a knob slowly in the file").hits
    ]


def test_a_broken_archive_leaves_the_cookbook(library: Library, places: Places) -> None:
    places.data_dir.mkdir()
    (places.data_dir / tldr.ARCHIVE_NAME).write_bytes(b"no archive")
    assert library.ask(QUESTION).hits
    assert texts(library) == {"count.cookbook"}


@pytest.mark.parametrize("damage", [b"", b"no database at all", b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_index_is_built_again(places: Places, damage: bytes) -> None:
    places.cache_dir.mkdir()
    places.file.write_bytes(damage)
    library = Library(places)
    assert library.ask(QUESTION).hits
    library.close()
    sound = index.open_file(places.file, places.sources().fingerprint())
    assert sound is not None
    sound.close()


def test_an_index_that_breaks_while_it_is_open_is_built_again(library: Library, places: Places) -> None:
    library.ask(QUESTION)
    size = places.file.stat().st_size
    with places.file.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    assert library.ask("show my ip address").hits
    library.close()


def test_where_nothing_can_be_written_the_index_is_in_memory(tmp_path: Path, places: Places) -> None:
    (tmp_path / "cache").write_text("a file stands where the folder should be")
    library = Library(places)
    assert library.ask(QUESTION).hits
    assert library.ask(QUESTION).hits
    library.close()


def test_what_a_killed_build_left_behind_is_swept_away(library: Library, places: Places) -> None:
    places.cache_dir.mkdir()
    left = places.cache_dir / ".knowledge-x.tmp"
    left.touch()
    os.utime(left, (0, 0))
    library.ask(QUESTION)
    assert not left.exists()


def test_many_may_ask_and_build_at_once(places: Places) -> None:
    libraries = [Library(places) for _ in range(3)]
    answers = []
    threads = [
        threading.Thread(target=lambda lib=lib: answers.append(lib.ask(QUESTION))) for lib in libraries * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for library in libraries:
        library.close()
    assert len(answers) == 6
    assert all(answer == answers[0] for answer in answers)


def test_a_build_that_is_stopped_keeps_nothing(places: Places) -> None:
    give_pages(places)
    connection = index.build_file(places.file, places.sources(), places.environ, stop=lambda: True)
    assert connection.execute("SELECT count(*) FROM doc WHERE source = 'tldr'").fetchone() == (0,)
    connection.close()
    assert list(places.cache_dir.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "tool"),
    [
        ("sudo -u bob ls -l", "ls"),
        ("env A=1 find .", "find"),
        ("/usr/bin/find .", "find"),
        ("A='b c' grep x", "grep"),
        ("x=$(mktemp -d)", "mktemp"),
        ("nice -n 10 gzip x", "gzip"),
        ("(cd x; ls)", "cd"),
        ("for f in *; do ls; done", "for"),
        ("", ""),
    ],
)
def test_the_tool_of_a_command(command: str, tool: str) -> None:
    assert index.tool_of(command) == tool
