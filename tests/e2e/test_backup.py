"""Backups around a real daemon: running, stopped, or killed in the middle."""

import json
import signal
import stat
from pathlib import Path

import msgspec

from isaacd.backup.disk import make_folder
from isaacd.backup.inventory import MARKER, STAGING
from isaacd.backup.restore import Move, Plan
from tests.daemon import Home, a_home, running


def say(home: Home, *argv: str) -> dict:
    done = home.isaacctl(*argv, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def notes(home: Home) -> set[str]:
    done = home.isaacctl("notes", "list", "--json")
    assert done.returncode == 0, done.stderr
    return {note["text"] for note in json.loads(done.stdout)}


def test_a_backup_of_a_running_daemon_comes_back_into_a_running_one():
    with a_home() as home:
        try:
            home.isaacctl("notes", "add", "the first")
            pid = say(home, "status")["pid"]
            file = home.directory / "b"
            said = say(home, "backup", str(file))
            assert said["databases"] >= 1
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert say(home, "status")["pid"] == pid
            home.isaacctl("notes", "add", "the second")
            kept = say(home, "restore", str(file))["kept"]
            assert say(home, "status")["pid"] != pid
            assert notes(home) == {"the first"}
            say(home, "restore", kept)
            assert notes(home) == {"the first", "the second"}
        finally:
            home.isaacctl("stop", "--force")


def test_without_a_daemon_none_is_started_by_it():
    with a_home() as home:
        home.write_config("[ai]\nmodel = 'local'\n")
        say(home, "backup", str(home.directory / "b"))
        home.write_config("[ai]\nmodel = 'other'\n")
        say(home, "restore", str(home.directory / "b"))
        assert home.config.read_text() == "[ai]\nmodel = 'local'\n"
        say(home, "export", str(home.directory / "e"))
        say(home, "import", str(home.directory / "e"))
        assert home.isaacctl("status").returncode == 3


def test_what_cannot_be_restored_leaves_the_daemon_running():
    with a_home() as home:
        try:
            home.isaacctl("notes", "add", "the first")
            (home.directory / "b").write_text("a letter")
            done = home.isaacctl("restore", str(home.directory / "b"))
            assert done.returncode == 2
            assert "no backup of Isaac" in done.stderr
            assert home.isaacctl("status").returncode == 0
            assert notes(home) == {"the first"}
        finally:
            home.isaacctl("stop", "--force")


def test_the_daemon_finishes_what_a_killed_restoration_has_begun():
    with a_home() as home:
        staged = home.config.parent / STAGING / "0"
        make_folder(staged.parent)
        staged.write_text("[ai]\nmodel = 'restored'\n")
        home.write_config("[ai]\nmodel = 'old'\n")
        marker = home.log.parent / MARKER
        make_folder(marker.parent)
        plan = Plan(moves=(Move("config", f"{STAGING}/0", "config.toml", False),), remove=(), kept="")
        marker.write_bytes(msgspec.json.encode(plan))
        with running(home=home) as daemon:
            assert home.config.read_text() == "[ai]\nmodel = 'restored'\n"
            assert not marker.exists()
            daemon.ping()


def test_a_note_that_was_acknowledged_before_kill_9_is_in_the_backup(tmp_path: Path):
    with a_home() as home, running(home=home) as daemon:
        assert home.isaacctl("notes", "add", "acknowledged").returncode == 0
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
        say(home, "export", str(tmp_path / "e"))
        document = json.loads((tmp_path / "e").read_bytes())
        assert [note["text"] for note in document["notes"]["notes"]] == ["acknowledged"]
