"""Searches in a process of their own: what they find, leave out, survive, and answer with."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal
from unicodedata import normalize

import pytest

from isaacctl.search.names import name_test


class Searched:
    """What came of a search."""

    def __init__(self, done: "subprocess.CompletedProcess[bytes]") -> None:
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8", "surrogateescape")
        self.err = done.stderr.decode()
        self.lines = self.out.splitlines()


def search(
    folder: Path, what: str, pattern: str | None, *paths: str, stdin: bytes | None = None, **options: Any
) -> Searched:
    told = json.dumps({"what": what, "pattern": pattern, "paths": paths, **options})
    done = subprocess.run(
        [sys.executable, "-P", "-m", "isaacctl.search", told],
        cwd=folder,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
    )
    return Searched(done)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*.log\nbuild/\n")
    for name, text in {
        "a.py": "import os\ndef Main():\n    return 1\n",
        "b.txt": "the main thing\nno\nMAIN\n",
        "c.log": "main\n",
        "build/d.py": "main\n",
        "sub/e.py": "nothing\nmain()\nlast",
        ".hidden": "main\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "bin").write_bytes(b"main\0main\n")
    return tmp_path


def test_what_git_ignores_hidden_and_binary_files_are_left_out(tree: Path) -> None:
    found = search(tree, "grep", "main")
    assert found.lines == [
        "a.py:2:def Main():",
        "b.txt:1:the main thing",
        "b.txt:3:MAIN",
        "sub/e.py:2:main()",
    ]
    assert (found.code, found.err) == (0, "")
    everything = search(tree, "grep", "main", hidden=True, no_ignore=True, text=True, show="files").lines
    assert everything == [".hidden", "a.py", "b.txt", "bin", "build/d.py", "c.log", "sub/e.py"]


def test_a_capital_letter_makes_case_matter(tree: Path) -> None:
    assert search(tree, "grep", "Main").lines == ["a.py:2:def Main():"]
    assert search(tree, "grep", "Main", case="ignore", show="count").lines == [
        "a.py:1",
        "b.txt:2",
        "sub/e.py:1",
    ]


def test_exit_codes_are_those_of_grep(tree: Path) -> None:
    assert search(tree, "grep", "zzz").code == 1
    assert search(tree, "grep", "main", "nowhere").code == 2
    both = search(tree, "grep", "main", "b.txt", "nowhere")
    assert (both.code, len(both.lines)) == (2, 2)
    assert search(tree, "grep", "(").code == 2


def test_lines_around_and_the_other_forms(tree: Path) -> None:
    assert search(tree, "grep", "no", "b.txt", before=1, after=1).lines == [
        "1-the main thing",
        "2:no",
        "3-MAIN",
    ]
    assert search(tree, "grep", "main", "b.txt", invert=True).lines == ["2:no"]
    assert search(tree, "grep", "main", show="missing").lines == []
    assert search(tree, "grep", "os", show="missing").lines == ["b.txt", "sub/e.py"]
    assert search(tree, "grep", "main", "b.txt", max_count=1).lines == ["1:the main thing"]
    assert search(tree, "grep", "thin", words=True).code == 1
    assert search(tree, "grep", "main(", fixed=True, case="sensitive").lines == ["sub/e.py:2:main()"]
    assert search(tree, "grep", "main", types=["py"], show="files").lines == ["a.py", "sub/e.py"]
    assert search(tree, "grep", "main", globs=["!sub/*", "*.py"], show="files").lines == ["a.py"]
    assert search(tree, "grep", "main", max_depth=1, not_types=["txt"], show="files").lines == ["a.py"]


def test_json_tells_where(tree: Path) -> None:
    (tree / "x\udcff.txt").write_bytes(b"a main \xff\n")
    rows = [json.loads(line) for line in search(tree, "grep", "main", json=True, types=["txt"]).lines]
    assert rows[0] == {"path": "b.txt", "line": 1, "text": "the main thing", "column": 5, "matches": [[4, 8]]}
    assert rows[-1]["path"] == "x�.txt"
    assert rows[-1]["path_base64"] == "eP8udHh0"


def test_names_that_are_no_text_come_out_as_they_are(tree: Path) -> None:
    (tree / "x\udcff.txt").write_bytes(b"main\n")
    assert search(tree, "grep", "main", types=["txt"], show="files").lines[-1] == "x\udcff.txt"
    assert search(tree, "find", "*.txt", null=True).out == "b.txt\0x\udcff.txt\0"


def test_what_never_ends_is_not_opened(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    (tree / "loop").symlink_to(tree)
    assert search(tree, "grep", "main", follow=True, show="files").code == 0
    assert "no regular file" in search(tree, "grep", "main", "pipe", "/dev/zero").err
    names = search(tree, "find", None, follow=True).lines
    assert "loop" in names
    assert not any(name.startswith("loop/") for name in names)


def test_standard_input_is_searched_when_something_is_piped_in(tree: Path) -> None:
    assert search(tree, "grep", "b", stdin=b"abc\nxyz\n").lines == ["1:abc"]
    assert search(tree, "grep", "b", "-", stdin=b"abc").lines == ["1:abc"]


def test_a_line_that_reaches_over_pieces_is_one_line(tree: Path) -> None:
    (tree / "large").write_bytes(b"x" * 9_000_000 + b"needle\n" + b"filler\n" * 2_000_000 + b"needle")
    rows = [json.loads(line) for line in search(tree, "grep", "needle$", "large", json=True).lines]
    assert [(row["line"], row["column"]) for row in rows] == [(1, 9_000_001), (2_000_002, 1)]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b$", "(?:a?){30}a{30}[^a]"])
def test_a_pattern_that_would_take_for_ever_is_given_up(tree: Path, pattern: str) -> None:
    (tree / "evil").write_text("a" * 5000 + "c\n")
    (tree / "good").write_text("aab\n" if "b" in pattern else "a" * 31 + "\n")
    found = search(tree, "grep", pattern, "evil", "good")
    if "evil" in found.err:
        assert "takes too long" in found.err
        assert found.code == 2


def test_a_match_never_reaches_over_the_end_of_its_line(tree: Path) -> None:
    (tree / "t").write_text("a\nb\n\nab\n")
    assert search(tree, "grep", r"a\s*b", "t").lines == ["4:ab"]
    assert search(tree, "grep", "^$", "t").lines == ["3:"]
    assert search(tree, "grep", r"a(?!\s*b)", "t").lines == ["1:a"]
    assert search(tree, "grep", "[^x]b", "t").lines == ["4:ab"]
    assert search(tree, "grep", "", "t").lines == ["1:a", "2:b", "3:", "4:ab"]


def test_find_by_name_kind_size_and_age(tree: Path) -> None:
    assert search(tree, "find", "*.py").lines == ["a.py", "sub/e.py"]
    assert search(tree, "find", "E").code == 1
    assert search(tree, "find", "e").lines == ["sub/e.py"]
    assert search(tree, "find", "^[ab]", how="regex").lines == ["a.py", "b.txt", "bin"]
    assert search(tree, "find", None, kinds=["dir"]).lines == ["sub/"]
    assert search(tree, "find", None, larger=30).lines == ["a.py"]
    os.utime(tree / "a.py", (1000, 1000))
    assert search(tree, "find", None, older=2000).lines == ["a.py"]
    assert search(tree, "find", "sub/", full_path=True).lines == ["sub/e.py"]
    assert search(tree, "find", None, limit=1).lines == ["a.py"]
    (row,) = [json.loads(line) for line in search(tree, "find", "a.py", json=True).lines]
    assert row == {"path": "a.py", "kind": "file", "size": 35, "mtime": 1000.0}
    assert search(tree, "find", None, "nowhere").code == 2


def test_ignore_files_above_and_beside_count(tree: Path) -> None:
    (tree / ".ignore").write_text("!c.log\nb.txt\n")
    (tree / ".git/info").mkdir()
    (tree / ".git/info/exclude").write_text("sub/e*\n")
    assert search(tree, "grep", "main", show="files").lines == ["a.py", "c.log"]
    assert search(tree / "sub", "grep", "main").code == 1
    assert search(tree / "sub", "grep", "main", no_ignore=True).lines == ["e.py:2:main()"]


def test_nobody_reading_on_is_no_error(tree: Path) -> None:
    told = json.dumps({"what": "find", "paths": ["/usr"], "no_ignore": True})
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "isaacctl.search", told],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(90) == 141


def test_a_search_that_begins_below_obeys_the_files_above(tree: Path) -> None:
    (tree / "sub/deep").mkdir()
    (tree / "sub/.gitignore").write_text("no.txt\n")
    for name in ("sub/deep/x.log", "sub/deep/no.txt", "sub/deep/yes.txt"):
        (tree / name).write_text("main\n")
    assert search(tree, "grep", "main", "sub/deep", show="files").lines == ["sub/deep/yes.txt"]
    assert search(tree / "sub/deep", "grep", "main", show="files").lines == ["yes.txt"]


@pytest.mark.parametrize(
    ("pattern", "how"),
    [
        ("café", "smart"),
        ("CAFÉ", "fixed"),
        ("caf?.md", "glob"),
        ("caf[éè].md", "smart"),
        (r"^caf.\.md$", "regex"),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_an_accent_is_one_letter_however_it_was_written(
    pattern: str, how: str, form: Literal["NFC", "NFD"]
) -> None:
    named = name_test(normalize(form, pattern), how=how, case="ignore")
    assert named("caf\u00e9.md")
    assert named("cafe\u0301.md")
    assert not named("caffee.md")
    assert not named("caff.md") or "é" not in pattern


@pytest.mark.parametrize("what", ["find", "grep"])
def test_a_folder_that_was_removed_under_it_is_said_and_no_fault(tmp_path: Path, what: str) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    told = json.dumps({"what": what, "pattern": "x", "paths": []})
    line = 'cd "$1" && rmdir "$1" && exec "$2" -P -m isaacctl.search "$3"'
    done = subprocess.run(
        ["sh", "-c", line, "sh", gone, sys.executable, told],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ".: No such file or directory\n"
