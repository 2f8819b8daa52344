"""Living with plugins, through a real daemon: installed, switched off, chosen between, trusted, examined, removed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from isaacd.workshop.project import Entry, Project
from isaacd.workshop.pyproject import ProjectTable
from isaacd.workshop.wheel import write_wheel
from tests.daemon import Daemon, Home, a_home, running
from tests.pty_person import at_terminal

PLUGIN = '''"""A plugin from elsewhere."""

from isaacd.api import Context, Plugin

{attribute} = Plugin("{name}", summary="Say {version}.", version="{version}", api="1")


@{attribute}.command
def {name}(context: Context) -> str:
    """Say it.

    Examples:
        isaacctl {name}
    """
    return "{name} {version}"
'''
RULES = '''"""Rules."""
from isaacd.api import Plugin
plugin = Plugin("rules")
@plugin.route
def above(line: str) -> str | None:
    return None
@plugin.policy("mine")
class Mine:
    """None."""
'''
Wheel = Callable[..., str]


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with running() as daemon:
        yield daemon


@pytest.fixture
def wheel(tmp_path: Path) -> Wheel:
    """Build the wheel of a distribution with one plugin; `target` is its entry point."""

    def make(name: str, version: str = "1.0", target: str = "", capabilities: str = "") -> str:
        target = target or f"isaac_plugins.{name}"
        module, _, attribute = target.partition(":")
        file = tmp_path / f"{name}-{version}.py"
        text = PLUGIN.format(name=name, version=version, attribute=attribute or "plugin")
        file.write_text(text.replace('api="1")', f'api="1", capabilities=({capabilities}))'))
        project = Project(
            root=tmp_path,
            table=ProjectTable(name=f"third-party-{name}"),
            version=version,
            plugins=(Entry(name=name, target=target, source=file),),
            files={f"{module.replace('.', '/')}.py": file},
        )
        shelf = tmp_path / "shelf"
        shelf.mkdir(exist_ok=True)
        return str(write_wheel(project, shelf))

    return make


def run(home: Home, *argv: str) -> str:
    done = home.isaacctl(*argv)
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout


def refused(home: Home, *argv: str) -> str:
    done = home.isaacctl(*argv)
    assert done.returncode != 0, (argv, done.stdout)
    assert "Traceback" not in done.stderr
    return done.stderr


def told(home: Home, *argv: str) -> Any:
    return json.loads(run(home, *argv, "--json"))


def diagnosed(home: Home) -> list[dict[str, str]]:
    """Return what the doctor finds; an error among it is told by the exit code."""
    done = home.isaacctl("plugins", "doctor", "--json")
    findings: list[dict[str, str]] = json.loads(done.stdout)["findings"]
    assert done.returncode == int(any(item["severity"] == "error" for item in findings)), done.stderr
    return findings


@pytest.mark.parametrize("target", ["", "from_elsewhere:offered", "isaac_elsewhere"])
def test_a_wheel_with_an_entry_point_is_installed_used_and_removed(
    daemon: Daemon, wheel: Wheel, target: str
) -> None:
    home = daemon.home
    before = told(home, "plugins", "list")
    done = told(home, "plugins", "install", "--offline", wheel("box", target=target))
    assert done["done"]["plugins"] == ["box"]
    assert [(card["name"], card["trusted"], card["error"]) for card in done["daemon"]] == [
        ("box", False, None)
    ]
    assert run(home, "box") == "box 1.0\n"
    info = told(home, "plugins", "info", "box")
    assert (info["version"], info["trusted"], info["error"]) == ("1.0", False, None)
    assert told(home, "plugins", "trust", "box")["trusted"] is True
    assert run(home, "box") == "box 1.0\n"
    assert run(home, "plugins", "install", "--offline", wheel("box", "2.0", target=target)).startswith(
        "installed third-party-box 2.0, before 1.0"
    )
    assert run(home, "box") == "box 2.0\n"
    assert [item["about"] for item in diagnosed(home)] == ["box"], "trusted as it was"
    assert told(home, "plugins", "remove", "box")["done"]["version"] == "2.0"
    assert "no command 'box'" in refused(home, "box")
    assert [row["name"] for row in told(home, "plugins", "list")] == [row["name"] for row in before]
    assert not [path for path in (home.data / "plugins/installed").iterdir() if path.name != ".lock"]


def test_a_failed_installation_leaves_the_plugin_in_use(daemon: Daemon, wheel: Wheel, tmp_path: Path) -> None:
    home = daemon.home
    run(home, "plugins", "install", "--offline", wheel("box"))
    broken = tmp_path / "third_party_box-2.0-py3-none-any.whl"
    broken.write_bytes(Path(wheel("box", "2.0")).read_bytes()[:-30])
    assert "is no wheel" in refused(home, "plugins", "install", "--offline", str(broken))
    assert "no wheel of third-party-gone" in refused(
        home, "plugins", "install", "--offline", "third-party-gone"
    )
    assert run(home, "box") == "box 1.0\n"


def test_from_nothing_to_an_installed_plugin(daemon: Daemon, tmp_path: Path) -> None:
    home, place = daemon.home, str(tmp_path / "weather")
    run(home, "plugin", "new", "weather", "--dir", place)
    assert told(home, "plugin", "check", place)["findings"] == []
    packed = told(home, "plugin", "pack", place)
    run(home, "plugins", "install", "--offline", packed["wheel"])
    assert run(home, "weather", "--to", "Ada") == "hello Ada\n"
    assert "weather" in run(home, "--help")
    run(home, "plugins", "remove", "isaac-plugin-weather")
    run(home, "plugins", "install", "--offline", place)
    assert run(home, "weather") == "hello world\n"


def test_what_is_switched_off_stays_off_across_a_restart_and_config_toml_stays_as_it_is(wheel: Wheel) -> None:
    with a_home() as home:
        config = '# my own words\n[log]\nlevel = "info" # and these\n'
        with running(home=home, config=config):
            assert run(home, "greet") == "hello world\n"
            assert told(home, "plugins", "disable", "greet")["state"] == "disabled"
            assert told(home, "plugins", "disable", "greet")["state"] == "disabled", "twice is once"
            assert "isaacctl plugins enable greet" in refused(home, "greet")
        with running(home=home):
            refused(home, "greet")
            assert told(home, "plugins", "info", "greet")["state"] == "disabled"
            run(home, "plugins", "enable", "greet")
            assert run(home, "greet") == "hello world\n"
        with running(home=home):
            assert run(home, "greet") == "hello world\n"
        assert home.config.read_text() == config


def test_what_config_toml_switches_off_is_not_switched_on_behind_its_back() -> None:
    with running(config='\n[plugins]\ndisabled = ["greet"]\n') as daemon:
        said = refused(daemon.home, "plugins", "enable", "greet")
        assert "config.toml:3" in said
        assert "isaacctl config edit" in said


def test_of_two_with_one_name_both_are_named_and_either_can_be_chosen(wheel: Wheel) -> None:
    with a_home() as home:
        home.write_plugin("greet", PLUGIN.format(name="greet", version="3.0", attribute="plugin"))
        mine = str(home.data / "plugins/isaac_plugins/greet.py")
        with running(home=home):
            assert run(home, "greet") == "hello world\n"
            hidden = [row for row in told(home, "plugins", "list") if row["state"] == "hidden"]
            (said,) = [row["summary"] for row in hidden]
            assert "isaacctl plugins choose greet user" in said
            both = refused(home, "plugins", "choose", "greet")
            assert f"user: {mine}" in both
            assert "isaac: " in both
            assert "did you mean isaacctl plugins choose greet user" in refused(
                home, "plugins", "choose", "greet", "usr"
            )
            run(home, "plugins", "choose", "greet", "user")
            findings = diagnosed(home)
            assert not [item for item in findings if item["about"] == "greet"], "what was chosen is no fault"
            assert run(home, "greet") == "greet 3.0\n"
        with running(home=home):
            assert run(home, "greet") == "greet 3.0\n"
            run(home, "plugins", "install", "--offline", wheel("greet", "4.0"))
            run(home, "plugins", "choose", "greet", "third-party-greet")
            assert run(home, "greet") == "greet 4.0\n"
            run(home, "plugins", "trust", "greet")
            run(home, "plugins", "remove", "third-party-greet")
            assert run(home, "greet") == "hello world\n", "what was chosen is forgotten with what it was"
            assert "third-party" not in (home.data / "plugins/trusted.json").read_text()


def test_what_config_toml_chooses_is_not_chosen_otherwise_behind_its_back() -> None:
    with a_home() as home:
        home.write_plugin("greet", PLUGIN.format(name="greet", version="3.0", attribute="plugin"))
        with running(home=home, config='[plugins.choose]\ngreet = "user"\n'):
            assert run(home, "greet") == "greet 3.0\n"
            assert "config.toml:2" in refused(home, "plugins", "choose", "greet", "isaac")


def test_names_that_are_mistyped_are_guessed(daemon: Daemon) -> None:
    for command in ("info", "enable", "disable", "choose", "trust"):
        assert "did you mean" in refused(daemon.home, "plugins", command, "gret"), command
    assert "no plugin 'gret' was installed" in refused(daemon.home, "plugins", "remove", "gret")
    assert "nothing could be switched on again" in refused(daemon.home, "plugins", "disable", "plugins")


def test_trust_is_for_a_plugin_as_it_is(wheel: Wheel) -> None:
    with a_home() as home:
        text = PLUGIN.format(name="box", version="1", attribute="plugin")
        file = home.write_plugin("box", text, trusted=False)
        with running(home=home):
            assert told(home, "plugins", "info", "box")["trusted"] is False
            assert told(home, "plugins", "trust", "box")["trusted"] is True
            assert told(home, "plugins", "info", "box")["trusted"] is True
            assert run(home, "box") == "box 1\n"
            file.write_text(PLUGIN.format(name="box", version="2", attribute="plugin"))
            assert told(home, "plugins", "info", "box")["trusted"] is False
            findings = diagnosed(home)
            assert any("has changed since it was trusted" in item["message"] for item in findings)
            assert told(home, "plugins", "untrust", "box")[0]["trusted"] is False
            assert told(home, "plugins", "trust", "--folder", str(file.parent))["trusted"] is True
            assert told(home, "plugins", "info", "box")["trusted"] is True
            file.write_text(PLUGIN.format(name="box", version="3", attribute="plugin"))
            assert told(home, "plugins", "info", "box")["trusted"] is True
            run(home, "plugins", "untrust", "--folder", str(file.parent))
            assert "belongs to Isaac" in refused(home, "plugins", "trust", "greet")
            assert "is not trusted" in refused(home, "plugins", "untrust", "box")


def test_the_doctor_finds_what_is_wrong_and_says_how_to_mend_it(daemon: Daemon, wheel: Wheel) -> None:
    home = daemon.home
    assert [item for item in diagnosed(home) if item["about"] != "isolation"] == []
    run(home, "plugins", "install", "--offline", wheel("box"))
    home.write_plugin("broken", "1 / 0\n")
    home.write_plugin("greet", PLUGIN.format(name="greet", version="3", attribute="plugin"))
    plugins = home.data / "plugins"
    home.write_plugin(
        "wrong", 'from isaacd.api import Plugin\nplugin = Plugin("wrong", capabilities=("fly",))\n'
    )
    home.write_plugin("rules", RULES, trusted=False)
    (plugins / "isaac_plugins/circle.py").symlink_to(plugins / "isaac_plugins/circle.py")
    (plugins / "lost.py").write_text("")
    (plugins / "isaac_plugins/empty").mkdir()
    (plugins / "installed/damaged.json").write_text("{")
    (plugins / "installed/.staging-1234").mkdir()
    run(home, "plugins", "disable", "box")
    run(home, "plugins", "remove", "box")
    found = diagnosed(home)
    about = {item["about"].rpartition("/")[2]: item for item in found}
    assert {"broken", "greet", "lost.py", "empty", "damaged.json", "box"} <= set(about)
    assert "ZeroDivisionError: division by zero (broken.py, line 1)" in about["broken"]["message"]
    assert about["wrong"]["message"].endswith("there is no capability 'fly' (wrong.py, line 2)")
    assert "there are: ask, cache," in about["wrong"]["hint"]
    assert (
        "rules about typed lines and policies of the cache (mine) are not used" in about["rules"]["message"]
    )
    assert "isaacctl plugins trust rules" in about["rules"]["hint"]
    assert all(item["hint"] for item in found)
    (plugins / "isaac_plugins").chmod(0o777)
    messages = [item["message"] for item in diagnosed(home)]
    assert any("others can write to it" in message for message in messages)


def test_a_plugin_has_the_scopes_that_a_person_has_granted_and_more_only_once_they_are(
    daemon: Daemon, wheel: Wheel
) -> None:
    home = daemon.home
    said = run(home, "plugins", "install", "--offline", wheel("box", "1.0", capabilities='"ask", "state",'))
    assert "it wants ask of Isaac, and has not got that: isaacctl plugins grant box" in said
    info = told(home, "plugins", "info", "box")
    assert (info["scopes"], info["granted"], info["trusted"]) == (["ask"], [], False)
    (finding,) = [item for item in diagnosed(home) if item["about"] == "box"]
    assert "it wants ask of Isaac" in finding["message"]
    assert "does not want the scope 'admin'" in refused(home, "plugins", "grant", "box", "admin")
    assert run(home, "plugins", "grant", "box") == "box: granted ask\n"
    assert told(home, "plugins", "info", "box")["granted"] == ["ask"]
    # What it had it keeps after an update; what it wants besides, it has to be granted.
    more = '"ask", "run:confirm", "admin",'
    said = run(home, "plugins", "install", "--offline", wheel("box", "2.0", capabilities=more))
    assert "it wants run:confirm, admin of Isaac" in said
    info = told(home, "plugins", "info", "box")
    assert (info["version"], info["scopes"], info["granted"]) == (
        "2.0",
        ["ask", "run:confirm", "admin"],
        ["ask"],
    )
    assert run(home, "plugins", "grant", "box", "admin") == "box: granted admin, not ask, run:confirm\n"
    assert run(home, "plugins", "revoke", "box") == "box: granted nothing, not admin\n"
    assert "was granted nothing" in refused(home, "plugins", "revoke", "box")
    assert "needs no grant" in refused(home, "plugins", "grant", "greet")
    # Another plugin of that name is not the one that was granted something.
    run(home, "plugins", "grant", "box")
    run(home, "plugins", "remove", "box")
    text = PLUGIN.format(name="box", version="3", attribute="plugin")
    home.write_plugin("box", text.replace('api="1")', 'api="1", capabilities=("ask",))'), trusted=False)
    run(home, "plugins")
    assert told(home, "plugins", "info", "box")["granted"] == []
    home.trust.trust("box", home.data / "plugins/isaac_plugins/box.py", now=0.0)
    assert told(home, "plugins", "info", "box")["granted"] == ["ask"]


def test_who_installs_at_a_terminal_is_asked(daemon: Daemon, wheel: Wheel) -> None:
    home = daemon.home
    for answer, granted in (("n", []), ("y", ["ask"])):
        line = ["-m", "isaacctl", "plugins", "install", "--offline"]
        with at_terminal([*line, wheel("box", capabilities='"ask",')], home.environ) as person:
            person.reads("Grant it? [y/N]")
            person.types(f"{answer}\n")
            assert person.leaves() == 0
        assert told(home, "plugins", "info", "box")["granted"] == granted
