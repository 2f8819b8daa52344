"""Placeholders are found in all their forms, filled as one word, and what is the shell's own is left alone."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.assist.placeholders import fill, placeholders


@pytest.mark.parametrize(
    ("line", "named", "found"),
    [
        ("cp <source> <target>", (), ["<source>", "<target>"]),
        ("git push {{remote}} {{branch}}", (), ["{{remote}}", "{{branch}}"]),
        ("ssh [your host] ls", (), ["[your host]"]),
        ("curl -H YOUR_API_KEY x", (), ["YOUR_API_KEY"]),
        ("tar xf /path/to/archive.tar", (), ["/path/to/archive.tar"]),
        ("apt install PACKAGE", ("PACKAGE",), ["PACKAGE"]),
        ("apt install PACKAGES", ("PACKAGE",), []),
        ("sort < in > out", (), []),
        ("diff <(ls a) <(ls b)", (), []),
        ("cat <<EOF", (), []),
        ("[ -f x ]", (), []),
        ("awk '{print $1}'", (), []),
        ("docker ps --format '{{.Names}}'", (), ["{{.Names}}"]),
    ],
)
def test_a_placeholder_is_told_from_what_the_shell_means(line, named, found):
    assert placeholders(line, named) == found


@given(st.text(min_size=1, max_size=30).filter(lambda text: "\0" not in text))
def test_a_value_stays_one_word(value):
    done = fill("cp <file> x", "<file>", value)
    assert done is not None
    assert shlex.split(done) == ["cp", value, "x"]


def test_between_quotes_nothing_is_put_in():
    assert fill("echo '<name>'", "<name>", "ada") is None
    assert fill('grep "a <name>" x', "<name>", "ada") is None
    assert fill("echo 'x' <name>", "<name>", "ada") == "echo 'x' ada"
