"""Plugins of a real daemon: known without being imported, imported alone, exchanged while requests run."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import PATIENT, Daemon, Home, a_home, eventually, running
from tests.generated_plugins import answering, waiting

BLOCKS = "while True:\n    pass\n"
SLEEPS = "import time\ntime.sleep(3600)\n"
RAISES = "raise RuntimeError('broken at import')\n"
SETUP_RAISES = """
@plugin.setup
async def begin(context):
    raise RuntimeError("no such server")
"""


@pytest.fixture
def home() -> Iterator[Home]:
    with a_home() as made:
        made.write_config(PATIENT)
        yield made


def file_of(home: Home, name: str) -> Path:
    return home.data / f"plugins/isaac_plugins/{name}.py"


def states(daemon: Daemon) -> dict[str, str]:
    with daemon.caller() as caller:
        return {row["name"]: row["state"] for row in caller.call("plugins")}


def know_all(home: Home) -> None:
    """Let one daemon describe all plugins, so that the next one finds an index."""
    with running(home=home) as daemon:
        eventually(lambda: "waiting" not in states(daemon).values(), "all plugins to be described")
        eventually(lambda: (home.directory / "cache/isaac/plugins.index").exists(), "the index to be written")


def imported(daemon: Daemon) -> set[str]:
    return {name for name, state in states(daemon).items() if state == "loaded"} - {"plugins"}


# Known by the index.


def test_two_hundred_plugins_are_offered_and_none_is_imported(home: Home) -> None:
    mark = home.directory / "imported"
    code = f"open({str(mark)!r}, 'a').write('x')"
    for number in range(200):
        home.write_plugin(f"gen{number}", answering(f"gen{number}", code=code))
    know_all(home)
    size = mark.stat().st_size
    with running(home=home) as daemon:
        with daemon.caller() as caller:
            methods = {card["name"]: card for card in caller.call("commands")}
            completed = caller.call("cli.complete", ["gen7"])
        assert {f"gen{number}" for number in range(200)} <= methods.keys()
        assert methods["gen7"]["mode"] == "inline"
        assert methods["gen7"]["schema"]["properties"] == {"count": {"type": "integer", "default": 1}}
        assert {item["value"] for item in completed} == {"gen7", *(f"gen7{digit}" for digit in range(10))}
        assert "gen150" in home.isaacctl("--help").stdout
        assert "--count INTEGER" in home.isaacctl("gen150", "--help").stdout
        assert "is not a whole number" in home.isaacctl("gen150", "--count", "many").stderr
        assert (mark.stat().st_size, imported(daemon)) == (size, set())
        assert home.isaacctl("gen42").stdout == "gen42 1\n"
        assert (mark.stat().st_size, imported(daemon)) == (size + 1, {"gen42"})


@pytest.mark.parametrize("damage", [b"", b"nonsense" * 100, None])
def test_a_damaged_index_is_made_anew(home: Home, damage: bytes | None) -> None:
    home.write_plugin("mine", answering("mine"))
    know_all(home)
    index = home.directory / "cache/isaac/plugins.index"
    whole = index.read_bytes()
    assert index.stat().st_mode & 0o777 == 0o600
    index.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with running(home=home):
        assert home.isaacctl("mine").stdout == "mine 1\n"
        eventually(lambda: index.read_bytes()[:13] == b"isaac plugins", "the index to be written")


def test_files_that_changed_while_no_daemon_ran_are_described_anew(home: Home) -> None:
    home.write_plugin("mine", answering("mine"))
    home.write_plugin("gone", answering("gone"))
    know_all(home)
    home.write_plugin("mine", answering("mine", "2"))
    home.write_plugin("new", answering("new"))
    file_of(home, "gone").unlink()
    with running(home=home):
        assert home.isaacctl("mine").stdout == "mine 2\n"
        assert home.isaacctl("new").stdout == "new 1\n"
        assert "no command 'gone'" in home.isaacctl("gone").stderr


def test_a_distribution_brings_a_plugin_by_its_entry_point(home: Home) -> None:
    site = home.directory / "site"
    package, info = site / "isaac_hallo", site / "isaac_hallo-2.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    code = "from .helper import WORD"
    (package / "__init__.py").write_text("")
    (package / "helper.py").write_text("WORD = 'hallo'\n")
    (package / "isaac.py").write_text(
        answering("hallo", "2", code=code).replace("plugin = P", "own = P").replace("@plugin", "@own")
    )
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: isaac-hallo\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text("[isaac.plugins]\nhallo = isaac_hallo.isaac:own\n")
    home.trust.trust_folder(package, now=0.0)
    path = {"PYTHONPATH": str(site)}
    for _ in range(2):
        with running(home=home, environ=path):
            assert home.isaacctl("hallo").stdout == "hallo 2\n"
            told = json.loads(home.isaacctl("plugins", "info", "hallo", "--json").stdout)
            assert (told["source"], told["distribution"], told["state"]) == (
                "entry",
                "isaac-hallo 2.0",
                "loaded",
            )
    with running(home=home, environ=path) as daemon, daemon.caller() as caller:
        assert caller.call("hallo") == "hallo 2"
        (package / "helper.py").write_text("1 / 0\n")
        assert caller.call("hallo") == "hallo 2"
        assert states(daemon)["hallo"] == "loaded"
    with running(home=home):
        assert "no command 'hallo'" in home.isaacctl("hallo").stderr


# One that does not do as it should.


@pytest.mark.parametrize("blocks", [BLOCKS, SLEEPS])
def test_one_that_blocks_at_import_holds_up_nobody(home: Home, blocks: str) -> None:
    home.write_plugin("blocks", blocks)
    home.write_plugin("mine", answering("mine"))
    home.write_config("[plugins]\nimport_timeout_s = 3\n")
    with running(home=home) as daemon:
        assert home.isaacctl("mine").stdout == "mine 1\n"
        daemon.ping()
        assert daemon.status()["pid"] == daemon.pid
        eventually(lambda: states(daemon)["blocks"] == "failed", "the import to be given up")
        shown = home.isaacctl("blocks")
        assert shown.returncode == 70
        assert "the plugin blocks cannot be used: its import has taken longer than 3 s" in shown.stderr


def test_names_that_are_no_text_and_files_that_are_none_harm_nobody(home: Home) -> None:
    home.write_plugin("mine", answering("mine"))
    folder = file_of(home, "mine").parent
    (folder / os.fsdecode(b"od\xffd.py")).write_text("1 / 0")
    (folder / "pack").mkdir()
    (folder / "pack/__init__.py").write_text(answering("pack"))
    (folder / "pack" / os.fsdecode(b"x\xfe")).write_text("")
    (folder / "circle.py").symlink_to(folder / "circle.py")
    os.mkfifo(folder / "pipe.py")
    home.trust.trust_folder(folder, now=0.0)
    with running(home=home) as daemon:
        assert home.isaacctl("mine").stdout == "mine 1\n"
        assert home.isaacctl("pack").stdout == "pack 1\n"
        known = states(daemon)
        assert [name for name, state in known.items() if state == "failed"] == ["od\\udcffd"]
        assert not {"circle", "pipe"} & known.keys()
        eventually((home.directory / "cache/isaac/plugins.index").exists, "the index to be written")


def test_one_whose_import_has_not_ended_is_no_unknown_command(home: Home) -> None:
    home.write_config("[plugins]\nwait_s = 1\n[plugins.isolation]\nopen_s = 600\n")
    home.write_plugin("blocks", SLEEPS, trusted=False)
    with running(home=home):
        assert "the plugin blocks is still being looked at" in home.isaacctl("blocks").stderr


def test_many_that_block_at_import_do_not_keep_others_from_being_known(home: Home) -> None:
    home.write_config("[plugins]\nwait_s = 1\n[plugins.isolation]\nopen_s = 600\n")
    for number in range(6):
        home.write_plugin(f"blocks{number}", SLEEPS, trusted=False)
    home.write_plugin("mine", answering("mine"), trusted=False)
    with running(home=home) as daemon:
        states(daemon)
        eventually(lambda: home.isaacctl("mine").stdout == "mine 1\n", "the one that can be used")
        assert states(daemon)["blocks0"] == "waiting"


def test_one_that_is_trusted_while_all_are_looked_at_harms_no_other(home: Home) -> None:
    names = [f"some{number}" for number in range(9)]
    for name in names:
        home.write_plugin(name, answering(name), trusted=False)
    with running(home=home) as daemon:
        assert home.isaacctl("plugins", "trust", "some8").returncode == 0
        eventually(lambda: all(states(daemon)[name] in ("ready", "loaded") for name in names), "all")
        assert "a task of the daemon failed" not in {line["event"] for line in daemon.log()}


def test_one_that_raises_at_its_first_use_is_named_and_harms_no_other(home: Home) -> None:
    switch = home.directory / "switch"
    home.write_plugin(
        "moody", answering("moody", code=f"import os\nif os.path.exists({str(switch)!r}): 1 / 0")
    )
    home.write_plugin("mine", answering("mine"))
    know_all(home)
    switch.touch()
    with running(home=home) as daemon, daemon.caller() as caller:
        assert states(daemon)["moody"] == "ready"
        told = "the plugin moody cannot be used: ZeroDivisionError: division by zero"
        assert caller.fail("moody").startswith(f"plugin_failed: {told}")
        assert told in home.isaacctl("moody").stderr
        assert states(daemon)["moody"] == "failed"
        assert caller.call("mine") == "mine 1"


def test_one_whose_setup_raises_is_named_and_harms_no_other(home: Home) -> None:
    home.write_plugin("begins", answering("begins", code=SETUP_RAISES))
    home.write_plugin("started", answering("started", code=SETUP_RAISES, more='activation="start"'))
    home.write_plugin("mine", answering("mine"))
    with running(home=home) as daemon, daemon.caller() as caller:
        assert "its setup failed: RuntimeError: no such server" in caller.fail("begins")
        assert caller.call("mine") == "mine 1"
        eventually(lambda: states(daemon)["started"] == "failed", "the set-up at the start to fail")


def test_plugins_come_up_after_those_that_they_require_and_circles_are_refused_by_name(home: Home) -> None:
    order = home.directory / "order"
    note = f"open({str(order)!r}, 'a').write(__name__.split('.')[1].split('~')[0] + ' ')"
    setup = f"@plugin.setup\nasync def begin(context):\n    {note}\n"
    home.write_plugin("a", answering("a", code=setup, more='requires=("b>=1",)'))
    home.write_plugin("b", answering("b", code=setup))
    home.write_plugin("x", answering("x", more='requires=("y",)'))
    home.write_plugin("y", answering("y", more='requires=("x",)'))
    home.write_plugin("lone", answering("lone", more='requires=("nowhere",)'))
    home.write_plugin("picky", answering("picky", more='requires=("b>=2",)'))
    with running(home=home) as daemon, daemon.caller() as caller:
        assert caller.call("a") == "a 1"
        assert order.read_text() == "b a "
        assert "require each other in a circle cannot be loaded: x -> y -> x" in caller.fail("x")
        assert "it needs the plugin nowhere, which is not there" in caller.fail("lone")
        assert "it needs the plugin b>=2, and there is b 1" in caller.fail("picky")
        assert daemon.status()["plugins"] > 2


def test_two_of_one_name_and_two_of_one_kind_are_errors_that_name_both(home: Home) -> None:
    kind = '@plugin.provider\nclass Echo:\n    kind = "echo"\n'
    home.write_plugin("one", answering("one", code=kind))
    home.write_plugin("two", answering("two", code=kind))
    home.write_plugin("greet", answering("greet", "99"))
    with running(home=home) as daemon, daemon.caller() as caller:
        cards = {(row["name"], row["state"]): row["summary"] for row in caller.call("plugins")}
        assert "the plugins one and two both offer the provider kind echo" in cards["two", "failed"]
        assert 'disabled = ["one"]' in caller.fail("two")
        assert "two plugins cannot both be called greet" in cards["greet", "hidden"]
        assert '[plugins.choose] greet = "user"' in cards["greet", "hidden"]
        assert (caller.call("one"), caller.call("greet")) == ("one 1", "hello world")
    home.write_config('[plugins]\nwait_s = 90\ndisabled = ["one"]\n[plugins.choose]\ngreet = "user"\n')
    with running(home=home) as daemon, daemon.caller() as caller:
        assert (caller.call("two"), caller.call("greet")) == ("two 1", "greet 99")


def test_two_of_one_name_in_one_folder_are_told_what_can_be_done(home: Home) -> None:
    package = home.write_plugin("mine", answering("mine", "1")).with_suffix("")
    package.mkdir()
    (package / "__init__.py").write_text(answering("mine", "2"))
    with running(home=home) as daemon:
        with daemon.caller() as caller:
            row = next(row for row in caller.call("plugins") if row["state"] == "hidden")
        assert row["summary"].endswith("cannot both be called mine; rename or remove one of them")


# Newer code.


def test_a_change_counts_from_the_next_request_on_and_new_ones_come_and_old_ones_go(home: Home) -> None:
    home.write_plugin("mine", answering("mine"))
    with running(home=home) as daemon, daemon.caller() as caller:
        for version in map(str, range(1, 9)):
            home.write_plugin("mine", answering("mine", version))
            assert caller.call("mine") == f"mine {version}"
            assert home.isaacctl("mine").stdout == f"mine {version}\n"
        home.write_plugin("new", answering("new"))
        assert caller.call("new") == "new 1"
        home.write_plugin("newer", answering("newer"))
        assert home.isaacctl("newer").stdout == "newer 1\n"
        file_of(home, "new").unlink()
        assert home.isaacctl("new").returncode != 0
        eventually(lambda: "new" not in states(daemon), "the plugin to be gone")
        assert "no command 'new'" in home.isaacctl("new").stderr


def test_a_change_counts_even_right_after_a_request(home: Home) -> None:
    """Nobody looks at the file in the moments after a look, so something has to ring."""
    home.write_plugin("mine", answering("mine"))
    with running(home=home) as daemon, daemon.caller() as caller:
        for _ in range(2):  # it is imported, and then looked at
            caller.call("mine")
        if not any(
            "isaac_plugins" in str(item.readlink()) for item in Path(f"/proc/{daemon.pid}/fd").iterdir()
        ):
            pytest.skip("this kernel does not tell of changes in folders")
        for version in map(str, range(2, 40)):
            caller.call("mine")
            caller.call("mine")
            home.write_plugin("mine", answering("mine", version))
            assert caller.call("mine") == f"mine {version}"


def test_what_newer_code_adds_to_the_command_line_is_there_at_once(home: Home) -> None:
    more = """
@plugin.command
def more(context: Context) -> str:
    '''Say more.'''
    return "more"
"""
    home.write_plugin("mine", answering("mine"))
    with running(home=home) as daemon, daemon.caller() as caller:
        assert home.isaacctl("mine").stdout == "mine 1\n"
        home.write_plugin("mine", answering("mine", "2", code=more))
        assert "Say more." in home.isaacctl("mine", "--help").stdout
        assert home.isaacctl("mine", "more").stdout == "more\n"
        home.write_plugin("mine", answering("mine", "3", code=more.replace("more", "less")))
        assert "less" in {item["value"] for item in caller.call("cli.complete", ["mine", ""])}
        assert caller.call("mine.less") == "less"
        home.write_plugin("mine", answering("mine", "4").replace("count:", "number:"))
        assert home.isaacctl("mine", "--number", "2").stdout == "mine 4\n"


def test_one_that_was_broken_from_its_beginning_works_as_soon_as_it_is_mended(home: Home) -> None:
    home.write_plugin("mine", "broken(")
    with running(home=home):
        assert "SyntaxError" in home.isaacctl("mine").stderr
        home.write_plugin("mine", "import nowhere_to_be_found")
        said = home.isaacctl("mine").stderr
        assert "No module named 'nowhere_to_be_found' (mine.py, line 1)" in said
        assert "isaacctl plugins install FOLDER" in said
        home.write_plugin("mine", answering("mine"))
        assert home.isaacctl("mine").stdout == "mine 1\n"


def test_settings_that_newer_code_adds_are_known_with_it(home: Home) -> None:
    settings = """
import msgspec
class Settings(msgspec.Struct, frozen=True):
    {field}: int = 1
plugin = Plugin("mine", settings=Settings)
@plugin.command
def shown(context: Context) -> str:
    '''Show the settings.'''
    return str(context.settings(Settings))
"""
    home.write_plugin("mine", answering("mine", code=settings.format(field="old")))
    with running(home=home):
        assert home.isaacctl("mine", "shown").stdout == "Settings(old=1)\n"
        home.write_plugin("mine", answering("mine", code=settings.format(field="new")))
        home.write_config(f"{PATIENT}[plugins.settings.mine]\nnew = 2\n")
        shown = home.isaacctl("mine", "shown")
        assert (shown.stdout, shown.stderr) == ("Settings(new=2)\n", "")


def test_one_that_no_longer_imports_leaves_the_old_one_working(home: Home) -> None:
    home.write_plugin("mine", answering("mine"))
    with running(home=home) as daemon, daemon.caller() as caller:
        assert caller.call("mine") == "mine 1"
        home.write_plugin("mine", RAISES)
        assert [caller.call("mine") for _ in range(3)] == ["mine 1"] * 3
        row = next(row for row in caller.call("plugins") if row["name"] == "mine")
        assert (row["state"], row["summary"]) == (
            "loaded",
            "not loaded anew: RuntimeError: broken at import (mine.py, line 1)",
        )
        home.write_plugin("mine", answering("mine", "3"))
        assert caller.call("mine") == "mine 3"
        home.write_plugin("mine", answering("mine", "4", code=SETUP_RAISES))
        assert caller.call("mine") == "mine 3"
        daemon.ping()


def test_requests_under_way_end_on_the_code_that_they_began_with_and_none_is_lost(home: Home) -> None:
    home.write_plugin("busy", waiting("busy", "0"))
    answers: list[list[str]] = []
    failures: list[str] = []
    stop = threading.Event()

    def load(daemon: Daemon) -> None:
        with daemon.caller() as caller:
            while not stop.is_set():
                numbers = [caller.ask("busy") for _ in range(8)]
                for number in numbers:
                    kind, _, result = caller.answer(number)
                    (answers.append if kind == "reply" else failures.append)(result)

    with running(home=home) as daemon:
        with daemon.caller() as caller:
            caller.call("busy")
        threads = [threading.Thread(target=load, args=(daemon,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        versions = list(map(str, range(1, 12)))
        for version in versions:
            home.write_plugin("busy", waiting("busy", version))
            eventually(lambda version=version: [version] * 20 in answers, f"version {version}")
            home.write_plugin("busy", "broken(")
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert all(len(set(said)) == 1 and len(said) == 20 for said in answers)


def test_a_package_is_exchanged_as_a_whole_although_it_imports_late(home: Home) -> None:
    folder = home.data / "plugins/isaac_plugins/pack"
    inner = folder / "inner"
    inner.mkdir(parents=True)

    def write(version: int) -> None:
        for name, text in {
            "__init__.py": waiting("pack", "X").replace('VERSION = "X"', "from isaac_plugins.pack.first import VERSION")
            .replace("said = []", "import anyio\n    said = []\n    await anyio.sleep(0.3)\n    from isaac_plugins.pack import late\n    from .inner import deep\n    import isaac_plugins.pack.inner.deep as again\n    said += [late.VERSION, deep.VERSION, again.VERSION]"),
            "first.py": f'VERSION = "{version}"\n',
            "late.py": f'from isaac_plugins.pack.first import VERSION as OTHER\nVERSION = "{version}"\nassert OTHER == VERSION\n',
            "inner/__init__.py": "",
            "inner/deep.py": f'VERSION = "{version}"\n',
        }.items():  # fmt: skip
            (folder / name).write_text(text)

    write(1)
    home.trust.trust_folder(folder.parent, now=0.0)
    with running(home=home) as daemon, daemon.caller() as caller, daemon.caller() as other:
        other.call("plugins")
        first = caller.ask("pack", {"turns": 300})
        eventually(lambda: daemon.status()["in_flight"] > 0, "the first request to run")
        eventually(lambda: "pack" in imported(daemon), "the plugin to be loaded")
        write(2)
        assert set(other.call("pack", {"turns": 2})) == {"2"}
        write(3)
        assert set(other.call("pack", {"turns": 2})) == {"3"}
        assert set(caller.answer(first)[2]) == {"1"}


def test_state_outlives_a_reload_and_a_reload_can_be_asked_for(home: Home) -> None:
    code = """
@plugin.command
async def count(context: Context) -> int:
    '''Count.'''
    number = (await context.state.get("number", int) or 0) + 1
    await context.state.set("number", number)
    return number
"""
    home.write_plugin("mine", answering("mine", code=code, more='capabilities=("state",)'))
    with running(home=home) as daemon, daemon.caller() as caller:
        assert [caller.call("mine.count") for _ in range(2)] == [1, 2]
        assert "mine" in home.isaacctl("plugins", "reload", "mine").stdout
        assert caller.call("mine.count") == 3
        home.write_plugin("mine", answering("mine", "2", code=code, more='capabilities=("state",)'))
        assert caller.call("mine.count") == 4
        shown = home.isaacctl("plugins", "reload", "nowhere")
        assert "there is no plugin 'nowhere'" in shown.stderr
        home.write_plugin("new", answering("new"))
        daemon.send_signal(signal.SIGHUP)
        eventually(lambda: "new" in {card["name"] for card in caller.call("commands")}, "the new plugin")


# What it costs.


@pytest.mark.parametrize("load", ["sequential", "concurrent", "threaded"])
def test_all_plugins_may_be_loaded_at_the_start_and_what_each_cost_is_shown(home: Home, load: str) -> None:
    setup = "import anyio\n@plugin.setup\nasync def begin(context):\n    await anyio.sleep(0.01)\n"
    for name in ("one", "two"):
        home.write_plugin(name, answering(name, code=setup))
    home.write_config(PATIENT.replace("[plugins]", f'[plugins]\nload = "{load}"', 1))
    with running(home=home) as daemon:
        eventually(lambda: {"one", "two", "greet"} <= imported(daemon), "all to be loaded")
        times: dict[str, Any] = json.loads(home.isaacctl("plugins", "timings", "--json").stdout)
        assert times["load"] == load
        cost = next(item for item in times["plugins"] if item["name"] == "one")
        assert cost["import_ms"] > 0
        assert cost["setup_ms"] > 0
        shown = home.isaacctl("plugins", "timings").stdout
        assert f"load = {load};" in shown
        assert "▒" in next(line for line in shown.splitlines() if line.startswith("one") and "|" in line)
