"""Starting the daemon: with processes, a stand-in for the daemon that is really started, and real locks."""

import ast
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from isaacctl.launch import make_private, start, take_lock
from isaacctl.spawn import daemon_environ
from isaacctl.talk import Refused
from tests.client_runs import Home, eventually, home

UID = os.getuid()


@pytest.fixture
def user() -> Iterator[Home]:
    with home() as made:
        yield made.with_fake_isaacd()


@contextmanager
def held(user: Home) -> Iterator[int]:
    """Hold the lock as a daemon does."""
    user.directory.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(user.lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield lock
    finally:
        os.close(lock)


def test_forty_clients_at_once_get_one_daemon_and_all_are_answered(user):
    clients = [user.begin("x") for _ in range(40)]
    ends = [client.communicate(timeout=90) for client in clients]
    assert [client.returncode for client in clients] == [0] * 40, ends
    assert {ast.literal_eval(out.decode())["pid"] for out, _ in ends} == set(user.starts)
    assert len(user.starts) == 1


def test_after_kill_9_forty_clients_get_one_new_daemon(user):
    first = user.facts()["pid"]
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: _can_lock(user))
    assert user.socket.exists()
    clients = [user.begin("x") for _ in range(40)]
    ends = [client.communicate(timeout=90) for client in clients]
    assert [client.returncode for client in clients] == [0] * 40, ends
    assert len(user.starts) == 2


def _can_lock(user: Home) -> bool:
    lock = take_lock(str(user.lock))
    if lock is None:
        return False
    os.close(lock)
    return True


def test_a_stale_socket_and_a_stale_lock_file_are_no_obstacle(user):
    user.directory.mkdir(mode=0o700)
    user.lock.write_text("4000000\nleft behind by something long gone, and longer than a pid\n")
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(user.socket))
    stale.close()
    pid = user.facts()["pid"]
    assert user.lock.read_text() == f"{pid}\n"


def test_the_daemon_has_a_session_of_its_own_and_nothing_of_the_client(user):
    reading, writing = os.pipe()
    user.environ |= {"COLUMNS": "7", "NOTIFY_SOCKET": "/run/x", "PYTHONINSPECT": "", "MY_API_KEY": "k"}
    with user.log.parent.parent.parent.parent.joinpath("more").open("w") as more:
        process = user.begin("x", pass_fds=(writing, reading, more.fileno()), umask=0)
        out, err = process.communicate(timeout=90)
    os.close(reading)
    os.close(writing)
    assert (process.returncode, err) == (0, b"")
    facts = ast.literal_eval(out.decode())
    assert facts["sid"] == facts["pid"]
    assert facts["cwd"] == "/"
    assert facts["arguments"] == ["--socket-fd", "3", "--lock-fd", "4", "--on-demand"]
    # 0, 1, 2, the listener, the lock, one connection, and the directory that is being listed.
    assert len(facts["descriptors"]) <= 7
    assert facts["descriptors"][:5] == [0, 1, 2, 3, 4]
    assert not {"COLUMNS", "NOTIFY_SOCKET", "PYTHONINSPECT"} & set(facts["environment"])
    assert facts["environment"]["MY_API_KEY"] == "k"


def test_socket_lock_log_and_directory_are_private_whatever_the_umask(user):
    for umask in (0, 0o777):
        process = user.begin("x", umask=umask)
        assert process.wait(90) == 0, process.stderr.read()
        modes = [path.lstat().st_mode & 0o777 for path in (user.directory, user.socket, user.lock, user.log)]
        assert modes[:2] == [0o700, 0o600]
        made = user.base.joinpath(".local"), user.base.joinpath(".local/state"), user.log.parent
        modes += [directory.lstat().st_mode & 0o777 for directory in made]
        assert not any(mode & 0o077 for mode in modes)
        user.end_daemon()
        assert eventually(lambda: _can_lock(user))


@pytest.mark.parametrize(("mode", "code"), [("die1", 70), ("die78", 78), ("die77", 77)])
def test_a_daemon_that_ends_while_it_starts_is_told_with_its_last_words(user, mode, code):
    user.with_fake_isaacd(mode)
    user.log.parent.mkdir(parents=True)
    user.log.write_text("an older line\n")
    done = user.run("x")
    assert done.returncode == code
    assert "isaacd ended while it started" in done.stderr
    assert "there is no way to go on" in done.stderr
    assert "an older line" not in done.stderr
    assert str(user.log) in done.stderr
    assert len(user.starts) == 1


def test_a_daemon_that_dies_of_the_request_is_told_and_not_started_again(user):
    done = user.with_fake_isaacd("read-and-die").run("x")
    assert done.returncode == 70
    assert "(exit code 9)" in done.stderr
    assert "died of a question" in done.stderr
    assert len(user.starts) == 1


def test_forty_clients_of_a_daemon_that_cannot_start_all_end_and_say_so(user):
    user.with_fake_isaacd("die1")
    clients = [user.begin("x") for _ in range(40)]
    ends = [client.communicate(timeout=90) for client in clients]
    assert {client.returncode for client in clients} == {70}
    assert all(b"isaacd.log" in err for _, err in ends)


def test_a_client_waits_for_a_daemon_that_is_leaving(user):
    with held(user):
        process = user.begin("x")
        assert not eventually(lambda: process.poll() is not None, 0.3)
    assert process.wait(90) == 0
    assert len(user.starts) == 1


def test_a_lock_that_is_never_let_go_ends_in_a_message(user):
    with held(user) as lock:
        os.write(lock, b"4242\n")
        with pytest.raises(Refused, match=r"(?s)pid 4242.*isaacctl stop --force") as refused:
            start(str(user.socket), user.environ, UID, deadline_s=0.1)
    assert refused.value.exit_code == 75


def test_a_folder_that_is_deleted_while_a_client_waits_is_made_anew(user):
    with held(user):
        client = user.begin("x")
        shutil.rmtree(user.directory)
        _, err = client.communicate(timeout=90)
    assert client.returncode == 0, err
    assert user.socket.exists()


def test_a_folder_that_goes_again_and_again_costs_no_client_its_answer(user):
    clients = [user.begin("x") for _ in range(8)]
    for _ in range(5):
        shutil.rmtree(user.directory, ignore_errors=True)
        eventually(lambda: user.directory.exists() or all(one.poll() is not None for one in clients))
        eventually(lambda: user.socket.exists() or all(one.poll() is not None for one in clients))
    ends = [client.communicate(timeout=90) for client in clients]
    assert [client.returncode for client in clients] == [0] * 8, ends


def test_what_the_daemon_had_begun_is_not_sent_again(user):
    from tests.fake_daemon import serving

    def script(peer, message):
        peer.event("out", "begun\n")
        peer.error([0, "server_cancelled: the daemon stopped before this had ended"])

    with serving(user.directory, script) as daemon:
        done = user.run("x")
        assert (done.returncode, done.stdout) == (75, "begun\n")
        assert done.stderr == "error: the daemon stopped before this had ended\n"
        assert len(daemon.requests) == 1
    assert not user.starts


def test_a_client_that_is_told_of_draining_waits_for_the_next_daemon(user):
    from tests.fake_daemon import serving

    def script(peer, message):
        peer.error([0, "shutting_down: the daemon is stopping"])
        told.append(True)

    told: list[bool] = []
    with held(user) as lock:
        with serving(user.directory, script):
            process = user.begin("x")
            assert eventually(lambda: told)
        user.socket.unlink()
        os.set_inheritable(lock, False)
    assert process.wait(90) == 0, process.stderr.read()
    assert len(told) == 1
    assert len(user.starts) == 1


def test_a_connection_that_nobody_took_is_made_again(user):
    user.directory.mkdir(mode=0o700)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(user.socket))
    listener.listen(5)
    process = user.begin("x")
    assert eventually(lambda: _has_bytes_waiting(user.socket))
    user.socket.unlink()
    listener.close()
    assert process.wait(90) == 0, process.stderr.read()
    assert len(user.starts) == 1


def _has_bytes_waiting(path) -> bool:
    """Say whether a client stands in the queue of a socket: /proc/net/unix has a line for it."""
    with open("/proc/net/unix") as file:  # noqa: PTH123
        return sum(str(path) in line for line in file) > 1


def test_a_home_that_cannot_be_written_puts_the_log_beside_the_socket(user):
    (user.base / ".local").write_text("a file where a directory would have to be")
    assert user.facts()["pid"]
    assert (user.directory / "isaacd.log").exists()


def test_nowhere_to_put_the_socket_is_told(user):
    user.environ["ISAACD_SOCKET"] = "/proc/nothing/i.sock"
    done = user.run("x")
    assert done.returncode in (75, 77)
    assert "cannot make the directory /proc/nothing" in done.stderr


def test_control_c_while_waiting_leaves_quietly(user):
    with held(user):
        process = user.begin("x")
        assert eventually(lambda: _pauses(process.pid) > 30)
        process.send_signal(signal.SIGINT)
        assert process.wait(90) == 130
        assert process.communicate() == (b"", b"")


def _pauses(pid: int) -> int:
    """Count how often a process has gone to sleep: starting takes a few times, waiting for a lock many."""
    with suppress(OSError), open(f"/proc/{pid}/status") as file:  # noqa: PTH123
        return next(int(line.split()[1]) for line in file if line.startswith("voluntary"))
    return 0


def test_status_alone_starts_nothing(user):
    done = user.run("status")
    assert done.returncode == 3
    assert "not running" in done.stdout
    assert user.starts == []


def test_a_directory_that_is_a_link_is_not_used(user, tmp_path):
    elsewhere = user.base / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    user.directory.symlink_to(elsewhere)
    done = user.run("x")
    assert done.returncode == 77
    assert "symbolic link" in done.stderr
    assert list(elsewhere.iterdir()) == []


def test_making_a_directory_twice_is_the_same_as_once(user):
    for _ in range(2):
        make_private(str(user.directory), UID)
    assert user.directory.lstat().st_mode & 0o777 == 0o700


def test_missing_parents_are_made_private_too(user):
    make_private(str(user.base / "a/b/c"), UID)
    assert {
        path.lstat().st_mode & 0o777 for path in (user.base / "a", user.base / "a/b", user.base / "a/b/c")
    } == {0o700}


def test_a_pythonpath_of_the_caller_is_kept_from_the_daemon_unless_isaac_is_found_by_it():
    here = os.path.dirname(os.path.dirname(os.path.abspath(daemon_environ.__code__.co_filename)))  # noqa: PTH120, PTH100
    assert daemon_environ({"PYTHONPATH": "/some/project"}) == {}
    kept = {"PYTHONPATH": f"/some/project:{here}"}
    assert daemon_environ(kept) == kept


def test_an_interpreter_that_is_gone_is_told_and_no_socket_is_left(user):
    code = (
        "import os, sys; from isaacctl.launch import start; sys.executable = '/nonexistent/python';"
        "from isaacctl.talk import Refused\n"
        f"try: start({str(user.socket)!r}, os.environ, os.getuid())\n"
        "except Refused as refused: print(refused.message)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=user.environ,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.stdout.startswith("cannot start the daemon with /nonexistent/python")
    assert not user.socket.exists()
