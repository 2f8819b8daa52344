"""The real daemon, started by the real client in any circumstances."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client_runs import Home, eventually, home


@pytest.fixture
def user() -> Iterator[Home]:
    with home() as made:
        yield made


def pid_of(user: Home) -> int:
    done = user.run("status", "--json")
    assert done.returncode == 0, done
    found = json.loads(done.stdout)["pid"]
    assert isinstance(found, int)
    return found


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}/exe").exists()


def test_the_first_command_starts_the_daemon_and_the_next_ones_find_it(user):
    assert user.run("greet").stdout == "hello world\n"
    first = pid_of(user)
    assert user.run("greet", "--name", "ada").stdout == "hello ada\n"
    assert pid_of(user) == first


def test_forty_clients_at_once_get_one_daemon_and_all_are_answered(user):
    clients = [user.begin("greet") for _ in range(40)]
    ends = [client.communicate(timeout=120) for client in clients]
    assert ends == [(b"hello world\n", b"")] * 40
    holders = [
        entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and _holds(entry, user.lock)
    ]
    assert [int(entry.name) for entry in holders] == [pid_of(user)]


def _holds(process: Path, lock: Path) -> bool:
    try:
        return any(os.readlink(entry) == str(lock) for entry in (process / "fd").iterdir())  # noqa: PTH115
    except OSError:
        return False


def test_after_kill_9_the_next_command_is_answered(user):
    user.run("greet")
    first = pid_of(user)
    os.kill(first, signal.SIGKILL)
    assert user.run("greet").stdout == "hello world\n"
    assert pid_of(user) != first


def test_the_daemon_stands_alone(user):
    reading, writing = os.pipe()
    process = user.begin("greet", pass_fds=(writing,))
    os.close(writing)
    assert process.wait(90) == 0
    daemon = Path(f"/proc/{pid_of(user)}")
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b""  # its other end is open nowhere any more, the daemon included
    assert os.readlink(daemon / "cwd") == "/"  # noqa: PTH115
    assert os.getsid(int(daemon.name)) == int(daemon.name)
    assert os.readlink(daemon / "fd/0") == "/dev/null"  # noqa: PTH115


def test_stop_start_restart_and_status_tell_the_truth(user):
    assert user.run("status").returncode == 3
    assert user.run("start").returncode == 0
    first = pid_of(user)
    assert user.run("restart").returncode == 0
    second = pid_of(user)
    assert is_gone(first)
    assert first != second
    assert user.run("stop").returncode == 0
    assert eventually(lambda: is_gone(second))
    assert not user.socket.exists()
    assert user.run("status").returncode == 3
    assert user.run("stop").returncode == 0


def test_version_names_both_and_logs_have_the_daemons_first_line(user):
    user.run("start")
    found = json.loads(user.run("version", "--json").stdout)
    assert found["isaacd"] == {"version": found["isaacctl"], "pid": pid_of(user)}
    assert eventually(lambda: "ready" in user.run("logs").stdout)
    for line in user.run("logs", "--json").stdout.splitlines():
        json.loads(line)


def test_a_home_that_cannot_be_written_is_no_obstacle(user):
    for name in (".local", ".config", ".cache"):
        (user.base / name).write_text("a file where a directory would have to be")
    assert user.run("greet").stdout == "hello world\n"
    assert eventually(lambda: (user.directory / "isaacd.log").read_text() != "")


def test_clients_that_come_while_the_daemon_stops_are_answered_by_the_next(user):
    user.run("start")
    first = pid_of(user)
    stopping = user.begin("stop")
    clients = [user.begin("greet") for _ in range(10)]
    assert [client.communicate(timeout=120) for client in clients] == [(b"hello world\n", b"")] * 10
    assert stopping.wait(60) == 0
    assert eventually(lambda: is_gone(first))


def test_terminated_and_interrupted_daemons_leave_nothing_behind(user):
    for number in (signal.SIGTERM, signal.SIGINT):
        user.run("start")
        pid = pid_of(user)
        os.kill(pid, number)
        assert eventually(lambda pid=pid: is_gone(pid))
        assert not user.socket.exists()


def test_when_stop_has_said_so_the_process_is_gone(user):
    for _ in range(4):
        user.run("start")
        pid = pid_of(user)
        assert user.run("stop").returncode == 0
        assert is_gone(pid)
