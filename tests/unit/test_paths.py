"""Where the files are, and which directories are refused."""

import os
import stat
from pathlib import Path

import pytest

from isaacd.errors import ConfigInvalid, PermissionDenied
from isaacd.paths import Paths, make_private

UID = os.geteuid()


@pytest.fixture
def found(tmp_path):
    """Return a function that finds the paths below a temporary /tmp."""

    def find(uid=UID, **environ):
        return Paths.from_environ({"HOME": "/home/ada", **environ}, uid, temporary=tmp_path / "tmp")

    return find


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def test_without_variables_the_defaults_of_xdg_hold(found, tmp_path):
    paths = found()
    assert paths.config_file == Path("/home/ada/.config/isaac/config.toml")
    assert paths.config_dir == Path("/home/ada/.config/isaac")
    assert paths.data_dir == Path("/home/ada/.local/share/isaac")
    assert paths.state_dir == Path("/home/ada/.local/state/isaac")
    assert paths.cache_dir == Path("/home/ada/.cache/isaac")
    assert paths.log_file == paths.state_dir / "isaacd.log"
    assert paths.runtime_dir == tmp_path / f"tmp/isaacd-{UID}"
    assert paths.socket == paths.runtime_dir / "isaacd.sock"
    assert paths.lock == paths.runtime_dir / "isaacd.lock"


@pytest.mark.parametrize(
    ("variable", "field"),
    [
        ("XDG_CONFIG_HOME", "config_dir"),
        ("XDG_DATA_HOME", "data_dir"),
        ("XDG_STATE_HOME", "state_dir"),
        ("XDG_CACHE_HOME", "cache_dir"),
    ],
)
def test_an_absolute_xdg_directory_counts_and_any_other_does_not(found, variable, field):
    default = getattr(found(), field)
    assert getattr(found(**{variable: "/elsewhere"}), field) == Path("/elsewhere/isaac")
    for ignored in ("", "relative", "./here", "~/x"):
        assert getattr(found(**{variable: ignored}), field) == default


def test_the_runtime_directory_of_the_session_is_used_if_it_is_ours(found, tmp_path):
    assert found(XDG_RUNTIME_DIR=str(tmp_path)).runtime_dir == tmp_path / "isaacd"


def test_a_runtime_directory_that_is_missing_no_directory_or_not_ours_is_passed_over(found, tmp_path):
    fallback = found().runtime_dir
    tmp_path.joinpath("file").touch()
    for unusable in (tmp_path / "missing", tmp_path / "file", tmp_path / "file/below", Path("relative")):
        assert found(XDG_RUNTIME_DIR=str(unusable)).runtime_dir == fallback
    other = found(uid=UID + 1, XDG_RUNTIME_DIR=str(tmp_path)).runtime_dir
    assert other == fallback.with_name(f"isaacd-{UID + 1}")


def test_isaacd_socket_moves_the_socket_its_lock_and_the_runtime_directory(found, tmp_path):
    paths = found(ISAACD_SOCKET="/run/x/my.sock", XDG_RUNTIME_DIR=str(tmp_path))
    assert paths.socket == Path("/run/x/my.sock")
    assert paths.lock == Path("/run/x/my.sock.lock")
    assert paths.runtime_dir == Path("/run/x")


@pytest.mark.parametrize("value", ["my.sock", "./my.sock", "/run/x/", "~/my.sock"])
def test_isaacd_socket_must_be_absolute(found, value):
    with pytest.raises(ConfigInvalid, match="ISAACD_SOCKET"):
        found(ISAACD_SOCKET=value)


def test_a_socket_path_that_the_system_cannot_hold_is_refused_with_a_way_out():
    def find(length):
        return Paths.from_environ(
            {"HOME": "/h", "ISAACD_SOCKET": f"/{'é' * length}/s"}, UID, sun_path_bytes=24
        )

    assert len(os.fsencode(find(10).socket)) == 23
    with pytest.raises(ConfigInvalid, match=r"25 bytes, at most 23") as caught:
        find(11)
    assert "ISAACD_SOCKET" in caught.value.hint


def test_without_a_home_the_passwd_entry_counts_and_without_that_nothing_can_be_found():
    assert Paths.from_environ({}, 0).config_dir.is_absolute()
    assert Paths.from_environ({"HOME": "relative"}, 0) == Paths.from_environ({}, 0)
    with pytest.raises(ConfigInvalid, match="HOME"):
        Paths.from_environ({}, 2**31 - 7)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_a_private_directory_is_private_whatever_the_umask(tmp_path, umask):
    directory = tmp_path / "a/b"
    before = os.umask(umask)
    try:
        make_private(directory)
        make_private(directory)
    finally:
        os.umask(before)
    assert mode(directory) == mode(directory.parent) == 0o700


@pytest.mark.parametrize("bits", [0o710, 0o701, 0o722, 0o750, 0o777])
def test_a_directory_that_is_open_to_others_is_refused_with_the_way_to_close_it(tmp_path, bits):
    directory = tmp_path / "open"
    directory.mkdir()
    directory.chmod(bits)
    with pytest.raises(PermissionDenied, match="open to other users") as caught:
        make_private(directory)
    assert caught.value.hint == f"close it: chmod 700 {directory}"
    assert mode(directory) == bits


def test_a_symbolic_link_is_refused_even_to_a_private_directory_of_ours(tmp_path):
    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    for goal in (target, tmp_path / "nothing"):
        link = tmp_path / f"link-to-{goal.name}"
        link.symlink_to(goal)
        with pytest.raises(PermissionDenied, match="symbolic link"):
            make_private(link)


def test_a_file_in_the_place_is_refused(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(PermissionDenied, match="not a directory"):
        make_private(file)
    with pytest.raises(PermissionDenied, match="cannot make"):
        make_private(file / "below")


def test_a_directory_of_another_user_is_refused(tmp_path):
    tmp_path.chmod(0o700)
    with pytest.raises(PermissionDenied, match="belongs to user"):
        make_private(tmp_path, uid=UID + 1)
