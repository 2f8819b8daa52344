"""Where a line goes: each route takes what is its own and leaves the rest alone."""

from pathlib import Path

import pytest

from isaacd.routing.settings import OwnRule
from isaacd.safety.tier import Tier
from tests.routing_house import RoutingHouse


@pytest.fixture
def house(tmp_path: Path) -> RoutingHouse:
    return RoutingHouse(tmp_path)


@pytest.mark.parametrize("line", ["", "   ", "\t\n", "# a comment", "  # one\n# two\n"])
def test_nothing_comes_of_lines_that_say_nothing(house: RoutingHouse, line: str) -> None:
    assert house.route(line).kind == "nothing"


@pytest.mark.parametrize(
    "line", ["ls -la", "git status", "cat a | grep b", "for i in 1 2; do ls; done", "/bin/ls"]
)
def test_what_a_shell_understands_goes_to_the_shell_as_it_was_typed(house: RoutingHouse, line: str) -> None:
    found = house.route(line)
    assert (found.kind, found.line, found.correction) == ("shell", line, None)
    assert found.verdict is not None


def test_a_forced_line_is_left_as_it_is_and_judged_all_the_same(house: RoutingHouse) -> None:
    found = house.route("!! gti status", aliases={"gti": "git"}, autocorrect=True)
    assert (found.kind, found.line, found.forced, found.correction) == ("shell", "gti status", True, None)
    found = house.route("!!rm -rf /")
    assert found.forced
    assert found.verdict is not None
    assert found.verdict.tier is Tier.DESTRUCTIVE


def test_only_what_a_person_typed_can_force(house: RoutingHouse) -> None:
    found = house.route("x y", aliases={"x": "!! ls"})
    assert not found.forced


def test_the_mark_alone_forces_nothing(house: RoutingHouse) -> None:
    assert house.route("!!").kind == "refused"


@pytest.mark.parametrize(
    ("line", "command", "arguments", "shell"),
    [
        ("/status", "status", (), "isaacctl status"),
        ("/cache.stats --json", "cache.stats", ("--json",), "isaacctl cache stats --json"),
        ("/cache stats 'a b'", "cache.stats", ("a b",), "isaacctl cache stats 'a b'"),
        ("/help", "help", (), "isaacctl help"),
        ("/?", "help", (), "isaacctl help"),
    ],
)
def test_a_slash_calls_a_command_of_isaac(
    house: RoutingHouse, line: str, command: str, arguments: tuple[str, ...], shell: str
) -> None:
    found = house.route(line, {})
    assert (found.kind, found.command, found.arguments, found.line) == ("command", command, arguments, shell)


def test_a_file_with_the_name_of_a_command_stays_a_file(house: RoutingHouse) -> None:
    assert house.route("/status", {"/status": "file"}).kind == "shell"


@pytest.mark.parametrize(
    "line", ["/status; rm -rf /", "/status > x", "/status $(ls)", "/status && ls", "/status 'a"]
)
def test_a_command_of_isaac_covers_for_nothing_else(house: RoutingHouse, line: str) -> None:
    assert house.route(line, {}).kind == "shell"


def test_a_mistyped_command_of_isaac_is_suggested(house: RoutingHouse) -> None:
    found = house.route("/statsu --json", {})
    assert found.kind == "refused"
    assert found.correction is not None
    assert found.correction.line == "/status --json"


def test_an_alias_stands_for_its_text_and_may_name_itself(house: RoutingHouse) -> None:
    assert house.route("ls -a", aliases={"ls": "ls --color"}).line == "ls --color -a"
    assert house.route("st", {}, aliases={"st": "/status"}).command == "status"


def test_an_alias_is_judged_by_what_it_says(house: RoutingHouse) -> None:
    found = house.route("harmless /", aliases={"harmless": "rm -rf"})
    assert found.verdict is not None
    assert found.verdict.tier is Tier.DESTRUCTIVE


def test_aliases_that_lead_to_each_other_come_to_an_end(house: RoutingHouse) -> None:
    assert house.route("a", aliases={"a": "b", "b": "a"}).kind == "shell"
    many = {f"n{number}": f"n{number + 1}" for number in range(50)}
    assert house.route("n0", aliases=many).kind == "refused"


def test_rules_come_in_order_and_fill_in_what_stood_at_the_star(house: RoutingHouse) -> None:
    rules = [
        OwnRule("no", "deploy prod*", refuse="the release job does that"),
        OwnRule("deploy", "deploy *", run="make deploy TARGET=*"),
        OwnRule("ask", "hm *", ask=True),
    ]
    assert house.route("deploy prod", rules=rules).kind == "refused"
    assert house.route("deploy test", rules=rules).line == "make deploy TARGET=test"
    assert house.route("hm why is it slow", rules=rules).question == "why is it slow"
    assert house.route("deployed", rules=rules).line == "deployed"


def test_a_rule_s_line_is_judged(house: RoutingHouse) -> None:
    found = house.route("tidy /", rules=[OwnRule("tidy", "tidy *", run="rm -rf *")])
    assert found.verdict is not None
    assert found.verdict.tier is Tier.DESTRUCTIVE


def test_a_plugin_s_rule_says_another_line_and_the_person_is_told(house: RoutingHouse) -> None:
    found = house.route("list", rewrites={"mine": lambda line: "ls" if line == "list" else None})
    assert found.line == "ls"
    assert found.verdict is not None
    assert found.verdict.tier is Tier.REVERSIBLE


def test_a_plugin_s_rule_that_fails_fails_alone(house: RoutingHouse) -> None:
    def broken(line: str) -> str | None:
        raise ValueError(line)

    assert house.route("ls", rewrites={"broken": broken}).line == "ls"


@pytest.mark.parametrize(
    "line", ["cd ..", "export A=1", "A=1", "source x", ". x", "ls && cd x", "A=1 cd x", "exit 1"]
)
def test_what_changes_the_shell_is_handed_back(house: RoutingHouse, line: str) -> None:
    assert house.route(line).kind == "builtin"


@pytest.mark.parametrize("line", ["A=1 ls", "cd x | cat", "echo cd", "ls; cat x", "(cd x)"])
def test_what_changes_nothing_in_the_shell_is_for_any_shell(house: RoutingHouse, line: str) -> None:
    assert house.route(line).kind == "shell"


def test_a_builtin_with_something_dangerous_behind_it_keeps_its_tier(house: RoutingHouse) -> None:
    found = house.route("cd x && sudo rm -rf /")
    assert found.verdict is not None
    assert (found.kind, found.verdict.tier) == ("builtin", Tier.DESTRUCTIVE)


def test_a_loop_over_a_menu_is_no_sentence(house: RoutingHouse) -> None:
    assert house.route("select x in a b; do echo $x; break; done").kind == "shell"


@pytest.mark.parametrize(
    "line",
    [
        "start the server on port 80",
        "rename all of the jpg files to png",
        "move all the jpg files into pictures",
    ],
)
def test_a_sentence_that_begins_like_a_command_of_windows_is_a_question(
    house: RoutingHouse, line: str
) -> None:
    found = house.route(line)
    assert (found.kind, found.question) == ("question", line)


def test_a_command_of_windows_that_is_no_sentence_is_refused_or_translated(house: RoutingHouse) -> None:
    assert house.route("rename a").kind == "refused"
    assert house.route("copy a b").line == "cp a b"


@pytest.mark.parametrize(
    ("line", "question"),
    [
        ("isaac what is my address", "what is my address"),
        ("? tar", "tar"),
        ("?why", "why"),
        ("how do I find large files", "how do I find large files"),
        ("show me all open ports", "show me all open ports"),
        ("which process uses port 80?", "which process uses port 80?"),
        ("kill the process on port 3000", "kill the process on port 3000"),
        ("install the latest version of node", "install the latest version of node"),
        (
            "find all the files in this folder that are empty",
            "find all the files in this folder that are empty",
        ),
    ],
)
def test_a_sentence_is_a_question(house: RoutingHouse, line: str, question: str) -> None:
    found = house.route(line)
    assert (found.kind, found.question, found.verdict) == ("question", question, None)


@pytest.mark.parametrize(
    "line",
    [
        "find . -name all",
        "sort the",
        "echo this is all the text in a file",
        "git commit -m 'show me all the files'",
        "make all the things",
        "which python",
        "who am i",
        "cat a | sort and uniq all the lines",
        "if it is all in the file; then ls; fi",
        "vim notes about all the things in it",
    ],
)
def test_a_command_with_words_is_no_sentence(house: RoutingHouse, line: str) -> None:
    assert house.route(line).kind == "shell"


def test_every_step_is_told_in_order(house: RoutingHouse) -> None:
    found = house.route("gs -v", aliases={"gs": "git status"})
    assert [step.route for step in found.steps if step.outcome != "passed"] == ["alias", "shell"]
    assert all(step.why for step in found.steps)
    names = [step.route for step in house.route("ls").steps]
    assert tuple(names) == house.router.routes
