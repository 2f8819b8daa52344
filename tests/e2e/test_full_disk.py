"""A disk that fills up under a daemon, and a file that another process holds: refused in words, nothing acknowledged is lost, and it goes on."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.daemon import DEADLINE_S, a_home, running
from tests.e2e.test_daemon_life import _can_remount

ROOT = Path(__file__).parents[2]
# In a mount namespace of its own, which ends with the process.
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
