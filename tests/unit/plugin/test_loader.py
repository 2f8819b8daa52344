"""The BootLoader: what it finds, what it imports, and how one that fails disturbs no other."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from isaacd.log import open_log
from isaacd.plugin import BootLoader, LoadedPlugin
from tests.fakes import FakeClock

BUNDLED = {"ask", "config", "greet", "plugins", "status"}
GOOD = '''"""Say yes."""
from isaacd.api import Context, Plugin
plugin = Plugin("{name}")
@plugin.command
def {name}(context: Context) -> str:
    """Answer."""
    return "{name}"
'''

Load = Callable[..., dict[str, LoadedPlugin]]


@pytest.fixture
def user_dir(tmp_path: Path) -> Iterator[Path]:
    """A folder for plugins; what importing from it leaves behind is taken away again."""
    folder = tmp_path / "plugins"
    folder.joinpath("isaac_plugins").mkdir(parents=True)
    folder.chmod(0o700)
    folder.joinpath("isaac_plugins").chmod(0o700)
    before, path = set(sys.modules), list(sys.path)
    yield folder
    sys.path[:] = path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def load(user_dir: Path, tmp_path: Path) -> Load:
    def run(*, disabled: tuple[str, ...] = (), **settings: int) -> dict[str, LoadedPlugin]:
        log = open_log(tmp_path / "log", level="debug")
        loader = BootLoader(user_dir=user_dir, disabled=disabled, clock=FakeClock(), log=log, **settings)
        found = loader.load_all()
        return {f"{item.name}/{item.state}": item for item in found}

    return run


def write(user_dir: Path, name: str, text: str) -> Path:
    file = user_dir / "isaac_plugins" / name
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.write_text(text)
    file.chmod(0o600)
    return file


def test_bundled_plugins_are_found_in_order_and_loaded(load: Load) -> None:
    found = load()
    names = [item.name for item in found.values()]
    assert names == sorted(names)
    assert {name for name in BUNDLED if f"{name}/loaded" in found} == BUNDLED


def test_a_user_s_file_and_package_are_plugins(user_dir: Path, load: Load) -> None:
    file = write(user_dir, "mine.py", GOOD.format(name="mine"))
    write(user_dir, "pack/__init__.py", "from .inner import plugin\n")
    write(user_dir, "pack/inner.py", GOOD.format(name="pack"))
    found = load()
    mine = found["mine/loaded"]
    assert mine.origin == str(file)
    card = mine.card()
    assert (card.summary, card.commands, card.error) == ("Say yes.", ("mine",), None)
    assert found["pack/loaded"].origin == str(user_dir / "isaac_plugins" / "pack")


def test_what_is_no_plugin_is_not_even_looked_at(user_dir: Path, load: Load) -> None:
    for name in ("_private.py", ".hidden.py", "notes.txt", "folder/data.txt"):
        write(user_dir, name, "raise SystemExit")
    assert not [item for item in load().values() if item.origin.startswith(str(user_dir))]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def broken(:\n", "SyntaxError: invalid syntax (bad.py, line 1)"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("import nowhere_to_be_found\n", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("from isaacd.api import Nothing\n", "ImportError: cannot import name 'Nothing'"),
        ("\n", 'isaac_plugins.bad has no `plugin = Plugin("bad")`'),
        ("plugin = 3\n", 'isaac_plugins.bad has no `plugin = Plugin("bad")`'),
        (
            "from isaacd.api import Plugin\nplugin = Plugin('good')\n",
            'isaac_plugins.bad calls itself Plugin("good")',
        ),
        ("from isaacd.api import Plugin\nplugin = Plugin('Bad')\n", "'Bad' is no name for a plugin"),
        (GOOD.format(name="bad") + "plugin.command(bad)\n", "are both the command bad"),
        (
            GOOD.format(name="bad").replace("Context) ->", "Context, x) ->"),
            "isaac_plugins.bad.bad: the parameter `x`",
        ),
    ],
)
def test_one_that_fails_is_recorded_with_its_reason_and_disturbs_no_other(
    user_dir: Path, load: Load, tmp_path: Path, text: str, reason: str
) -> None:
    file = write(user_dir, "bad.py", text)
    write(user_dir, "fine.py", GOOD.format(name="fine"))
    found = load()
    bad = found["bad/failed"]
    assert reason in (bad.error or "")
    assert bad.origin == bad.card().origin == str(file)
    assert (bad.plugin, bad.card().commands) == (None, ())
    assert "fine/loaded" in found
    assert {name for name in BUNDLED if f"{name}/loaded" in found} == BUNDLED
    logged = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert any(line["event"] == "plugin failed to load" and line["plugin"] == "bad" for line in logged)


@pytest.mark.parametrize("name", ["my-plugin.py", "Mine.py", "start.py", "daemon.py"])
def test_a_file_that_cannot_be_a_plugin_by_its_name_is_not_imported(
    user_dir: Path, load: Load, name: str
) -> None:
    write(user_dir, name, "raise SystemExit('imported')")
    found = load()[f"{name[:-3]}/failed"]
    assert "imported" not in (found.error or "")
    assert "name" in (found.error or "") or "something else" in (found.error or "")


def test_a_disabled_plugin_is_recorded_and_not_imported(user_dir: Path, load: Load) -> None:
    write(user_dir, "mine.py", "raise SystemExit('imported')")
    found = load(disabled=("mine", "greet"))
    assert found["mine/disabled"].error is None
    assert "greet/disabled" in found
    assert "isaac_plugins.mine" not in sys.modules


def test_a_user_s_plugin_does_not_replace_a_bundled_one_in_silence(user_dir: Path, load: Load) -> None:
    write(user_dir, "greet.py", "raise SystemExit('imported')")
    found = load()
    hidden = found["greet/hidden"]
    assert found["greet/loaded"].origin in (hidden.error or "")
    assert "hidden by" in (hidden.error or "")
    assert hidden.card().state == "hidden"


def test_a_user_s_files_hide_no_other_module(user_dir: Path, load: Load) -> None:
    (user_dir / "colorsys.py").write_text("raise SystemExit('shadowed')")
    write(user_dir, "mine.py", "import colorsys\n" + GOOD.format(name="mine"))
    assert "mine/loaded" in load()
    assert sys.path[-1] == str(user_dir)


@pytest.mark.parametrize("open_one", [".", "isaac_plugins", "isaac_plugins/mine.py"])
@pytest.mark.parametrize("mode", [0o702, 0o720])
def test_code_that_others_can_change_is_not_run(user_dir: Path, load: Load, open_one: str, mode: int) -> None:
    write(user_dir, "mine.py", "raise SystemExit('imported')")
    (user_dir / open_one).chmod(mode)
    found = load()["mine/failed"]
    assert f"chmod go-w {(user_dir / open_one)}" in (found.error or "")
    assert "isaac_plugins.mine" not in sys.modules


def test_code_of_another_user_is_not_run(user_dir: Path, load: Load) -> None:
    write(user_dir, "mine.py", "raise SystemExit('imported')")
    import os

    if os.geteuid() == 0:
        os.chown(user_dir, 12345, -1)
        found = load()["mine/failed"]
    else:
        found = load(uid=os.geteuid() + 1)["mine/failed"]
    assert "belongs to another user" in (found.error or "")


def test_a_file_that_would_make_the_user_s_folder_the_whole_namespace_hides_nothing(
    user_dir: Path, load: Load
) -> None:
    init = write(user_dir, "__init__.py", "")
    write(user_dir, "mine.py", "raise SystemExit('imported')")
    found = load()
    assert f"rm {init}" in (found["mine/failed"].error or "")
    assert {name for name in BUNDLED if f"{name}/loaded" in found} == BUNDLED


def test_a_refused_plugin_hides_no_other_and_a_missing_folder_is_none(user_dir: Path, load: Load) -> None:
    write(user_dir, "greet.py", "")
    user_dir.chmod(0o777)
    assert "greet/loaded" in load()
    write(user_dir, "greet.py", "").unlink()
    user_dir.joinpath("isaac_plugins").rmdir()
    user_dir.rmdir()
    assert "greet/loaded" in load()
