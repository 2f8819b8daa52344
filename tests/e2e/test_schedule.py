"""Schedules of a real daemon: in time, told when missed, kept through kill -9, and lines of the shell run by a runner."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.daemon import Home, a_home, eventually, running


@pytest.fixture
def home():
    with a_home() as made:
        made.environ["TZ"] = "Europe/Berlin"
        yield made


def ask(home: Home, *argv: str) -> Any:
    done = home.isaacctl(*argv, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return msgspec.json.decode(done.stdout)


def test_it_runs_later_and_its_result_is_a_task(home: Home) -> None:
    with running(home=home):
        done = home.isaacctl(
            "schedule", "add", "in 1s", "--label", "tea", "--json", "--", "notes", "add", "tea"
        )
        assert msgspec.json.decode(done.stdout)["zone"] == "Europe/Berlin"
        eventually(lambda: ask(home, "notes", "list"), "the note")
        card = eventually(
            lambda: (found := ask(home, "schedule", "show", "tea"))["last_state"] == "done" and found,
            "its end",
        )
        assert card["next_at"] is None
        assert ask(home, "tasks", "show", str(card["last_task"]))["task"]["schedule"] == 1


def test_what_was_missed_while_the_daemon_was_gone_is_told_and_caught_up_if_wanted(home: Home) -> None:
    config = "[jobs]\ngrace_s = 1\n"
    with running(home=home, config=config) as daemon:
        home.isaacctl("schedule", "add", "in 1h", "--", "notes", "add", "lost")
        home.isaacctl("schedule", "add", "in 1h", "--catch-up", "--", "notes", "add", "late")
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
    # The moment passes while nobody is there.
    with closing(sqlite3.connect(home.directory / "state/isaac/jobs.sqlite")) as database, database:
        database.execute("UPDATE schedules SET next_at = ?", (time.time() - 10,))
    with running(home=home, config=config):
        eventually(lambda: [note["text"] for note in ask(home, "notes", "list")] == ["late"], "the late one")
        log = ask(home, "schedule", "log", "--missed")
        assert {(item["schedule"], item["outcome"]) for item in log} == {(1, "missed"), (2, "late")}
        assert "missed once" in home.isaacctl("schedule", "list").stdout


def test_a_schedule_keeps_a_daemon_that_was_started_on_demand(home: Home) -> None:
    home.write_config("[daemon]\nidle_exit_s = 1\n")
    try:
        assert home.isaacctl("schedule", "add", "in 4s", "--", "notes", "add", "kept").returncode == 0
        # Asking it would keep it alive.
        eventually(lambda: not home.socket.exists(), "the daemon to leave once nothing is due")
        assert [item["outcome"] for item in ask(home, "schedule", "log")] == ["ran"]
    finally:
        home.isaacctl("stop")


def test_a_line_of_the_shell_is_run_by_the_runner_and_never_by_the_daemon(home: Home) -> None:
    with running(home=home):
        line = "echo out; echo err >&2; echo $PPID; false"
        shown = home.isaacctl("schedule", "shell", "in 1h", "--label", "it", "--json", "--", line)
        assert shown.returncode == 0, shown.stderr
        assert msgspec.json.decode(shown.stdout)["kind"] == "shell"
        try:
            eventually(lambda: home.isaacctl("schedule", "run", "it").returncode == 0, "the runner")
            task = eventually(
                lambda: (found := ask(home, "tasks", "list")) and found[0]["state"] == "failed" and found[0],
                "its end",
            )
            shown = ask(home, "tasks", "show", str(task["id"]))
            assert (shown["err"], task["exit"]) == ("err\n", 1)
            place = (home.directory / "isaacd/runner.lock").read_text().strip()
            assert shown["out"].split() == ["out", place]
            pid = int(place)
            assert home.isaacctl("schedule", "remove", "it").returncode == 0
            eventually(lambda: not _lives(pid), "the runner to leave when nothing is left")
        finally:
            home.isaacctl("schedule", "runner", "--stop", "--json")


def test_dangerous_lines_are_not_scheduled(home: Home) -> None:
    with running(home=home):
        refused = home.isaacctl("schedule", "shell", "in 1m", "--", "rm -rf /etc")
        assert refused.returncode == 77
        assert "tier 4" in refused.stderr
        unasked = home.isaacctl("schedule", "shell", "in 1m", "--", "curl https://example.org")
        assert unasked.returncode == 77
        assert "needs a yes at a terminal" in unasked.stderr
        assert ask(home, "schedule", "list") == []


def test_a_second_runner_leaves_at_once(home: Home) -> None:
    with running(home=home):
        home.isaacctl("schedule", "shell", "in 5m", "--json", "--", "true")
        try:
            lock = home.directory / "isaacd/runner.lock"
            eventually(lambda: lock.exists() and lock.read_text().strip(), "the runner")
            second = subprocess.run(
                [sys.executable, "-m", "isaacctl.runner"], env=home.environ, capture_output=True, timeout=90
            )
            assert second.returncode == 0
            assert b"already" in second.stderr
        finally:
            home.isaacctl("schedule", "runner", "--stop", "--json")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process whose parent does not wait for it is only a name.
    with Path(f"/proc/{pid}/stat").open() as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"
