"""Searching, watching and scheduling as a person does at a terminal: asked as the tier demands, and stopped at once."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.daemon import Home, a_home, running
from tests.pty_person import at_terminal


@pytest.fixture
def home() -> Iterator[Home]:
    with a_home() as made, running(home=made):
        (made.directory / "work/src").mkdir(parents=True)
        yield made


def work(home: Home) -> Path:
    return home.directory / "work"


def test_a_line_that_is_watched_for_is_agreed_to_once(home: Home) -> None:
    argv = ["-m", "isaacctl", "watch", "src", "--", "make -s"]
    (work(home) / "Makefile").write_text("all:\n\t@echo made $$(cat src/*)\n")
    with at_terminal(argv, home.environ, cwd=str(work(home))) as person:
        person.reads("tier 2.5: make -s")
        person.reads("[y/N]")
        person.types("y\n")
        person.reads("watching")
        (work(home) / "src/a").write_text("one")
        person.reads("src/a created")
        person.reads("made one")
        person.reads("done in")
        (work(home) / "src/a").write_text("two")
        person.reads("made two")
        person.reads("done in")
        person.presses("\x03")
        assert person.leaves() == 130


def test_a_no_watches_nothing(home: Home) -> None:
    argv = ["-m", "isaacctl", "watch", "src", "--", "make -s"]
    with at_terminal(argv, home.environ, cwd=str(work(home))) as person:
        person.reads("[y/N]")
        person.types("n\n")
        person.reads("nothing was begun")
        assert person.leaves() == 77


def test_ctrl_c_stops_a_search_that_would_take_for_ever(home: Home) -> None:
    (work(home) / "evil").write_text("a" * 5000 + "c\n")
    (work(home) / "first").write_text("aaa\n")
    argv = ["-m", "isaacctl", "grep", "--engine", "own", "(a+)+$", "first", "evil", "evil", "evil", "evil"]
    with at_terminal(argv, home.environ, cwd=str(work(home))) as person:
        person.reads("first:1:")
        person.presses("\x03")
        assert person.leaves() == 130


def test_a_line_is_scheduled_after_a_yes_and_shown(home: Home) -> None:
    argv = ["-m", "isaacctl", "schedule", "shell", "in 5 minutes", "--", "make -s"]
    try:
        with at_terminal(argv, home.environ, cwd=str(work(home))) as person:
            person.reads("tier 2.5: make -s")
            person.reads("[y/N]")
            person.types("y\n")
            person.reads("$ make -s")
            assert person.leaves() == 0
        (card,) = msgspec.json.decode(home.isaacctl("schedule", "list", "--json").stdout)
        assert (card["kind"], card["tier"], card["line"]) == ("shell", "2.5", "make -s")
    finally:
        home.isaacctl("schedule", "runner", "--stop", "--json")


def test_results_of_a_search_go_through_pipes_with_its_exit_code(home: Home) -> None:
    (work(home) / "src/a.py").write_text("needle\n")
    found = home.isaacctl("grep", "needle", str(work(home)))
    assert (found.returncode, found.stdout) == (0, f"{work(home)}/src/a.py:1:needle\n")
    assert home.isaacctl("grep", "nothing", str(work(home))).returncode == 1
    assert home.isaacctl("find", "*.py", str(work(home)), "--json").stdout.startswith('{"path":')
    assert home.isaacctl("find", "zzz", str(work(home))).returncode == 1
