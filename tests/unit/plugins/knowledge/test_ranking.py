"""Everyday questions get the command that a good colleague would name; other questions get none."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isaac_plugins.knowledge import explain, ranking


@pytest.mark.parametrize(
    ("question", "command"),
    [
        ("find files larger than 100 MB under /var", "find /var -type f -size +100M"),
        ("how do I undo the last git commit", "git reset --soft HEAD~1"),
        ("extract a tar.gz", "tar -xzf archive.tar.gz"),
        ("what is using port 8080", "sudo lsof -i :8080"),
        ("disk usage of each folder here sorted", "du -h --max-depth=1 . | sort -hr"),
        ("kill the process on port 3000", "fuser -k 3000/tcp"),
        ("restart nginx", "sudo systemctl restart nginx"),
        ("show my ip address", "ip addr"),
        ("how much memory is free", "free -h"),
        ("check disk space", "df -h"),
        ("list files", "ls ."),
        ("show running processes", "ps aux"),
        ("show all containers", "docker ps -a"),
        ("copy dir1 into dir2", "cp -r dir1 dir2"),
        ("replace foo with bar in config.txt", "sed -i 's/foo/bar/g' config.txt"),
        ("copy a.txt to /tmp", "cp a.txt /tmp"),
        ("count lines in foo.py", "wc -l foo.py"),
        ("make script.sh executable", "chmod +x script.sh"),
        (
            "delete all .tmp files older than 7 days in /tmp",
            "find /tmp -type f -name '*.tmp' -mtime +7 -delete",
        ),
        ("ssh to example.com as bob on port 2222", "ssh -p 2222 bob@example.com"),
        ("add user alice to group docker", "sudo usermod -aG docker alice"),
        ("create a python virtual environment", "python3 -m venv .venv"),
        ("which process uses the most memory", "ps aux --sort=-%mem | head -n 10"),
        ("unzip foo.zip to /tmp/x", "unzip foo.zip -d /tmp/x"),
        ("stop all docker containers", "docker ps -q | xargs -r docker stop"),
        ("compress the folder photos", "tar -czf archive.tar.gz photos"),
        ("rename all jpeg files to jpg", 'for f in *.jpeg; do mv -n -- "$f" "${f%.*}.jpg"; done'),
        ("show the last 20 lines of /var/log/syslog", "tail -n 20 /var/log/syslog"),
    ],
)
def test_the_best_command_is_first(book: sqlite3.Connection, question: str, command: str) -> None:
    answer = ranking.rank(book, question)
    assert answer.hits[0].command == command
    assert answer.confidence >= 0.5


@pytest.mark.parametrize(
    "question",
    [
        "who won the world cup 1998",
        "write me a poem",
        "asdf qwer",
        "what is the capital of France",
        "hello",
        "how are you",
        "how do I bake a chocolate cake",
        "why is the sky blue",
        "translate good night into Spanish",
        "write a python class for a binary tree",
        "",
        "???",
        "🙂",
    ],
)
def test_a_question_about_something_else_gets_no_command(book: sqlite3.Connection, question: str) -> None:
    assert ranking.rank(book, question).hits == ()


@settings(max_examples=100, deadline=None)
@given(question=st.text(max_size=200), limit=st.integers(1, 10))
def test_any_text_gets_an_answer_in_order(book: sqlite3.Connection, question: str, limit: int) -> None:
    answer = ranking.rank(book, question, limit=limit)
    assert len(answer.hits) == len(answer.confidences) <= limit
    assert all(0 <= value <= 1 for value in answer.confidences)
    assert all(value <= answer.confidence for value in answer.confidences)
    assert answer == ranking.rank(book, question, limit=limit)


def test_when_it_is_not_sure_the_candidates_are_of_different_tools(book: sqlite3.Connection) -> None:
    hits = ranking.rank(book, "compare the files in two places and show lines").hits
    assert len({hit.tool for hit in hits}) == len(hits) == 3


def test_no_command_is_offered_twice(book: sqlite3.Connection) -> None:
    commands = [hit.command for hit in ranking.rank(book, "list files", limit=20).hits]
    assert len(commands) == len(set(commands))


def test_what_deletes_is_not_offered_first_to_somebody_who_only_looks(book: sqlite3.Connection) -> None:
    for question in ("find empty files", "list files older than 30 days", "find broken symbolic links"):
        assert "-delete" not in ranking.rank(book, question).hits[0].command


def test_a_package_manager_that_is_absent_comes_later_unless_named(book: sqlite3.Connection) -> None:
    absent = {"apt", "yum", "zypper", "apk", "brew", "dnf"}
    assert ranking.rank(book, "install a package").hits[0].tool == "apt"
    assert ranking.rank(book, "install a package", absent=absent).hits[0].tool not in absent
    assert ranking.rank(book, "install a package with apt", absent=absent).hits[0].tool == "apt"


@pytest.mark.parametrize(
    "question",
    [
        "what does tar do",
        "explain tar",
        "what is tar?",
        "what does the tar command do?",
        "how do I use tar",
        "tar",
    ],
)
def test_a_command_is_explained(book: sqlite3.Connection, question: str) -> None:
    answer = explain.explain(book, question)
    assert answer is not None
    assert answer.hits[0].command == "tar"
    assert "archive" in answer.hits[0].about
    assert [hit.tool for hit in answer.hits] == ["tar"] * 3


@pytest.mark.parametrize(
    "question", ["what is using port 80", "what is love", "explain life", "show files", "hello"]
)
def test_what_is_no_command_is_not_explained(book: sqlite3.Connection, question: str) -> None:
    assert explain.explain(book, question) is None
