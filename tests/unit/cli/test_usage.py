"""Help and usage errors: what a person reads who does not know the command, or mistyped it."""

import enum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.api import Argument, Context, Option, Plugin, Words
from isaacd.cli.render import width_of
from isaacd.context import TTY
from tests.fake_caller import TERMINAL, Caller


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "Bad"


things = Plugin("things", summary="Things to have.")


@things.command
def show(
    context: Context,
    name: Annotated[str, "The thing's name."],
    mood: Annotated[Mood, Argument("How it feels.")] = Mood.GOOD,
    *,
    model: Annotated[str | None, Option("Another model.", short="m")] = None,
    count: Annotated[int, msgspec.Meta(ge=1), "How many."] = 3,
    tags: Annotated[list[str], "A tag."] = [],  # noqa: B006
    loud: bool = True,
    kind: Literal["a", "b"] = "a",
    where: Path = Path("/x"),
) -> None:
    """Show a thing.

    It is shown in a paragraph that is long enough to need more than one line at eighty columns, and wrapped there.

    Examples:
        isaacctl things show   lamp --count 2

        isaacctl things show lamp | a-very-long-command-line-that-must-stay-on-one-line --even-if-it-is --much-too-long
    """


@things.command
def need(context: Context, *, key: Annotated[str, Option("The key.")], sure: bool) -> None:
    """Need an option."""


@things.command
def given_(context: Context, value: dict[str, int], any_: Annotated[Any, Argument()] = None) -> None:
    """Give a value."""


def ask(context: Context, question: Annotated[str, Words("What.")], model: str = "") -> str:
    """Ask a question."""
    return question


def greet(context: Context, name: str = "world") -> str:
    """Greet."""
    return name


@pytest.fixture(scope="module")
def caller() -> Caller:
    return Caller(things, ask, greet)


HELP = """\
Usage: isaacctl things show [OPTIONS] NAME [MOOD]

  Show a thing.

  It is shown in a paragraph that is long enough to need more than one line at
  eighty columns, and wrapped there.

Examples:
  isaacctl things show   lamp --count 2

  isaacctl things show lamp | a-very-long-command-line-that-must-stay-on-one-line --even-if-it-is --much-too-long

Arguments:
  NAME  The thing's name.
  MOOD  How it feels.  [good|Bad]

Options:
  -m, --model TEXT    Another model.
  --count INTEGER     How many.  [default: 3]
  --tags TEXT         A tag.  [can be repeated]
  --loud / --no-loud  [default: yes]
  --kind [a|b]        [default: a]
  --where PATH        [default: /x]
  --json              Answer in JSON.
  -h, --help          Show this message.
"""


@pytest.mark.parametrize(
    "argv",
    [
        ["things", "show", "--help"],
        ["things", "show", "-h"],
        ["things", "show", "lamp", "--count", "no", "--help"],
        ["things", "show", "--help", "--nonsense"],
        ["help", "things", "show"],
    ],
)
def test_help_can_be_asked_for_anywhere_and_tells_everything(caller: Caller, argv: list[str]) -> None:
    shown = caller.type(*argv)
    assert (shown.exit, shown.err) == (0, "")
    assert shown.out == HELP


@pytest.mark.parametrize("argv", [["--json"], ["things", "--json"], ["--json", "things"]])
def test_a_program_that_names_no_command_is_told_so_in_json(caller: Caller, argv: list[str]) -> None:
    shown = caller.type(*argv)
    assert (shown.exit, shown.err) == (2, "")
    assert shown.json["error"]["message"] == "no command was named"
    assert shown.json["error"]["hint"].startswith("there are: ")


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"], ["help"]])
def test_the_name_alone_shows_all_commands(caller: Caller, argv: list[str]) -> None:
    shown = caller.type(*argv)
    assert (shown.exit, shown.err) == (0, "")
    for line in (
        "  ask     Ask a question.",
        "  things  Things to have.",
        "Daemon:",
        "  start       Start the daemon",
    ):
        assert line in shown.out
    assert shown.out.startswith("Usage: isaacctl [OPTIONS] COMMAND [ARGS]...\n")


def test_a_group_alone_shows_its_commands(caller: Caller) -> None:
    shown = caller.type("things")
    assert (shown.exit, shown.err) == (0, "")
    assert (
        "Commands:\n  given  Give a value.\n  need   Need an option.\n  show   Show a thing.\n" in shown.out
    )
    assert shown.out == caller.type("things", "--help").out


def test_words_after_two_dashes_ask_for_no_help(caller: Caller) -> None:
    assert caller.type("ask", "--", "--help").out == "--help\n"


def test_headings_are_bold_where_there_is_colour(caller: Caller) -> None:
    coloured = caller.type("--help", tty=TERMINAL, env={"TERM": "xterm"}).out
    assert "\x1b[1mCommands\x1b[0m:" in coloured
    assert "\x1b" not in caller.type("--help", tty=TERMINAL, env={"TERM": "xterm", "NO_COLOR": "1"}).out
    assert "\x1b" not in caller.type("--help").out


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_help_fits_the_terminal_except_for_what_must_not_be_wrapped(caller: Caller, columns: int) -> None:
    shown = caller.type("things", "show", "--help", tty=TTY(stdout=True, columns=columns)).out
    text, _, rest = shown.partition("Examples:\n")
    assert all(width_of(line) <= max(columns, 40) for line in text.splitlines())
    assert "isaacctl things show   lamp --count 2" in rest
    assert all(width_of(line) <= 100 for line in rest.splitlines() if "isaacctl" not in line)


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        (["thngs"], "no command 'thngs'", "did you mean isaacctl things?"),
        (["strat"], "no command 'strat'", "did you mean isaacctl start or isaacctl status?"),
        (["how", "do", "I"], "no command 'how'", 'to ask a question: isaacctl ask "..."'),
        (["things", "shwo"], "no command 'things shwo'", "did you mean isaacctl things show?"),
        (["things", "zzz"], "no command 'things zzz'", "there are: given, need, show"),
        (["things", "show"], "missing argument NAME", None),
        (["things", "show", "x", "good", "more"], "unexpected argument 'more'", None),
        (["things", "show", "x", "god"], "MOOD: 'god' is not one of good, Bad", None),
        (["things", "show", "x", "--kind", "c"], "--kind: 'c' is not one of a, b", None),
        (["things", "show", "x", "--count", "two"], "--count: 'two' is not a whole number", None),
        (["things", "show", "x", "--count", "0"], "--count: expected `int` >= 1", None),
        (["things", "show", "x", "--modle", "y"], "no option --modle", "did you mean --model?"),
        (["things", "show", "x", "--model"], "option --model needs a value", None),
        (["things", "show", "x", "-x"], "no option -x", None),
        (["things", "need", "--sure"], "missing option --key", None),
        (["things", "need", "--key", "k"], "missing option --sure/--no-sure", None),
        (["things", "given", "{"], "VALUE: '{' is not JSON: Input data was truncated", None),
        (["things", "given", '{"a": "b"}'], "VALUE: [...] expected `int`, got `str`", None),
        (["greet", "ada"], "unexpected argument 'ada'", "did you mean --name ada?"),
        (["ask"], "missing argument QUESTION", None),
        (
            ["ask", "what", "does", "ls", "-la", "do"],
            "no option -l",
            'quote words that begin with a dash: isaacctl ask "..."',
        ),
        (["ask", "what", "--modle", "x"], "no option --modle", "did you mean --model?"),
        (["help", "start"], "start is a command that needs no daemon", "isaacctl start --help"),
        (["--bogus"], "no option --bogus", None),
        (["things", "show", "-5", "-6", "-7"], "MOOD: '-6' is not one of good, Bad", None),
    ],
)
def test_every_mistake_is_named_with_a_way_out(
    caller: Caller, argv: list[str], message: str, hint: str | None
) -> None:
    shown = caller.type(*argv)
    assert (shown.exit, shown.out) == (2, "")
    lines = shown.err.splitlines()
    assert lines[0] == f"error: {message}"
    assert hint is None or lines[1] == f"  {hint}"
    assert lines[-1].startswith("  help: isaacctl")
    error = caller.type("--json", *argv)
    if argv[0] == "help":
        return
    assert (error.exit, error.err) == (2, "")
    assert error.json["error"]["message"] == message
    assert error.json["error"].get("hint") == hint
    assert error.json["error"]["code"] == (-32601 if message.startswith("no command") else -32602)


def test_a_mistake_shows_how_it_is_written_with_an_example(caller: Caller) -> None:
    assert caller.type("things", "show").err == (
        "error: missing argument NAME\n"
        "  usage: isaacctl things show [OPTIONS] NAME [MOOD]\n"
        "  example: isaacctl things show   lamp --count 2\n"
        "  help: isaacctl things show --help\n"
    )


def test_json_after_two_dashes_is_no_option(caller: Caller) -> None:
    shown = caller.type("things", "show", "a", "good", "--", "--json")
    assert (shown.exit, shown.out) == (2, "")
    assert "unexpected argument '--json'" in shown.err


words = st.sampled_from(
    [
        "things",
        "show",
        "need",
        "ask",
        "greet",
        "help",
        "--help",
        "-h",
        "--json",
        "--set",
        "--",
        "-",
        "",
        "-5",
        "--count",
    ]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(st.lists(words, max_size=6), st.integers(-5, 300))
def test_any_line_gives_help_an_answer_or_an_error_and_controls_no_terminal(
    argv: list[str], columns: int
) -> None:
    caller = Caller(things, ask, greet)
    shown = caller.type(*argv, tty=TTY(stdout=True, stderr=True, columns=columns))
    assert shown.exit in (0, 2, 78)
    assert shown.exit == 0 or shown.err or "--json" in argv
    for text in (shown.out, shown.err):
        assert not any((ord(char) < 32 and char not in "\n\t") or 0x7F <= ord(char) < 0xA0 for char in text)
