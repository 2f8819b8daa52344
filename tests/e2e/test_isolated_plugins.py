"""Plugins that nobody has trusted, in real daemons: whatever they do, they do it to themselves."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from isaacd.plugin.isolation.fence import expected
from tests.daemon import Daemon, Home, a_home, eventually, running
from tests.hostile_plugin import HOSTILE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="plugins are isolated on Linux")
HELD = expected()
QUICK = """
[plugins]
wait_s = 90
[plugins.isolation]
open_s = 90
hang_s = 3
grace_s = 0.5
memory_mib = 256
"""
AT_IMPORT = {
    "blocks": "import time\ntime.sleep(1000)\n",
    "leaves": "import os\nos._exit(5)\n",
    "fills": "kept = []\nwhile True:\n    kept.append(bytearray(1 << 20))\n",
    "raises": "1 / 0\n",
    "exits": "raise SystemExit(3)\n",
    "lies": 'from isaacd.api import Plugin\nplugin = Plugin("config")\n',
}
REASONS = {
    "blocks": "import",
    "leaves": "exit code 5",
    "fills": "memory",
    "raises": "ZeroDivisionError",
    "exits": "SystemExit",
    "lies": 'calls itself Plugin("config")',
}


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with a_home() as home:
        home.write_config(QUICK)
        (home.directory / ".ssh").mkdir()
        (home.directory / ".ssh/id_rsa").write_text("PRIVATE KEY")
        home.write_plugin("hostile", HOSTILE.replace("%HOME%", str(home.directory)), trusted=False)
        with running(home=home) as daemon:
            yield daemon


@pytest.fixture
def home() -> Iterator[Home]:
    with a_home() as home:
        home.write_config(QUICK)
        yield home


def test_what_goes_wrong_in_its_setup_is_said_once(home: Home) -> None:
    setup = """
from isaacd.api import Plugin
plugin = Plugin("{name}")
@plugin.setup(timeout_s={limit})
async def begin(context):
    {code}
@plugin.command
def {name}(context) -> None:
    '''Do.'''
"""
    home.write_plugin(
        "raises",
        setup.format(name="raises", limit=90, code="raise ValueError('no such server')"),
        trusted=False,
    )
    home.write_plugin(
        "hangs",
        setup.format(name="hangs", limit=1, code="import asyncio; await asyncio.sleep(99)"),
        trusted=False,
    )
    told = "error: the plugin {} cannot be used: its setup failed: {}\n"
    with running(home=home):
        for name, reason in (
            ("raises", "ValueError: no such server (raises.py, line 6)"),
            ("hangs", "it took longer than 1 s"),
        ):
            assert home.isaacctl(name).stderr.startswith(told.format(name, reason))


def test_the_line_of_a_handler_and_a_job_that_failed_is_in_the_log(home: Home) -> None:
    home.write_plugin("broken", BROKEN, trusted=False)
    with running(home=home) as daemon:
        assert home.isaacctl("broken").stdout == "told\n"
        (handler,) = daemon.logged("event handler failed", 1)
        assert handler["reason"] == "the plugin broken: event failed: ValueError: heard (broken.py, line 12)"
        assert "traceback" not in handler
        job = daemon.logged("job failed", 1)[0]
        assert job["reason"] == "the plugin broken: job failed: KeyError: 'missing' (broken.py, line 17)"
        view = home.isaacctl("broken", "seen")
        assert (view.returncode, "its view failed: ZeroDivisionError" in view.stderr) == (70, True)


BROKEN = '''
"""Broken in many places."""
from isaacd.api import Context, Event, Plugin
plugin = Plugin("broken", version="1", api="1", capabilities=("publish",), events=("told",))
@plugin.command
async def broken(context: Context) -> str:
    """Tell."""
    context.publish("told")
    return "told"
@plugin.on("broken.told")
async def heard(context: Context, event: Event) -> None:
    raise ValueError("heard")


@plugin.every(1)
async def work(context: Context) -> None:
    {}["missing"]
@plugin.command(view=lambda result, terminal: 1 / 0)
def seen(context: Context) -> int:
    """See."""
    return 1
'''


def test_every_command_of_a_hostile_plugin_costs_nobody_else_anything(daemon: Daemon) -> None:
    with daemon.caller() as patient, daemon.caller() as caller:
        assert caller.call("hostile.hello", {"name": "ada"}) == "hello ada"
        waiting = caller.ask("hostile.wait")
        for name, cause in (("crash", "SIGSEGV"), ("loop", "no sign of life"), ("leave", "exit code 3")):
            number = caller.ask(f"hostile.{name}")
            assert patient.call("greet", {"name": "eve"}) == "hello eve"
            kind, _, error = caller.answer(number) if name != "crash" else _either(caller, number, waiting)
            assert kind == "error"
            assert cause in error
            eventually(lambda: caller.call("hostile.hello") == "hello world", "it to come back")
    daemon.ping()


def _either(caller: Any, number: int, other: int) -> tuple[Any, ...]:
    """Take both answers, which come in any order; the crash fails both calls."""
    found = {}
    while len(found) < 2:
        message = caller.next()
        if message[0] != "event":
            found[message[1]] = message
    assert "SIGSEGV" in found[other][2]
    return found[number]


@pytest.mark.skipif(not HELD.seccomp, reason="no filter of system calls for this machine")
def test_it_cannot_connect_to_the_daemon_nor_reach_its_process(daemon: Daemon) -> None:
    with daemon.caller() as caller:
        found = caller.call("hostile.others", {"sock": str(daemon.home.socket)})
    assert not [name for name, what in found.items() if what.startswith("done")], found
    daemon.ping()


@pytest.mark.skipif(HELD.landlock < 3, reason="this kernel has no such Landlock")
def test_it_reads_and_changes_nothing_of_its_user(daemon: Daemon) -> None:
    with daemon.caller() as caller:
        found = caller.call("hostile.files", {"path": str(daemon.home.directory)})
    assert found.pop("own") == "mine"
    assert not [name for name, what in found.items() if what.startswith("done")], found


def test_its_text_cannot_steer_a_terminal_and_floods_end(daemon: Daemon) -> None:
    done = daemon.home.isaacctl("hostile", "seen")
    assert "seen 7 Shape" in done.stdout
    done = daemon.home.isaacctl("hostile", "--help")
    assert "\x1b" not in done.stdout
    eventually(lambda: daemon.home.isaacctl("hostile", "hello").returncode == 0, "it to come back")
    done = daemon.home.isaacctl("hostile", "flood")
    assert done.stdout == "done\n", done.stderr
    assert "sk-ant-api03" not in daemon.home.log.read_text()
    daemon.ping()


def test_errors_of_every_kind_reach_the_command_line_without_a_traceback(daemon: Daemon) -> None:
    eventually(lambda: daemon.home.isaacctl("hostile", "hello").returncode == 0, "it to come back")
    done = daemon.home.isaacctl("hostile", "fill")
    assert done.returncode == 70
    assert "memory" in done.stderr
    assert "Traceback" not in done.stderr
    done = daemon.home.isaacctl("hostile", "leave", "--code", "x")
    assert done.returncode == 2


def test_what_holds_is_shown(daemon: Daemon) -> None:
    done = daemon.home.isaacctl("plugins", "info", "hostile", "--json")
    import json

    isolation = json.loads(done.stdout)["isolation"]
    assert "process" in isolation
    assert ("landlock abi" in isolation) == bool(HELD.landlock)
    assert ("NOT restricted" in isolation) == (not HELD.landlock or not HELD.seccomp)
    assert "isaacctl plugins trust hostile" in isolation


@pytest.mark.parametrize("name", sorted(AT_IMPORT))
def test_one_that_does_not_come_through_its_import_has_failed_with_the_reason(home: Home, name: str) -> None:
    if name == "blocks":
        home.write_config(QUICK.replace("open_s = 90", "open_s = 3"))
    home.write_plugin(name, AT_IMPORT[name], trusted=False)
    home.write_plugin("fine", _greeting("fine"), trusted=False)
    with running(home=home) as daemon, daemon.caller() as caller:
        assert caller.call("greet", {"name": "eve"}) == "hello eve"
        assert eventually(lambda: _call(caller, "fine") == "fine", "the other one")
        card = eventually(lambda: _failed(caller, name), "its failure")
        assert REASONS[name] in card["error"]


def test_what_somebody_waits_for_is_described_before_the_others(home: Home) -> None:
    for number in range(20):
        home.write_plugin(
            f"slow{number}", "import time\ntime.sleep(2)\n" + _greeting(f"slow{number}"), trusted=False
        )
    home.write_plugin("wanted", _greeting("wanted"), trusted=False)
    with running(home=home) as daemon, daemon.caller() as caller:
        assert caller.call("wanted") == "wanted"


def test_it_dies_with_the_daemon_however_that_ends(home: Home) -> None:
    home.write_plugin("fine", _greeting("fine"), trusted=False)
    for how in (signal.SIGTERM, signal.SIGKILL):
        with running(home=home) as daemon:
            with daemon.caller() as caller:
                eventually(lambda: _call(caller, "fine") == "fine", "its first answer")
            pids = _below(daemon.pid)
            assert len(pids) >= 2
            daemon.send_signal(how)
            daemon.wait()
            eventually(lambda pids=pids: not [pid for pid in pids if _alive(pid)], "their end")
    assert _below(daemon.pid) == []


def test_trust_takes_it_into_the_daemon_and_a_change_puts_it_out_again(home: Home) -> None:
    file = home.write_plugin("where", _pid_of("where"), trusted=False)
    with running(home=home) as daemon, daemon.caller() as caller:
        eventually(lambda: _call(caller, "where"), "its first answer")
        assert caller.call("where") != daemon.pid
        home.trust.trust("where", file, now=1.0)
        os.utime(file)
        eventually(lambda: _call(caller, "where") == daemon.pid, "it to be trusted")
        file.write_text(_pid_of("where") + "# changed\n")
        eventually(lambda: _call(caller, "where") not in (daemon.pid, None), "it to be isolated")


def _greeting(name: str) -> str:
    return (
        f'"""Fine."""\nfrom isaacd.api import Context, Plugin\nplugin = Plugin("{name}")\n'
        f'@plugin.command\ndef {name}(context: Context) -> str:\n    """Say so."""\n    return "{name}"\n'
    )


def _pid_of(name: str) -> str:
    return (
        f'"""Where."""\nimport os\nfrom isaacd.api import Context, Plugin\nplugin = Plugin("{name}")\n'
        f'@plugin.command\ndef {name}(context: Context) -> int:\n    """Say where it runs."""\n    return os.getpid()\n'
    )


def _call(caller: Any, name: str) -> Any:
    kind, _, result = caller.answer(caller.ask(name))
    return result if kind == "reply" else None


def _failed(caller: Any, name: str) -> Any:
    cards = {card["name"]: card for card in [caller.call("plugins.info", {"name": name})]}
    return cards[name] if cards[name]["state"] == "failed" else None


def _below(pid: int) -> list[int]:
    """Return the processes that have come of a process."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found: list[int] = []
    level = [pid]
    while level:
        level = [child for child, parent in parents.items() if parent in level]
        found += level
    return found


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False
