"""Batches through the whole house: a real daemon and client, a provider on a socket, kill -9 and Ctrl-C in the middle."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.answering import Answering
from tests.daemon import Daemon, Home, a_home, eventually, running

COUNT = 60
AT_ONCE = 8
NAMES = [f"prompt number {number}" for number in range(COUNT)]


@pytest.fixture
def answering() -> Iterator[Answering]:
    with Answering() as answering:
        yield answering


def start(home: Home, *words: str) -> subprocess.Popen[str]:
    """Begin a batch whose answers go to a file."""
    home.directory.joinpath("in.txt").write_text("".join(f"{name}\n" for name in NAMES))
    with home.directory.joinpath("out.jsonl").open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "isaacctl", "batch", str(home.directory / "in.txt"), "--no-cache",
             "--concurrency", str(AT_ONCE), *words],
            env=home.environ, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip


def written(home: Home) -> list[Any]:
    text = home.directory.joinpath("out.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines() if line.endswith("}")]


def finish(home: Home, *words: str) -> str:
    """Run the batch to its end: every row must be there, in order; return what was said."""
    again = start(home, *words)
    _, said = again.communicate(timeout=90)
    assert again.returncode == 0, said
    rows = written(home)
    assert [(row["index"], row["text"]) for row in rows] == [
        (number, f"re: {name}") for number, name in enumerate(NAMES)
    ]
    return said


def test_kill_9_in_the_middle_pays_for_nothing_twice(answering: Answering) -> None:
    with a_home() as home:
        home.write_config(answering.config)
        answering.held = True
        with running(home=home) as daemon:
            first = start(home, "--as-completed")
            eventually(lambda: len(written(home)) >= 20, "the first answers")
            kept = Counter(row["text"].removeprefix("re: ") for row in written(home))
            daemon.process.send_signal(signal.SIGKILL)
            daemon.process.wait()
            daemon.stopped = True
            first.communicate(timeout=90)
            assert first.returncode != 0
        answering.release()
        with running(home=home) as daemon:
            assert "interrupted" in home.isaacctl("batch", "list").stdout
            said = finish(home)
    assert f"resumed: {sum(kept.values())} of {COUNT} were already answered" in said
    assert all(answering.answered[name] == 1 for name in kept)
    assert sum(answering.answered.values()) <= COUNT + AT_ONCE


def test_ctrl_c_in_the_middle_pays_for_nothing_twice(answering: Answering) -> None:
    with a_home() as home:
        home.write_config(answering.config)
        answering.held = True
        with running(home=home):
            first = start(home)
            eventually(lambda: len(written(home)) >= 20, "the first answers")
            first.send_signal(signal.SIGINT)
            _, said = first.communicate(timeout=90)
            assert first.returncode == 130
            assert "interrupted: 20 answers are kept" in said
            answering.release()
            assert "resumed: 20 of 60" in finish(home)
    assert sum(answering.answered.values()) <= COUNT + AT_ONCE
    assert all(answering.answered[name] == 1 for name in NAMES[:12])


def test_rows_under_way_at_ctrl_c_may_end_and_are_paid_for_once(answering: Answering) -> None:
    with a_home() as home:
        home.write_config(answering.config)
        answering.held = True
        with running(home=home):
            first = start(home)
            eventually(lambda: len(written(home)) >= 20, "the first answers")
            first.send_signal(signal.SIGINT)
            assert first.stderr is not None
            while "rows under way; Ctrl-C again leaves at once" not in (line := first.stderr.readline()):
                assert line
            answering.release()
            assert first.wait(90) == 130
            first.stderr.close()
            finish(home)
    assert set(answering.answered.values()) == {1}


def under_way(daemon: Daemon, answering: Answering) -> None:
    """Wait until some rows are answered and others are being asked, and tell the daemon to stop."""
    eventually(lambda: answering.asked == 20 + AT_ONCE, "rows under way")
    daemon.send_signal(signal.SIGTERM)
    daemon.logged("draining")


def test_term_in_the_middle_parks_the_batch_and_nothing_is_asked_twice(answering: Answering) -> None:
    """Rows under way end, others are left; who asks meanwhile is told to come again."""
    with a_home() as home:
        home.write_config(answering.config)
        answering.held = True
        with running(home=home) as daemon, daemon.caller() as late:
            late.call("ping")
            first = start(home)
            under_way(daemon, answering)
            assert late.fail("greet").startswith("shutting_down")
            answering.release()
            _, said = first.communicate(timeout=90)
            assert first.returncode == 75, said
            assert "the same command goes on" in said
            assert daemon.wait() == 0
        assert answering.asked == 20 + AT_ONCE, "a row was begun while the daemon was leaving"
        with running(home=home):
            assert f"resumed: {20 + AT_ONCE} of {COUNT}" in finish(home)
    assert answering.answered == Counter(NAMES)
    assert answering.asked == COUNT


def test_a_batch_in_the_background_goes_on_in_the_next_daemon(answering: Answering) -> None:
    with a_home() as home:
        home.write_config(answering.config)
        home.directory.joinpath("in.txt").write_text("".join(f"{name}\n" for name in NAMES))
        answering.held = True
        with running(home=home) as daemon:
            words = ("batch", str(home.directory / "in.txt"), "--no-cache", "--concurrency", str(AT_ONCE))
            assert home.isaacctl("tasks", "run", "--", *words).returncode == 0
            under_way(daemon, answering)
            answering.release()
            assert daemon.wait() == 0
        with running(home=home):
            done = home.isaacctl("tasks", "wait", "1", "--json")
            assert done.returncode == 0, done.stdout + done.stderr
            shown = json.loads(home.isaacctl("tasks", "show", "1", "--json").stdout)
        assert shown["task"]["state"] == "done"
        texts = [json.loads(line)["text"] for line in shown["out"].splitlines()]
        assert texts == [f"re: {name}" for name in NAMES]
    assert answering.answered == Counter(NAMES)
    assert answering.asked == COUNT


@pytest.mark.parametrize("background", [False, True])
def test_rows_that_do_not_end_hold_no_daemon_up(answering: Answering, background: bool) -> None:
    """They alone are asked again."""
    with a_home() as home:
        home.write_config(answering.config)
        answering.held = True
        with running("--set", "limits.drain_s=0.2", home=home) as daemon:
            if background:
                home.directory.joinpath("in.txt").write_text("".join(f"{name}\n" for name in NAMES))
                words = ("batch", str(home.directory / "in.txt"), "--no-cache", "--concurrency", str(AT_ONCE))
                assert home.isaacctl("tasks", "run", "--", *words).returncode == 0
                under_way(daemon, answering)
            else:
                first = start(home)
                under_way(daemon, answering)
                first.communicate(timeout=90)
            assert daemon.wait() == 0
        answering.release()
        with running(home=home):
            finish(home)
    assert set(answering.answered) == set(NAMES)
    assert answering.asked <= COUNT + AT_ONCE


def test_a_finished_batch_is_had_again_without_asking(answering: Answering) -> None:
    with a_home() as home:
        home.write_config(answering.config)
        with running(home=home):
            assert "resumed" not in finish(home)
            assert "resumed: 60 of 60" in finish(home)
            (card,) = json.loads(home.isaacctl("batch", "list", "--json").stdout)
            collected = home.isaacctl("batch", "collect", card["id"])
            assert len(collected.stdout.splitlines()) == COUNT
            assert home.isaacctl("batch", "forget", card["id"]).returncode == 0
            assert home.isaacctl("batch", "show", card["id"]).returncode == 1
    assert sum(answering.answered.values()) == COUNT


def test_standard_input_templates_and_failures_reach_the_exit_code(answering: Answering) -> None:
    with a_home() as home:
        home.write_config(answering.config)
        with running(home=home) as daemon:
            done = home.isaacctl(
                "batch", "--format", "csv", "-t", "{a} and {b}", "-o", "text", input=b"a,b\n1,2\n3\n5,6\n"
            )
            assert done.returncode == 1
            assert done.stdout == (
                "re: 1 and 2\n[error: line 3: the row has 1 field, the header 2]\nre: 5 and 6\n"
            )
            assert "1 of 3 rows failed" in done.stderr
            unknown = home.isaacctl("batch", "-t", "{aa}", "--format", "csv", input=b"a,b\n1,2\n")
            assert unknown.returncode == 2
            assert "did you mean {a}?" in unknown.stderr
            _talk_to(daemon)
    assert set(answering.answered) == {"1 and 2", "5 and 6", "one", "two"}


def _talk_to(daemon: Daemon) -> None:
    """A program gives prompts with the call and gets answers with the result."""
    with daemon.caller() as caller:
        summary = caller.call("batch", {"prompt": ["one", "two"]})
    assert [row["text"] for row in summary["answers"]] == ["re: one", "re: two"]
