"""Pages of the manual in all their forms: what they say of options, whatever macros they are written in."""

import gzip
import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.manual.page import read_page
from isaacd.manual.shelf import MAX_PAGE_BYTES, find_page, folders
from tests.pages import DOCBOOK, MAN, MDOC, POD, write_pages


def test_an_option_is_known_by_each_of_its_names_with_the_first_sentence_about_it():
    page = read_page("pack", MAN)
    assert page.summary == "put files into a box"
    assert page.options["-x"] is page.options["--extract"]
    assert page.options["-x"].about == "Take files out of the box"
    assert page.options["-z"].names == ("-z", "--zip")


def test_a_value_is_told_from_one_that_may_be_left_out():
    options = read_page("pack", MAN).options
    assert (options["-f"].value, options["-f"].is_optional) == ("BOX", False)
    assert (options["--color"].value, options["--color"].is_optional) == ("WHEN", True)
    assert options["-n"].value == "NUM"
    assert options["-x"].value == ""


def test_a_short_form_in_a_sentence_does_not_end_it():
    assert read_page("pack", MAN).options["-f"].about == (
        "Use this BOX (e.g. one on a tape) instead of the usual one"
    )


def test_several_tags_above_one_paragraph_are_all_about_it():
    assert read_page("pack", MAN).options["-q"].about == "Say nothing"


def test_examples_are_no_options():
    assert read_page("pack", MAN).words == {}


def test_mdoc_is_read():
    page = read_page("send", MDOC)
    assert page.summary == "send files to another host"
    assert page.options["-p"].about == "The port to use"
    assert page.options["-p"].value == "port"
    assert page.options["-4"].value == ""


def test_a_tag_may_go_on_over_several_lines():
    page = read_page(
        "send", MDOC.replace(".It Fl 4\n", ".It Fl L Xo\n.Sm off\n.Oo Ar bind : Oc\n.Ar port : host\n.Xc\n")
    )
    assert not page.options["-L"].is_optional
    assert page.options["-L"].value


def test_a_sentence_goes_on_behind_a_semicolon_unless_it_is_very_long():
    text = ".SH OPTIONS\n.TP\n-u\nwith -c, check; without -c, print.\n.TP\n-v\n" + "long; " * 60
    page = read_page("x", text)
    assert page.options["-u"].about == "with -c, check; without -c, print"
    assert len(page.options["-v"].about) < 200


def test_tags_of_converters_stand_above_what_is_indented():
    page = read_page("box-add", DOCBOOK)
    assert {"--force", "--no-force"} <= set(page.options)
    assert page.options["--force"].is_optional
    assert page.options["-m"].value == "msg"
    assert page.options["--message"].about == "Say why"
    assert page.commands["list"].about == "List what is in the box"


def test_pod_is_read():
    page = read_page("copybits", POD)
    assert page.words["if="].about == "Read from FILE"
    assert page.options["--deep"].about == "Go deep"


@given(st.text(alphabet=st.sampled_from(list(".\\\"'-[]{}()*f\nTPSHIBRde if=x&")), max_size=300))
def test_no_page_makes_the_reader_fail(text):
    read_page("x", text)


def test_pages_are_found_by_manpath_or_beside_the_programs(tmp_path):
    write_pages(tmp_path / "share/man", pack=MAN)
    by_path = {"PATH": str(tmp_path / "bin")}
    assert find_page("pack", by_path) is not None
    assert find_page("pack", {"PATH": "/nowhere", "MANPATH": str(tmp_path / "share/man")}) is not None
    assert find_page("pack", {"PATH": str(tmp_path / "bin"), "MANPATH": "/nowhere"}) is None
    assert folders({"PATH": "", "MANPATH": "/own:"})[0].as_posix() == "/own"
    assert len(folders({"PATH": "", "MANPATH": "/own:"})) == 3


@pytest.mark.parametrize("name", ["../pack", "a/b", "", "-x\n", "p" * 100, "."])
def test_a_name_that_is_no_program_has_no_page(tmp_path, name):
    assert find_page(name, {"MANPATH": str(tmp_path)}) is None


def test_a_page_that_stands_for_another_leads_there_and_a_circle_to_none(tmp_path):
    write_pages(tmp_path, pack=MAN, box=".so man1/pack.1\n", a=".so man1/b.1", b=".so man1/a.1")
    environ = {"MANPATH": str(tmp_path)}
    found = find_page("box", environ)
    assert found is not None
    assert found.name == "pack"
    assert find_page("a", environ) is None


def test_damaged_and_endless_pages_do_no_harm(tmp_path):
    inside = tmp_path / "man1"
    inside.mkdir()
    (inside / "torn.1.gz").write_bytes(gzip.compress(MAN.encode() * 50)[:200])
    (inside / "other.1.xz").write_bytes(lzma.compress(MAN.encode()))
    (inside / "none.1.gz").write_bytes(b"this is not compressed")
    (inside / "huge.1.gz").write_bytes(gzip.compress(b"\n" * (MAX_PAGE_BYTES * 4)))
    environ = {"MANPATH": str(tmp_path)}
    assert find_page("torn", environ) is None
    assert find_page("none", environ) is None
    assert find_page("huge", environ) is not None
    other = find_page("other", environ)
    assert other is not None
    assert other.options


def test_a_page_that_changed_is_read_again(tmp_path):
    environ = {"MANPATH": str(tmp_path)}
    write_pages(tmp_path, pack=MAN)
    assert find_page("pack", environ).options  # type: ignore[union-attr]
    write_pages(tmp_path, pack=MAN.replace("extract", "take"))
    assert "--take" in find_page("pack", environ).options  # type: ignore[union-attr]
