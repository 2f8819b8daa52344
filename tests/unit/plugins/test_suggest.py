"""The command `suggest`: judged before it is shown, offered at a terminal, and nothing unsure goes into a pipe."""

import pytest

from isaac_plugins.suggest import plugin
from isaacd.ai.chat import Candidate
from isaacd.errors import ProviderUnavailable
from tests.assist_house import AssistHouse, asked
from tests.fake_caller import TERMINAL


def answer(*candidates, confidence=0.9, placeholders=()):
    return {
        "candidates": [
            {
                "command": item,
                "explanation": "Does it.",
                "confidence": confidence,
                "placeholders": list(placeholders),
            }
            for item in candidates
        ]
    }


@pytest.fixture
def house(tmp_path):
    return AssistHouse(tmp_path, plugin, programs=["find", "ls", "rm", "dd", "cp", "sort", "date"])


def test_offline_the_best_command_alone_goes_into_a_pipe(house):
    shown = house.type("suggest", "find", "files", "larger", "than", "100", "MB")
    assert (shown.exit, shown.out) == (0, "find . -type f -size +100M\n")
    assert "cookbook; confidence 0.97; tier 1" in shown.err


def test_json_has_candidates_with_tiers_reasons_and_sources(house):
    found = house.type("suggest", "--json", "find files larger than 100 MB").json
    (first, *_) = found["candidates"]
    assert (first["command"], first["tier"], first["source"]) == (
        "find . -type f -size +100M",
        "1",
        "cookbook",
    )
    assert first["reasons"][0]["text"]


def test_what_nobody_knows_is_an_error_that_says_what_to_do(house):
    shown = house.type("suggest", "frob the quux")
    assert shown.exit == 1
    assert "configure an AI provider" in shown.err


def test_an_unsure_command_does_not_go_into_a_pipe(house):
    house.has_model(answer("find . -delete", confidence=0.2))
    shown = house.type("suggest", "frob the quux")
    assert (shown.exit, shown.out) == (1, "")
    assert "find . -delete" in shown.err


def test_what_can_destroy_is_never_sure_and_never_goes_into_a_pipe(house):
    house.has_model(answer("dd if=/dev/zero of=/dev/sda", confidence=1.0))
    found = house.type("suggest", "--json", "frob the quux").json
    assert found["candidates"][0]["tier"] == "4"
    assert found["candidates"][0]["confidence"] <= 0.5
    shown = house.type("suggest", "frob the quux")
    assert (shown.exit, shown.out) == (1, "")


def test_a_model_is_asked_with_the_machine_and_the_task_as_material(house):
    house.has_model(answer("ls -a"))
    shown = house.type(
        "suggest", "frob the quux with sk-proj-abcdef0123456789abcd", env={"SHELL": "/bin/zsh"}
    )
    assert shown.out == "ls -a\n"
    (sent,) = house.sent
    assert "Shell: zsh" in sent
    assert "Installed: find" not in sent
    assert "BEGIN TASK\nfrob the quux" in sent
    assert "sk-proj" not in sent


def test_a_model_cannot_lower_a_tier(house):
    house.has_model(answer("rm -rf /") | {"tier": "1", "danger": "none"})
    found = house.type("suggest", "--json", "tidy up").json
    assert found["candidates"][0]["tier"] == "4"


@pytest.mark.parametrize("command", ["", "ls\nrm -rf ~", "ls \x1b[2J", "ls \u202e", "x" * 5000])
def test_what_nobody_could_look_through_is_no_candidate(house, command):
    house.has_model(answer(command))
    assert house.type("suggest", "frob the quux").exit == 1


def test_programs_that_are_not_installed_and_placeholders_are_told(house):
    house.has_model(answer("frobnicate <file>"))
    found = house.type("suggest", "--json", "frob the quux").json
    assert found["candidates"][0]["missing"] == ["frobnicate"]
    assert found["candidates"][0]["placeholders"] == ["<file>"]


def test_a_model_that_fails_leaves_what_is_known_offline(house):
    house.has_model(ProviderUnavailable("it is away"))
    shown = house.type("suggest", "find files larger than 100 MB")
    assert shown.out == "find . -type f -size +100M\n"
    assert "it is away; this is what is known offline" in shown.err


def test_a_model_that_was_named_and_fails_is_an_error(house):
    house.has_model(ProviderUnavailable("it is away"))
    assert house.type("suggest", "--provider", "robot", "find files larger than 100 MB").exit == 69


def test_offline_asks_no_model(house):
    house.has_model(answer("ls -a"))
    assert house.type("suggest", "--offline", "find files larger than 100 MB").exit == 0
    assert house.sent == []


def test_options_that_make_no_sense_are_refused(house):
    assert house.type("suggest", "--offline", "--model", "x", "a").exit == 2
    assert house.type("suggest", "--limit", "0", "a").exit == 2
    assert house.type("suggest").exit == 2


def talk(house, *answers):
    return house.type("suggest", "--provider", "robot", "frob", tty=TERMINAL, answers=answers)


def test_a_person_chooses_and_has_it_run(house):
    house.has_model(answer("ls -a", "ls -l"))
    shown = talk(house, "2", "r")
    assert shown.exit == 0
    assert shown.outcome.run is not None
    first, second = asked(shown)
    assert "1  ls -a" in first
    assert "$ ls -l" in second


def test_a_person_leaves_and_nothing_is_run(house):
    house.has_model(answer("ls -a"))
    for said in ("c", "", "nonsense"):
        shown = talk(house, said)
        assert (shown.exit, shown.outcome.run) == (0, None)


def test_a_placeholder_is_asked_for_before_anything_can_run(house):
    house.has_model(answer("ls <folder>"))
    shown = talk(house, "my files", "r")
    assert asked(shown)[0] == "<folder>: "
    assert "$ ls 'my files'" in asked(shown)[1]
    assert shown.outcome.run is not None
    shown = talk(house, "")
    assert shown.outcome.run is None


def test_a_placeholder_that_is_named_is_asked_for_too(house):
    house.has_model(answer("ls FOLDER", placeholders=["FOLDER"]))
    shown = talk(house, "src", "r")
    assert "$ ls src" in asked(shown)[1]


def test_it_is_explained_when_that_is_asked(house):
    house.has_model(answer("sort -u names"))
    shown = talk(house, "x", "c")
    assert "sort" in asked(shown)[1]
    assert "a file to sort" in asked(shown)[1]


def test_the_offline_candidates_carry_their_placeholders():
    assert Candidate(command="x", description="", source="", confidence=0.5).placeholders == ()
