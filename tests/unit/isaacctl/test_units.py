"""Units for systemd are written where its manager looks, say where the person's folders are, and go without a trace."""

import os
import plistlib
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacctl.launch import is_left_to_systemd, lock_path
from isaacctl.talk import Refused, system_socket
from isaacctl.unitfiles import MARK, command, first_word, folders_unit, launchd_list, unit
from isaacctl.units import Systemd, write_launchd

# A service manager that looks for units where it says, and knows the variables in `set`.
_SYSTEMCTL = """#!/bin/sh
case "$*" in
  *UnitPath*) cat "$0.path" ;;
  *Version*) cat "$0.version" ;;
  *show-environment*) cat "$0.set" ;;
  *ExecMainStatus*) echo 203 ;;
esac
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "ho me"
    folder.mkdir()
    return folder


def a_manager(
    home: Path, *, version: str = "252", set_: str = "", environ: dict[str, str] | None = None
) -> Systemd:
    """Return a manager that was started without this shell's variables."""
    program = home.parent / "bin/systemctl"
    program.parent.mkdir(exist_ok=True)
    program.write_text(_SYSTEMCTL)
    program.chmod(0o755)
    for name, text in (
        ("path", f'"{home}/.config/systemd/user.control" /run/user/1/systemd/user.control\n'),
        ("version", version + "\n"),
        ("set", set_),
    ):
        Path(f"{program}.{name}").write_text(text)
    manager = Systemd(
        {"HOME": str(home), "PATH": f"{program.parent}:/usr/bin:/bin", **(environ or {})}, system=False, uid=1
    )
    manager.check()
    return manager


def test_units_are_written_where_the_manager_looks_whatever_the_shell_says(home: Path) -> None:
    manager = a_manager(home, environ={"XDG_CONFIG_HOME": str(home / "elsewhere")})
    manager.write(force=False)
    assert (home / ".config/systemd/user/isaacd.socket").exists()
    assert not (home / "elsewhere").exists()


def test_the_daemon_keeps_its_files_where_the_shell_has_them(home: Path) -> None:
    manager = a_manager(home, environ={"XDG_STATE_HOME": f"{home}/st$x%h"}, set_="XDG_CACHE_HOME=/else\n")
    (added,) = (name for name in manager.write(force=False).files if "folders" in name)
    text = Path(added).read_text()
    assert f'Environment="XDG_STATE_HOME={home}/st$x%%h"\n' in text
    assert f'ReadWritePaths="-{home}/st$x%%h/isaac"\n' in text
    assert f'mkdir -p -m 0700 "{home}/st$$x%%h/isaac"\n' in text
    assert f'Environment="XDG_CACHE_HOME={home}/.cache"\n' in text  # the manager's is another
    assert "XDG_DATA_HOME" not in text


def test_where_all_is_as_usual_nothing_is_added(home: Path) -> None:
    usual = {"XDG_CONFIG_HOME": f"{home}/.config", "XDG_STATE_HOME": "relative", "XDG_CACHE_HOME": ""}
    assert folders_unit({"HOME": str(home), **usual}, ()) is None


@pytest.mark.parametrize("version", ["252", "255"])
def test_what_was_written_is_taken_away_with_its_folders_and_nothing_else_is(
    home: Path, version: str
) -> None:
    manager = a_manager(home, version=version, environ={"XDG_DATA_HOME": "/srv/data"})
    written = manager.write(force=False).files
    assert len(written) == (4 if version == "255" else 3)
    assert sorted(manager.remove()) == sorted(written)
    assert list((home / ".config").iterdir()) == []
    manager.write(force=False)
    mine = home / ".config/systemd/user/isaacd.service.d/90-mine.conf"
    mine.write_text("[Service]\nNice=5\n")
    manager.remove()
    assert [file for file in (home / ".config").rglob("*") if file.is_file()] == [mine]
    assert manager.remove() == []


def test_what_an_earlier_installation_added_does_not_outlive_its_reason(home: Path) -> None:
    manager = a_manager(home, version="255", environ={"XDG_DATA_HOME": "/srv/data"})
    manager.write_fewer(manager.write(force=False))
    now = a_manager(home)
    now.write(force=False)
    assert not (home / ".config/systemd/user/isaacd.service.d").exists()


def test_an_installation_that_failed_leaves_what_was_there(home: Path) -> None:
    manager = a_manager(home)
    manager.put_back(manager.write(force=False))
    folder = home / ".config/systemd/user"
    assert list(folder.iterdir()) == []
    older = MARK + "[Service]\nExecStart=/old\n"
    (folder / "isaacd.service").write_text(older)
    (folder / "isaacd.service.d").mkdir()
    (folder / "isaacd.service.d/20-without-namespaces.conf").write_text(MARK)
    manager.put_back(manager.write(force=False))
    assert (folder / "isaacd.service").read_text() == older
    assert (folder / "isaacd.service.d/20-without-namespaces.conf").exists()
    assert not (folder / "isaacd.socket").exists()


def test_a_unit_of_somebody_else_stays_even_if_it_is_a_link_to_nothing(home: Path) -> None:
    manager = a_manager(home)
    manager.folder.mkdir(parents=True)
    (manager.folder / "isaacd.service").symlink_to(home / "nothing")
    with pytest.raises(Refused, match="not ours"):
        manager.write(force=False)
    assert not (home / "nothing").exists()
    manager.write(force=True)
    assert not (manager.folder / "isaacd.service").is_symlink()


def test_who_else_has_a_socket_by_the_units_of_the_system_is_known(tmp_path: Path) -> None:
    wants = tmp_path / "sockets.target.wants"
    wants.mkdir()
    for name in ("isaacd@1.socket", "isaacd@2.socket", "isaacd@.socket", "other@3.socket"):
        (wants / name).symlink_to(tmp_path / "isaacd@.socket")
    manager = Systemd({"HOME": "/"}, system=True, uid=1, system_folder=tmp_path)
    assert manager.others() == ["isaacd@2.socket"]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_path_that_systemd_prints_in_quotes_is_read_back(path: str) -> None:
    quoted = path.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`")
    assert first_word(f'"{quoted}" /run/x') == path


def test_the_path_of_the_program_keeps_a_single_dollar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", '/opt/a $b%c"d/python')
    assert command() == '"/opt/a $b%%c\\"d/python" -P -m isaacd'


def test_a_shell_with_other_folders_still_knows_that_systemd_has_the_socket(home: Path) -> None:
    wants = home / ".config/systemd/user/sockets.target.wants"
    wants.mkdir(parents=True)
    (wants / "isaacd.socket").symlink_to("/gone")
    environ = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "else")}
    assert is_left_to_systemd("/run/user/1/isaacd/isaacd.sock", environ)
    assert not is_left_to_systemd("/x", {**environ, "ISAACD_SOCKET": "/x"})
    assert not is_left_to_systemd("/x", {"HOME": str(home / "nobody")})


def test_the_lock_beside_the_systems_socket_is_the_daemons() -> None:
    path = system_socket(os.getuid())
    assert lock_path(path, {}) == lock_path(path, {"ISAACD_SOCKET": path})


@given(
    st.dictionaries(
        st.sampled_from(["XDG_STATE_HOME", "XDG_DATA_HOME"]), st.from_regex(r"/[ -~]*", fullmatch=True)
    )
)
def test_the_property_list_says_what_launchd_must_know(environ: dict[str, str]) -> None:
    found = plistlib.loads(launchd_list({"HOME": "/Users/a & <b>", **environ}).encode())
    assert found["Label"] == "org.isaac.isaacd"
    assert found["ProgramArguments"][1:] == ["-P", "-m", "isaacd", "--log-stderr"]
    assert found["EnvironmentVariables"] == environ
    assert found["StandardErrorPath"] == "/Users/a & <b>/Library/Logs/isaacd.log"
    assert (found["KeepAlive"], found["RunAtLoad"], found["Umask"]) == ({"SuccessfulExit": False}, True, 0o77)


def test_the_property_list_is_for_its_owner_to_write_whatever_the_umask(home: Path) -> None:
    before = os.umask(0)
    try:
        file = Path(write_launchd({"HOME": str(home)}))
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o644


def test_what_the_daemon_keeps_has_folders_that_systemd_makes_anew() -> None:
    text = unit("isaacd.service", "user")
    (made,) = (line for line in text.splitlines() if line.startswith("ExecStartPre="))
    assert shlex.split(made)[-2:] == ["%h/.local/share/isaac", "%h/.local/state/isaac"]
    for line in ("CacheDirectory=isaac", "ConfigurationDirectory=isaac", "RuntimeDirectory=isaacd"):
        assert f"{line}\n" in text
