"""`isaacctl plugin test`: a plugin tried in a home of its own, and what it says of plugins that fail there."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import Daemon, eventually, running

GOOD = '''"""A box."""

from isaacd.api import Context, Plugin

plugin = Plugin("box", summary="A box.", version="1", api="1")


@plugin.command
def box(context: Context) -> str:
    """Look.

    Examples:
        isaacctl box
    """
    return "empty"
'''


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with running() as daemon:
        yield daemon


def tried(daemon: Daemon, path: Path) -> tuple[int, dict[str, Any]]:
    """Return the exit code, and each step by its name."""
    done = daemon.home.isaacctl("plugin", "test", "--json", str(path))
    found = json.loads(done.stdout)
    return done.returncode, {step["name"]: step for step in found["steps"]}


def states(steps: dict[str, Any]) -> dict[str, str]:
    return {name: step["state"] for name, step in steps.items()}


def test_a_new_plugin_passes_everything(daemon: Daemon, tmp_path: Path) -> None:
    made = daemon.home.isaacctl("plugin", "new", "weather", "--dir", str(tmp_path / "weather"), "--json")
    assert made.returncode == 0, made.stderr
    assert len(json.loads(made.stdout)["files"]) == 5
    code, steps = tried(daemon, tmp_path / "weather")
    assert states(steps) == dict.fromkeys(
        ["check", "pack", "install", "laws", "start", "load", "tests", "stop"], "passed"
    )
    assert code == 0
    assert not list((tmp_path / "weather").rglob("__pycache__/weather*")), (
        "nothing is left in the author's folder"
    )


@pytest.mark.parametrize(
    ("change", "failed", "says"),
    [
        (("isaacctl box\n", "isaacctl box --nope\n"), ["laws"], "is refused: no option --nope"),
        (("@plugin.command", "@plugin.setup\ndef begin(context):\n    1 / 0\n\n\n@plugin.command"), ["laws"], "division by zero"),
        (("from isaacd.api", "1 / 0\nfrom isaacd.api"), ["check", "laws", "load"], "ZeroDivisionError"),
        (("from isaacd.api", "def (:\nfrom isaacd.api"), ["pack"], "this is no Python"),
        (("Plugin(\"box\"", "Plugin(\"fox\""), ["check", "laws", "load"], "calls itself"),
    ],
)  # fmt: skip
def test_a_plugin_that_fails_is_told_at_each_step_that_it_fails(
    daemon: Daemon, tmp_path: Path, change: tuple[str, str], failed: list[str], says: str
) -> None:
    (tmp_path / "box.py").write_text(GOOD.replace(*change))
    done = daemon.home.isaacctl("plugin", "test", "--json", str(tmp_path / "box.py"))
    if failed == ["pack"]:
        assert says in json.loads(done.stdout)["error"]["message"]
        assert done.returncode != 0
        return
    steps = {step["name"]: step for step in json.loads(done.stdout)["steps"]}
    assert [name for name, state in states(steps).items() if state == "failed"] == failed
    assert any(says in step["message"] for step in steps.values())
    assert done.returncode == 1


def test_it_runs_isolated_unless_it_is_trusted(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "box.py").write_text(GOOD)
    _, steps = tried(daemon, tmp_path / "box.py")
    assert steps["load"]["message"] == "isolated"
    done = daemon.home.isaacctl("plugin", "test", "--trusted", "--json", str(tmp_path / "box.py"))
    assert "inside the daemon" in done.stdout
    assert done.returncode == 0


def test_its_own_tests_fail_the_trial(daemon: Daemon, tmp_path: Path) -> None:
    daemon.home.isaacctl("plugin", "new", "weather", "--dir", str(tmp_path / "weather"))
    (tmp_path / "weather/tests/test_weather.py").write_text("def test_it():\n    assert False\n")
    code, steps = tried(daemon, tmp_path / "weather")
    assert (code, steps["tests"]["state"], steps["stop"]["state"]) == (1, "failed", "passed")


def test_interrupted_it_leaves_no_daemon_and_no_home(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "box"\nversion = "1"\n[project.entry-points."isaac.plugins"]\nbox = "isaac_plugins.box"\n'
    )
    (tmp_path / "isaac_plugins").mkdir()
    (tmp_path / "isaac_plugins/box.py").write_text(GOOD)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_box.py").write_text(
        "import os, pathlib, time\n"
        "def test_it():\n"
        f"    pathlib.Path({str(tmp_path / 'begun')!r}).write_text(os.environ['HOME'])\n"
        "    time.sleep(1000)\n"
    )
    command = [sys.executable, "-m", "isaacd.trial", str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        home = Path(eventually(lambda: _text(tmp_path / "begun"), "the tests to run"))
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(90) == 130
    finally:
        process.kill()
        process.wait()
    assert not home.exists()


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""
