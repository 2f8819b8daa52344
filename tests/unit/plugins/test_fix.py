"""The command `fix`: rules and the manual first, an AI where they are not sure, and nothing runs unasked."""

import pytest

from isaac_plugins.fix import plugin
from isaacd.history.cards import RunCard
from tests.assist_house import AssistHouse, asked
from tests.fake_caller import TERMINAL

PUSH = b"fatal: The current branch topic has no upstream branch.\n"


class FakeHistory:
    """Remembers one run, and what it was asked for."""

    def __init__(self, run: RunCard | None = None) -> None:
        self.run = run
        self.asked: list[tuple[str | None, bool | None]] = []

    async def last(self, *, session: str | None = None, failed: bool | None = None) -> RunCard | None:
        self.asked.append((session, failed))
        return self.run


@pytest.fixture
def house(tmp_path):
    house = AssistHouse(tmp_path, plugin, programs=["git", "ls", "mkdir", "pack", "sudo", "apt", "cat"])
    house.services.history = FakeHistory()  # type: ignore[misc]
    return house


def test_the_last_failed_command_of_this_shell_is_looked_at(house):
    run = RunCard(id=1, command="mkdir a/b/c", exit=1, cwd=str(house.here))
    house.services.history.run = run
    shown = house.type("fix", env={"ISAAC_SESSION": "s1"})
    assert house.services.history.asked == [("s1", True)]
    assert "mkdir -p a/b/c" in shown.out
    assert "the folder a/b is not there yet" in shown.out


def test_without_a_failed_command_it_says_what_to_do(house):
    shown = house.type("fix")
    assert shown.exit == 1
    assert "isaacctl shell-init" in shown.err


def test_what_was_printed_may_be_piped_in(house):
    found = house.type("fix", "--json", "--", "git", "push", piped=[PUSH]).json
    assert found["why"] == "the branch topic is not there on the server yet"
    (best, *_) = found["candidates"]
    assert (best["command"], best["tier"]) == ("git push --set-upstream origin topic", "3")
    assert found["knows_output"]


def test_what_was_printed_may_come_from_a_file(house):
    (house.here / "errors.txt").write_bytes(PUSH)
    shown = house.type("fix", "--output", "errors.txt", "--", "git", "push")
    assert "git push --set-upstream origin topic" in shown.out


def test_output_alone_tells_why(house):
    shown = house.type("fix", piped=[b"bash: jq: command not found\n"])
    assert "sudo apt install jq" in shown.out or "apt install jq" in shown.out


def test_a_slip_is_corrected(house):
    assert "git status" in house.type("fix", "--exit", "127", "--", "gti", "status").out


def test_an_option_is_looked_up_in_the_manual(house):
    shown = house.type(
        "fix", "--", "pack", "--extrakt", "x", piped=[b"pack: unrecognized option '--extrakt'\n"]
    )
    assert "pack --extract x" in shown.out


def test_a_rule_that_is_sure_costs_no_call(house):
    house.has_model({"why": "because", "fixes": []})
    house.type("fix", "--", "git", "push", piped=[PUSH])
    assert house.sent == []


def test_an_ai_is_asked_where_the_rules_are_not_sure(house):
    house.has_model(
        {"why": "the moon is full", "fixes": [{"command": "ls -a", "why": "look", "confidence": 1.0}]}
    )
    shown = house.type("fix", "--", "frobnicate", piped=[b"error 0x80 token=ghp_" + b"a1B2c3D4" * 5])
    assert "the moon is full" in shown.out
    assert "ls -a" in shown.out
    (sent,) = house.sent
    assert "ghp_" not in sent
    assert "BEGIN OUTPUT\nerror 0x80" in sent


def test_what_an_ai_proposes_is_judged_and_cannot_be_surer_than_it_may(house):
    house.has_model({"why": "x", "fixes": [{"command": "rm -rf /", "why": "tidy", "confidence": 1.0}]})
    found = house.type("fix", "--json", "--", "frobnicate", piped=[b"oh\n"]).json
    assert found["candidates"][0]["tier"] == "4"
    assert found["candidates"][0]["confidence"] <= 0.9


def test_what_nobody_knows_is_said(house):
    shown = house.type("fix", "--offline", "--", "frobnicate", "--hard", piped=[b"error 0x80\n"])
    assert shown.exit == 0
    assert "why it failed is not known" in shown.out or "frobnicate" in shown.out


def test_a_person_has_it_run(house):
    shown = house.type("fix", "--", "mkdir", "a/b/c", tty=TERMINAL, answers=["r"])
    assert "$ mkdir -p a/b/c" in asked(shown)[0]
    assert shown.outcome.run is not None


def test_a_person_gives_it_up(house):
    shown = house.type("fix", "--", "mkdir", "a/b/c", tty=TERMINAL, answers=["c"])
    assert shown.outcome.run is None
    assert shown.exit == 0


def test_options_that_make_no_sense_are_refused(house):
    assert house.type("fix", "--offline", "--ai", "--", "ls").exit == 2
    assert house.type("fix", "--", "x" * 9000).exit == 2
