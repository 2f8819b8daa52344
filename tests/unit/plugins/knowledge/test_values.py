"""Values are found in questions, and leave a mark in their place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaac_plugins.knowledge import values, words


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("find files larger than 100 MB under /var", {"size": ["100M"], "path": ["/var"]}),
        ("files bigger than 2gb", {"size": ["2G"]}),
        ("older than 2 weeks", {"days": ["14"]}),
        ("changed in the last week", {"days": ["7"]}),
        ("in the last hour", {"minutes": ["60"], "seconds": ["3600"]}),
        ("every 5 seconds", {"seconds": ["5"]}),
        ("all pdf files", {"ext": ["pdf"], "glob": ["*.pdf"]}),
        ("all .log files", {"ext": ["log"], "glob": ["*.log"]}),
        ("all python files", {"ext": ["py"], "glob": ["*.py"]}),
        ("files like *.tar.gz", {"glob": ["*.tar.gz"]}),
        ("what uses port 8080", {"port": ["8080"]}),
        ("kill process 4242", {"pid": ["4242"]}),
        ("copy a.txt to /tmp", {"file": ["a.txt"], "to": ["/tmp"]}),
        ("compare a.txt and b.txt", {"file": ["a.txt", "b.txt"]}),
        ("log in to bob@example.com", {"user": ["bob"], "host": ["example.com"]}),
        ("ping 192.0.2.7", {"ip": ["192.0.2.7"]}),
        ("get https://example.org/a?b=1.", {"url": ["https://example.org/a?b=1"]}),
        ("restart nginx", {"service": ["nginx"]}),
        ("install htop", {"package": ["htop"]}),
        ("owned by alice", {"user": ["alice"]}),
        ("add user alice to group docker", {"user": ["alice"], "group": ["docker"]}),
        ("change the owner of /srv to www-data", {"path": ["/srv"], "user": ["www-data"]}),
        ("files with permission 755", {"mode": ["755"]}),
        ("chmod u+x on it", {"mode": ["u+x"]}),
        ("show lines 5 to 10", {"line": ["5", "10"]}),
        ("sort by column 3", {"column": ["3"]}),
        ("print the second column", {"column": ["2"]}),
        ("the first 20 lines", {"count": ["20"]}),
        ("in the current directory", {"path": ["."]}),
        ("in my home directory", {"path": ["~"]}),
        ("on the whole system", {"path": ["/"]}),
        ('files starting with "abc"', {"glob": ["abc*"], "quoted": ["abc"]}),
        ('search for "hello world"', {"quoted": ["hello world"]}),
        ("replace foo with bar", {"old": ["foo"], "new": ["bar"]}),
        ("rename jpeg to png", {"ext": ["png"]}),
        ("extract a tar.gz", {}),
        ("since 2024-01-31", {"date": ["2024-01-31"]}),
        ("stop all docker containers", {}),
    ],
)
def test_values_are_found(question: str, expected: dict[str, list[str]]) -> None:
    assert values.extract(question).found == expected


def test_a_mark_stands_where_a_value_was() -> None:
    marked = values.extract('find "*.c" files over 3 MB in /usr/src').marked.split()
    assert [word for word in marked if word.startswith("_")] == ["_glob", "_size", "_path"]


@given(st.text(max_size=300))
def test_any_text_can_be_a_question(question: str) -> None:
    found = values.extract(question)
    assert all(value for row in found.found.values() for value in row)
    assert all(words.terms(found.marked))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("delete the folder", "remove a directory"),
        ("show the biggest file", "display largest files"),
        ("symbolic link", "symlinks"),
        ("case insensitive", "ignoring case"),
        ("how many files", "number of files"),
        ("searching", "search"),
    ],
)
def test_wordings_that_mean_the_same_give_the_same_terms(one: str, other: str) -> None:
    assert words.terms(one) == words.terms(other)
