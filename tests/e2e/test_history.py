"""The history from end to end: appended by the client, taken in by a daemon, searched, forgotten, and gone from the disk."""

import json
import time

import pytest

from tests.client_runs import Home, eventually, home
from tests.pty_person import at_terminal


@pytest.fixture
def user():
    with home() as made:
        yield made
        made.run("stop")


def found(user: Home, *argv: str) -> list[str]:
    return [run["command"] for run in json.loads(user.run("history", "search", "--json", *argv).stdout)]


def everything(user: Home) -> bytes:
    return b"".join(file.read_bytes() for file in user.base.rglob("*") if file.is_file() and file.name != "h")


def test_imported_searched_and_forgotten(user):
    (user.base / "h").write_text(
        "#1764560000\nmake all\n#1764560001\ndeploy unspeakable\n#1764560002\nmysql -phunter2pw x\n"
    )
    assert "added 3 commands" in user.run("history", "import", "bash", "h").stdout
    assert "3 were there already" in user.run("history", "import", "bash", "h").stdout
    assert found(user) == ["mysql -p[redacted] x", "deploy unspeakable", "make all"]
    assert found(user, "unspeak") == ["deploy unspeakable"]
    assert b"hunter2pw" not in everything(user)
    assert b"unspeakable" in everything(user)
    refused = user.run("history", "forget", "unspeakable")
    assert refused.returncode != 0
    with at_terminal(
        ["-m", "isaacctl", "history", "forget", "unspeakable"], user.environ, cwd=str(user.base)
    ) as person:
        person.reads("Forget 1 run of 1 line for good? [y/N]")
        person.types("y\n")
        assert person.leaves() == 0
    assert found(user, "unspeakable") == []
    assert b"unspeakable" not in everything(user)
    lines = user.run("history", "export").stdout.splitlines()
    assert [json.loads(line)["command"] for line in lines] == ["make all", "mysql -p[redacted] x"]
    assert user.run("history", "export", "--json").stdout.splitlines() == lines


def test_a_running_daemon_takes_in_what_is_appended_without_being_asked(user):
    assert user.run("run", "echo hello").stdout == "hello\n"
    spool = user.base / ".local/state/isaac/spool/commands"
    assert eventually(lambda: spool.stat().st_size == 0)
    (run,) = json.loads(user.run("history", "--json").stdout)
    assert (run["command"], run["exit"], run["shell"], run["cwd"]) == (
        "echo hello",
        0,
        "isaac",
        str(user.base),
    )
    assert abs(run["at"] - time.time()) < 300
