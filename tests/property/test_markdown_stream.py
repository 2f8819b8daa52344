"""Markdown that arrives in pieces is shown the same however it is cut, loses no text, and cannot steer the terminal."""

import itertools
import re
from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from isaacd.cli.markdown import Markdown
from isaacd.cli.render import width_of

STYLE = re.compile(r"\x1b\[[0-9;]*m")
MARKUP = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *(
                    "*",
                    "**",
                    "***",
                    "_",
                    "`",
                    "``",
                    "```",
                    "~~",
                    "~~~",
                    "[",
                    "](",
                    ")",
                    "\\",
                    "#",
                    "## ",
                    "- ",
                ),
                *(
                    "> ",
                    "| ",
                    "|",
                    "|---|--:|",
                    "---",
                    "1. ",
                    "\n",
                    "\n\n",
                    " ",
                    "  ",
                    "\t",
                    "\x1b[2J",
                    "\x07",
                    "\r\n",
                ),
                *(
                    "word",
                    "two words",
                    "漢字",
                    "e\u0301",
                    "👩‍💻",
                    "snake_case",
                    "https://e.org/a",
                    "```py\n",
                    "\u202e",
                ),
            ]
        ),
        st.text(max_size=6),
    ),
    max_size=40,
).map("".join)
COLUMNS = st.sampled_from([20, 33, 80])


def show(text: str, columns: int, cuts: list[int] | None = None, *, color: bool = True) -> str:
    markdown = Markdown(columns, color=color)
    places = [0, *sorted(min(cut, len(text)) for cut in cuts or []), len(text)]
    pieces = [markdown.feed(text[start:end]) for start, end in itertools.pairwise(places)]
    return "".join(pieces) + markdown.close()


def letters(text: str) -> Counter[str]:
    """Letters and digits, which are never markup; except the numbers of lists, which stay too."""
    return Counter(char for char in text if char.isalnum())


@given(MARKUP, COLUMNS, st.lists(st.integers(0, 300), max_size=30))
@example("a **b* c", 20, [4])
@example("```\ncode ``` x\n```\nend", 20, [5, 6, 7])
@example("| a |\n|--|\n| b", 20, [3, 9])
def test_the_cuts_make_no_difference(text: str, columns: int, cuts: list[int]) -> None:
    assert show(text, columns, cuts) == show(text, columns)
    assert show(text, columns, list(range(len(text)))) == show(text, columns)


@given(MARKUP, COLUMNS)
def test_no_letter_is_lost_and_none_is_added(text: str, columns: int) -> None:
    shown = STYLE.sub("", show(text, columns))
    plain = show(text, columns, color=False)
    assert letters(shown) == letters(plain)


@given(MARKUP, COLUMNS, st.booleans())
def test_nothing_in_the_text_can_steer_the_terminal(text: str, columns: int, color: bool) -> None:
    shown = show(text, columns, color=color)
    rest = STYLE.sub("", shown) if color else shown
    assert not [char for char in rest if char != "\n" and char != "\t" and ord(char) < 0x20]
    assert not re.search("[\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", rest)


@given(st.text("ab *_`漢字\n", max_size=200), COLUMNS)
def test_lines_are_no_wider_than_the_terminal_unless_a_word_is(text: str, columns: int) -> None:
    longest = max((width_of(word) for word in re.split(r"[ \n]", re.sub("[漢字]", " ", text))), default=0)
    for line in STYLE.sub("", show(text, columns)).split("\n"):
        assert width_of(line) <= max(columns, longest + 2)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf"]), max_size=200))
def test_without_colours_the_text_stays_as_it_was_written(text: str) -> None:
    assert show(text, 20, color=False) == text


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf"]), max_size=60), max_size=8))
def test_code_is_never_touched(lines: list[str]) -> None:
    code = [line for line in lines if "`" not in line]
    shown = STYLE.sub("", show("\n".join(["```sh", *code, "```"]), 20))
    assert shown == "\n".join(["```sh", *code, "```"])
