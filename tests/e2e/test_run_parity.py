"""`isaacctl run` does what bash does with a line: output, errors, exit code, and what is left in the folder."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import DEADLINE_S, Daemon, running
from tests.pty_person import at_terminal

LINES = (
    # Words, quotes, expansion.
    "echo hello",
    "echo 'one  two' \"three  four\" five\\ six",
    "printf '%s|' a 'b c' \"d\"; echo",
    "echo $HOME $((6 * 7)) ${#HOME}",
    "echo {1..5} {a,b}{c,d}",
    "echo $'tab\\there' \"$(echo inner)\" `echo ticks`",
    "echo *.txt; echo *.none",
    "echo [ab].txt ?.txt sub/*",
    "echo ~ ~/x",
    "echo \"$UNSET_OF_ALL\" ${UNSET_OF_ALL:-default}",
    "echo \"quoted \\\" and \\$HOME\" 'it'\"'\"'s'",
    "echo -n no newline",
    "# only a comment",
    "echo behind # a comment",
    "echo größe 日本 😀",
    # Lists, pipes, groups.
    "true && echo yes || echo no",
    "false && echo yes || echo no",
    "false; echo $?",
    "true; false",
    "! true",
    "echo a; echo b >&2; echo c",
    "ls | sort -r | head -n 2",
    "cat a.txt | tr a-z A-Z | cat -n",
    "(echo sub; exit 3)",
    "{ echo group; false; }",
    "seq 1 100000 | head -n 1",
    "yes | head -n 3",
    "seq 3 | while read -r x; do echo \"<$x>\"; done",
    "set -o pipefail; false | true; echo $?",
    "false | true; echo ${PIPESTATUS[0]}",
    "echo 3 | { read -r n; exit \"$n\"; }",
    # Redirections.
    "echo out > new.txt; cat new.txt",
    "echo more >> a.txt; cat a.txt",
    "cat < a.txt",
    "ls missing 2>&1",
    "ls missing 2>/dev/null; echo $?",
    "{ echo o; echo e >&2; } > both.txt 2>&1; sort both.txt",
    "cat <<< 'a here string'",
    "cat <<E\nhere $((1+1))\nE",
    "cat <<'E'\nhere $((1+1))\nE",
    "exec 3> three.txt; echo to three >&3; cat three.txt",
    "diff <(echo a) <(echo b)",
    "cat sub/../a.txt",
    # Control.
    "for f in *.txt; do echo \"[$f]\"; done",
    "i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done",
    "if test -f a.txt; then echo there; else echo gone; fi",
    "case a.txt in *.txt) echo text;; *) echo other;; esac",
    "f() { echo \"f: $1\"; return 4; }; f x; echo $?",
    "x=(1 2 3); echo ${x[@]} ${#x[*]}",
    "[[ abc == a* ]] && echo match",
    "for ((i=0;i<3;i++)); do printf %s $i; done; echo",
    "echo one\necho two",
    "set -e; false; echo never",
    "cd sub && pwd | grep -c sub",
    "export V=7; env | grep ^V=",
    "A=1 B=2 env | grep -E '^(A|B)=' | sort",
    "trap 'echo bye' EXIT; echo hi",
    "umask 077; touch private; stat -c %a private",
    "umask",
    "eval 'echo from eval'",
    ". ./script.sh arg",
    "echo $0",
    "echo $#",
    # Codes and signals.
    "no-such-program-anywhere",
    "./a.txt",
    "./missing-program",
    "sh -c 'exit 42'",
    "exit 7 | cat; exit 5 & wait $!; echo $?",
    "kill -TERM $$",
    "kill -KILL $$",
    "sh -c 'kill -INT $$'; echo $?",
    "sh -c 'kill -SEGV $$'",
    "echo 'unfinished",
    "echo )",
    "if true",
    # The files of the folder.
    "touch made; mkdir -p deep/er; echo x > deep/er/f; find deep | sort",
    "mv a.txt moved.txt; ls",
    "cp -r sub copy; find copy | sort",
    "ln -s a.txt link; readlink link",
    "chmod 600 a.txt; stat -c %a a.txt",
    "sed -i s/a/A/ a.txt; cat a.txt",
    "rm b.txt; ls",
    "awk '{ print NR\": \"$0 }' a.txt",
    "grep -rn alpha . | sort",
    "find . -name '*.txt' -exec wc -l {} + | sort",
    "printf 'a\\0b' | xxd -p 2>/dev/null || printf 'a\\0b' | od -c",
    "wc -c < a.txt",
    "tee copy.txt < a.txt",
    "test -t 0; echo $?; test -t 1; echo $?",
    "python3 -c 'import sys; sys.stderr.write(\"e\"); sys.exit(9)'",
    "sleep 0.1 & wait; echo waited",
)  # fmt: skip


def environ_of(home: Path, base: dict[str, str]) -> dict[str, str]:
    return {**base, "HOME": str(home), "SHELL": "/bin/bash", "LC_ALL": "C.UTF-8", "TERM": "dumb"}


def a_folder(parent: Path, name: str) -> Path:
    folder = parent / name / "w"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("alpha\nbeta\n")
    (folder / "b.txt").write_text("b\n")
    (folder / "sub" / "inner").write_text("inner\n")
    (folder / "script.sh").write_text('echo "script: $1"\n')
    return folder


def state(folder: Path) -> dict[str, object]:
    """Return every path below a folder, with what is in it and its mode."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        what = (
            str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else "folder"
        )
        found[str(path.relative_to(folder))] = (path.lstat().st_mode, what)
    return found


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with running() as made:
        yield made


def both(daemon: Daemon, tmp_path: Path, line: str, stdin: bytes = b"in\n") -> tuple[object, object]:
    """Run a line by bash and by isaacctl, each in a folder of its own that looks the same."""
    results = []
    for name, argv in (
        ("theirs", ["bash", "-c", line]),
        ("ours--", [sys.executable, "-m", "isaacctl", "run", "--yes", "--", line]),
    ):
        folder = a_folder(tmp_path, name)
        environ = environ_of(tmp_path / name, daemon.home.environ)
        done = subprocess.run(
            argv, env=environ, cwd=folder, input=stdin, capture_output=True, timeout=DEADLINE_S, check=False
        )
        told = [row for row in done.stderr.splitlines(True) if not row.startswith(b"running: ")]
        out = done.stdout.replace(os.fsencode(folder), b"W").replace(os.fsencode(folder.parent), b"H")
        errors = b"".join(told).replace(os.fsencode(folder), b"W")
        results.append((done.returncode, out, errors, state(folder)))
    return results[0], results[1]


@pytest.mark.parametrize("line", LINES)
def test_a_line_does_what_bash_does_with_it(daemon: Daemon, tmp_path: Path, line: str) -> None:
    by_bash, by_isaac = both(daemon, tmp_path, line)
    assert by_isaac == by_bash


@pytest.mark.parametrize("line", ["-x", "+x", "--version"])
def test_a_line_that_looks_like_an_option_of_the_shell_is_a_command_all_the_same(
    daemon: Daemon, tmp_path: Path, line: str
) -> None:
    done = ours(daemon, tmp_path, "--yes", "--", line)
    assert done.returncode == 127
    assert f"{line}: command not found" in done.stderr.decode()


def ours(
    daemon: Daemon, tmp_path: Path, *argv: str | bytes, stdin: bytes = b"", **options: Any
) -> subprocess.CompletedProcess[bytes]:
    folder = tmp_path / "alone" / "w"
    if not folder.exists():
        a_folder(tmp_path, "alone")
    return subprocess.run(
        [sys.executable, "-m", "isaacctl", "run", *argv],
        env=environ_of(tmp_path / "alone", daemon.home.environ) | options.pop("environ", {}),
        cwd=folder, input=stdin, capture_output=True, timeout=DEADLINE_S, check=False, **options,
    )  # fmt: skip


def test_standard_input_is_the_line_s_own(daemon: Daemon, tmp_path: Path) -> None:
    data = os.urandom(200_000)
    assert ours(daemon, tmp_path, "cat", stdin=data).stdout == data
    assert ours(daemon, tmp_path, "head -c 3 | tr a-z A-Z", stdin=b"abcdef").stdout == b"ABC"


def test_descriptors_above_two_reach_the_line(daemon: Daemon, tmp_path: Path) -> None:
    read, write = os.pipe()
    with os.fdopen(read, "rb") as reader:
        done = ours(daemon, tmp_path, "--yes", f"echo to you >&{write}", pass_fds=(write,))
        os.close(write)
        assert (done.returncode, reader.read()) == (0, b"to you\n")
    assert ours(daemon, tmp_path, "ls /proc/self/fd | wc -l").stdout.strip() in (b"4", b"3")


def test_several_words_are_a_program_and_its_arguments_and_nothing_in_them_is_expanded(
    daemon: Daemon, tmp_path: Path
) -> None:
    words = ("*", "$HOME", "a b", "'", '"', ";", "&&", "~", "{a,b}", "A=1", "=ls", "\\n", "é", "\n", "")
    done = ours(daemon, tmp_path, "--", "printf", "<%s>", *words)
    assert done.stdout == "".join(f"<{word}>" for word in words).encode()
    assert ours(daemon, tmp_path, "--yes", "--", "A=1", "x").returncode == 127, "it is no assignment"
    assert ours(daemon, tmp_path, "--yes", "--", "if", "x").returncode == 127, "it is no keyword"


def test_words_that_are_no_text_arrive_as_the_bytes_that_they_are(daemon: Daemon, tmp_path: Path) -> None:
    assert ours(daemon, tmp_path, "--yes", "--", "printf", "%s", b"\xff\xfe.txt").stdout == b"\xff\xfe.txt"
    assert ours(daemon, tmp_path, "--yes", b"echo \xff > \xfe.txt; cat \xfe.txt").stdout == b"\xff\n"


def test_the_environment_is_the_caller_s_own(daemon: Daemon, tmp_path: Path) -> None:
    mine = {"MINE": "1", "ISAAC_OWN": "2", "_ODD-NAME": "3"}
    theirs = environ_of(tmp_path / "alone", daemon.home.environ) | mine
    done = ours(daemon, tmp_path, "--", "env", "-0", environ=mine)
    found = dict(item.split("=", 1) for item in done.stdout.decode().split("\0") if item)
    odd = {"_", "PWD", "SHLVL", "OLDPWD"}
    assert {name: value for name, value in found.items() if name not in odd} == theirs


def test_the_locale_that_python_sets_for_itself_is_not_the_line_s(daemon: Daemon, tmp_path: Path) -> None:
    home = a_folder(tmp_path, "alone").parent
    environ = environ_of(home, daemon.home.environ)
    del environ["LC_ALL"], environ["LANG"]
    for given in ({}, {"LC_CTYPE": "C"}, {"LC_CTYPE": "C.UTF-8"}):
        done = subprocess.run(
            [sys.executable, "-m", "isaacctl", "run", "env | grep LC_"],
            env=environ | given, capture_output=True, timeout=DEADLINE_S, check=False, cwd=home,
        )  # fmt: skip
        assert done.stdout.decode() == "".join(f"{name}={value}\n" for name, value in given.items())


def test_umask_and_nice_are_inherited_and_a_closed_pipe_ends_the_line(daemon: Daemon, tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        assert ours(daemon, tmp_path, "umask").stdout == b"0027\n"
    finally:
        os.umask(old)
    done = ours(daemon, tmp_path, "yes | head -n 1; echo ${PIPESTATUS[0]}")
    assert done.stdout == b"y\n141\n"


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGINT, signal.SIGQUIT]
)
def test_a_signal_that_is_sent_to_the_client_reaches_the_program(
    daemon: Daemon, tmp_path: Path, number: signal.Signals
) -> None:
    folder = a_folder(tmp_path, "alone")
    line = f"trap 'echo got; exit 9' {number.name[3:]}; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen(
        [sys.executable, "-m", "isaacctl", "run", "--yes", line],
        env=environ_of(folder.parent, daemon.home.environ), cwd=folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as client:  # fmt: skip
        assert client.stdout is not None
        assert client.stdout.readline() == b"ready\n"
        client.send_signal(number)
        assert client.stdout.read() == b"got\n"
        assert client.wait(DEADLINE_S) == 9


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGSEGV, signal.SIGPIPE]
)
def test_what_ends_by_a_signal_ends_the_client_by_the_same(
    daemon: Daemon, tmp_path: Path, number: signal.Signals
) -> None:
    assert ours(daemon, tmp_path, "--yes", f"kill -{number.name[3:]} $$").returncode == -number


def test_a_folder_that_is_gone_is_told_and_nothing_is_known_of_it(daemon: Daemon, tmp_path: Path) -> None:
    home = a_folder(tmp_path, "alone").parent
    argv = f"mkdir gone; cd gone; rmdir ../gone; exec {sys.executable} -m isaacctl run"
    for line, code in (("touch x", 77), ("--yes 'echo here'", 0)):
        done = subprocess.run(
            ["bash", "-c", f"{argv} {shlex.quote(line) if code else line}"],
            env=environ_of(home, daemon.home.environ), cwd=home, capture_output=True, timeout=DEADLINE_S, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr


def test_json_tells_what_came_of_it_behind_the_program_s_own_errors(daemon: Daemon, tmp_path: Path) -> None:
    done = ours(daemon, tmp_path, "--json", "--yes", "echo out; echo err >&2; exit 3")
    assert (done.returncode, done.stdout) == (3, b"out\n")
    *before, last = done.stderr.splitlines()
    assert b"err" in before
    told = json.loads(last)
    assert (told["exit_code"], told["signal"], told["kind"]) == (3, None, "shell")
    assert told["argv"][1:] == ["-c", "echo out; echo err >&2; exit 3"]
    assert told["duration_ms"] > 0
    killed = json.loads(ours(daemon, tmp_path, "--json", "--yes", "kill -9 $$").stderr.splitlines()[-1])
    assert (killed["exit_code"], killed["signal"]) == (137, 9)


def test_what_was_run_is_put_into_the_spool_of_the_history(daemon: Daemon, tmp_path: Path) -> None:
    state_home = tmp_path / "state"
    environ = {"XDG_STATE_HOME": str(state_home), "ISAAC_SESSION": "s1"}
    assert ours(daemon, tmp_path, "--yes", "echo kept; exit 4", environ=environ).returncode == 4
    record = (state_home / "isaac/spool/commands").read_bytes()
    assert record.endswith(b"\techo kept; exit 4\n")
    assert b"\t4\ts1\t" in record
    before = record
    ours(daemon, tmp_path, "--dry-run", "echo not run", environ=environ)
    assert (state_home / "isaac/spool/commands").read_bytes() == before


def test_what_the_caller_ignores_stays_ignored(daemon: Daemon, tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "alone")
    line = "echo ready; while ! test -e stop; do sleep 0.05; done; echo survived"
    script = f"trap '' HUP INT; exec {sys.executable} -m isaacctl run {shlex.quote(line)}"
    with subprocess.Popen(
        ["bash", "-c", script], env=environ_of(folder.parent, daemon.home.environ), cwd=folder,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    ) as client:  # fmt: skip
        assert client.stdout is not None
        assert client.stdout.readline() == b"ready\n"
        client.send_signal(signal.SIGHUP)
        client.send_signal(signal.SIGINT)
        (folder / "stop").touch()
        assert client.stdout.read() == b"survived\n"
        assert client.wait(DEADLINE_S) == 0


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_are_closed_for_the_line_too(
    daemon: Daemon, tmp_path: Path, closed: str
) -> None:
    results = []
    for name, start in (("theirs", "bash -c"), ("ours--", f"{sys.executable} -m isaacctl run")):
        folder = a_folder(tmp_path, name)
        script = (
            f"{start} 'for n in 0 1 2; do test -e /proc/self/fd/$n && echo $n >> open; done; true' {closed}"
        )
        done = subprocess.run(
            ["bash", "-c", script], env=environ_of(folder.parent, daemon.home.environ), cwd=folder,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S, check=False,
        )  # fmt: skip
        results.append((done.returncode, state(folder)))
    assert results[0] == results[1]


def test_a_daemon_that_dies_while_the_person_reads_runs_nothing(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "alone")
    with running() as daemon:
        argv = ["-m", "isaacctl", "run", "python3 -c 0; touch made"]
        with at_terminal(argv, environ_of(folder.parent, daemon.home.environ), cwd=str(folder)) as person:
            person.reads("Run it? [y/N] ")
            daemon.kill()
            daemon.stopped = True
            person.types("y\r")
            assert person.leaves() not in (0, 77)
        assert not (folder / "made").exists()
