"""`isaacctl doctor` as a person meets it: with a daemon and without, healthy and not."""

import json
import os
from pathlib import Path

import pytest

from isaacctl.control import Control
from isaacctl.local import Line
from isaacctl.surroundings import programs, the_service, the_shell
from tests.daemon import Home, a_home


@pytest.fixture
def home():
    with a_home() as home:
        home.directory.chmod(0o700)
        yield home


def line(environ: dict[str, str]) -> Line:
    return Line(Control(environ, os.getuid()), (), as_json=False)


def ills(home: Home) -> list[str]:
    done = home.isaacctl("doctor", "--json")
    report = json.loads(done.stdout)
    found = [item["message"] for item in report["findings"] if item["severity"] != "note"]
    assert done.returncode == (1 if found else 0)
    assert report["healthy"] is (not found)
    # What this machine lacks to keep plugins in is no fault of ours.
    return [message for message in found if "Landlock" not in message and "filtered" not in message]


def test_without_a_daemon_it_looks_and_starts_none(home):
    home.write_config("[ai]\nmodell = 'x'\n")
    home.config.parent.chmod(0o700)
    (message,) = ills(home)
    assert "modell" in message
    assert not home.socket.exists()


def test_with_a_daemon_the_plugins_are_looked_at_too(home):
    try:
        home.isaacctl("start")
        assert ills(home) == []
        home.write_plugin("broken", "import nothing_like_it\n")
        assert any("nothing_like_it" in message for message in ills(home))
    finally:
        home.isaacctl("stop", "--force")


def test_names_that_would_steer_a_terminal_do_not(home):
    folder = home.data / "plugins"
    folder.mkdir(parents=True)
    home.data.chmod(0o700)
    evil = folder / "\x1b[2Jevil"
    evil.write_text("")
    evil.chmod(0o666)
    done = home.isaacctl("doctor")
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert "evil" in done.stdout


def program(folder: Path, version: str) -> str:
    folder.mkdir()
    file = folder / "isaacctl"
    file.write_text(f"#!/bin/sh\necho isaacctl {version}\n")
    file.chmod(0o755)
    return str(folder)


def test_two_versions_on_the_path_are_told(tmp_path):
    path = os.pathsep.join(
        (program(tmp_path / "a", "1.0"), program(tmp_path / "b", "2.0"), os.environ["PATH"])
    )
    (found,) = programs(line({"PATH": path, "HOME": str(tmp_path)}))
    assert "(1.0)" in found[2]
    assert "(2.0)" in found[2]


def test_the_same_program_twice_is_one(tmp_path):
    first = program(tmp_path / "a", "1.0")
    (tmp_path / "b").symlink_to(first)
    assert list(programs(line({"PATH": f"{first}:{tmp_path / 'b'}", "HOME": str(tmp_path)}))) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [('eval "$(isaacctl shell-init bash)"\n', "before"), ("# shell-init\n", "no part"), ("", "no part")],
)
def test_a_shell_without_the_hook_is_only_noted(tmp_path, text, told):
    (tmp_path / ".bashrc").write_text(text)
    (found,) = the_shell(line({"HOME": str(tmp_path), "SHELL": "/bin/bash"}))
    assert found[0] == "note"
    assert told in found[2]
    assert list(the_shell(line({"HOME": str(tmp_path), "SHELL": "/bin/bash", "ISAAC_SESSION": "1"}))) == []


def test_units_of_another_version_are_told(tmp_path):
    folder = tmp_path / ".config/systemd/user"
    folder.mkdir(parents=True)
    (folder / "isaacd.socket").write_text("[Socket]\n")
    environ = {"HOME": str(tmp_path), "PATH": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    (found,) = the_service(line(environ))
    assert "has no partner" in found[2]
    (folder / "isaacd.service").write_text("[Service]\n")
    assert any("another version" in item[2] for item in the_service(line(environ)))
