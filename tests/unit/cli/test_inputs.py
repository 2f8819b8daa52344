"""Parameters of type Input: a file or standard input on a command line, the text itself on the wire."""

import os
from pathlib import Path
from typing import Annotated

import pytest

from isaacd.api import Argument, Context, Input
from isaacd.cli import inputs
from isaacd.command import Command
from tests.fake_caller import PIPES, TERMINAL, Caller, call_on_wire


def count(
    context: Context,
    text: Input,
    other: Annotated[Input | None, Argument("More.")] = None,
    *,
    more: list[Input] = [],  # noqa: B006
) -> list[str]:
    """Show the texts."""
    assert type(text) is Input
    return [text, *([other] if other is not None else []), *more]


@pytest.fixture
def caller() -> Caller:
    return Caller(count)


def test_a_file_is_found_from_the_caller_s_directory(caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("über\n")
    (tmp_path / "b.txt").write_text("")
    argv = ["count", "a.txt", str(tmp_path / "b.txt"), "--more", "../" + tmp_path.name + "/a.txt", "--json"]
    assert caller.type(*argv, cwd=tmp_path).json == ["über\n", "", "über\n"]


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_a_dash_is_standard_input_to_its_end(caller: Caller, name: str) -> None:
    shown = caller.type("count", name, "--json", piped=[b"one ", "zwölf".encode()[:3], "zwölf".encode()[3:]])
    assert shown.json == ["one zwölf"]


def test_a_dash_at_a_terminal_is_what_the_person_types(caller: Caller) -> None:
    assert "typed" in caller.type("count", "-", tty=TERMINAL, piped=[b"typed\n"]).out


def test_on_the_wire_it_is_the_text_itself() -> None:
    command = Command(count, name="count", plugin="test")
    assert call_on_wire(command, [{"text": "-"}]).text == "-"
    assert call_on_wire(command, ["-", "a.txt"]).other == "a.txt"


def test_what_cannot_be_read_is_said_plainly(caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\x7fELF\xff\xfe")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "directory").mkdir()
    for name, words in [
        ("missing", "cannot read missing: No such file or directory"),
        ("directory", "directory is a directory"),
        ("binary", "binary is not text in UTF-8"),
        ("fifo", "fifo is not a regular file"),
        ("/dev/fd/63", "the daemon cannot read /dev/fd/63"),
        ("a\0b", "no path can contain that"),
    ]:
        shown = caller.type("count", name, cwd=tmp_path)
        assert (shown.exit, shown.out) == (2, "")
        assert words in shown.err


def test_standard_input_can_be_taken_once_and_only_if_there_is_one(caller: Caller, tmp_path: Path) -> None:
    assert "only once" in caller.type("count", "-", "-", piped=[b"x"]).err
    assert "no standard input" in caller.type("count", "-").err
    assert "no standard input" in caller.type("count", "-", tty=None, piped=[b"x"]).err
    assert "standard input is not text" in caller.type("count", "-", piped=[b"\xff"]).err


def test_too_much_is_refused_wherever_it_comes_from(caller: Caller, tmp_path: Path) -> None:
    limit = inputs.MAX_INPUT_BYTES
    (tmp_path / "fits").write_bytes(b"x" * limit)
    (tmp_path / "large").write_bytes(b"x" * (limit + 1))
    assert len(caller.type("count", "fits", cwd=tmp_path).out) == limit + 1
    assert "large is larger than 16 MiB" in caller.type("count", "large", cwd=tmp_path).err
    endless = (b"x" * 65536 for _ in range(10_000))
    events = caller.type("count", "-", piped=endless)
    assert "standard input is larger than 16 MiB" in events.err


def test_files_are_not_read_for_a_line_that_is_wrong(caller: Caller) -> None:
    assert "no option --mroe" in caller.type("count", "missing", "--mroe", "x", tty=PIPES).err
