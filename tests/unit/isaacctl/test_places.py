"""The client finds the daemon's places by itself, so both must agree."""

import os
from pathlib import Path

import pytest

from isaacctl.launch import lock_path
from isaacctl.logfile import log_paths
from isaacctl.talk import Refused, check, connect, socket_path
from isaacd.errors import ConfigInvalid, PermissionDenied
from isaacd.paths import Paths, make_private

UID = os.getuid()


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    directory = tmp_path / "r"
    directory.mkdir(mode=0o700)
    return directory


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"XDG_RUNTIME_DIR": "{runtime}"},
        {"XDG_RUNTIME_DIR": "{runtime}/"},
        {"XDG_RUNTIME_DIR": ""},
        {"XDG_RUNTIME_DIR": "relative"},
        {"XDG_RUNTIME_DIR": "/nonexistent"},
        {"XDG_RUNTIME_DIR": "/dev/null"},
        {"ISAACD_SOCKET": "/tmp/here/i.sock"},
        {"ISAACD_SOCKET": "", "XDG_RUNTIME_DIR": "{runtime}"},
        {"ISAACD_SOCKET": "/tmp/here/i.sock", "XDG_RUNTIME_DIR": "{runtime}"},
        {"XDG_STATE_HOME": "/var/elsewhere"},
        {"XDG_STATE_HOME": "relative"},
        {"XDG_STATE_HOME": ""},
    ],
)
def test_client_and_daemon_agree_on_socket_lock_and_log(environ, runtime):
    environ = {"HOME": "/nonexistent", **{key: text.format(runtime=runtime) for key, text in environ.items()}}
    paths = Paths.from_environ(environ, UID, sun_path_bytes=1000)
    socket = socket_path(environ, UID)
    assert socket == str(paths.socket)
    assert lock_path(socket, environ) == str(paths.lock)
    assert log_paths(socket, environ)[0] == str(paths.log_file)


def test_a_runtime_directory_of_somebody_else_is_not_used(runtime):
    environ = {"XDG_RUNTIME_DIR": str(runtime)}
    assert socket_path(environ, UID + 1) == f"/tmp/isaacd-{UID + 1}/isaacd.sock"


@pytest.mark.parametrize("value", ["relative.sock", "/ends/with/slash/"])
def test_client_and_daemon_refuse_the_same_socket_paths(value):
    environ = {"ISAACD_SOCKET": value, "HOME": "/nonexistent"}
    with pytest.raises(Refused) as refused:
        socket_path(environ, UID)
    assert refused.value.exit_code == 78
    with pytest.raises(ConfigInvalid):
        Paths.from_environ(environ, UID)


def test_a_directory_that_only_its_owner_can_reach_is_trusted(runtime):
    check(str(runtime), UID)


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o755, 0o777])
def test_a_directory_that_others_can_reach_is_refused(runtime, mode):
    runtime.chmod(mode)
    with pytest.raises(Refused, match="open to other users") as refused:
        check(str(runtime), UID)
    assert refused.value.exit_code == 77


def test_a_directory_of_another_user_is_refused(runtime):
    with pytest.raises(Refused, match="belongs to user"):
        check(str(runtime), UID + 1)


def test_a_symbolic_link_to_a_trusted_directory_is_refused(runtime, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(runtime)
    with pytest.raises(Refused, match="symbolic link"):
        check(str(link), UID)


def test_a_file_in_place_of_the_directory_is_refused(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(Refused, match="not a directory"):
        check(str(file), UID)


def test_nothing_is_sent_to_a_socket_in_an_unsafe_directory(runtime):
    runtime.chmod(0o755)
    with pytest.raises(Refused, match="not safe"):
        connect(str(runtime / "isaacd.sock"), UID)


def test_a_path_that_is_too_long_for_a_socket_is_told(runtime):
    with pytest.raises(Refused, match="too long"):
        connect(f"{runtime}/{'x' * 120}", UID)


def test_a_missing_directory_means_that_no_daemon_runs(runtime):
    with pytest.raises(FileNotFoundError):
        connect(str(runtime / "isaacd/isaacd.sock"), UID)


def test_a_directory_for_everybody_is_refused_and_nobody_is_told_to_close_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.raises(Refused, match="for everybody") as refused:
        check(str(tmp_path), UID)
    assert "chmod" not in refused.value.message
    with pytest.raises(PermissionDenied, match="for everybody") as denied:
        make_private(tmp_path)
    assert "chmod" not in (denied.value.hint or "")
    tmp_path.chmod(0o755)
    with pytest.raises(Refused, match="chmod 700"):
        check(str(tmp_path), UID)
