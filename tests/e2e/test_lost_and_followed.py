"""A daemon that nobody could find any more leaves; one with something due later becomes the newer one that is installed."""

import json
import shutil
from pathlib import Path

import pytest

import isaac_plugins
import isaacctl
import isaacd
from tests.daemon import Home, a_home, running
from tests.e2e.test_upgrade import NEWER, line

LOST = "leaves, as it cannot be found any more"


def pid(home: Home) -> int:
    """Return the process that answers a client, which starts one if need be."""
    done = home.isaacctl("tasks", "list", "--json")
    assert done.returncode == 0, done.stderr
    return int(json.loads(home.isaacctl("status", "--json").stdout)["pid"])


@pytest.mark.parametrize("gone", ["isaacd/isaacd.sock", "data"])
def test_when_its_place_is_taken_away_it_leaves_and_another_begins(gone: str) -> None:
    """Nothing that was acknowledged is lost by it, but what was deleted with its folder."""
    with a_home() as home:
        home.data.mkdir(parents=True, mode=0o700)
        loses(home, gone)


def loses(home: Home, gone: str) -> None:
    with running("--on-demand", home=home) as daemon:
        try:
            assert home.isaacctl("notes", "add", "kept").returncode == 0
            lost = home.directory / gone
            shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
            assert daemon.wait() == 0
            assert "Traceback" not in daemon.stderr
            assert pid(home) != daemon.pid
            assert home.isaacctl("notes", "add", "new").returncode == 0
            texts = [note["text"] for note in json.loads(home.isaacctl("notes", "list", "--json").stdout)]
            assert sorted(texts) == (["new"] if gone == "data" else ["kept", "new"])
        finally:
            home.isaacctl("stop")


def test_it_says_why_it_leaves() -> None:
    with running("--log-stderr") as daemon:
        daemon.home.lock.unlink()
        assert daemon.wait() == 0
        (said,) = [json.loads(row) for row in daemon.stderr.splitlines() if LOST in row]
        assert said["reason"] == f"the file {daemon.home.lock} is gone"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A place that Isaac is installed in, where another version can be put."""
    for module in (isaacd, isaacctl, isaac_plugins):
        (source,) = map(Path, list(module.__path__)[:1])
        (tmp_path / source.name).mkdir()
        for entry in source.iterdir():
            (tmp_path / source.name / entry.name).symlink_to(entry)
    put(tmp_path, isaacd.__version__)
    return tmp_path


def put(installed: Path, version: str) -> None:
    for name in ("isaacd", "isaacctl"):
        beside = installed / name / "__init__.new"
        beside.write_text(f'"""Isaac."""\n\n__version__ = "{version}"\n')
        beside.replace(installed / name / "__init__.py")


def test_one_with_schedules_becomes_the_newer_one_that_is_installed(installed: Path) -> None:
    environ = {"PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    with running("--on-demand", environ=environ) as daemon:
        assert daemon.home.isaacctl("schedule", "add", "in 3h", "--", "greet").returncode == 0
        put(installed, NEWER)
        with daemon.caller() as caller:
            line(caller, NEWER, "greet")
            (said,) = daemon.logged("makes room for a newer version")
            assert said["follows_at_once"] is True
            assert caller.call("status")["version"] == isaacd.__version__
        daemon.logged("draining")
        with daemon.caller() as caller:  # who comes meanwhile is answered by the next one
            assert caller.call("status")["version"] == NEWER
            (schedule,) = caller.call("schedule.list")
            assert schedule["next_at"] is not None
            assert caller.call("ping")["pid"] == daemon.pid


def test_one_with_schedules_stays_if_the_newer_one_is_elsewhere() -> None:
    with running("--on-demand") as daemon:
        assert daemon.home.isaacctl("schedule", "add", "in 3h", "--", "greet").returncode == 0
        with daemon.caller() as caller:
            line(caller, NEWER, "greet")
        (said,) = daemon.logged("makes room for a newer version")
        assert said["follows_at_once"] is False
        daemon.ping()
