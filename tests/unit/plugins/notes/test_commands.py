"""The commands about notes, as a person and as a program use them."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from isaac_plugins import notes
from isaacd.ai.chat import ChatRequest, Finish, Piece, TextDelta
from isaacd.ai.provider import Host
from isaacd.config import ProviderConfig
from isaacd.context import TTY
from isaacd.errors import ProviderUnavailable
from tests.fake_caller import TERMINAL, Caller
from tests.fakes import FakeServices


class Model:
    """A provider that says `reply`, or fails."""

    kind = "openai-compatible"
    reply: str | Exception = "It is isaac-5 [1]."
    requests: list[ChatRequest] = []

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        self.name = name

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        Model.requests.append(request)
        if isinstance(Model.reply, Exception):
            raise Model.reply
        yield TextDelta(Model.reply)
        yield Finish(reason="stop", model="m")

    async def aclose(self) -> None:
        """Nothing to close."""


class Offline(Model):
    kind = "knowledge"


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    made = Caller(notes.plugin)
    home = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_STATE_HOME": str(tmp_path / "state")}
    made.services = FakeServices({**home, "XDG_CACHE_HOME": str(tmp_path / "cache")}, tmp_path / "log")
    made.services.factories = {"openai-compatible": Model, "knowledge": Offline}
    Model.reply, Model.requests = "It is isaac-5 [1].", []
    return made


def test_a_note_is_kept_listed_shown_found_and_deleted(caller: Caller) -> None:
    assert caller.type("notes", "add", "the", "wifi", "is", "isaac-5", "--tag", "work").out == (
        "note 1 #work: the wifi is isaac-5\n"
    )
    assert caller.type("notes", "list", "--json").json[0]["tags"] == ["work"]
    assert caller.type("notes").out == caller.type("notes", "list").out
    assert "isaac-5" in caller.type("notes", "show", "1").out
    assert "isaac-5" in caller.type("notes", "search", "wif").out
    assert caller.type("notes", "tags", "--json").json == [{"tag": "work", "notes": 1}]
    assert caller.type("notes", "delete", "1").out == "deleted 1 note\n"
    told = caller.type("notes", "show", "1")
    assert (told.exit, told.err.splitlines()[0]) == (1, "error: there is no note 1")


def test_what_is_piped_in_is_a_note(caller: Caller) -> None:
    piped = TTY(stdin=False)
    assert caller.type("notes", "add", tty=piped, piped=[b"from a ", b"pipe\n"]).exit == 0
    assert caller.type("notes", "add", "commit:", tty=piped, piped=[b"abc"]).exit == 0
    assert [note["text"] for note in caller.type("notes", "list", "--json").json] == [
        "commit:\n\nabc",
        "from a pipe",
    ]
    assert caller.type("notes", "add", tty=piped, piped=[]).exit == 2


def test_the_editor_gets_a_file_that_stays_until_it_is_kept(caller: Caller) -> None:
    caller.type("notes", "add", "one")
    env = {"EDITOR": "edit -w", "TERM": "xterm"}
    opened = caller.type("notes", "edit", "1", tty=TERMINAL, env=env).outcome
    assert opened.exec[:2] == ("edit", "-w")
    assert opened.after == ("notes", "save", "1")
    file = Path(opened.exec[2])
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("one\n", 0o600)
    file.write_text("two\n")
    again = caller.type("notes", "edit", "1", tty=TERMINAL, env=env)
    assert "was not kept" in again.out
    assert file.read_text() == "two\n"
    assert caller.type(*opened.after).out == "note 1: two\n"
    assert not file.exists()
    assert caller.type(*opened.after).exit == 1


def test_a_text_can_be_changed_without_an_editor(caller: Caller) -> None:
    caller.type("notes", "add", "one")
    assert caller.type("notes", "change", "1", "two", "words").out == "note 1: two words\n"


def test_a_new_note_is_written_in_the_editor(caller: Caller) -> None:
    opened = caller.type("notes", "write", "-t", "work", tty=TERMINAL, env={"EDITOR": "vi"}).outcome
    Path(opened.exec[1]).write_text("written\n")
    assert caller.type(*opened.after).out == "note 1 #work: written\n"
    assert caller.type("notes", "save", "../../etc/passwd").exit == 2


def test_what_is_exported_can_be_imported_and_nothing_comes_twice(caller: Caller) -> None:
    caller.type("notes", "add", "a", "-t", "x")
    caller.type("notes", "add", "b")
    lines = caller.type("notes", "export").out
    assert caller.type("notes", "export", "--json").out == lines
    for number in ("1", "2"):
        caller.type("notes", "delete", number)
    piped = TTY(stdin=False)
    assert caller.type("notes", "import", "-", tty=piped, piped=[lines.encode()]).out == "took in 2 notes\n"
    assert caller.type("notes", "import", "-", tty=piped, piped=[lines.encode()]).out == (
        "took in 0 notes, left out 2\n"
    )
    assert [note["tags"] for note in caller.type("notes", "list", "--json").json] == [[], ["x"]]
    assert caller.type("notes", "import", "-", tty=piped, piped=[b'["c"]']).out == "took in 1 note\n"
    told = caller.type("notes", "import", "-", tty=piped, piped=[b'{"text": 3}'])
    assert told.exit == 2
    assert "line 1 is no note" in told.err


def test_without_a_model_the_best_passages_are_the_answer(caller: Caller) -> None:
    caller.type("notes", "add", "the wifi of the office is isaac-5")
    caller.type("notes", "add", "buy milk")
    shown = caller.type("notes", "ask", "what", "is", "the", "wifi")
    assert shown.out.startswith("[1] the wifi of the office is isaac-5\n")
    assert "from note 1" in shown.out
    assert Model.requests == []
    assert caller.type("notes", "ask", "nothing known").exit == 1


def test_a_model_answers_from_the_notes_and_names_them(caller: Caller) -> None:
    caller.type("notes", "add", "the wifi of the office is isaac-5")
    caller.type("notes", "add", "the office plant needs water")
    env = {"OPENAI_API_KEY": "k"}
    shown = caller.type("notes", "ask", "what is the wifi of the office", "--json", env=env)
    assert shown.json["answer"] == "It is isaac-5 [1]."
    assert [source["note"] for source in shown.json["sources"]] == [1]
    sent = Model.requests[0].messages[-1].content
    assert "[1]\nthe wifi of the office is isaac-5" in sent


def test_a_model_that_fails_leaves_the_passages(caller: Caller) -> None:
    caller.type("notes", "add", "the wifi is isaac-5")
    Model.reply = ProviderUnavailable("down")
    shown = caller.type("notes", "ask", "wifi", env={"OPENAI_API_KEY": "k"})
    assert "[1] the wifi is isaac-5" in shown.out
    assert "nobody answered" in shown.err
