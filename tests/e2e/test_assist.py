"""Suggest, explain, fix, commit, review, summarize and translate through the whole house: daemon, client, git, a terminal."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest

from isaacctl.spool import remember
from tests.daemon import Daemon, running
from tests.fake_provider import FakeProvider, says
from tests.pages import MAN, write_pages
from tests.pty_person import at_terminal


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with running() as made:
        write_pages(made.home.directory / "man", pack=MAN)
        made.home.environ["MANPATH"] = str(made.home.directory / "man")
        made.home.environ["SHELL"] = "/bin/sh"
        yield made


@contextmanager
def model(*texts: str) -> Iterator[FakeProvider]:
    """A provider in a thread of its own, that says each text in turn."""
    ready, done = threading.Event(), threading.Event()
    found: list[FakeProvider] = []

    async def serve() -> None:
        async with FakeProvider(says(texts[-1]), [says(text) for text in texts[:-1]]) as provider:
            found.append(provider)
            ready.set()
            await anyio.to_thread.run_sync(done.wait)

    thread = threading.Thread(target=anyio.run, args=(serve,))
    thread.start()
    assert ready.wait(90)
    try:
        yield found[0]
    finally:
        done.set()
        thread.join(90)


def configure(daemon: Daemon, provider: FakeProvider) -> None:
    daemon.home.write_config(f'[ai.providers.fake]\nbase_url = "{provider.base_url}"\nmodel = "m"\n')


def sit_down(daemon: Daemon, *argv: str, cwd: str | None = None):
    return at_terminal(["-m", "isaacctl", *argv], daemon.home.environ, cwd=cwd or str(daemon.home.directory))


def git(daemon: Daemon, *words: str) -> str:
    environ = {**daemon.home.environ, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *words],
        cwd=daemon.home.directory / "repo",
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.fixture
def repository(daemon: Daemon) -> Daemon:
    (daemon.home.directory / "repo").mkdir()
    git(daemon, "init", "-q", "-b", "main")
    git(daemon, "config", "user.email", "ada@example.com")
    git(daemon, "config", "user.name", "Ada")
    (daemon.home.directory / "repo/box.py").write_text("import os\n")
    git(daemon, "add", ".")
    git(daemon, "commit", "-qm", "Begin")
    return daemon


def isaacctl(daemon: Daemon, *argv: str, cwd: str = "repo", piped: bytes | None = None):
    return subprocess.run(
        [sys.executable, "-m", "isaacctl", *argv],
        cwd=daemon.home.directory / cwd,
        env=daemon.home.environ,
        input=piped,
        capture_output=True,
        timeout=90,
        stdin=subprocess.DEVNULL if piped is None else None,
    )


def test_a_line_is_explained_by_the_pages_of_the_caller(daemon):
    shown = isaacctl(daemon, "explain", "pack -xz a | frobnicate", cwd=".").stdout.decode()
    assert "--extract: Take files out of the box" in shown
    assert "unknown here: frobnicate" in shown


def test_a_person_runs_what_is_suggested(daemon):
    (daemon.home.directory / "large.bin").write_bytes(b"x" * 2_000_000)
    with sit_down(daemon, "suggest", "--limit", "1", "find", "files", "larger", "than", "1", "MB") as person:
        person.reads("$ find . -type f -size +1M")
        person.reads("[c]ancel: ")
        person.types("x\n")
        person.reads("where to begin")
        person.reads("[c]ancel: ")
        person.types("r\n")
        person.reads("./large.bin")
        assert person.leaves() == 0


def test_what_is_cancelled_does_not_run(daemon):
    with sit_down(daemon, "suggest", "--limit", "1", "remove", "directory", "keep") as person:
        (daemon.home.directory / "keep").mkdir()
        person.reads("[c]ancel: ")
        person.types("c\n")
        assert person.leaves() == 0
    assert (daemon.home.directory / "keep").is_dir()


def test_a_substitution_gets_the_command_alone(daemon):
    done = subprocess.run(
        ["sh", "-c", 'echo "<$("$0" -m isaacctl suggest find files larger than 1 MB 2>/dev/null)>"', sys.executable],
        env=daemon.home.environ, cwd=daemon.home.directory, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == "<find . -type f -size +1M>\n"


def test_a_placeholder_of_a_model_is_asked_for_and_quoted(daemon):
    answer = {
        "candidates": [
            {
                "command": "touch <file>",
                "explanation": "Makes it.",
                "confidence": 0.9,
                "placeholders": ["<file>"],
            }
        ]
    }
    with model(json.dumps(answer)) as provider:
        configure(daemon, provider)
        with sit_down(daemon, "suggest", "frob", "the", "quux") as person:
            person.reads("<file>: ")
            person.types("my; rm -rf x\n")
            person.reads("$ touch 'my; rm -rf x'")
            person.reads("[c]ancel: ")
            person.types("r\n")
            assert person.leaves() == 0
    assert (daemon.home.directory / "my; rm -rf x").exists()


def test_a_model_that_says_something_destructive_is_refused_without_the_phrase(daemon):
    precious = daemon.home.directory / "precious"
    precious.mkdir()
    answer = {
        "candidates": [
            {"command": f"rm -rf {daemon.home.directory}", "explanation": "Tidies.", "confidence": 1.0}
        ]
    }
    with model(json.dumps(answer)) as provider:
        configure(daemon, provider)
        with sit_down(daemon, "suggest", "frob", "the", "quux") as person:
            person.reads("tier 4")
            person.reads("[c]ancel: ")
            person.types("r\n")
            person.reads("to run it all the same: ")
            person.types("yes\n")
            assert person.leaves() in (0, 77)
    assert precious.is_dir()


def test_the_last_failed_command_of_the_shell_is_mended(daemon):
    environ = {**daemon.home.environ, "ISAAC_SESSION": "s-1"}
    remember(
        "mkdir a/b/c",
        started_us=10**15,
        duration_us=5,
        exit_code=1,
        cwd=str(daemon.home.directory),
        environ=environ,
    )
    daemon.home.environ["ISAAC_SESSION"] = "s-1"
    with sit_down(daemon, "fix") as person:
        person.reads("the folder a/b is not there yet")
        person.reads("$ mkdir -p a/b/c")
        person.reads("[c]ancel: ")
        person.types("r\n")
        assert person.leaves() == 0
    assert (daemon.home.directory / "a/b/c").is_dir()


def test_what_a_command_printed_is_piped_in(daemon):
    line = "python3 -c 'import nothing_of_that_name' 2>&1 | \"$0\" -m isaacctl fix -- python3 x.py"
    done = subprocess.run(
        ["sh", "-c", line, sys.executable],
        env=daemon.home.environ,
        cwd=daemon.home.directory,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert "python3 -m pip install nothing_of_that_name" in done.stdout


def test_a_commit_is_made_with_the_message(repository):
    (repository.home.directory / "repo/box.py").write_text("import os\n\n\ndef pack(box):\n    return box\n")
    git(repository, "add", "box.py")
    with sit_down(repository, "commit", cwd=str(repository.home.directory / "repo")) as person:
        person.reads("Add pack in box.py")
        person.reads("[c]ancel: ")
        person.types("u\n")
        assert person.leaves() == 0
    assert git(repository, "log", "-1", "--format=%B").strip() == "Add pack in box.py\n\n- box.py: add pack"


def test_a_commit_that_is_cancelled_is_none(repository):
    (repository.home.directory / "repo/new.py").write_text("x = 1\n")
    git(repository, "add", "new.py")
    with sit_down(repository, "commit", cwd=str(repository.home.directory / "repo")) as person:
        person.reads("[c]ancel: ")
        person.types("c\n")
        assert person.leaves() == 0
    assert git(repository, "log", "--format=%s").splitlines() == ["Begin"]


def test_a_large_diff_reaches_the_daemon_whole(repository):
    (repository.home.directory / "repo/data.txt").write_text("0123456789abcdef " * 200_000)
    (repository.home.directory / "repo/many.txt").write_text("line\n" * 300_000)
    git(repository, "add", ".")
    found = json.loads(isaacctl(repository, "commit", "--offline", "--json").stdout)
    assert {file["path"]: file["added"] for file in found["files"]} == {"data.txt": 1, "many.txt": 300_000}


def test_nothing_staged_and_no_repository_are_told(repository):
    done = isaacctl(repository, "commit")
    assert (done.returncode, b"nothing is staged" in done.stderr) == (1, True)
    done = isaacctl(repository, "commit", cwd=".")
    assert (done.returncode, b"not a git repository" in done.stderr) == (1, True)


def test_a_review_finds_and_fails_as_it_was_asked_to(repository):
    (repository.home.directory / "repo/box.py").write_text("import os\nbreakpoint()\ndef f(:\n")
    done = isaacctl(repository, "review", "--offline", "--fail-on", "error")
    assert done.returncode == 1
    assert b"box.py:2: error: a breakpoint was left behind" in done.stdout
    assert b"box.py:3: error: this is no Python" in done.stdout
    git(repository, "commit", "-qam", "Break it")
    done = isaacctl(repository, "review", "HEAD~1..HEAD")
    assert (done.returncode, b"box.py:2: error" in done.stdout) == (0, True)
    done = isaacctl(repository, "review", "--output=/tmp/x", cwd="repo")
    assert done.returncode == 2
    assert b"bad revision" in isaacctl(repository, "review", "nothing..HEAD").stderr


def test_a_long_text_is_read_by_a_model_in_parts(daemon):
    text = "\n\n".join(f"Paragraph {number} says something. " * 10 for number in range(80)).encode()
    with model("a note", "a note", "a note", "the whole") as provider:
        configure(daemon, provider)
        done = isaacctl(daemon, "summarize", "--json", cwd=".", piped=text)
        found = json.loads(done.stdout)["summaries"][0]
        assert found["parts"] == len(provider.requests) - 1
        assert found["source"] == "fake/fake-1" or found["source"].startswith("fake/")


def test_translating_without_an_ai_fails_and_says_how(daemon):
    done = isaacctl(daemon, "translate", "--to", "German", "good", "morning", cwd=".")
    assert (done.returncode, done.stdout) == (69, b"")
    assert b"config.toml" in done.stderr


def test_a_killed_daemon_leaves_a_dialogue_without_harm(daemon):
    (daemon.home.directory / "keep").mkdir()
    with sit_down(daemon, "suggest", "--limit", "1", "remove", "directory", "keep") as person:
        person.reads("[c]ancel: ")
        daemon.stopped = True
        daemon.kill()
        person.types("r\n")
        assert person.leaves() != 0
    assert (daemon.home.directory / "keep").is_dir()
