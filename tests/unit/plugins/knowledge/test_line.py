"""Command lines explained from the table: word for word, or not at all."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaac_plugins.knowledge.line import asked_line, explain_asked, explain_line
from isaac_plugins.knowledge.programs import PROGRAMS


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("pwd", "Prints the current directory."),
        ("cd ..", "Changes to the directory above."),
        ("cd -", "Changes back to the directory before."),
        ("ls -a notes/", "Lists notes/: the file, or what is in the directory; hidden ones too."),
        ("ssh -p2222 ada@host.example", "Opens a shell on another machine over SSH: ada@host.example; on port 2222."),
        ("cp a.txt b.txt backup/", "Copies a.txt and b.txt into the directory backup/."),
        ("sudo cat 'my notes.txt'", "As root: Prints the file my notes.txt."),
        (
            "cat a.txt | grep -i x > out.txt",
            "Prints the file a.txt. What it prints goes to the next command: Prints only the lines that match x; "
            "whatever the case. What it prints goes to the file out.txt, in place of what was in it.",
        ),
        ("man 5 passwd", "Shows the manual page of passwd in section 5."),
        ("grep --help", "Prints how grep is used, and its options."),
        ("find . -name '*.log' -type f", "Lists every file below .; whose name matches *.log, of the type f (f file, d directory, l link)."),
    ],
)  # fmt: skip
def test_a_line_that_is_understood_is_explained(line: str, text: str) -> None:
    assert explain_line(line) == text


@pytest.mark.parametrize(
    "line",
    [
        "", "frobnicate", "ls -Z", "ls --frob", "ls *.txt", "ls $HOME", "ls `pwd`", "ls $(pwd)", "ls &", "ls 'open", "ls \\", "cd a b", "cd ~root",
        "man ls cp", "scp a b", "scp a@: b", "ssh host uptime", "cat <<EOF", "cat < a", "pwd 2> /dev/null", "X=1 ls", "cat a |", "| cat a", "cat a > ",
        "ls; frobnicate", "sudo", "sudo -u ada ls", "nmap -p", "head -n x a", "gunzip a.zip", "! ls", "ls # all", "ls\tth\u00e9", "cat " + "a" * 400,
    ],
)  # fmt: skip
def test_a_line_with_anything_unknown_is_not_explained(line: str) -> None:
    assert explain_line(line) is None


def test_every_program_with_a_form_can_be_explained() -> None:
    for name, program in PROGRAMS.items():
        if 0 in program.forms:
            assert explain_line(name), name


OPTIONS = [(name, option) for name, program in PROGRAMS.items() for option in program.flags]


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_no_option_is_passed_over(name: str, option: str) -> None:
    program = PROGRAMS[name]
    operands = next((number for number in (0, 1, 2) if number in program.forms), 0)
    for operand in ("notes.txt", "host:a b", "aux", "install", "install nmap"):
        line = " ".join([name, option, *operand.split()[:operands]])
        text = explain_line(line)
        if text is not None and operands == len(operand.split()[:operands]):
            assert program.flags[option] in text


NAMES = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=9).filter(
    lambda name: name[0] not in "-."
)


@given(
    st.sampled_from(["cat", "less", "cp", "mv", "mkdir", "touch", "ls"]),
    st.lists(NAMES, min_size=1, max_size=4),
)
def test_every_operand_is_named(program: str, names: list[str]) -> None:
    text = explain_line(" ".join([program, *names]))
    assert text is None or all(name in text for name in names)


@given(st.text(max_size=60))
def test_any_text_is_explained_or_not_without_an_error(line: str) -> None:
    explain_line(line)
    explain_line(line, "msfconsole")
    asked_line(f"explain: {line}")


def test_consoles_have_commands_of_their_own() -> None:
    assert (
        explain_line("set RHOST 10.0.0.5", "msfconsole")
        == "Sets the option RHOST of the current module to 10.0.0.5."
    )
    assert explain_line("set RHOST 10.0.0.5") is None
    assert explain_line("pwd", "msfconsole") is None
    assert explain_line("pwd", "nowhere") is None


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("explain: pwd", ("shell", "pwd")),
        ("Explain this command: pwd", ("shell", "pwd")),
        ("please explain the shell command `pwd`?", ("shell", "pwd")),
        ("explain this msfconsole command: run", ("msfconsole", "run")),
        ("explain pwd", None),
        ("pwd", None),
        ("explain: pwd\nand ls", None),
        ("is it safe to run: pwd", None),
    ],
)
def test_the_question_must_be_for_one_line_and_no_more(question: str, asked: tuple[str, str] | None) -> None:
    assert asked_line(question) == asked


def test_the_answer_is_sure_because_it_is_whole() -> None:
    answer = explain_asked("explain: pwd")
    assert answer is not None
    assert answer.confidence >= 0.9
    assert answer.hits[0].command == "pwd"
    assert explain_asked("explain: frobnicate") is None
