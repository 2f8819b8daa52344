"""A command that takes a file may have commands below it: a word that is none of them is the file's name."""

from pathlib import Path
from typing import Annotated

import pytest

from isaacd.cli.complete import complete
from isaacd.command import Argument
from isaacd.context import Context
from isaacd.errors import PluginFailed
from isaacd.plugin import Plugin
from tests.fake_caller import Caller

plugin = Plugin("pile", summary="Piles.")


@plugin.command
def pile(
    context: Context, file: Annotated[Path | None, Argument("What to pile.")] = None, *, tall: int = 1
) -> str:
    """Pile a file up."""
    return f"pile {file} {tall}"


@plugin.command(name="list")
def list_(context: Context, what: str = "all") -> str:
    """List the piles."""
    return f"list {what}"


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        ([], "pile None 1"),
        (["x.txt"], "pile x.txt 1"),
        (["-"], "pile - 1"),
        (["x.txt", "--tall", "3"], "pile x.txt 3"),
        (["--tall", "3", "x.txt"], "pile x.txt 3"),
        (["--tall=3"], "pile None 3"),
        (["--json", "x.txt"], '"pile x.txt 1"'),
        (["list"], "list all"),
        (["list", "--what", "x"], "list x"),
        (["--json", "list"], '"list all"'),
        (["./list"], "pile list 1"),
        (["--", "list"], "pile list 1"),
        (["--tall", "3", "--set", "log.level=info", "list"], "list all"),
    ],
)
def test_the_first_word_decides(argv: list[str], shown: str) -> None:
    assert Caller(plugin).type("pile", *argv).out == f"{shown}\n"


def test_help_tells_of_the_file_and_of_the_commands() -> None:
    text = Caller(plugin).type("pile", "--help").out
    assert "isaacctl pile [OPTIONS] [FILE | COMMAND [ARGS]...]" in text
    assert "What to pile." in text
    assert "List the piles." in text
    assert "--tall" in text


def test_a_line_that_is_wrong_is_said_to_be() -> None:
    shown = Caller(plugin).type("pile", "x", "y")
    assert shown.exit == 2
    assert "unexpected argument 'y'" in shown.err


def test_files_and_commands_complete() -> None:
    tree = Caller(plugin).line.tree()
    assert {(item.value, item.kind) for item in complete(tree, ["pile", ""])} == {
        ("list", "word"),
        ("", "file"),
    }
    assert "--tall" in {item.value for item in complete(tree, ["pile", "x", "--"])}
    assert complete(tree, ["pile", "x", ""]) == []


def test_a_word_that_is_no_file_could_mean_two_things() -> None:
    other = Plugin("other")
    other.command(lambda_of())

    def below(context: Context) -> str:
        """Be below."""
        return ""

    with pytest.raises(PluginFailed, match="must be an option"):
        other.command(below)


def lambda_of():  # type: ignore[no-untyped-def]
    def other(context: Context, word: Annotated[str, Argument()] = "") -> str:
        """Take a word."""
        return word

    return other
