"""A disk that is full, read-only or damaged, and a file that another process holds: refused in words, nothing acknowledged is lost, and it goes on."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.daemon import DEADLINE_S, Caller, a_home, running
from tests.e2e.test_daemon_life import _can_remount

ROOT = Path(__file__).parents[2]
# Both in a mount namespace of its own, which ends with the process.
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
SCRIPT = 'mount -t tmpfs -o size=1m,mode=700 none "$0/data" && exec "$@"'


@pytest.mark.skipif(not _can_remount(), reason="unshare -rm does not work here")
def test_what_was_acknowledged_stays_and_what_is_refused_is_said() -> None:
    with a_home() as home:
        (home.directory / "data").mkdir(mode=0o700)
        filler = [sys.executable, "-m", "tests.disk_filler", str(home.directory)]
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", SCRIPT, str(home.directory), *filler],
            cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=DEADLINE_S,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["kept"]) > 10
    assert len(told["refusals"]) == 5
    assert all(said.startswith("storage_unavailable: ") for said in told["refusals"]), told["refusals"]
    assert told["during"] == "hello world"
    assert told["again"] == ""
    assert told["found"] == told["kept"], "acknowledged and lost, or refused and kept"
    assert told["seen"] == told["kept"][:-1]


def test_a_file_that_another_process_holds_is_said_and_waited_for() -> None:
    with running() as daemon, daemon.caller() as caller:
        caller.call("notes.add", {"text": "one"})
        (file,) = (daemon.home.data / "plugin-data/notes").glob("*.sqlite")
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            number = caller.ask("notes.add", {"text": "two"})
            assert caller.call("greet") == "hello world"  # nobody else waits
            refused = caller.answer(number)
            other.execute("ROLLBACK")
        assert refused[0] == "error"
        assert refused[2].startswith("storage_unavailable: ")
        caller.call("notes.add", {"text": "three"})
        assert sorted(item["text"] for item in caller.call("notes.list")) == ["one", "three"]


def notes_of(caller: Caller) -> list[str]:
    return sorted(item["text"] for item in caller.call("notes.list"))


@pytest.mark.skipif(not _can_remount(), reason="unshare -rm does not work here")
def test_a_read_only_disk_is_said_and_costs_nothing_that_is_on_it() -> None:
    kept = [f"note {number}" for number in range(5)]
    with a_home() as home:
        with running(home=home) as daemon, daemon.caller() as caller:
            for text in kept:
                caller.call("notes.add", {"text": text})
        prefix = ["unshare", "-rm", "sh", "-c", READ_ONLY, str(home.data)]
        with running(home=home, prefix=prefix) as daemon, daemon.caller() as caller:
            for number in range(3):
                assert caller.fail("notes.add", {"text": f"refused {number}"}).startswith(
                    "storage_unavailable: "
                )
            assert caller.call("greet") == "hello world"
        with running(home=home) as daemon, daemon.caller() as caller:
            assert notes_of(caller) == kept
            caller.call("notes.add", {"text": "note 5"})
            assert notes_of(caller) == [*kept, "note 5"]


def test_damage_is_said_and_costs_no_other_room_anything() -> None:
    """What is in the damaged file is moved aside and not destroyed; tasks, and later notes, are all there."""
    tasks = [f"task {number}" for number in range(3)]
    with a_home() as home:
        with running(home=home) as daemon, daemon.caller() as caller:
            caller.call("notes.add", {"text": "of before"})
            for text in tasks:
                caller.call("tasks.run", {"line": ["greet"], "label": text})
        (file,) = (home.data / "plugin-data/notes").glob("*.sqlite")
        whole = file.read_bytes()
        damaged = whole[:100] + b"\xa5" * (len(whole) - 100)
        file.write_bytes(damaged)
        with running(home=home) as daemon, daemon.caller() as caller:
            for number in range(3):
                caller.call("notes.add", {"text": f"note {number}"})
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()
        with running(home=home) as daemon, daemon.caller() as caller:
            assert notes_of(caller) == [f"note {number}" for number in range(3)]
            assert sorted(item["label"] for item in caller.call("tasks.list", {"all": True})) == tasks
        aside = [item.read_bytes() for item in file.parent.glob("*damaged*")]
        assert aside == [damaged]
