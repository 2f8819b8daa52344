"""Programs are found by their purpose, from pages that lie in a folder."""

import gzip

import pytest

from isaac_plugins.apropos.pages import Page, folders, read_folder, summary
from isaac_plugins.apropos.ranking import best, parts_of, score, stems


@pytest.mark.parametrize(
    ("text", "about"),
    [
        (".TH TAR 1\n.SH NAME\ntar \\- an archiving utility\n.SH SYNOPSIS\nx", "an archiving utility"),
        (
            '.SH "NAME"\n\\fBgrep\\fR, egrep \\- print \\fIlines\\fP that match\n.SH X',
            "print lines that match",
        ),
        (".Dd x\n.Sh NAME\n.Nm ls\n.Nd list directory contents\n.Sh X", "list directory contents"),
        (".SH NAME\n.B zip\n\\(em package files\n.SH X", "package files"),
        (".SH NAME\nnothing here\n", ""),
        ("", ""),
        (".SH NAME\nx \\- a\x1b[31m red one\n", "a[31m red one"),
    ],
)
def test_the_summary_of_a_page(text, about):
    assert summary(text) == about


def test_a_folder_of_pages_packed_or_not_and_damaged(tmp_path):
    (tmp_path / "ls.1").write_text(".SH NAME\nls \\- list files\n")
    (tmp_path / "git-log.1.gz").write_bytes(gzip.compress(b".SH NAME\ngit-log - show commits\n"))
    (tmp_path / "bad.1.gz").write_bytes(b"no gzip")
    (tmp_path / "cut.1.gz").write_bytes(gzip.compress(b".SH NAME\ncut - x\n" * 99)[:-20])
    (tmp_path / "noise.txt").write_text("x")
    found = list(read_folder(tmp_path))
    assert Page("ls", "1", "list files") in found
    assert Page("git-log", "1", "show commits") in found
    assert not any(page.name in ("bad", "noise") for page in found)


def test_folders_are_those_of_the_caller(tmp_path):
    (tmp_path / "man/man1").mkdir(parents=True)
    assert folders({"MANPATH": str(tmp_path / "man")}) == [tmp_path / "man/man1"]


def test_words_are_compared_without_their_endings():
    assert stems("compressing the folders") == stems("compress directories") == ["compress", "director"]


PAGES = [
    ("gzip", "1", "compress or expand files"),
    ("zfoo", "1", "compress files into a proprietary archive of a company that few people know"),
    ("diff", "1", "compare files line by line"),
    ("gzip", "8", "compress or expand files"),
]


def test_what_is_here_and_says_little_else_comes_first():
    found = best("compress files", PAGES, frozenset({"gzip", "diff"}), {}, 10)
    assert [row.name for row in found[:2]] == ["gzip", "zfoo"]
    assert (found[0].installed, found[0].source, found[1].installed) == (True, "manual", False)
    assert 0 <= found[-1].score <= found[0].score <= 1


def test_what_isaac_knows_brings_an_example():
    found = best(
        "show differences", PAGES, frozenset({"diff"}), {"diff": ("diff -u A B", "Shows them.", 0.9)}, 10
    )
    assert (found[0].name, found[0].example, found[0].about) == (
        "diff",
        "diff -u A B",
        "Shows them.",
    )


def test_a_program_without_a_page_is_found_by_its_name():
    assert [row.name for row in best("zfoo", [], frozenset({"zfoobar"}), {}, 5)] == ["zfoobar"]


def test_every_page_that_fits_has_one_of_the_parts():
    for purpose in ("compress folders", "delete files", "lookup networks", "unpack archives"):
        parts = parts_of(purpose)
        for about in (
            "remove directory entries",
            "search the network",
            "extract files",
            "compress a file archive",
        ):
            if score(stems(purpose), "x", about) > 0.2:
                assert any(part in about for part in parts), (purpose, about)
