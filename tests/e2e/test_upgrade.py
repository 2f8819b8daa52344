"""Client and daemon of different builds: both ways are answered, and the newer one stays."""

import signal

import pytest

from isaacctl import __version__
from isaacctl.talk import EXIT_TRY_LATER
from tests.client_runs import home
from tests.daemon import Caller, running
from tests.e2e.test_daemon_life import SLOW
from tests.fake_daemon import Peer, serving

NEWER, OLDER = "999.0.0", "0.0.0"


def line(caller: Caller, version: str, *argv: str) -> str:
    result = caller.call("cli.run", {"argv": list(argv), "version": version})
    return str(result["out"])


def test_a_newer_client_is_answered_and_then_the_older_daemon_makes_room() -> None:
    with running("--on-demand") as daemon:
        with daemon.caller() as caller:
            assert line(caller, NEWER, "greet") == "hello world\n"
            assert line(caller, NEWER, "greet", "--name", "ada") == "hello ada\n"
            daemon.logged("makes room for a newer version")
            assert caller.call("status")["draining"] is False
        assert daemon.wait() == 0
        assert not daemon.home.socket.exists()


def test_nobody_is_cut_off_by_it() -> None:
    with running("--on-demand", plugins={"slow": SLOW}) as daemon:
        with daemon.caller() as busy:
            running_one = busy.ask("slow.wait")
            daemon.logged("waiting")
            with daemon.caller() as caller:
                line(caller, NEWER, "greet")
            with daemon.caller() as late:
                assert line(late, NEWER, "greet") == "hello world\n"
            busy.ask("slow.release")
            assert busy.answer(running_one)[2] == "done"
        assert daemon.wait() == 0


@pytest.mark.parametrize("version", [OLDER, __version__, "", "x" * 100_000])
def test_an_older_client_or_one_of_the_same_version_is_just_answered(version: str) -> None:
    with running("--on-demand") as daemon:
        with daemon.caller() as caller:
            assert line(caller, version, "greet") == "hello world\n"
        daemon.ping()
        assert not [row for row in daemon.log() if row["event"].startswith("makes room")]


def test_a_daemon_that_a_person_started_stays() -> None:
    with running() as daemon:
        with daemon.caller() as caller:
            line(caller, NEWER, "greet")
        daemon.ping()
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait() == 0


@pytest.mark.parametrize(
    "error",
    [
        [-32601, "METHOD_NOT_FOUND: there is no cli.run"],
        {"code": -32012, "message": "protocol 9", "data": {"name": "unsupported_version"}},
    ],
)
def test_a_daemon_of_another_protocol_is_told_with_how_to_restart_it(error: object) -> None:
    def refuse(peer: Peer, message: list[object]) -> None:
        peer.error(error)

    with home() as user, serving(user.directory, refuse):
        done = user.run("greet")
    assert done.returncode == EXIT_TRY_LATER
    assert "another version" in done.stderr
    assert "isaacctl restart" in done.stderr
    assert "Traceback" not in done.stderr
