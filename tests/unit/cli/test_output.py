"""What a running command shows: text on one stream, progress and notes on the other, and nothing that steers."""

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.cli.output import Output, progress_line
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


async def test_progress_is_one_line_at_a_terminal_ten_times_a_second() -> None:
    to, events, clock = output(AT_TERMINAL)
    await progress(to, 1)
    await progress(to, 2)
    clock.advance(0.1)
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
