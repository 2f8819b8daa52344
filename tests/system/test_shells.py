"""zsh and fish with what `isaacctl shell-init` prints, and what each shell asks of the system for it."""

import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.client_runs import Home, home
from tests.shell_person import in_shell, records, spool_of, syntax_errors

pytestmark = pytest.mark.system

NEEDED = {"zsh": "zsh", "fish": "fish", "bash": "bash"}


@pytest.fixture
def user() -> Iterator[Home]:
    with home() as made:
        yield made


def needs(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_commands_are_kept_with_what_is_known_of_them(user, shell):
    needs(shell)
    with in_shell(user, shell) as person:
        person.runs(
            "cd /usr",
            "false",
            "sleep 0.3",
            "echo 'a  \"b\" \\\\ ü'",
            " echo hidden",
            "cd /",
            "echo " + "é" * 900,
        )
        person.leaves()
    runs = [run for run in records(user) if not run.command.startswith(("exit", "source", "eval"))]
    assert [(run.command, run.exit_code, run.cwd) for run in runs] == [
        ("cd /usr", 0, str(user.base)),
        ("false", 1, "/usr"),
        ("sleep 0.3", 0, "/usr"),
        ("echo 'a  \"b\" \\\\ ü'", 0, "/usr"),
        ("cd /", 0, "/usr"),
        ("echo " + "é" * 900, 0, "/"),
    ]
    assert runs[2].duration_us is not None
    assert 300_000 <= runs[2].duration_us < 10_000_000
    assert all(run.started_us for run in runs)
    assert not user.lock.exists()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_lines_run_through_isaac_change_this_shell(user, shell):
    needs(shell)
    with in_shell(user, shell) as person:
        person.runs("isaacctl run 'cd /usr'")
        assert "/usr" in person.runs("pwd")[0]
        assert "hello" in person.runs("isaacctl run 'echo hello'")[0]
        assert "git status" in person.runs("gti status")[0]
        person.leaves()
    assert [run.command for run in records(user)].count("echo hello") <= 1
    user.run("stop")


@pytest.mark.parametrize("options", ["setopt no_unset", "setopt err_return", "emulate sh", "setopt ksh_arrays sh_word_split", "setopt noclobber"])  # fmt: skip
def test_no_option_of_zsh_breaks_it(user, options):
    needs("zsh")
    with in_shell(user, "zsh") as person:
        shown = person.runs(options, "echo one", "echo two")
        person.leaves()
    assert "one" in shown[1]
    assert not any("zsh:" in text or "_isaac" in text for text in shown)
    assert [run.command for run in records(user)][:3] == [options, "echo one", "echo two"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_is_printed_is_right_however_parts_are_left_out(user, shell):
    needs(shell)
    for part in ("history", "run", "key", "completion", "not-found"):
        text = user.run("shell-init", shell, "--without", part).stdout
        assert syntax_errors(shell, text) == ""
        assert f"#:{part}" not in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_command_is_kept_without_a_process_and_by_one_write(user, shell):
    needs(shell, "strace")
    trace = user.base / "trace"
    with in_shell(user, shell) as person:
        person.runs("echo warm", "echo up")
        pid = str(person.person.pid)
        command = [
            "strace",
            "-f",
            "-e",
            "trace=write,writev,clone,clone3,fork,vfork,execve",
            "-o",
            str(trace),
            "-p",
            pid,
        ]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr is not None
            while "attached" not in strace.stderr.readline():
                pass
            person.runs("echo one", "echo two", "echo three")
            strace.terminate()
            strace.wait()
        person.leaves()
    lines = trace.read_text().splitlines()
    processes = [
        line
        for line in lines
        if re.search(r"\b(?:v?fork|clone3?|execve)\(", line) and "CLONE_THREAD" not in line
    ]
    assert processes == []
    writes = [line for line in lines if re.search(r'write\(\d+, "\\0361', line)]
    assert len(writes) == 3
    assert all(re.search(r"= \d+$", line) for line in writes)
    assert spool_of(user).read_bytes().count(b"\x1e") == len(records(user))
