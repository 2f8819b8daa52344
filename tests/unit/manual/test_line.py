"""Lines explained word by word: by made-up pages, and by what the shell itself means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.manual.line import explain_line
from isaacd.manual.part import Explained
from tests.pages import DOCBOOK, MAN, MDOC, POD, write_pages

FIND = r""".SH NAME
find \- search for files
.SH EXPRESSION
.IP "\-name \fIpattern\fR"
The name fits the pattern.
.IP "\-size \fIn\fR"
It has this size.
.IP "\-type \fIc\fR"
It is of this type.
.IP "\-exec \fIcommand\fR ;"
Run a command.
"""
BOX = ".SH NAME\nbox \\- boxes\n.SH OPTIONS\n.TP\n\\-v\nSay more.\n"


@pytest.fixture(scope="module")
def environ(tmp_path_factory):
    folder = tmp_path_factory.mktemp("man")
    tar = MAN.replace("pack", "tar")
    write_pages(
        folder,
        pack=MAN,
        tar=tar,
        send=MDOC,
        box_add=DOCBOOK,
        git=BOX,
        git_add=DOCBOOK,
        copybits=POD,
        find=FIND,
    )
    return {"MANPATH": str(folder), "PATH": ""}


def rows(found: Explained) -> list[tuple[str, str]]:
    return [(part.text, part.about) for part in found.parts]


def about(found: Explained, text: str) -> str:
    return next(part.about for part in found.parts if part.text == text)


def test_letters_that_stand_together_are_explained_one_by_one(environ):
    found = explain_line("pack -xzf notes.box", environ)
    assert rows(found) == [
        ("pack", "put files into a box"),
        ("-x", "--extract: Take files out of the box"),
        ("-z", "--zip: Squeeze what is in the box"),
        ("-f", "--file: Use this BOX (e.g. one on a tape) instead of the usual one"),
        ("notes.box", "the BOX"),
    ]
    assert found.unknown == ()


def test_old_letters_need_no_hyphen_where_the_program_takes_them(environ):
    found = explain_line("tar xf a.tgz", environ)
    assert [part.text for part in found.parts] == ["tar", "x", "f", "a.tgz"]
    assert about(found, "a.tgz") == "the BOX"


def test_a_value_may_be_glued_to_its_letter(environ):
    assert ("5", "the NUM") in rows(explain_line("pack -xn5", environ))


def test_what_nobody_knows_is_said_to_be_unknown(environ):
    assert explain_line("pack -xk; frobnicate --hard it", environ).unknown == ("-xk", "frobnicate", "--hard")


def test_a_subcommand_has_a_page_of_its_own(environ):
    found = explain_line("git add --force -m why x", environ)
    assert about(found, "add") == "Add to the box"
    assert about(found, "--force") == "Add it although it is there"
    assert about(found, "why") == "the msg"


def test_every_command_of_a_pipeline_is_explained_with_what_joins_them(environ):
    found = explain_line("pack -x | send -4 && echo ok || exit 1; pack &", environ)
    kinds = [(part.text, part.kind) for part in found.parts if part.kind in ("command", "operator")]
    assert kinds == [
        ("pack", "command"), ("|", "operator"), ("send", "command"), ("&&", "operator"), ("echo", "command"),
        ("||", "operator"), ("exit", "command"), (";", "operator"), ("pack", "command"), ("&", "operator"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "text", "told"),
    [
        ("pack 2>/dev/null", "2> /dev/null", "errors are thrown away"),
        ("pack >out 2>&1", "2>&1", "standard error goes where standard output goes"),
        ("pack >>log", ">> log", "what it prints is added to the end of log"),
        ("pack < in", "< in", "its input comes from in"),
        ("A=1 pack", "A=1", "sets the variable A for this command only"),
        ("A=1", "A=1", "sets the variable A in this shell"),
        ("pack $HOME", "$HOME", "the value of the variable HOME"),
        ("pack *.txt", "*.txt", "the shell puts the names in its place that fit"),
        ("pack <file>", "<file>", ""),
        ("pack {{file}}", "{{file}}", "a placeholder"),
        ("chmod 640 x", "640", "the owner may read and write, the group may read, all others may nothing"),
        ("chmod u+x x", "u+x", "the owner: gets running"),
        ("sed 's/a/b/g' x", "'s/a/b/g'", "a is replaced by b, everywhere in each line"),
        ("kill -9 12", "-9", "KILL, which cannot be refused"),
        ("find . -size +10M", "+10M", "more than 10 MiB"),
        ("find . -type d", "d", "directories"),
        ("if true; then pack; fi", "then", "what runs if the condition holds"),
        ("copybits if=/dev/zero", "if=/dev/zero", "Read from FILE"),
    ],
)
def test_what_the_shell_and_the_programs_make_of_a_word(environ, line, text, told):
    if told:
        assert told in about(explain_line(line, environ), text)
    else:
        assert explain_line(line, environ).parts


@pytest.mark.parametrize(
    "line",
    [
        "sudo -u ada pack -x a",
        "find . -exec pack -x {} \\;",
        "xargs -n1 pack -x",
        "echo $(pack -x a)",
        "bash -c 'pack -x a'",
    ],
)
def test_a_command_within_a_command_is_explained_below_it(environ, line):
    found = explain_line(line, environ)
    inner = [part for part in found.parts if part.text in ("pack", "-x")]
    assert [part.depth for part in inner] == [1, 1]
    assert inner[1].about == "--extract: Take files out of the box"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "2>&1 pack",
            [("pack", "put files into a box"), ("2>&1", "standard error goes where standard output goes")],
        ),
        (
            "f() { pack; }; f",
            [
                ("f", "a function is made"),
                ("{", "the beginning"),
                ("pack", "put files"),
                ("f", "the function that the line"),
            ],
        ),
        (
            "case $x in a) pack;; esac",
            [
                ("case", "chooses"),
                ("$x", "the value"),
                ("a", "the patterns"),
                ("in", ""),
                ("pack", "put files"),
                (";;", ""),
                ("esac", "the end"),
            ],
        ),
        ("./run.sh", [("./run.sh", "the program at this path")]),
        ("cat <<E\nhi\nE", [("cat", ""), ("<<", "its input is the text that follows")]),
    ],
)
def test_the_forms_of_the_shell_are_told_from_each_other(environ, line, told):
    found = [(text, about) for text, about in rows(explain_line(line, environ)) if text not in (";", "}")]
    assert [text for text, _ in found] == [text for text, _ in told]
    assert all(about.startswith(begins) for (_, about), (_, begins) in zip(found, told, strict=True))


def test_hostile_lines_have_an_end(environ):
    for line in ("$(" * 200, "(" * 500, "a|" * 2000, "'" * 99, "x" * 60_000, "-" * 5000, "\\" * 3000):
        explain_line(line, environ)


@given(st.text(alphabet=st.sampled_from(list("ab -|&;<>()$'\"`{}!=*\n\\")), max_size=60))
def test_no_line_makes_it_fail(line):
    explain_line(line, {"PATH": "", "MANPATH": "/nonexistent"})


def test_what_a_variable_might_have_run_is_no_command_of_the_line(environ):
    found = explain_line("env A='find x' tar xf a.tgz", environ)
    assert [part.text for part in found.parts][-4:] == ["tar", "x", "f", "a.tgz"]
    assert "find" not in [part.text for part in found.parts]
