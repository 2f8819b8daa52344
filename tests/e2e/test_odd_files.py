"""Pipes and folders where files should be, and homes that are none: said in words, and nobody waits for ever."""

import os
from pathlib import Path

import pytest

from isaacd.paths import read_regular
from tests.client_runs import home
from tests.daemon import a_home, running


def test_pipes_in_the_place_of_files_hold_nobody_up() -> None:
    with a_home() as base:
        pipes = [
            base.data / "plugins/trusted.json",
            base.data / "plugins/granted.json",
            base.data / "plugins/choices.json",
            base.data / "plugins/isaac_plugins/pipe.py",
            base.directory / "state/isaac/spool/commands",
            base.directory / "config/isaac/aliases.json",
        ]
        for pipe in pipes:
            pipe.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.mkfifo(pipe, 0o600)
        with running(home=base) as daemon, daemon.caller() as caller:
            assert caller.call("greet") == "hello world"
            assert caller.answer(caller.ask("plugins"))[0] == "reply"
            assert caller.answer(caller.ask("history.search"))[0] in ("reply", "error")
            assert caller.call("ping")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_lock_that_is_no_file_is_told(make) -> None:
    with a_home() as base:
        base.lock.parent.mkdir(mode=0o700)
        make(base.lock, 0o700)
        done = base.isaacctl("greet")
        assert done.returncode in (75, 77)
        assert str(base.lock) in done.stderr
        for words in (("stop",), ("status",), ("doctor",)):
            assert "Traceback" not in base.isaacctl(*words).stderr


def test_a_pipe_in_the_place_of_the_log_holds_no_command_up() -> None:
    with a_home() as base:
        base.log.parent.mkdir(mode=0o700, parents=True)
        os.mkfifo(base.log, 0o600)
        try:
            assert base.isaacctl("greet").stdout == "hello world\n"
            assert "Traceback" not in base.isaacctl("logs").stderr
        finally:
            base.isaacctl("stop")


def test_a_home_that_is_no_path_is_that_of_the_system() -> None:
    with home() as user:
        user.environ["HOME"] = "relative"
        user.environ["XDG_STATE_HOME"] = str(user.base / "state")
        done = user.run("greet")
        assert "Traceback" not in done.stderr
        user.run("stop")


def test_only_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe")
    assert read_regular(tmp_path / "file") == b"x"
    for name in ("pipe", ".", "missing"):
        with pytest.raises(OSError):
            read_regular(tmp_path / name)
