"""What `fix` sees by itself, without a word of what the command printed."""

from pathlib import Path

import pytest

from isaac_plugins.fix.mending import Mend, mends
from isaac_plugins.fix.situation import Situation


def found(folder: Path, line: str, *, exit: int | None = 1, output: str | None = None) -> list[Mend]:  # noqa: A002
    around = Situation(
        line=line,
        output=output,
        exit=exit,
        cwd=folder,
        environ={"HOME": str(folder)},
        programs=frozenset(("ls", "cat", "git", "make", "npm", "mkdir", "cd", "grep", "rmdir")),
    )
    return mends(around, lambda _name: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "src" / "deep" / "app.py").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".git").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "ls nosuch",
        "ls src/nosuch/x",
        "cat nosuch",
        "grep x nosuch",
        "cp nosuch y",
        "chmod +x nosuch",
        "./nosuch",
    ],
)
def test_a_path_that_is_not_there_is_said_to_be_missing(folder: Path, line: str) -> None:
    assert any("is not there" in item.why for item in found(folder, line))


def test_the_nearest_folder_that_is_there_is_named(folder: Path) -> None:
    assert "ls src" in [item.line for item in found(folder, "ls src/nosuch/x")]
    assert "ls /" in [item.line for item in found(folder, "ls /nosuch-at-all/x")]


def test_a_file_of_that_name_is_found_elsewhere(folder: Path) -> None:
    assert "cat src/deep/app.py" in [item.line for item in found(folder, "cat app.py")]


def test_what_is_there_already_or_is_no_folder_is_said(folder: Path) -> None:
    assert any("there already" in item.why for item in found(folder, "mkdir src"))
    assert any("no folder" in item.why for item in found(folder, "cd notes.txt"))
    assert any("not empty" in item.why for item in found(folder, "rmdir src"))


def test_a_project_is_looked_for_above(folder: Path) -> None:
    (folder / "Makefile").touch()
    assert "make -C ../.. all" in [item.line for item in found(folder / "src" / "deep", "make all")]
    assert any("package.json" in item.why for item in found(folder, "npm start"))


@pytest.mark.parametrize(
    "line",
    [
        "ls nosuch | cat",
        "ls *.nosuch",
        "cat $X",
        "cp notes.txt new",
        "scp host:a nosuch/",
        "ls src",
        "curl https://h/x",
        "npm init",
    ],
)
def test_what_cannot_be_told_is_not(folder: Path, line: str) -> None:
    assert [item for item in found(folder, line) if item.rule == "seen"] == []


def test_nothing_is_seen_where_the_output_tells_or_nothing_failed(folder: Path) -> None:
    assert [item for item in found(folder, "ls nosuch", output="boom") if item.rule == "seen"] == []
    assert [item for item in found(folder, "ls nosuch", exit=0) if item.rule == "seen"] == []
