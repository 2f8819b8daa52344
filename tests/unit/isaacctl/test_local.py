"""The commands that need no daemon, with the stand-in as the daemon."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from isaacctl import __version__
from isaacctl.__main__ import LOCAL_COMMANDS
from tests.client_runs import Home, eventually, home
from tests.fake_daemon import serving


@pytest.fixture
def user() -> Iterator[Home]:
    with home() as made:
        yield made.with_fake_isaacd()


def answer(user: Home, *argv: str) -> dict:
    done = user.run(*argv, "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def test_start_starts_once_and_waits_for_an_answer(user):
    first = answer(user, "start")
    second = answer(user, "start")
    assert first == {"running": True, "started": True, "pid": user.starts[0]}
    assert second == {"running": True, "started": False, "pid": user.starts[0]}


def test_a_daemon_started_by_hand_gets_the_settings_and_does_not_leave_when_idle(user):
    user.run("--set", "log.level=debug", "--set=a=b", "start")
    assert user.facts()["arguments"][4:] == ["--set", "log.level=debug", "--set", "a=b"]


def test_start_on_demand_lets_the_daemon_leave_when_idle(user):
    user.run("start", "--on-demand")
    assert user.facts()["arguments"][4:] == ["--on-demand"]


def test_start_tells_why_a_daemon_does_not_start(user):
    done = user.with_fake_isaacd("die78").run("start")
    assert done.returncode == 78
    assert "there is no way to go on" in done.stderr


def test_stop_ends_the_daemon_and_can_be_repeated(user):
    user.run("start")
    assert answer(user, "stop") == {"running": False, "outcome": "stopped"}
    assert answer(user, "stop") == {"running": False, "outcome": "absent"}
    assert user.run("status").returncode == 3


def test_stop_waits_no_longer_than_told(user):
    user.with_fake_isaacd("stubborn").run("start")
    done = user.run("stop", "--timeout", "0.1")
    assert done.returncode == 75
    assert f"isaacd (pid {user.starts[0]}) has not stopped within 0.1 s" in done.stderr
    assert "--force" in done.stderr


def test_stop_by_force_kills_a_daemon_that_does_not_stop(user):
    user.with_fake_isaacd("stubborn").run("start")
    assert answer(user, "stop", "--force", "--timeout", "0.1")["outcome"] == "killed"
    assert eventually(lambda: not Path(f"/proc/{user.starts[0]}/exe").exists())


def test_stop_by_force_kills_a_daemon_that_does_not_even_answer(user):
    process = user.with_fake_isaacd("deaf").begin("x")
    assert eventually(lambda: user.starts)
    assert answer(user, "stop", "--force", "--timeout", "0.1")["outcome"] == "killed"
    assert process.wait(90) == 70


def test_force_kills_no_process_that_only_has_the_number(user):
    innocent = subprocess.Popen(["sleep", "60"])
    try:
        user.directory.mkdir(mode=0o700)
        holder = subprocess.Popen(["flock", user.lock, "sleep", "60"])
        assert eventually(lambda: user.run("status", "--json").stdout.count('"busy": true'))
        user.lock.write_text(f"{innocent.pid}\n")
        done = user.run("stop", "--force", "--timeout", "0.1")
        assert done.returncode == 75
        assert "not known which process" in done.stderr
        assert innocent.poll() is None
    finally:
        for process in (innocent, holder):
            process.send_signal(signal.SIGKILL)
            process.wait()


def test_restart_gives_another_daemon(user):
    before = answer(user, "start")["pid"]
    after = answer(user, "restart")
    assert after["before"] == "stopped"
    assert after["pid"] != before
    assert user.facts()["pid"] == after["pid"]


def test_restart_starts_where_nothing_ran(user):
    assert answer(user, "restart")["before"] == "absent"


def test_status_without_a_daemon_exits_with_3_and_knows_the_places(user):
    done = user.run("status", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout) == {
        "running": False,
        "busy": False,
        "socket": str(user.socket),
        "log": str(user.log),
    }
    assert user.run("--json", "status").stdout == done.stdout


def test_version_does_not_start_the_daemon(user):
    found = answer(user, "version")
    assert (found["isaacctl"], found["isaacd"], found["protocol"]) == (__version__, None, 1)
    assert user.starts == []


def test_version_names_the_running_daemon(user):
    user.run("start")
    assert answer(user, "version")["isaacd"] == {"version": "fake", "pid": user.starts[0]}
    text = user.run("version").stdout
    assert f"isaacctl {__version__}\nisaacd fake (pid {user.starts[0]})\n" in text


def test_version_of_something_else_at_the_socket_is_an_error(user):
    with serving(user.directory, lambda peer, message: peer.result("hello")):
        done = user.run("version")
    assert done.returncode == 70
    assert "does not speak like isaacd" in done.stderr


def write_log(user: Home, *lines: str) -> None:
    user.log.parent.mkdir(parents=True, exist_ok=True)
    with user.log.open("a") as file:
        file.writelines(line + "\n" for line in lines)


def test_logs_are_text_for_people(user):
    write_log(
        user,
        '{"ts":"2025-06-01T12:00:00.000Z","level":"info","event":"ready","pid":7,"note":"two words"}',
        '{"ts":"2025-06-01T12:00:01.000Z","level":"error","event":"failed","exception":"Traceback\\nValueError: x"}',
        "a line from \x1b[31msomewhere else",
    )
    user.environ["TZ"] = "UTC"
    assert user.run("logs").stdout.splitlines() == [
        '2025-06-01 12:00:00 info    ready  pid=7 note="two words"',
        "2025-06-01 12:00:01 error   failed",
        "    Traceback",
        "    ValueError: x",
        "a line from \N{REPLACEMENT CHARACTER}[31msomewhere else",
    ]


def test_logs_as_json_are_the_lines_as_they_are(user):
    lines = ['{"ts":"2025-06-01T12:00:00.000Z","level":"info","event":"ready"}', "no json"]
    write_log(user, *lines)
    assert user.run("logs", "--json").stdout.splitlines() == lines


def test_logs_shows_as_many_lines_as_asked_for(user):
    write_log(user, *(f"line {number} {'x' * 100}" for number in range(5000)))
    assert [line.split()[1] for line in user.run("logs", "-n", "3").stdout.splitlines()] == [
        "4997",
        "4998",
        "4999",
    ]
    assert len(user.run("logs", "-n", "2000").stdout.splitlines()) == 2000
    assert len(user.run("logs").stdout.splitlines()) == 20
    assert user.run("logs", "-n", "0").stdout == ""


def test_logs_follows_what_is_added_also_after_rotation(user):
    write_log(user, "first")
    process = user.begin("logs", "-f")
    assert process.stdout.readline() == b"first\n"
    write_log(user, "second")
    assert process.stdout.readline() == b"second\n"
    moved = user.log.rename(user.log.with_name("isaacd.log.1"))
    with moved.open("a") as still_written:
        still_written.write("third\n")
    assert process.stdout.readline() == b"third\n"
    write_log(user, "fourth")
    assert process.stdout.readline() == b"fourth\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(90) == 130
    assert process.communicate() == (b"", b"")


def test_logs_before_the_first_start_says_so(user):
    done = user.run("logs")
    assert done.returncode == 1
    assert f"{user.log}: nothing has been logged yet" in done.stderr


def test_logs_says_where_it_is(user):
    assert user.run("logs", "--path").stdout == f"{user.log}\n"
    assert answer(user, "logs", "--path") == {"path": str(user.log)}


@pytest.mark.parametrize("name", [name for name, _ in LOCAL_COMMANDS])
def test_every_local_command_has_help_with_examples_and_knows_json(user, name):
    done = user.run(name, "--help")
    assert done.returncode == 0
    assert f"Usage: isaacctl {name}" in done.stdout
    assert f"Examples:\n      isaacctl {name}" in done.stdout
    assert "--json" in done.stdout
    assert user.starts == []


def test_a_mistyped_option_is_answered_with_the_nearest(user):
    done = user.run("logs", "--folow")
    assert done.returncode == 2
    assert "Did you mean '--follow'?" in done.stderr
    assert "help: isaacctl logs --help" in done.stderr


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
@pytest.mark.parametrize("argv", [("logs",), ("version",), ("stop", "--help"), ("stop",)])
def test_output_that_cannot_be_written_is_an_error(user, argv, redirection):
    write_log(user, "anything")
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m isaacctl "$@" {redirection}', sys.executable, *argv],
        env=user.environ, cwd=user.base, stderr=subprocess.PIPE, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: cannot write to standard output: ")
    assert done.stderr.count(b"\n") == 1


def test_a_pipe_that_closes_ends_logs_with_141(user):
    write_log(user, *("x" * 100 for _ in range(5000)))
    process = user.begin("logs", "-n", "5000")
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(90) == 141
    assert process.stderr.read() == b""
