"""Completion: what may come next, for lines in any state."""

import enum
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.api import Argument, Context, Input, Option, Plugin, Words
from isaacd.cli.complete import complete
from isaacd.cli.local import LOCAL_COMMANDS
from tests.fake_caller import Caller


class Mood(enum.Enum):
    GOOD = "good"
    GREAT = "great"


things = Plugin("things", summary="Things to have.")


@things.command
def things_(context: Context, loud: bool = False) -> None:
    """List things."""


@things.command
def show(
    context: Context,
    mood: Mood,
    files: Annotated[list[Path], Argument("Which.")] = [],  # noqa: B006
    *,
    model: Annotated[str, Option("A model.", short="m")] = "",
    kind: Literal["alpha", "beta"] = "alpha",
    tags: list[str] = [],  # noqa: B006
    sure: bool = True,
    text: Input | None = None,
) -> None:
    """Show a thing."""


def say(context: Context, words: Annotated[str, Words("What.")]) -> None:
    """Say it."""


TREE = Caller(things, say).line.tree()
LOCAL = {name for name, _ in LOCAL_COMMANDS}


def values(*words: str) -> list[str]:
    return [item.value for item in complete(TREE, list(words))]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], sorted({"things", "say"} | LOCAL)),
        ([""], sorted({"things", "say"} | LOCAL)),
        (["st"], ["start", "status", "stop"]),
        (["th"], ["things"]),
        (["--"], ["--help", "--json", "--set"]),
        (["--json", "th"], ["things"]),
        (["--set", "a=b", "th"], ["things"]),
        (["--set", ""], []),
        (["things", ""], ["show"]),
        (["things", "--l"], ["--loud"]),
        (["things", "show", ""], ["good", "great"]),
        (["things", "show", "gr"], ["great"]),
        (["things", "show", "--sure", "gr"], ["great"]),
        (["things", "show", "-mx", "gr"], ["great"]),
        (["things", "show", "-m", "x", "gr"], ["great"]),
        (["things", "show", "--kind", ""], ["alpha", "beta"]),
        (["things", "show", "--kind=b"], ["--kind=beta"]),
        (["things", "show", "--kind=b", "--k"], []),
        (["things", "show", "--tags=b", "--t"], ["--tags", "--text"]),
        (["things", "show", "--no"], ["--no-sure"]),
        (["things", "show", "--", "--k"], []),
        (["things", "show", "--", "g"], ["good", "great"]),
        (["say", "any", "thing", ""], []),
        (["nothing", ""], []),
        (["logs", "--"], ["--help", "--json", "--set"]),
    ],
)
def test_each_place_offers_what_fits_there(words: list[str], expected: list[str]) -> None:
    if words[:1] == ["logs"]:
        expected = []  # what isaacctl does by itself, the daemon does not know
    assert values(*words) == expected


def test_every_word_comes_with_its_meaning() -> None:
    found = {item.value: item for item in complete(TREE, ["t"])}
    assert found["things"].help == "Things to have."
    found = {item.value: item for item in complete(TREE, ["things", "show", "--m"])}
    assert found["--model"].help == "A model."


@pytest.mark.parametrize("words", [["things", "show", "good", "RE"], ["things", "show", "good", "a", "RE"]])
def test_files_are_left_to_the_shell(words: list[str]) -> None:
    assert [(item.value, item.kind) for item in complete(TREE, words)] == [("RE", "file")]
    assert [item.kind for item in complete(TREE, ["things", "show", "--text", ""])] == ["file"]


words = (
    st.sampled_from(["things", "show", "say", "--", "-", "-m", "--kind", "--kind=", "--set", "=", "help", ""])
    | st.text()
)


@given(st.lists(words, max_size=6))
def test_no_line_fails_and_everything_offered_begins_with_what_was_typed(line: list[str]) -> None:
    for item in complete(TREE, line):
        assert item.value.startswith(line[-1] if line else "")
