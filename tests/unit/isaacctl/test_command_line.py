"""The fast path against a daemon whose answers the test writes."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from isaacctl import __version__
from isaacctl.__main__ import first_word
from isaacctl.failure import is_alive
from tests.client_runs import REPOSITORY, Home, eventually, home
from tests.fake_daemon import FakeDaemon, Peer, serving


def impatient(ping_s: float) -> tuple[str, str]:
    """Return the same command line, but it soon asks whether somebody is there, and has to be told within `ping_s`."""
    return (
        "-c",
        "import isaacctl.talk, isaacctl.failure, isaacctl.__main__;"
        f"isaacctl.talk.SILENCE_S = 0.2; isaacctl.failure.PING_ANSWER_S = {ping_s};"
        "isaacctl.__main__.main()",
    )


@pytest.fixture
def user() -> Iterator[Home]:
    with home() as made:
        yield made


def answering(result):
    def script(peer: Peer, message: list) -> None:
        peer.result(result)

    return script


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        ([], None),
        (["--help"], None),
        (["status"], "status"),
        (["--json", "status"], "status"),
        (["--set", "status=1", "ask"], "ask"),
        (["--set=a=b", "ask", "start"], "ask"),
        (["--set"], None),
        (["--", "start"], "start"),
        (["--"], None),
        (["-", "start"], "-"),
    ],
)
def test_the_first_word_is_neither_an_option_nor_its_value(argv, word):
    assert first_word(argv) == word


def test_the_request_says_what_was_typed_and_where(user):
    with serving(user.directory, answering({"exit": 0})) as daemon:
        user.environ |= {
            "ISAAC_AI_MODEL": "m",
            "ACME_API_KEY": "k",
            "GIT_TOKEN": "t",
            "UNRELATED": "x",
            "NO_COLOR": "1",
        }
        user.run("ask", "what is", "--json", "-é")
    kind, number, method, (params,) = daemon.requests[0]
    assert (kind, number, method) == (0, 1, "cli.run")
    assert params["argv"] == ["ask", "what is", "--json", "-é"]
    meta = params["_meta"]
    assert meta["cwd"] == str(user.base)
    assert meta["tty"] == {"stdin": False, "stdout": False, "stderr": False, "ended": True}
    assert {"ISAAC_AI_MODEL", "ACME_API_KEY", "GIT_TOKEN", "NO_COLOR", "HOME", "PATH", "LANG"} <= set(
        meta["env"]
    )
    assert not {"UNRELATED", "XDG_RUNTIME_DIR"} & set(meta["env"])


def test_output_errors_and_exit_code_are_those_of_the_result(user):
    with serving(
        user.directory, answering({"exit": 3, "out": "é\n", "err": b"\xff\n", "unknown": [1.5, {}]})
    ):
        done = user.run("anything", encoding=None, text=None)
    assert (done.returncode, done.stdout, done.stderr) == (3, "é\n".encode(), b"\xff\n")


def test_events_are_written_as_they_come_and_unknown_ones_ignored(user):
    def script(peer, message):
        peer.send([2, "$/other", []], [2, "$/event", [1, 0, "progress", {"done": 0.5}]])
        for number in range(1000):
            peer.event("out", f"{number}\n", seq=number)
        peer.event("err", "so far\n")
        peer.event("usage", None)
        peer.result({"exit": 0, "out": "end\n"})

    with serving(user.directory, script):
        done = user.run("x")
    assert done.stdout == "".join(f"{number}\n" for number in range(1000)) + "end\n"
    assert done.stderr == "so far\n"
    assert done.returncode == 0


def test_an_answer_of_many_megabytes_arrives_whole(user):
    text = "0123456789abcdef" * 500_000
    with serving(user.directory, answering({"exit": 0, "out": text})):
        assert user.run("x").stdout == text


def test_an_answer_that_comes_byte_by_byte_is_understood(user):
    def script(peer, message):
        import msgspec

        for byte in msgspec.msgpack.encode([1, 1, None, {"exit": 5, "out": "slow"}]):
            peer.sock.sendall(bytes([byte]))

    with serving(user.directory, script):
        done = user.run("x")
    assert (done.returncode, done.stdout) == (5, "slow")


def test_standard_input_is_passed_on_as_far_as_the_daemon_asks(user):
    got = []

    def script(peer, message):
        while True:
            peer.event("input", 1000)
            _, method, (run, data) = peer.receive()
            assert (method, run) == ("$/input", 1)
            assert len(data) <= 1000
            got.append(data)
            if not data:
                break
        peer.result({"exit": 0})

    with serving(user.directory, script):
        done = user.run("x", input="line\n" * 500)
    assert done.returncode == 0
    assert b"".join(got) == b"line\n" * 500


def test_input_that_is_closed_has_no_bytes(user):
    def script(peer, message):
        peer.event("input", 1000)
        peer.result({"exit": 0, "out": repr(peer.receive()[2][1])})

    with serving(user.directory, script):
        done = subprocess.run(
            ["sh", "-c", 'exec 0<&-; exec "$0" -m isaacctl x', sys.executable],
            env=user.environ, cwd=user.base, capture_output=True, timeout=90, check=False,
        )  # fmt: skip
    assert done.stdout == b"b''"


def test_a_daemon_that_no_longer_wants_input_is_heard(user):
    def script(peer, message):
        peer.event("input", 1000)
        peer.result({"exit": 124, "err": "too late\n"})

    with serving(user.directory, script):
        process = user.begin("x", stdin=subprocess.PIPE)
        assert process.stderr.read() == b"too late\n"
        assert process.wait(90) == 124
        assert process.communicate() == (b"", b"")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        ([0, "permission_denied: not you"], 77, "error: not you\n"),
        ([0, "deadline_exceeded: over"], 124, "error: over\n"),
        ([0, "provider_unavailable: gone"], 69, "error: gone\n"),
        ([0, "no colon at all"], 70, "error: no colon at all\n"),
        ([0, "Some prose: with a colon"], 70, "error: Some prose: with a colon\n"),
        ("plain", 70, "error: plain\n"),
        ([0, "cancelled: by somebody"], 130, ""),
        (
            {"code": -32016, "message": "bad", "data": {"name": "config_invalid", "hint": "look"}},
            78,
            "error: bad\n  look\n",
        ),
        ({"code": -32603, "message": "oh", "data": None}, 70, "error: oh\n"),
    ],
)
def test_an_error_becomes_a_message_and_an_exit_code(user, error, code, said):
    with serving(user.directory, lambda peer, message: peer.error(error)):
        done = user.run("x")
    assert (done.returncode, done.stdout, done.stderr) == (code, "", said)


def test_a_daemon_that_does_not_know_the_request_is_named_as_of_another_version(user):
    error = [0, "method_not_found: no command 'cli.run'"]
    with serving(user.directory, lambda peer, message: peer.error(error)):
        done = user.run("x")
    assert done.returncode == 75
    assert f"isaacd (pid {os.getpid()}) is of another version than isaacctl" in done.stderr
    assert "isaacctl restart" in done.stderr


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x94\x01\x01\xc0\x05", b"\x91\x01", b"\x90"]
)
def test_something_else_at_the_socket_is_told(user, answer):
    with serving(user.directory, lambda peer, message: peer.sock.sendall(answer)):
        done = user.run("x")
    assert done.returncode == 70
    assert "does not speak like isaacd" in done.stderr


def test_a_connection_that_ends_without_an_answer_is_told_with_the_log(user):
    user.log.parent.mkdir(parents=True)
    user.log.write_text("the last line\n")

    def script(peer, message):
        peer.event("out", "begun\n")
        raise ConnectionError

    with serving(user.directory, script):
        done = user.run("x")
    assert done.returncode == 70
    assert done.stdout == "begun\n"
    assert "closed the connection before it had answered" in done.stderr
    assert "the last line" in done.stderr
    assert str(user.log) in done.stderr


def test_control_c_cancels_and_exits_with_130_when_the_answer_is_there(user):
    seen = []

    def script(peer, message):
        peer.event("out", "begun\n")
        seen.append(peer.receive())
        peer.event("out", "cleaned up\n")
        peer.error([0, "cancelled: stopped"])

    with serving(user.directory, script):
        process = user.begin("x")
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=90)
    assert seen == [[2, "cancel", [1]]]
    assert (process.returncode, out, err) == (130, b"cleaned up\n", b"")


def test_control_c_ends_a_wait_for_input(user):
    seen = []

    def script(peer, message):
        peer.event("input", 10)
        peer.event("out", "asked\n")
        seen.append(peer.receive())
        peer.result({"exit": 0})

    with serving(user.directory, script):
        process = user.begin("x", stdin=subprocess.PIPE)
        assert process.stdout.readline() == b"asked\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(90) == 130
    assert seen == [[2, "cancel", [1]]]


def test_control_c_while_the_client_is_being_loaded_is_quiet(tmp_path):
    package = tmp_path / "isaacctl"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("raise KeyboardInterrupt")
    done = subprocess.run(
        [sys.executable, REPOSITORY / "isaacctl/_script"],
        env={"PYTHONPATH": str(tmp_path)}, capture_output=True, timeout=90, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@pytest.mark.parametrize("name", ["isaacctl", "isaacd"])
@pytest.mark.parametrize("safe_path", ["", "1"])
def test_nothing_that_lies_beside_a_program_is_imported(tmp_path, name, safe_path):
    program = tmp_path / "program"
    program.write_bytes((REPOSITORY / name / "_script").read_bytes())
    (tmp_path / f"{name}.py").write_text("raise AssertionError")
    done = subprocess.run(
        [sys.executable, program, "--version"],
        env={"PYTHONPATH": str(REPOSITORY), "PYTHONSAFEPATH": safe_path},
        capture_output=True, text=True, timeout=90, check=True,
    )  # fmt: skip
    assert done.stdout == f"{name} {__version__}\n"


def test_a_second_control_c_leaves_at_once(user):
    heard = []

    def script(peer, message):
        peer.event("out", "begun\n")
        while (more := peer.receive()) is not None:
            heard.append(more)

    with serving(user.directory, script):
        process = user.begin("x")
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGINT)
        assert eventually(lambda: heard)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(90) == 130
        assert process.communicate() == (b"", b"")


def test_an_ignored_interrupt_stays_ignored(user):
    def finish(peer, message):
        peer.event("out", "begun\n")
        ready.append(peer)

    ready: list[Peer] = []
    with serving(user.directory, finish):
        process = user.begin("x", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGINT)
        assert eventually(lambda: ready)
        ready[0].result({"exit": 0})
        assert process.wait(90) == 0


def test_a_closed_pipe_ends_the_client_quietly_with_141(user):
    gone = []

    def script(peer, message):
        peer.event("out", "first\n")
        while not gone:
            peer.event("out", "more\n" * 1000)

    with serving(user.directory, script):
        process = user.begin("x")
        assert process.stdout.readline() == b"first\n"
        process.stdout.close()
        assert process.wait(90) == 141
        gone.append(True)
        assert process.stderr.read() == b""


def test_lost_standard_error_does_not_disturb_the_output(user):
    with serving(user.directory, answering({"exit": 0, "err": "lost", "out": "kept"})):
        done = subprocess.run(
            ["sh", "-c", 'exec "$0" -m isaacctl x 2>&-', sys.executable],
            env=user.environ, cwd=user.base, stdout=subprocess.PIPE, timeout=90, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, b"kept")


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
def test_output_that_cannot_be_written_is_an_error(user, redirection):
    with serving(user.directory, answering({"exit": 0, "out": "lost"})) as daemon:
        done = subprocess.run(
            ["sh", "-c", f'exec "$0" -m isaacctl x {redirection}', sys.executable],
            env=user.environ, cwd=user.base, stderr=subprocess.PIPE, timeout=90, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert b"cannot write to standard output" in done.stderr
    assert daemon.requests  # and nothing else than the request went into the socket
    assert len(daemon.requests) == 1


def _waiting(descriptor: int) -> int:
    return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_all_is_written_to_a_non_blocking_pipe(user):
    text = "0123456789" * 100_000
    with serving(user.directory, answering({"exit": 0, "out": text})):
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETFL, os.O_NONBLOCK)
        process = user.begin("x", stdout=writing)
        os.close(writing)
        full = fcntl.fcntl(reading, fcntl.F_GETPIPE_SZ)
        assert eventually(lambda: _waiting(reading) >= full)
        with os.fdopen(reading, "rb") as file:
            assert file.read().decode() == text
        assert process.wait(90) == 0


def test_a_working_directory_that_is_gone_is_left_out(user):
    with serving(user.directory, answering({"exit": 0})) as daemon:
        done = subprocess.run(
            ["sh", "-c", 'mkdir gone; cd gone; rmdir ../gone; exec "$0" -P -m isaacctl x', sys.executable],
            env=user.environ, cwd=user.base, capture_output=True, timeout=90, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert "cwd" not in daemon.requests[0][3][0]["_meta"]


def test_arguments_and_variables_that_are_not_utf8_do_no_harm(user):
    environ = {
        **{k.encode(): v.encode() for k, v in user.environ.items()},
        b"ISAAC_X": b"\xff",
        b"TERM": b"xterm",
    }
    with serving(user.directory, answering({"exit": 0})) as daemon:
        done = user.run("open", b"caf\xe9.txt", env=environ)
    assert done.returncode == 0
    params = daemon.requests[0][3][0]
    assert params["argv"] == ["open", b"caf\xe9.txt"]
    assert params["_meta"]["env"]["TERM"] == "xterm"
    assert "ISAAC_X" not in params["_meta"]["env"]


def test_a_terminal_is_described(user):
    with serving(user.directory, answering({"exit": 0})) as daemon:
        master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (33, 99))
        process = user.begin("x", stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        assert process.wait(90) == 0
        os.close(master)
    assert daemon.requests[0][3][0]["_meta"]["tty"] == {
        "stdin": True, "stdout": True, "stderr": True, "columns": 99, "lines": 33,
    }  # fmt: skip


@pytest.mark.parametrize("given", [{"stdin": subprocess.DEVNULL}, {"input": ""}], ids=["null", "pipe"])
def test_only_an_input_that_has_nothing_for_certain_is_told_to_have_ended(user, given):
    with serving(user.directory, answering({"exit": 0})) as daemon:
        assert user.run("x", **given).returncode == 0
    assert daemon.requests[0][3][0]["_meta"]["tty"].get("ended", False) is ("stdin" in given)


def test_a_slow_daemon_that_answers_pings_is_waited_for(user):
    pinged = []

    class Counting(FakeDaemon):
        def _serve(self, sock):
            pinged.append(sock)
            super()._serve(sock)

    def script(peer, message):
        assert eventually(lambda: len(pinged) > 1)
        peer.result({"exit": 0, "out": "late"})

    daemon = Counting(user.directory, script)
    user.program = impatient(90.0)
    try:
        done = user.run("x")
    finally:
        daemon.close()
    assert (done.returncode, done.stdout) == (0, "late")


def test_a_daemon_that_answers_nothing_at_all_is_named(user):
    with serving(user.directory, lambda peer, message: None, answer_ping=False):
        user.program = impatient(0.2)
        done = user.run("x")
    assert done.returncode == 75
    assert f"isaacd (pid {os.getpid()}) does not answer" in done.stderr


def test_a_daemon_that_only_takes_no_new_connections_is_not_called_dead(user):
    user.directory.mkdir(mode=0o700)
    assert is_alive(str(user.socket), os.getuid())


def test_a_program_to_run_gets_the_terminal_and_its_exit_code_is_ours(user):
    with serving(
        user.directory,
        answering({"exit": 0, "out": "1\n", "exec": ["sh", "-c", "echo 2; exit 7"], "after": ["no"]}),
    ) as daemon:
        done = user.run("x")
    assert (done.returncode, done.stdout) == (7, "1\n2\n")
    assert len(daemon.requests) == 1


def test_the_command_line_after_a_program_is_run_if_that_succeeds(user):
    def script(peer, message):
        if message[3][0]["argv"] == ["x"]:
            peer.result({"exit": 0, "exec": ["true"], "after": ["config", "check"]})
        else:
            peer.result({"exit": 4, "out": repr(message[3][0]["argv"])})

    with serving(user.directory, script):
        done = user.run("x")
    assert (done.returncode, done.stdout) == (4, "['config', 'check']")


def test_a_program_that_does_not_exist_is_told(user):
    with serving(user.directory, answering({"exit": 0, "exec": ["no-such-program-here"]})):
        done = user.run("x")
    assert done.returncode == 127
    assert "cannot run no-such-program-here" in done.stderr


def test_the_version_needs_no_daemon(user):
    from isaacctl import __version__

    done = user.run("--version")
    assert (done.returncode, done.stdout) == (0, f"isaacctl {__version__}\n")
    assert not Path(user.directory).exists()


def test_an_unsafe_directory_is_refused_with_77(user):
    user.directory.mkdir(mode=0o755)
    user.directory.chmod(0o755)
    done = user.run("x")
    assert done.returncode == 77
    assert "chmod 700" in done.stderr
