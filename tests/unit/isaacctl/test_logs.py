"""`isaacctl logs` with filters: exactly the lines that are wanted, in their order, from file or journal."""

import contextlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacctl.journalview import line_of
from isaacctl.logfilter import Wanted, moment
from isaacd.log.journal import entry
from tests.daemon import a_home

NOW = datetime(2026, 11, 30, 14, 0, tzinfo=UTC)


def said(event: str, level: str = "info", minutes_ago: float = 0, **fields: object) -> bytes:
    ts = (NOW - timedelta(minutes=minutes_ago)).isoformat()
    return json.dumps({"ts": ts, "level": level, "event": event, **fields}).encode() + b"\n"


LINES = [
    said("ready", minutes_ago=90),
    said("command failed", "error", 60, plugin="notes", trace="t1", request=7),
    said("plugin loaded", "debug", 30, plugin="notes"),
    said("slow", "warning", 5, plugin="greet", trace="t1"),
    b"Traceback of somebody\n",
]


@pytest.mark.parametrize(
    ("wanted", "events"),
    [
        ({"level": "warning"}, ["command failed", "slow"]),
        ({"event": "PLUGIN"}, ["plugin loaded"]),
        ({"plugin": "notes"}, ["command failed", "plugin loaded"]),
        ({"trace": "t1", "plugin": "greet"}, ["slow"]),
        ({"request": "7"}, ["command failed"]),
        ({"since": NOW - timedelta(minutes=45)}, ["plugin loaded", "slow"]),
    ],
)
def test_only_what_is_wanted(wanted, events):
    found = Wanted(**wanted).last(LINES, 10)
    assert [json.loads(line)["event"] for line in found] == events
    assert Wanted(**wanted).last(LINES, 1) == found[-1:]


def test_without_wishes_every_line_is_taken_even_a_strange_one():
    assert Wanted().last(LINES, 10) == LINES


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("10m", NOW - timedelta(minutes=10)),
        ("2h ago", NOW - timedelta(hours=2)),
        ("1.5d", NOW - timedelta(hours=36)),
        ("13:30", NOW - timedelta(minutes=30)),
        ("15:00", NOW - timedelta(hours=23)),
        ("2026-11-29", datetime(2026, 11, 29, tzinfo=UTC)),
        ("2026-11-29T10:00:00+02:00", datetime(2026, 11, 29, 8, tzinfo=UTC)),
    ],
)
def test_times_are_read(text, at):
    assert moment(text, lambda: NOW) == at


@given(st.text())
def test_no_time_is_an_error_and_nothing_else(text):
    with contextlib.suppress(ValueError):
        moment(text, lambda: NOW)


@given(st.binary())
def test_a_strange_line_never_breaks_a_filter(line):
    assert Wanted(level="error").takes(line) in (True, False)
    line_of(line)


def test_the_journal_gives_back_what_it_was_given():
    line = said("command failed", "error", plugin="notes", request=7, reason="a b", count=3)
    fields = {}
    for row in entry(line).decode().splitlines():
        name, _, value = row.partition("=")
        fields[name] = value
    fields["__REALTIME_TIMESTAMP"] = str(int(NOW.timestamp() * 1e6))
    again = json.loads(line_of(json.dumps(fields).encode()))
    expected = json.loads(line)
    assert datetime.fromisoformat(again.pop("ts")) == datetime.fromisoformat(expected.pop("ts"))
    assert again == expected


def test_remarks_of_systemd_are_no_lines_of_ours():
    assert line_of(b'{"MESSAGE": "Started isaacd.service.", "__REALTIME_TIMESTAMP": "1"}') is None


def test_the_command_filters_the_file_and_the_one_before():
    with a_home() as home:
        home.log.parent.mkdir(parents=True)
        home.log.with_name("isaacd.log.1").write_bytes(LINES[1])
        home.log.write_bytes(b"".join(LINES[2:]))
        done = home.isaacctl("logs", "--level", "warning", "--json")
        assert [json.loads(line)["event"] for line in done.stdout.splitlines()] == ["command failed", "slow"]
        assert home.isaacctl("logs", "--trace", "nothing").stdout == ""
        done = home.isaacctl("logs", "--since", "soon")
        assert done.returncode == 2
        assert "is no time" in done.stderr


def test_the_journal_is_asked_for_the_unit(tmp_path: Path):
    tool = tmp_path / "journalctl"
    entry_of = json.dumps(
        {"ISAAC_EVENT": "ready", "PRIORITY": "6", "__REALTIME_TIMESTAMP": "1764511200000000", "ISAAC_X": "1"}
    )
    tool.write_text(f"#!/bin/sh\necho \"$@\" > {tmp_path}/asked\necho '{entry_of}'\n")
    tool.chmod(0o755)
    with a_home() as home:
        environ = {**home.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        done = subprocess.run(
            [sys.executable, "-m", "isaacctl", "logs", "--journal", "--json"],
            env=environ, capture_output=True, text=True, timeout=90,
        )  # fmt: skip
    assert json.loads(done.stdout)["event"] == "ready"
    assert json.loads(done.stdout)["x"] == 1
    assert "--user-unit isaacd.service" in (tmp_path / "asked").read_text()
