"""Lines that are understood: options anywhere, numbers below zero, `--json`, `--set`, exit codes."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import msgspec
import pytest

from isaacd.api import (
    Argument,
    Context,
    Ending,
    Handover,
    Option,
    Plugin,
    ProviderUnavailable,
    Sent,
    Terminal,
    Words,
)
from isaacd.command import Command
from isaacd.context import TTY
from isaacd.errors import Cancelled, ConfigInvalid, IsaacError
from tests.fake_caller import PIPES, TERMINAL, Caller


class Point(msgspec.Struct):
    x: int
    label: str


numbers = Plugin("numbers", summary="Reckon.")


@numbers.command
def add(context: Context, values: list[int], *, by: Annotated[int, Option("Times.", short="b")] = 1) -> int:
    """Add numbers.

    Examples:
        isaacctl numbers add 1 2
    """
    return sum(values) * by


@numbers.command
def shift(context: Context, number: float, by: Annotated[float, Argument("How far.")] = 0.0) -> float:
    """Shift a number."""
    return number + by


@numbers.command
def points(context: Context, count: int = 2) -> list[Point]:
    """Give points."""
    return [Point(n, f"point {n}") for n in range(count)]


def level(context: Context) -> str:
    """Say the log level."""
    return context.config.log.level


async def say(context: Context, words: Annotated[str, Words("What.")], shout: bool = False) -> str:
    """Say it."""
    return words.upper() if shout else words


async def stream(context: Context, end: str = "") -> AsyncGenerator[str, None]:
    """Say it bit by bit."""
    yield "a"
    yield f"b{end}"


async def fail(context: Context, kind: str = "provider", late: bool = False) -> AsyncGenerator[str, None]:
    """Fail."""
    if late:
        yield "half an ans"
    errors: dict[str, IsaacError] = {
        "provider": ProviderUnavailable("no answer", hint="try later", detail={"n": 1}, retry_after_ms=5),
        "config": ConfigInvalid("bad"),
        "cancelled": Cancelled("stop"),
    }
    raise errors.get(kind) or ValueError(kind)
    yield ""


@pytest.fixture
def caller() -> Caller:
    return Caller(numbers, level, say, stream, fail)


@pytest.mark.parametrize(
    ("argv", "out"),
    [
        (["numbers", "add", "1", "2"], "3"),
        (["numbers", "add", "-1", "2"], "1"),
        (["numbers", "add", "--by", "-2", "3"], "-6"),
        (["numbers", "add", "-b-2", "3"], "-6"),
        (["numbers", "add", "--by=-2", "-3", "-4"], "14"),
        (["numbers", "add", "--", "-1", "-2"], "-3"),
        (["numbers", "shift", "-.5", "-1e3"], "-1000"),
        (["numbers", "shift", "-inf"], "-inf"),
        (["say", "it", "is", "-5", "out"], "it is -5 out"),
        (["say", "--shout", "it"], "IT"),
        (["say", "it", "--shout"], "IT"),
        (["say", "--", "it", "--shout"], "it --shout"),
        (["say", "-"], "-"),
    ],
)
def test_lines_mean_what_they_seem_to(caller: Caller, argv: list[str], out: str) -> None:
    shown = caller.type(*argv)
    assert (shown.exit, shown.err) == (0, "")
    assert shown.out == f"{out}\n"


def test_a_line_means_the_same_however_often_it_is_typed(caller: Caller) -> None:
    for argv in (
        ["numbers", "add", "1", "2"],
        ["say", "it"],
        ["numbers", "shift", "1"],
        ["say", "--shout", "it"],
    ):
        first, second, third = (caller.type(*argv).outcome for _ in range(3))
        assert first == second == third


@pytest.mark.parametrize(
    "argv",
    [["--json", "numbers", "add", "1"], ["numbers", "--json", "add", "1"], ["numbers", "add", "1", "--json"]],
)
def test_json_may_be_said_anywhere(caller: Caller, argv: list[str]) -> None:
    assert caller.type(*argv).out == "1\n"


def test_json_is_one_line_for_programs_and_indented_for_people(caller: Caller) -> None:
    assert (
        caller.type("numbers", "points", "--json").out
        == '[{"x":0,"label":"point 0"},{"x":1,"label":"point 1"}]\n'
    )
    assert '\n    "x": 0' in caller.type("numbers", "points", "--json", tty=TERMINAL).out


@pytest.mark.parametrize(
    "argv",
    [
        ["--set", "log.level=debug", "level"],
        ["level", "--set", "log.level=debug"],
        ["--set=log.level=debug", "level"],
    ],
)
def test_a_setting_holds_for_one_call_wherever_it_stands(caller: Caller, argv: list[str]) -> None:
    assert caller.type(*argv).out == "debug\n"
    assert caller.type("level").out == "info\n"


def test_a_setting_that_does_not_exist_is_refused_by_every_command(caller: Caller) -> None:
    shown = caller.type("--set", "log.levle=debug", "say", "x")
    assert shown.exit == 78
    assert "log.levle" in shown.err
    assert shown.out == ""


def test_a_stream_comes_as_it_is_and_ends_with_a_newline(caller: Caller) -> None:
    assert caller.type("stream").out == "ab\n"
    assert caller.type("stream", "--end", "\n").out == "ab\n"
    assert [kind for kind, _ in caller.type("stream").events.sent] == ["out", "out"]


def test_json_of_a_stream_is_the_result_alone(caller: Caller) -> None:
    shown = caller.type("stream", "--json")
    assert shown.out == '"ab"\n'
    assert shown.events.sent == []


def test_a_failure_says_what_and_what_to_do(caller: Caller) -> None:
    shown = caller.type("fail")
    assert (shown.exit, shown.out, shown.err) == (69, "", "error: no answer\n  try later\n")
    assert caller.type("fail", "--kind", "config").exit == 78
    shown = caller.type("fail", "--kind", "bug")
    assert shown.exit == 70
    assert shown.err == "error: fail failed: ValueError\n  `isaacctl logs` shows the details\n"


def test_a_failure_after_half_an_answer_begins_on_a_new_line(caller: Caller) -> None:
    shown = caller.type("fail", "--late", tty=TERMINAL)
    assert shown.out == "half an ans\n"
    assert shown.err.startswith("error: ")


def test_a_failure_in_json_is_an_object_on_standard_output(caller: Caller) -> None:
    shown = caller.type("fail", "--json", "--late")
    assert (shown.exit, shown.err) == (69, "")
    assert shown.json == {
        "error": {
            "code": -32006,
            "name": "provider_unavailable",
            "message": "no answer",
            "hint": "try later",
            "detail": {"n": 1},
            "retry_after_ms": 5,
        }
    }


def test_a_cancelled_line_is_left_in_silence(caller: Caller) -> None:
    shown = caller.type("fail", "--kind", "cancelled", "--late", tty=TERMINAL)
    assert (shown.exit, shown.out, shown.err) == (130, "half an ans\n", "")


def test_a_warning_is_told_with_every_result_but_not_in_the_way(caller: Caller) -> None:
    caller.warning = "config.toml is broken"
    shown = caller.type("numbers", "add", "1", "--json")
    assert (shown.out, shown.err) == ("1\n", "warning: config.toml is broken\n")


def test_a_handover_is_executed_at_a_terminal_and_shown_in_a_pipe() -> None:
    plugin = Plugin("edit")

    @plugin.command(view=lambda plan, _: " ".join(plan.argv))
    def edit(context: Context) -> Handover:
        """Edit."""
        return Handover(argv=("vi", "x"), after=("check",), text="opening\n")

    caller = Caller(plugin)
    at_terminal = caller.type("edit", tty=TERMINAL)
    assert at_terminal.out == "opening\n"
    assert (at_terminal.outcome.exec, at_terminal.outcome.after) == (("vi", "x"), ("check",))
    piped = caller.type("edit")
    assert (piped.out, piped.outcome.exec) == ("vi x\n", ())
    assert caller.type("edit", "--json").json["argv"] == ["vi", "x"]


def test_a_handover_may_be_carried_out_in_a_pipe_and_for_json_too() -> None:
    plugin = Plugin("build")

    @plugin.command
    def build(context: Context) -> Handover:
        """Build."""
        return Handover(argv=("make",), after=("say",), text="go\n", always=True, json=("make", "--json"))

    caller = Caller(plugin)
    piped = caller.type("build")
    assert (piped.out, piped.outcome.exec, piped.outcome.after) == ("go\n", ("make",), ("say",))
    json = caller.type("build", "--json")
    assert (json.out, json.outcome.exec, json.outcome.after) == ("", ("make", "--json"), ("say", "--json"))


def test_a_stream_without_text_shows_its_result() -> None:
    async def find(context: Context) -> AsyncGenerator[str | Point, None]:
        """Find."""
        yield Point(1, "here")

    assert Caller(find).type("find").out == "x      1\nlabel  here\n"


def test_a_view_that_fails_is_the_plugin_s_fault() -> None:
    plugin = Plugin("bad")

    def view(result: Any, terminal: Terminal) -> str:
        raise ZeroDivisionError

    @plugin.command(view=view)
    def bad(context: Context) -> int:
        """Fail."""
        return 1

    shown = Caller(plugin).type("bad")
    assert shown.exit == 70
    assert "ZeroDivisionError" in shown.err


def test_a_result_that_json_cannot_hold_is_the_plugin_s_fault() -> None:
    def bad(context: Context) -> object:
        """Fail."""
        return {("a", "b"): 1, "x": "\ud800"}

    shown = Caller(bad).type("bad", "--json")
    assert shown.exit == 70
    assert shown.json["error"]["name"] == "plugin_failed"


def test_names_that_are_not_utf_8_reach_a_pipe_as_their_bytes() -> None:
    def name(context: Context) -> str:
        """Give a name."""
        return b"caf\xe9".decode("utf-8", "surrogateescape")

    caller = Caller(name)
    assert caller.type("name").outcome.out == b"caf\xe9\n"
    assert caller.type("name", tty=TERMINAL).out == "caf\\udce9\n"


def test_help_and_errors_are_remembered_until_the_catalog_changes(caller: Caller) -> None:
    first = caller.type("--help")
    assert caller.type("--help").outcome is first.outcome
    assert caller.type("--help", tty=TTY(columns=40)).outcome is not first.outcome
    assert caller.type("nmubers").outcome is caller.type("nmubers").outcome

    def new(context: Context) -> None:
        """Be new."""

    caller.offer(new)
    assert "Be new." in caller.type("--help").out


def test_hidden_commands_are_found_nowhere(caller: Caller) -> None:
    def first(context: Context) -> None:
        """Be first."""

    caller.catalog.add(Command(first, name="secret", plugin="x", hidden=True))
    caller.catalog.add(Command(first, name="numbers.secret", plugin="x", hidden=True))
    assert "secret" not in caller.type().out + caller.type("numbers", "--help").out
    assert caller.type("secret").exit == caller.type("numbers", "secret").exit == 2


def test_a_command_with_hidden_ones_below_it_stays_a_plain_command() -> None:
    plugin = Plugin("one")

    @plugin.command
    def one(context: Context) -> str:
        """Be one."""
        return "1"

    @plugin.command(hidden=True)
    def below(context: Context) -> str:
        """Be hidden."""
        return "2"

    caller = Caller(plugin)
    assert caller.type("one").out == "1\n"
    assert "COMMAND" not in caller.type("one", "--help").out


def test_underscores_are_dashes_on_a_command_line() -> None:
    plugin = Plugin("two_words", summary="Have two words.")

    @plugin.command
    def do_it(context: Context, how_often: int = 1) -> int:
        """Do it."""
        return how_often

    caller = Caller(plugin)
    assert caller.type("two-words", "do-it", "--how-often", "3").out == "3\n"
    assert caller.type("two_words", "do_it").out == "1\n"
    assert "two-words  Have two words." in caller.type().out


def test_pipes_are_the_default_of_these_tests() -> None:
    assert not PIPES.stdout


def test_what_stands_behind_two_dashes_is_the_option_line() -> None:
    def each(
        context: Context,
        paths: Annotated[list[str], Argument("Where.")] = [],  # noqa: B006
        *,
        line: Annotated[str | None, Option("What.")] = None,
    ) -> list[str]:
        """Show both."""
        return [*paths, str(line)]

    caller = Caller(each)
    assert caller.type("each", "a", "b", "--", "make", "a b", "--json", "--json").out.split("\n")[:3] == [
        "a", "b", "make 'a b' --json --json",
    ]  # fmt: skip
    assert caller.type("each", "--", "x && y").out == "x && y\n"
    assert caller.type("each", "--").out == "None\n"


class Checked(Ending, frozen=True, kw_only=True):
    found: int


@pytest.mark.parametrize("argv", [("check",), ("check", "--json")])
def test_a_result_may_say_how_its_line_ends(argv: tuple[str, ...]) -> None:
    def check(context: Context) -> Checked:
        """Check."""
        return Checked(found=2, exit_code=1)

    shown = Caller(check).type(*argv)
    assert (shown.exit, shown.err) == (1, "")
    assert "2" in shown.out


class Exported(Sent, frozen=True):
    count: int


@pytest.mark.parametrize("argv", [("each",), ("each", "--json")])
def test_rows_that_were_sent_are_all_that_is_shown(argv: tuple[str, ...]) -> None:
    async def each(context: Context) -> Exported:
        """Export."""
        await context.emit("row", '{"n":1}\n')
        await context.emit("row", '{"n":2}\n')
        return Exported(count=2)

    shown = Caller(each).type(*argv)
    assert (shown.exit, shown.out, shown.err) == (0, '{"n":1}\n{"n":2}\n', "")


def test_a_command_knows_whether_a_person_reads_its_result() -> None:
    def seen(context: Context) -> str:
        """See."""
        return str(context.has_person)

    caller = Caller(seen)
    assert caller.type("seen", tty=TERMINAL).out == "True\n"
    assert caller.type("seen", "--json", tty=TERMINAL).json == "False"
    assert caller.type("seen", tty=PIPES).out == "False\n"
    assert caller.type("seen", tty=TTY(stdin=False, stdout=True)).out == "False\n"
