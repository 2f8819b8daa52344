"""What a running command shows: text on one stream, progress and notes on the other, and nothing that steers."""

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.cli.output import Output, progress_line, tool_line
from isaacd.cli.render import plain, width_of
from isaacd.context import Terminal
from tests.fake_caller import FakeEvents
from tests.fakes import FakeClock

pytestmark = pytest.mark.anyio
AT_TERMINAL = Terminal(stdout=True, stderr=True, columns=40)
ERASE = "\r\x1b[K"


def output(terminal: Terminal, *, quiet: bool = False) -> tuple[Output, FakeEvents, FakeClock]:
    events, clock = FakeEvents(), FakeClock()
    return Output(events, terminal, clock, quiet=quiet), events, clock


async def progress(to: Output, done: float, total: float | None = 10, label: str = "reading") -> None:
    await to.emit("progress", {"done": done, "total": total, "label": label})


async def test_progress_is_one_line_at_a_terminal_five_times_a_second() -> None:
    to, events, clock = output(AT_TERMINAL)
    await progress(to, 1)
    await progress(to, 2)
    clock.advance(0.2)
    await progress(to, 5)
    assert (
        events.err
        == f"{ERASE}reading [##.....................]  10%{ERASE}reading [############...........]  50%"
    )
    assert events.out == ""


async def test_progress_is_gone_before_anything_else_is_shown() -> None:
    to, events, _ = output(AT_TERMINAL)
    await progress(to, 1)
    await to.emit("delta", "text")
    assert events.sent[1:] == [("err", ERASE), ("out", "text")]
    await to.clear()
    assert len(events.sent) == 3, "it is taken away once"


async def test_progress_does_not_break_into_a_line_of_text() -> None:
    to, events, clock = output(AT_TERMINAL)
    await to.emit("delta", "half a li")
    clock.advance(1)
    await progress(to, 1)
    assert events.err == ""
    await to.emit("delta", "ne\n")
    await progress(to, 1)
    assert events.err.startswith(ERASE)


async def test_progress_is_for_people_only() -> None:
    to, events, _ = output(Terminal(stdout=True))
    await progress(to, 1)
    assert events.sent == []


async def test_notes_go_to_standard_error_on_lines_of_their_own() -> None:
    to, events, _ = output(AT_TERMINAL)
    await progress(to, 1)
    await to.emit("log", "one \x1b[2J")
    assert events.err.endswith(f"{ERASE}one ␛[2J\n")
    await to.emit("delta", "half")
    await to.emit("log", "two")
    assert events.err.endswith("\n\ntwo\n")


async def test_text_is_raw_in_a_pipe_and_harmless_at_a_terminal() -> None:
    text = "a\x1b]0;owned\x07b\tc\r\n\x9b2J"
    to, events, _ = output(Terminal())
    await to.emit("delta", text)
    assert events.out == text
    to, events, _ = output(AT_TERMINAL)
    await to.emit("delta", text)
    assert events.out == "a␛]0;owned␇b\tc\n\\x9b2J"


async def test_json_is_not_disturbed_by_text() -> None:
    to, events, _ = output(AT_TERMINAL, quiet=True)
    await to.emit("delta", "text")
    assert (events.sent, to.ends_open, to.wrote) == ([], False, False)


@given(st.text(), st.lists(st.integers(0, 30), max_size=6))
def test_no_split_of_any_text_lets_a_control_character_through(text: str, cuts: list[int]) -> None:
    to, events, _ = output(AT_TERMINAL)

    async def show() -> None:
        at = 0
        for cut in sorted(cuts):
            await to.emit("delta", text[at:cut])
            at = max(at, cut)
        await to.emit("delta", text[at:])

    anyio.run(show)
    assert events.out == plain(text)
    assert not any(ord(char) < 32 and char not in "\n\t" for char in events.out)
    assert not any(0x7F <= ord(char) < 0xA0 or 0xD800 <= ord(char) < 0xE000 for char in events.out)


numbers = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@given(numbers, numbers, st.none() | st.text(), st.integers(20, 200))
def test_any_progress_is_one_line_that_fits(done: object, total: object, label: object, columns: int) -> None:
    line = progress_line({"done": done, "total": total, "label": label}, Terminal(columns=columns))
    assert width_of(line) < columns
    assert "\n" not in line
    assert "\x1b" not in line


async def test_rows_are_shown_even_when_the_result_is_json_and_progress_is_not() -> None:
    to, events, _ = output(AT_TERMINAL, quiet=True)
    await progress(to, 1)
    await to.emit("row", '{"a": 1}\n')
    await to.emit("delta", "no")
    assert (events.out, events.err) == ('{"a": 1}\n', "")


def test_progress_tells_speed_time_left_and_what_else_there_is() -> None:
    data: dict[str, object] = {"done": 412, "total": 1000, "label": "batch"}
    data |= {"per_s": 12.34, "left_s": 47.6, "note": "$0.0123, 3 failed"}
    wide = Terminal(stderr=True, columns=100)
    assert progress_line(data, wide) == (
        "batch [############..................]  41%  412/1,000  12.3/s  0:48 left  $0.0123, 3 failed"
    )
    assert progress_line({**data, "total": None, "left_s": None}, wide) == (
        "batch 412  12.3/s  $0.0123, 3 failed"
    )
    assert "1:02:03 left" in progress_line({**data, "left_s": 3723}, wide)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({"call": 'a.b(x="1")', "tier": "1", "note": ""}, '→ a.b(x="1")'),
        ({"call": "a.b()", "tier": "2", "note": "can be taken back"}, "→ a.b()  (tier 2, can be taken back)"),
        ({"call": "a.b()", "tier": "3", "note": ""}, "→ a.b()  (tier 3)"),
        ({"call": "x", "tier": None, "note": "refused: not\na call"}, "→ x  (refused: not a call)"),
        ({}, "→ None"),
    ],
)
def test_a_call_of_a_model_is_one_line(data: dict[str, object], line: str) -> None:
    assert tool_line(data) == line


async def test_the_calls_of_a_model_are_shown_dim_and_cannot_steer() -> None:
    to, events, _ = output(Terminal(stdout=True, stderr=True, color=True))
    await to.emit("delta", "Let me look")
    await to.emit("tool", {"call": "a.b(\x1b[2J)", "tier": "1", "note": ""})
    assert events.err == "\n\x1b[2m→ a.b(␛[2J)\x1b[0m\n"
    to, events, _ = output(Terminal(stdout=True, stderr=False, color=True), quiet=True)
    await to.emit("tool", {"call": "a.b()", "tier": "1", "note": ""})
    assert (events.out, events.err) == ("", "→ a.b()\n")


async def test_markdown_is_shown_as_such_at_a_terminal_and_left_alone_in_a_pipe() -> None:
    for terminal, shown in (
        (Terminal(stdout=True, color=True), "a \x1b[1mb\x1b[0m"),
        (Terminal(stdout=True), "a **b**"),
        (Terminal(), "a **b**"),
    ):
        events = FakeEvents()
        to = Output(events, terminal, FakeClock(), quiet=False, markdown=True)
        for piece in ("a *", "*b*", "*"):
            await to.emit("delta", piece)
        await to.finish()
        assert events.out == shown


async def test_a_question_stands_below_the_text_and_cannot_steer_the_terminal() -> None:
    events = FakeEvents()
    events.answers = [b"y\n"]
    to = Output(
        events, Terminal(stdout=True, stderr=True, color=True), FakeClock(), quiet=False, markdown=True
    )
    await to.emit("delta", "an **open")
    assert await to.ask("confirm", {"prompt": "run \x1b[2J? "}, 5.0) == b"y\n"
    assert events.out == "an **open\n"
    assert "run ␛[2J? " in str(events.sent[-1])
    assert not to.ends_open
