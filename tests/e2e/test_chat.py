"""Conversations through the whole house: a real daemon, the offline provider, and a person at a terminal."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon import Daemon, running
from tests.pty_person import Person, at_terminal

CTRL_C, CTRL_D = "\x03", "\x04"


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with running() as made:
        yield made


def sit_down(daemon: Daemon, *argv: str):
    return at_terminal(["-m", "isaacctl", "chat", *argv], daemon.home.environ, cwd=str(daemon.home.directory))


def say(person: Person, text: str, until: str = "> ") -> str:
    person.types(text + "\r")
    return person.reads(until)


def test_a_person_talks_leaves_and_goes_on(daemon):
    with sit_down(daemon) as person:
        person.reads("> ")
        assert "ss" in say(person, "how do I list open ports?", "\n> ")
        person.types(CTRL_D)
        person.reads("go on with: isaacctl chat --name how-do-i-list-open")
        assert person.leaves() == 0
    with sit_down(daemon, "--continue") as person:
        person.reads("> ")
        say(person, "/tokens", "2 turns")
        person.reads("> ")
        person.types("/quit\r")
        assert person.leaves() == 0
    shown = daemon.home.isaacctl("chat", "show", "--json").stdout
    assert [turn["role"] for turn in json.loads(shown)] == ["user", "assistant"]


def test_in_chat_commands_steer_the_conversation(daemon):
    (daemon.home.config.parent / "roles").mkdir(parents=True)
    (daemon.home.config.parent / "roles/pirate.md").write_text("Arr, {user}.")
    with sit_down(daemon, "--name", "trip") as person:
        person.reads("> ")
        assert "did you mean /retry" in say(person, "/rety", "as it is")
        say(person, "find big files", "\n> ")
        say(person, "/undo", "taken back: find big files")
        say(person, "find large files", "\n> ")
        say(person, "/role pirate", "role: pirate")
        say(person, "/save journey", "it is called journey now")
        say(person, "/branch other", "this branch is called other")
        say(person, "/export other.md", "written to")
        say(person, "/export other.md", "File exists")
        say(person, "/edit", "find large files")
        person.types(" now\r")
        person.reads("\n> ")
        say(person, "//etc is what?", "\n> ")
        person.presses(CTRL_C)
        assert person.leaves() == 0
    assert "find large files" in (daemon.home.directory / "other.md").read_text()
    names = {row["name"]: row for row in json.loads(daemon.home.isaacctl("chat", "list", "--json").stdout)}
    assert set(names) == {"journey", "other"}
    turns = json.loads(daemon.home.isaacctl("chat", "show", "other", "--json").stdout)
    assert [turn["text"] for turn in turns if turn["role"] == "user"] == [
        "find large files now",
        "/etc is what?",
    ]


SLOW = """
import anyio
from isaacd.api import Finish, Plugin, TextDelta
plugin = Plugin("slow", summary="A provider that begins, and waits.")

@plugin.provider
class Slow:
    kind = "slow"
    def __init__(self, name, config, host):
        self.name = name
    async def stream(self, request):
        yield TextDelta("**half** an ")
        if request.messages[-1].content == "wait":
            await anyio.sleep_forever()
        yield TextDelta("answer")
        yield Finish(reason="stop", model="slow-1")
    async def aclose(self):
        pass
"""
SLOW_CONFIG = '[ai.providers.slow]\nkind = "slow"\n'


def test_ctrl_c_stops_the_answer_and_keeps_what_came(tmp_path: Path):
    with running(plugins={"slow": SLOW}, config=SLOW_CONFIG) as daemon:
        with sit_down(daemon, "--name", "t") as person:
            person.reads("> ")
            say(person, "wait", "half an")
            person.presses(CTRL_C)
            person.reads("stopped; /retry asks again")
            person.reads("> ")
            say(person, "go on", "half an answer")
            person.reads("> ")
            assert "\x1b[1mhalf\x1b[0m" in person.raw
            person.types(CTRL_D)
            assert person.leaves() == 0
        turns = json.loads(daemon.home.isaacctl("chat", "show", "t", "--json").stdout)
        assert [(turn["role"], turn["text"], turn["broken"]) for turn in turns] == [
            ("user", "wait", None),
            ("assistant", "**half** an ", "stopped"),
            ("user", "go on", None),
            ("assistant", "**half** an answer", None),
        ]


def test_a_question_survives_kill_9_in_the_middle_of_its_answer():
    with running(plugins={"slow": SLOW}, config=SLOW_CONFIG) as daemon:
        with sit_down(daemon, "--name", "t") as person:
            person.reads("> ")
            say(person, "wait", "half an")
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()
            assert person.leaves() != 0
        with running(home=daemon.home) as again:
            turns = json.loads(again.home.isaacctl("chat", "show", "t", "--json").stdout)
            assert [(turn["role"], turn["text"]) for turn in turns] == [("user", "wait")]
            assert "ask again with" in again.home.isaacctl("chat", "show", "t").stdout


def test_one_turn_at_a_time_through_pipes(daemon):
    home = daemon.home
    first = home.isaacctl("chat", "say", "--name", "t", "list", "open", "ports")
    assert first.returncode == 0
    assert first.stdout
    assert "\x1b" not in first.stdout
    assert home.isaacctl("chat", "--name", "t", input=b"find big files\n").returncode == 0
    whole = json.loads(home.isaacctl("chat", "say", "--continue", "--json", "find", "files").stdout)
    assert whole["chat"] == "t"
    found = json.loads(home.isaacctl("chat", "search", "big", "--json").stdout)
    assert [item["turn"] for item in found if item["role"] == "user"] == [3]
    exported = home.isaacctl("chat", "export", "--name", "t", "--format", "json").stdout
    assert "t-2" in home.isaacctl("chat", "import", "-", input=exported.encode()).stdout
    assert home.isaacctl("chat", "rename", "t-2", "copy").returncode == 0
    refused = home.isaacctl("chat", "delete", "copy")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert home.isaacctl("chat", "delete", "copy", "--yes").returncode == 0
    assert home.isaacctl("chat", "show", "copy").returncode == 1
    forked = home.isaacctl("chat", "fork", "t", "--at", "2", "--new", "early")
    assert "chat --name early" in forked.stdout
    hello = home.isaacctl("chat", "hello", "there")
    assert hello.returncode == 2
    assert "isaacctl chat say" in hello.stderr


def test_an_editor_that_can_ask_a_person_is_asked_and_others_are_not(daemon):
    with daemon.caller() as caller:
        caller.call("chat.say", {"words": "find big files", "name": "t"})
        assert "nothing was deleted" in caller.fail("chat.delete", {"name": "t", "_meta": {"stream": True}})
        caller.call("hello", {"caps": ["line"]})
        number = caller.ask("chat.delete", {"name": "t", "_meta": {"stream": True}})
        while (message := caller.next())[2][2] != "confirm":
            pass
        question = message[2][3]
        assert question["prompt"] == "Delete the conversation 't' for good? [y/N] "
        caller.notify("$/input", number, b"y\n", question["question"] + 1)  # to another question: not taken
        caller.notify("$/input", number, b"yes\n", question["question"])
        assert caller.answer(number) == ("reply", number, 2)
