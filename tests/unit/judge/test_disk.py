"""Facts from the disk are as git and the disk have them, and what cannot be told is not told."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from isaacd.judge.disk import MAX_LOOKS, DiskFacts
from isaacd.judge.facts import Repository
from isaacd.judge.git_index import MAX_TRACKED


def test_kinds_of_paths(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "loop").symlink_to("loop")
    facts = DiskFacts()
    assert facts.kind(str(tmp_path)) == "directory"
    assert facts.kind(str(tmp_path / "file")) == "file"
    assert facts.kind(str(tmp_path / "link")) == "file"
    assert facts.kind(str(tmp_path / "none")) == "missing"
    assert facts.kind(str(tmp_path / "file/none")) == "missing"
    assert facts.kind("/dev/null") == "device"
    assert facts.kind(str(tmp_path / "loop")) is None
    assert facts.kind("a\0b") is None
    assert facts.real(str(tmp_path / "link")) == os.path.realpath(tmp_path / "file")


def test_a_line_never_makes_it_look_for_long(tmp_path: Path) -> None:
    facts = DiskFacts()
    found = [facts.kind(str(tmp_path / str(number))) for number in range(MAX_LOOKS + 5)]
    assert found[0] == "missing"
    assert found[-1] is None


def test_what_is_asked_twice_is_looked_up_once(tmp_path: Path) -> None:
    facts = DiskFacts()
    path = tmp_path / "a"
    assert facts.kind(str(path)) == "missing"
    path.touch()
    assert facts.kind(str(path)) == "missing"
    assert DiskFacts().kind(str(path)) == "file"


def git(folder: Path, *words: str) -> None:
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder)}
    settings = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *settings, *words], cwd=folder, env=environ, check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    git(tmp_path, "init")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_text("a = 1\n")
    (tmp_path / "b.txt").write_text("b\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "x")
    return tmp_path


def clean(tree: Path, below: str = "") -> bool | None:
    facts = DiskFacts()
    repository = facts.repository(str(tree / below))
    assert repository == Repository(str(tree), "main")
    return facts.is_clean(repository, str(tree / below))


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_a_tree_is_clean_until_a_tracked_file_changes(tree: Path, version: str) -> None:
    git(tree, "update-index", "--index-version", version)
    assert clean(tree) is True
    assert clean(tree, "src") is True
    (tree / "new.txt").write_text("c\n")
    assert clean(tree) is True
    (tree / "src/a.py").write_text("a = 12\n")
    assert clean(tree) is False
    assert clean(tree, "src") is False
    assert clean(tree, "b.txt") is True
    (tree / "b.txt").unlink()
    assert clean(tree, "b.txt") is False


def test_where_nothing_is_tracked_there_is_no_telling(tree: Path) -> None:
    (tree / "out").mkdir()
    assert clean(tree, "out") is None


def test_more_files_than_are_looked_at_are_not_told(tree: Path) -> None:
    (tree / "many").mkdir()
    for number in range(MAX_TRACKED + 1):
        (tree / "many" / str(number)).touch()
    git(tree, "add", ".")
    assert clean(tree) is None


def test_a_linked_working_tree_has_its_own_branch_and_index(tree: Path) -> None:
    other = tree.with_name(f"{tree.name}-other")
    git(tree, "worktree", "add", "-b", "topic", str(other))
    facts = DiskFacts()
    repository = facts.repository(str(other / "src"))
    assert repository == Repository(str(other), "topic")
    assert facts.is_clean(repository, str(other)) is True


@pytest.mark.parametrize(
    "data", [b"", b"DIRC", b"DIRC" + bytes(8), b"DIRC\0\0\0\2\0\0\xff\xff" + bytes(300), b"x" * 500]
)
def test_a_broken_index_is_not_told(tree: Path, data: bytes) -> None:
    (tree / ".git/index").write_bytes(data)
    assert clean(tree) is None


def test_outside_of_a_repository_there_is_none(tmp_path: Path) -> None:
    assert DiskFacts().repository(str(tmp_path)) is None
