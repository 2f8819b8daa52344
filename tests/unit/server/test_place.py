"""A place is lost when one of its names leads nowhere, or elsewhere; what comes only later belongs to it from then on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from isaacd.server.place import Place


def replaced(path: Path) -> None:
    path.rename(path.with_name("aside"))
    path.mkdir()


def linked(path: Path) -> None:
    path.rename(path.with_name("aside"))
    path.symlink_to(path.with_name("aside"))


@pytest.mark.parametrize(
    ("harm", "name", "said"),
    [
        (Path.unlink, "socket", "the file {} is gone"),
        (Path.rmdir, "state", "the folder {} is gone"),
        (replaced, "state", "{} is another folder now"),
        (linked, "state", "{} is another folder now"),
    ],
)
def test_what_is_gone_or_another_is_named(
    tmp_path: Path, harm: Callable[[Path], object], name: str, said: str
) -> None:
    (tmp_path / "socket").touch()
    (tmp_path / "state").mkdir()
    place = Place(files=[tmp_path / "socket"], folders=[tmp_path / "state"])
    assert place.lost() is None
    harm(tmp_path / name)
    assert place.lost() == said.format(tmp_path / name)


def test_what_never_was_there_is_not_missed_and_what_comes_is_remembered(tmp_path: Path) -> None:
    place = Place(files=[], folders=[tmp_path / "data"])
    assert place.lost() is None
    (tmp_path / "data").mkdir()
    assert place.lost() is None
    (tmp_path / "data").rmdir()
    assert place.lost() is not None


def test_what_is_written_in_a_folder_changes_nothing(tmp_path: Path) -> None:
    place = Place(files=[], folders=[tmp_path])
    (tmp_path / "note").write_text("new")
    assert place.lost() is None
