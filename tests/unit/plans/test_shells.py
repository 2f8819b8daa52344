"""Which shell a line is executed in, how it is given the line, and where it would read it otherwise than bash."""

import os
import subprocess
from pathlib import Path

import pytest

from isaacd.plans.differences import difference
from isaacd.plans.shells import Family, Machine, Shell, known_shell, shell_of
from isaacd.plans.words import line_of


class FakeMachine:
    """A machine with these programs, on which a process was started by `parent`."""

    def __init__(self, *programs: str, parent: str | None = None, login: str | None = None) -> None:
        self._programs = programs
        self._parent = parent
        self._login = login

    def is_program(self, path: str) -> bool:
        return path in self._programs

    def parent(self, pid: int) -> str | None:
        return self._parent

    def login(self) -> str | None:
        return self._login


ALL = ("/bin/bash", "/bin/sh", "/usr/bin/zsh", "/usr/bin/fish", "/bin/rm", "/usr/bin/python3")


def test_the_hook_says_it_best_then_the_parent_then_the_variable_then_the_entry_then_bash() -> None:
    machine = FakeMachine(*ALL, parent="/usr/bin/fish", login="/bin/sh")
    environ = {"ISAAC_SHELL": "/usr/bin/zsh", "SHELL": "/bin/bash"}
    assert shell_of(environ, 7, machine).path == "/usr/bin/zsh"
    del environ["ISAAC_SHELL"]
    assert shell_of(environ, 7, machine).path == "/usr/bin/fish"
    assert shell_of(environ, None, machine).path == "/bin/bash"
    assert shell_of({}, None, machine).path == "/bin/sh"
    assert shell_of({}, None, FakeMachine(*ALL)).path == "/bin/bash"
    assert shell_of({}, None, FakeMachine("/bin/sh")) == Shell("/bin/sh", "sh", "sh")


@pytest.mark.parametrize(
    "said", ["/bin/rm", "bash", "/nowhere/bash", "", "/bin/", "/usr/bin/python3", "/bin/bash\0"]
)
def test_what_is_no_shell_or_not_there_is_passed_over(said: str) -> None:
    machine = FakeMachine(*ALL, parent="/usr/bin/python3")
    assert shell_of({"ISAAC_SHELL": said, "SHELL": said}, 7, machine).path == "/bin/bash"
    assert known_shell(said, machine) is None


def test_a_line_never_becomes_an_option_of_the_shell() -> None:
    assert Shell("/bin/bash", "bash", "bash").argv("-x") == ("/bin/bash", "-c", " -x")
    assert Shell("/bin/bash", "bash", "bash").argv("ls") == ("/bin/bash", "-c", "ls")
    assert Shell("/bin/busybox", "busybox", "sh").argv("ls") == ("/bin/busybox", "sh", "-c", "ls")


def test_the_machine_tells_who_started_a_process() -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as child:
        assert Machine().parent(child.pid) == str(Path("/proc/self/exe").readlink())
        child.kill()
    assert Machine().parent(0) is None
    assert Machine().is_program("/bin/sh")
    assert not Machine().is_program("/bin")


@pytest.mark.parametrize(
    ("family", "line"),
    [
        ("sh", "[[ -f x ]]"),
        ("sh", "cat <(ls)"),
        ("sh", "ls &> x"),
        ("sh", "rm {a,b}"),
        ("sh", "$'\\x72m' x"),
        ("sh", "echo 'ls # \\nrm -rf ~' | sh"),
        ("sh", "source x"),
        ("zsh", "=rm x"),
        ("zsh", "rm **/x"),
        ("zsh", "rm *(e:'id':)"),
        ("zsh", "ls >! x"),
        ("zsh", "ls &| rm"),
        ("zsh", "echo ${(e)x}"),
        ("zsh", "echo $=x"),
        ("zsh", "repeat 3 ls"),
        ("zsh", "noglob rm x"),
        ("zsh", "rm <1-9>"),
        ("zsh", "x=(rm y); $x"),
        ("zsh", "functions[ls]='rm x'; ls"),
        ("zsh", "path=(/tmp $path); ls"),
        ("zsh", "emulate sh -c 'rm x'"),
        ("zsh", "hash ls=/tmp/x"),
        ("fish", "alias ls rm; ls x"),
        ("fish", "set -x PATH /tmp; ls"),
        ("fish", "set PAGER rm; man x"),
        ("fish", "complete -c ls -a x"),
        ("zsh", "echo 'ls # \\nrm -rf ~' | sh"),
        ("fish", "ls (rm x)"),
        ("fish", "echo '\\'; rm x; \\''"),
        ("fish", "\\x72m x"),
        ("fish", "ls **"),
        ("fish", "ls $x[1]"),
        ("fish", "ls {a,b}"),
        ("fish", "ls a?"),
        ("other", "ls $x"),
        ("other", "ls *"),
    ],
)
def test_where_a_shell_reads_otherwise_that_is_said(family: Family, line: str) -> None:
    assert difference(line, family, "nu") is not None
    assert difference(line, "bash", "bash") is None


@pytest.mark.parametrize("family", ["sh", "ksh", "zsh", "fish", "other"])
@pytest.mark.parametrize(
    "line",
    [
        "ls -la",
        "git log --oneline | head",
        "cat 'a b' \"c d\"",
        "make && make test",
        "cd /tmp; ls",
        "a --b=c",
    ],
)
def test_plain_lines_are_the_same_everywhere(family: Family, line: str) -> None:
    assert difference(line, family, "nu") is None


@pytest.mark.parametrize(
    "line", ["ls *.txt ~/x", "cat $HOME/x > y 2>&1", "grep -c x < f | wc -l", "make >> log"]
)
def test_fish_and_bash_have_this_much_in_common(line: str) -> None:
    assert difference(line, "fish", "fish") is None


@pytest.mark.parametrize("family", ["sh", "zsh", "fish"])
def test_no_line_takes_long_to_compare(family: Family) -> None:
    for piece in (
        "a",
        " ",
        "'",
        '"',
        "{",
        "{a",
        "$",
        "${",
        "\\",
        "(",
        "*(",
        "=",
        "|",
        "<1",
        ";&",
        "a{b,",
        "é",
    ):
        difference(piece * 20_000, family, "fish")


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (["ls -l | wc"], "ls -l | wc"),
        (["ls", "-l"], "ls -l"),
        (["rm", "a b", "*"], "rm 'a b' '*'"),
        (["echo", "it's", ""], "echo 'it'\"'\"'s' ''"),
        (["A=1", "x"], "'A=1' x"),
        (["if", "x"], "'if' x"),
        (["dd", "if=x", "=ls"], "dd if=x '=ls'"),
    ],
)
def test_one_word_is_a_line_and_several_are_quoted(given: list[str], line: str) -> None:
    assert line_of(given) == line


def test_what_is_quoted_means_exactly_the_words() -> None:
    words = [
        "printf",
        "%s\\0",
        *(chr(code) for code in range(1, 0x250)),
        "~",
        "$(ls)",
        "a\nb",
        "-n",
        "--",
        "=",
        "!!",
    ]
    done = subprocess.run(
        ["bash", "-c", line_of(words)], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}
    )
    assert done.stdout == b"".join(os.fsencode(word) + b"\0" for word in words[2:])
