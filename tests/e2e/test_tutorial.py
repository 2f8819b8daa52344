"""Law: whoever follows the tutorial to the letter sees what it shows."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples import Type, Write, blocks_of, fits, steps_of, typed_in
from tests.newcomer import Newcomer

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs/tutorial/first-plugin.md"
FIRST = ROOT / "docs/tutorial/first-ten-minutes.md"
README = ROOT / "README.md"
PAGE_OF_TAR = Path("/usr/share/man/man1/tar.1.gz")


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


def test_the_first_ten_minutes_are_as_they_are_shown(newcomer: Newcomer) -> None:
    for step in shown_in(FIRST.read_text()):
        newcomer.follow(step)


@pytest.mark.skipif("<!-- recorded -->" not in README.read_text(), reason="it says nothing that was recorded")
def test_the_readme_shows_what_isaac_answers(newcomer: Newcomer) -> None:
    for step in shown_in(README.read_text().partition("<!-- recorded -->")[2]):
        # What shows nothing, such as a conversation, only has to be understood.
        if step.shown and (" explain " not in step.line or PAGE_OF_TAR.exists()):
            newcomer.follow(step)


def shown_in(page: str) -> list[Type]:
    """Return what is typed in the consoles of a page; blank lines between two of them belong to neither."""
    typed = [step for block in blocks_of(page) if block.kind == "console" for step in typed_in(block.text)]
    return [Type(step.line, tuple("\n".join(step.shown).rstrip("\n").splitlines())) for step in typed]


def test_what_is_shown_has_to_be_seen() -> None:
    assert fits(("a", "...", "b"), "a\nx\ny\nb\n")
    assert fits(("a", "...", "b"), "a\nb\n")
    assert fits(("sheep ...",), "sheep 15\n")
    assert not fits(("a", "b"), "a\nx\nb\n")
    assert not fits(("sheep 15",), "sheep 1\n")
    assert fits((), "")
    assert not fits((), "error\n")
