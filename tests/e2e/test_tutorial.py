"""Law: whoever follows the tutorial to the letter sees what it shows."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples import Write, fits, steps_of
from tests.newcomer import Newcomer

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs/tutorial/first-plugin.md"


@pytest.fixture
def newcomer() -> Iterator[Newcomer]:
    home = Path(tempfile.mkdtemp(prefix="isaac-", dir="/tmp"))
    made = Newcomer(home)
    try:
        yield made
    finally:
        made.type("isaacctl stop")
        shutil.rmtree(home, ignore_errors=True)


def test_every_block_of_the_tutorial_does_what_it_shows(newcomer: Newcomer) -> None:
    for step in steps_of(TUTORIAL.read_text()):
        if isinstance(step, Write):
            newcomer.write(step)
        else:
            newcomer.follow(step)


def test_what_is_shown_has_to_be_seen() -> None:
    assert fits(("a", "...", "b"), "a\nx\ny\nb\n")
    assert fits(("a", "...", "b"), "a\nb\n")
    assert fits(("sheep ...",), "sheep 15\n")
    assert not fits(("a", "b"), "a\nx\nb\n")
    assert not fits(("sheep 15",), "sheep 1\n")
    assert fits((), "")
    assert not fits((), "error\n")
