"""What the client looks up for the daemon: what its list says and nothing else, in pieces, with git as it is."""

import subprocess

import msgspec
import pytest

from isaacctl.gather import PIECE_BYTES, Gathering


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    git("init", "-q", ".")
    git("config", "user.email", "ada@example.com")
    git("config", "user.name", "Ada")
    return tmp_path


def git(*words):
    subprocess.run(["git", *words], check=True, capture_output=True)


def asked(gathering, what, *arguments, start=0):
    question = {
        b"question": 7,
        b"what": what.encode(),
        b"arguments": [item.encode() for item in arguments],
        b"from": start,
    }
    _, method, (run, said, number) = msgspec.msgpack.decode(gathering.answer(question))
    assert (method, run, number) == ("$/input", 1, 7)
    head, _, piece = said.partition(b"\n")
    code, size = head.split()
    return int(code), int(size), piece


def test_the_staged_diff_is_looked_up(repository):
    (repository / "a.txt").write_text("hello\n")
    git("add", "a.txt")
    code, size, diff = asked(Gathering(), "git-staged")
    assert (code, size) == (0, len(diff))
    assert b"+hello" in diff


def test_a_long_answer_comes_in_pieces(repository):
    (repository / "a.txt").write_text("hello world\n" * 60_000)
    git("add", "a.txt")
    gathering = Gathering()
    _, size, first = asked(gathering, "git-staged")
    _, _, second = asked(gathering, "git-staged", start=len(first))
    assert len(first) == PIECE_BYTES
    assert size == len(first) + len(second)


@pytest.mark.parametrize(
    ("what", "arguments"),
    [
        ("git-range", ("--output=/tmp/x",)),
        ("git-range", ("-x",)),
        ("git-range", ("",)),
        ("git-range", ("a\nb",)),
        ("git-range", ()),
        ("git-staged", ("HEAD",)),
        ("sh", ("-c", "id")),
        ("", ()),
    ],
)
def test_what_is_not_on_the_list_is_not_run(repository, what, arguments):
    code, _, said = asked(Gathering(), what, *arguments)
    assert (code, said) == (126, b"this client does not look that up")


def test_nothing_that_a_repository_configures_is_started(repository):
    for name in ("diff.external", "core.pager", "core.fsmonitor", "diff.x.textconv", "diff.x.command"):
        git("config", name, f"touch {repository}/ran; cat")
    (repository / ".gitattributes").write_text("* diff=x\n")
    (repository / "a.txt").write_text("1\n")
    git("-c", "core.fsmonitor=false", "add", ".")
    assert not (repository / "ran").exists()
    for what in ("git-staged", "git-changes"):
        assert asked(Gathering(), what)[0] == 0
    assert not (repository / "ran").exists()


def test_an_error_of_git_is_told(repository, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("outside"))
    code, _, said = asked(Gathering(), "git-staged")
    assert code > 0
    assert b"not a git repository" in said.lower()


def test_a_machine_without_git_is_told(repository, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    code, _, said = asked(Gathering(), "git-staged")
    assert (code, said[:4]) == (127, b"git:")
