"""Tasks of a real daemon: they go on when the client leaves, and none is lost when the daemon is killed."""

import signal

import msgspec
import pytest

from tests.daemon import Home, a_home, eventually, running

SLOW = '''
"""Waits for a file."""
from pathlib import Path
import anyio
from isaacd.api import Context, Plugin
plugin = Plugin("slow")

@plugin.command
async def slow(context: Context, file: str) -> str:
    """Wait for a file.

    Examples:
        isaacctl slow x
    """
    await context.emit("delta", "waiting\\n")
    while not Path(file).exists():
        await anyio.sleep(0.02)
    return "it came"
'''


@pytest.fixture
def home():
    with a_home() as made:
        made.write_plugin("slow", SLOW)
        yield made


def tasks(home: Home) -> list[dict[str, object]]:
    done = home.isaacctl("tasks", "list", "--json")
    assert done.returncode == 0, done.stderr
    return msgspec.json.decode(done.stdout)


def test_a_task_goes_on_when_its_client_has_left(home: Home) -> None:
    wanted = home.directory / "now"
    with running(home=home):
        begun = home.isaacctl("tasks", "run", "--json", "--", "slow", str(wanted))
        number = str(msgspec.json.decode(begun.stdout)["id"])
        assert tasks(home)[0]["state"] in ("queued", "running")
        wanted.touch()
        done = home.isaacctl("tasks", "follow", number)
        assert (done.returncode, done.stdout) == (0, "waiting\nit came\n"), done.stderr
        shown = msgspec.json.decode(home.isaacctl("tasks", "show", number, "--json").stdout)
        assert (shown["task"]["state"], shown["task"]["exit"]) == ("done", 0)


def test_a_line_that_cannot_be_understood_is_refused_at_once(home: Home) -> None:
    with running(home=home):
        done = home.isaacctl("tasks", "run", "--", "aks", "hello")
        assert done.returncode == 2
        assert "did you mean" in done.stderr
        assert tasks(home) == []


def test_piped_input_goes_along(home: Home) -> None:
    with running(home=home):
        assert home.isaacctl("tasks", "run", "--", "ask", input=b"tar xzf notes.tgz").returncode == 0
        done = home.isaacctl("tasks", "wait", "--json")
        assert msgspec.json.decode(done.stdout)["state"] == "done"


def test_what_runs_when_the_daemon_is_killed_is_interrupted_and_what_is_resumable_goes_on(home: Home) -> None:
    wanted = home.directory / "later"
    with running(home=home) as daemon:
        home.isaacctl("tasks", "run", "--", "slow", str(wanted))
        home.isaacctl("tasks", "run", "--resumable", "--", "slow", str(wanted))
        eventually(lambda: [item["state"] for item in tasks(home)] == ["running"] * 2, "both to run")
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
    with running(home=home):
        eventually(
            lambda: [item["state"] for item in tasks(home)] == ["running", "interrupted"], "one to go on"
        )
        wanted.touch()
        assert home.isaacctl("tasks", "wait", "2").returncode == 0
        assert home.isaacctl("tasks", "follow", "1").returncode == 1


def test_cancelling_and_stopping_leave_an_end(home: Home) -> None:
    with running(home=home, config="[limits]\ndrain_s = 0.1\n") as daemon:
        for _ in range(2):
            home.isaacctl("tasks", "run", "--", "slow", "/nonexistent/file")
        assert "cancelled" in home.isaacctl("tasks", "cancel", "1").stdout
        eventually(lambda: tasks(home)[0]["state"] == "running", "the other to run")
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait() == 0
    with running(home=home):
        assert [item["state"] for item in tasks(home)] == ["interrupted", "cancelled"]
