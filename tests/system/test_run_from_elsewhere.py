"""The two calls `route` and `approve` as the how-to shows them, and lines in shells that are not bash."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon import DEADLINE_S, Daemon, running

pytestmark = pytest.mark.system

HOW_TO = Path(__file__).parents[2] / "docs/how-to/editors.md"


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with running() as made:
        yield made


def example(language: str) -> str:
    """Return the example of the section about running lines."""
    section = HOW_TO.read_text().partition("## Run a line that was agreed to")[2]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {' '.join(missing)}")


@needs("nc", "jq", "bash")
def test_bash_runs_lines_as_the_how_to_shows(daemon: Daemon, tmp_path: Path) -> None:
    lines = (
        "isaac_line 'echo \"a  b\" \\'c\\' | tr a-z A-Z'; echo $?; isaac_line 'cd / && X=5'; echo $PWD $X; cd \"$OLDPWD\"; "
        "isaac_line 'touch made'; isaac_line 'curl -O http://localhost:1/'; echo $?; isaac_line '# nothing'; echo $?; "
        "isaac_line 'ls made'"
    ).replace("\\'c\\'", "c")
    done = subprocess.run(
        ["bash", "-c", f"{example('bash')}\n{lines}"],
        env=daemon.home.environ, cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
        stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert done.stdout.split("\n")[:3] == ["A  B C", "0", "/ 5"], done.stderr
    assert "77" in done.stdout
    assert "it reaches" in done.stderr or "tier 3" in done.stderr


@needs("nvim")
def test_neovim_runs_lines_as_the_how_to_shows(daemon: Daemon, tmp_path: Path) -> None:
    script = tmp_path / "run.lua"
    calls = (
        "vim.fn.confirm = function(text) _G.asked = text; return 1 end\n"
        "local function done(job) return vim.fn.jobwait({ job }, 20000)[1] end\n"
        'local one = done(run_line("echo hi > one"))\n'
        'local two = done(run_line("python3 -c 0; echo ho > two; exit 4"))\n'
        "vim.fn.confirm = function() return 2 end\n"
        'local three = run_line("python3 -c 0; echo no > three")\n'
        'vim.fn.writefile({ tostring(one), tostring(two), tostring(three), _G.asked }, "said")\n'
        'vim.cmd("qall!")\n'
    )
    script.write_text(f"{example('lua')}\n{calls}")
    subprocess.run(
        ["nvim", "--headless", "-u", "NONE", "-c", f"luafile {script}", "-c", "qall!"],
        env=daemon.home.environ | {"SHELL": "/bin/bash"}, cwd=tmp_path, timeout=DEADLINE_S, check=False,
        capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    said = (tmp_path / "said").read_text().splitlines()
    assert said[:2] == ["0", "4"]
    assert "python3 -c 0; echo ho > two; exit 4" in said[3]
    assert (tmp_path / "one").exists()
    assert (tmp_path / "two").exists()
    assert not (tmp_path / "three").exists()


PLAIN = (
    "echo hello | tr a-z A-Z",
    "echo 'one  two'; false",
    "ls missing; echo after",
    "echo a > f; cat f; wc -l < f",
    "true && echo yes || echo no",
    "no-such-program-anywhere",
    "sh -c 'exit 42'",
    "sh -c 'kill -TERM $$'",
    "echo *.none *.txt",
    "sleep 0.1; echo slept",
)


@pytest.mark.parametrize(
    "shell",
    [pytest.param(name, marks=needs(name)) for name in ("sh", "dash", "zsh", "fish", "ksh", "mksh", "tcsh")],
)
@pytest.mark.parametrize("line", PLAIN)
def test_a_line_does_in_each_shell_what_that_shell_does(
    daemon: Daemon, tmp_path: Path, shell: str, line: str
) -> None:
    path = shutil.which(shell)
    assert path is not None
    results = []
    for name, argv in (
        ("theirs", [path, "-c", line]),
        ("ours--", [sys.executable, "-m", "isaacctl", "run", "--yes", line]),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "a.txt").touch()
        done = subprocess.run(
            argv, executable=path if name == "theirs" else None, cwd=folder, capture_output=True, check=False,
            env={**daemon.home.environ, "SHELL": path}, timeout=DEADLINE_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        told = [
            row for row in done.stderr.splitlines(True) if not row.startswith((b"running: ", b"did you mean"))
        ]
        errors = b"".join(told).replace(path.encode(), shell.encode())
        results.append((done.returncode, done.stdout, errors, sorted(item.name for item in folder.iterdir())))
    assert results[1] == results[0]


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        pytest.param("zsh", "echo =ls", marks=needs("zsh")),
        pytest.param("zsh", "ls **/x(.)", marks=needs("zsh")),
        pytest.param("fish", "echo (echo x)", marks=needs("fish")),
        pytest.param("fish", "echo \\x41", marks=needs("fish")),
    ],
)
def test_what_a_shell_reads_otherwise_is_not_run_unasked(
    daemon: Daemon, tmp_path: Path, shell: str, line: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "isaacctl", "run", line],
        env={**daemon.home.environ, "SHELL": str(shutil.which(shell))}, cwd=tmp_path, capture_output=True,
        timeout=DEADLINE_S, check=False, stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert done.returncode == 77
    assert b"may read it otherwise" in done.stderr
