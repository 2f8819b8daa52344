"""What a walk leaves out is what git itself ignores, for random trees and random patterns."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isaacctl.search.walk import Walk, Wishes

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

NAMES = st.sampled_from(
    ["a", "b", "ab", "foo", "bar", "a.c", "b.o", "x y", "[a]", "!a", "#b", "a b ", "é", "A", "\udcff"]
)
TOKENS = st.sampled_from(
    [
        *(
            "a",
            "b",
            "foo",
            "*",
            "?",
            "**",
            "/",
            "/",
            "[ab]",
            "[!a]",
            "[a-c]",
            ".c",
            ".o",
            "\\",
            "!",
            "#",
            " ",
            "x",
        ),
        *("[[:alpha:]]", "[", "]", "**/", "/**", "é", "[^/]", "-", "[]a]", "[\\]]", "a*b", "*.o"),
    ]
)
PATTERNS = st.lists(TOKENS, min_size=1, max_size=4).map("".join)
FILES = st.lists(st.lists(NAMES, min_size=1, max_size=4), min_size=3, max_size=18)
IGNORES = st.lists(
    st.tuples(
        st.integers(0, 10),
        st.sampled_from(["", "!", "/", "!/"]),
        PATTERNS,
        st.sampled_from(["", "", "/", " "]),
    ),
    min_size=1,
    max_size=8,
)


def _plant(folder: Path, files: list[list[str]], ignores: list[tuple[int, str, str, str]]) -> list[str]:
    for parts in files:
        at = folder
        for part in parts[:-1]:
            if at.is_file():
                break
            at /= part
            if not at.exists():
                at.mkdir()
        if at.is_dir() and not (at / parts[-1]).exists():
            (at / parts[-1]).touch()
    folders = sorted(path for path in [folder, *folder.rglob("*")] if path.is_dir())
    for which, before, pattern, after in ignores:
        with (folders[which % len(folders)] / ".gitignore").open("a", errors="surrogateescape") as file:
            file.write(f"{before}{pattern}{after}\n")
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.name != ".gitignore"]


@settings(max_examples=80)
@given(FILES, IGNORES)
def test_a_walk_gives_what_git_does_not_ignore(
    files: list[list[str]], ignores: list[tuple[int, str, str, str]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        everything = _plant(folder, files, ignores)
        (folder / ".git").mkdir()
        for part in ("objects", "refs"):
            (folder / ".git" / part).mkdir()
        (folder / ".git/HEAD").write_text("ref: refs/heads/main\n")
        asked = b"\0".join(os.fsencode(path) for path in everything)
        told = subprocess.run(
            ["git", "-c", "core.excludesFile=", "check-ignore", "-z", "--stdin", "--no-index"],
            cwd=folder,
            input=asked,
            capture_output=True,
        )
        ignored = {os.fsdecode(path) for path in told.stdout.split(b"\0") if path}
        wishes = Wishes(hidden=True, ignore=True, follow=False, max_depth=None)
        walk = Walk(wishes, {"HOME": "/nonexistent"}, lambda path, error: None)
        begin = len(f"{folder}/")
        seen = {entry.path[begin:] for entry in walk.entries(f"{folder}/")}
        assert {path for path in seen if not path.endswith(".gitignore")} == set(everything) - ignored
