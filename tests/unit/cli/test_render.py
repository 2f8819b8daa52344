"""Results as people read them: aligned, as wide as the terminal, and harmless."""

import enum
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.cli.render import clip, plain, render, styled, to_json, width_of
from isaacd.context import Terminal

PIPE = Terminal()
AT_TERMINAL = Terminal(stdout=True, columns=30)
COLOUR = Terminal(stdout=True, columns=30, color=True)


class Color(enum.Enum):
    RED = "red"


class Row(msgspec.Struct):
    name: str
    how_many: int
    note: str | None = None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        ("text", "text\n"),
        ("line\n", "line\n"),
        (True, "yes\n"),
        (3, "3\n"),
        (0.123456, "0.1235\n"),
        ([1, "a", None], "1\na\n-\n"),
        ([], ""),
        (Path("/x"), "/x\n"),
        (date(2026, 1, 2), "2026-01-02\n"),
        ({"a": 1, "long_name": [1, 2]}, "a          1\nlong name  1, 2\n"),
        (Row("x", 1), "name      x\nhow many  1\nnote      -\n"),
        ([Row("x", 1), Row("long", 22, "n")], "name  how many  note\nx     1         -\nlong  22        n\n"),
        ([{"a": Row("x", 1)}], "a\nname=x, how_many=1, note=-\n"),
        ({}, ""),
    ],
)
def test_every_kind_of_result_has_a_form(value: object, text: str) -> None:
    assert render(value, PIPE) == text


def test_rows_are_cut_at_a_terminal_and_whole_in_a_pipe() -> None:
    rows = [Row("x", 1, "a note that is much too long for a line")]
    cut = render(rows, AT_TERMINAL).splitlines()
    assert all(width_of(line) <= 30 for line in cut)
    assert cut[1].endswith("…")
    assert "too long for a line" in render(rows, PIPE)


def test_wide_and_combining_characters_count_as_they_are_shown() -> None:
    assert [width_of(text) for text in ("abc", "日本", "e\u0301", "a\u200bb", "\x1b[1mab\x1b[0m")] == [
        3,
        4,
        1,
        2,
        2,
    ]
    table = render([{"a": "日本", "b": "x"}, {"a": "abcd", "b": "x"}], PIPE).splitlines()
    assert table[1:] == ["日本  x", "abcd  x"]


def test_headings_and_labels_are_styled_only_where_there_is_colour() -> None:
    assert "\x1b[1m" in render([Row("x", 1)], COLOUR)
    assert "\x1b[2m" in render(Row("x", 1), COLOUR)
    assert "\x1b" not in render([Row("x", 1)], AT_TERMINAL)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\rb", "ab"),
        ("\x7f\x00", "␡␀"),
        ("rm \u202egnp.exe", "rm \\u202egnp.exe"),
        ("a\u2066b\u2069", "a\\u2066b\\u2069"),
        ("\udce9", "\\udce9"),
        ("tab\tand\nnewline, übel 日本 👍 \u200f", "tab\tand\nnewline, übel 日本 👍 \u200f"),
    ],
)
def test_what_could_steer_or_deceive_is_made_visible(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    "kept", ["\x1b[1m", "\x1b[0m", "\x1b[1;31m", "\x1b[38m"[:0], "\x1b[93m", "\x1b[m", "\x1b[22;39m"]
)
def test_a_view_may_style_its_text(kept: str) -> None:
    assert styled(f"a{kept}b") == f"a{kept}b"


@pytest.mark.parametrize(
    "refused",
    ["\x1b[8m", "\x1b[41m", "\x1b[5m", "\x1b[2J", "\x1b[1;8m", "\x1b[38;5;1m", "\x1b]0;x\x07"],
)
def test_a_view_cannot_hide_text_or_move_about(refused: str) -> None:
    shown = styled(f"a{refused}b")
    assert "\x1b[8m" not in shown
    assert shown.startswith("a␛")


@given(st.text(), st.integers(2, 60))
def test_a_cut_line_fits_and_keeps_its_beginning(text: str, columns: int) -> None:
    line = plain(text).replace("\n", " ").replace("\t", " ")
    cut = clip(line, columns)
    assert width_of(cut) <= columns
    assert cut == line or (cut.endswith("…") and line.startswith(cut[:-1]))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.123456, "0.1235"), (9999.4, "9999"), (9999.96, "10000"), (12345.6, "12346"), (1e20, "1e+20")],
)
def test_numbers_are_written_as_people_write_them(value: float, text: str) -> None:
    assert render(value, Terminal()) == f"{text}\n"


values: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(values, st.integers(20, 200), st.booleans())
def test_nothing_that_is_rendered_steers_a_terminal(value: object, columns: int, color: bool) -> None:
    text = render(value, Terminal(stdout=True, columns=columns, color=color))
    assert styled(text) == text
    assert not text or text.endswith("\n")


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=8,
)


@given(json_values)
def test_json_says_the_same_everywhere_and_steers_nothing(value: object) -> None:
    assert msgspec.json.decode(to_json(value, PIPE)) == value
    at_terminal = to_json(value, AT_TERMINAL)
    assert msgspec.json.decode(at_terminal) == value
    assert plain(at_terminal) == at_terminal
    assert to_json(value, PIPE).count("\n") == 1


def test_json_shows_what_it_does_not_know_as_text() -> None:
    assert to_json({"path": Path("/x"), "color": Color.RED}, PIPE) == '{"path":"/x","color":"red"}\n'
