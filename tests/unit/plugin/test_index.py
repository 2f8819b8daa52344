"""The index: what it says is what was written, and anything else is nothing."""

import os
from pathlib import Path

import pytest

from isaacd.plugin import index as index_module
from isaacd.plugin.index import EntryPoint, Index, Known, read_index, write_index, writer
from isaacd.plugin.manifest import manifest_of
from isaacd.plugin.stamps import MAX_FILES, folder_stamps, stamps_of
from tests.unit.plugin.test_manifest import everything

UID = os.geteuid()


def filled(tmp_path: Path) -> Index:
    (tmp_path / "plugin.py").write_text("x")
    stamps = stamps_of(tmp_path / "plugin.py")
    return Index(
        writer=writer(),
        plugins={
            "a": Known(stamps=stamps, manifest=manifest_of(everything())),
            "b": Known(stamps=stamps, error="no"),
        },
        sites=folder_stamps([tmp_path]),
        entries=(EntryPoint("a", "/a.py", "a", "plugin", "a 1"),),
    )


def test_what_is_read_is_what_was_written_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    file, index = tmp_path / "new/folder/plugins.index", filled(tmp_path)
    assert write_index(file, index) is None
    assert read_index(file, UID) == index
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [item.name for item in file.parent.iterdir()] == [file.name]


def test_a_file_that_is_not_there_is_an_empty_index(tmp_path: Path) -> None:
    assert read_index(tmp_path / "none", UID) == Index(writer=writer())


@pytest.mark.parametrize("at", [0, 5, 14, 16, 18, 40, -1])
def test_a_file_with_one_wrong_bit_says_nothing(tmp_path: Path, at: int) -> None:
    file = tmp_path / "plugins.index"
    write_index(file, filled(tmp_path))
    data = bytearray(file.read_bytes())
    data[at] ^= 4
    file.write_bytes(data)
    assert read_index(file, UID).plugins == {}


@pytest.mark.parametrize("keep", [0, 1, 17, 18, 19, 100])
def test_a_file_that_was_cut_off_says_nothing(tmp_path: Path, keep: int) -> None:
    file = tmp_path / "plugins.index"
    write_index(file, filled(tmp_path))
    file.write_bytes(file.read_bytes()[:keep])
    assert read_index(file, UID).plugins == {}


def test_a_file_that_others_can_write_or_that_is_no_file_says_nothing(tmp_path: Path) -> None:
    file = tmp_path / "plugins.index"
    write_index(file, filled(tmp_path))
    file.chmod(0o620)
    assert read_index(file, UID).plugins == {}
    file.chmod(0o600)
    assert read_index(file, UID).plugins
    link = tmp_path / "link"
    link.symlink_to(file)
    assert read_index(link, UID).plugins == {}
    os.mkfifo(tmp_path / "pipe")
    assert read_index(tmp_path / "pipe", UID).plugins == {}
    assert read_index(tmp_path, UID).plugins == {}


def test_a_file_of_another_isaac_or_python_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "plugins.index"
    write_index(file, filled(tmp_path))
    monkeypatch.setattr(index_module, "__version__", "99")
    assert read_index(file, UID).plugins == {}
    assert "99" in writer()


def test_where_it_cannot_be_written_that_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert write_index(file / "below/plugins.index", Index()) is not None
    folder = tmp_path / "taken.index"
    folder.mkdir()
    (folder / "x").write_text("")
    assert write_index(folder, Index()) is not None
    assert sorted(item.name for item in tmp_path.iterdir()) == ["file", "taken.index"]


def test_a_stamp_tells_every_change_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("1")
    first = stamps_of(file)
    times = (first[0].mtime_ns, first[0].mtime_ns)
    file.write_text("2")
    os.utime(file, ns=times)  # of the same size, and pretending to be of the same time
    assert stamps_of(file) != first
    file.unlink()
    assert stamps_of(file) == ()


def test_a_package_has_a_stamp_for_each_of_its_files_and_none_for_what_python_makes(tmp_path: Path) -> None:
    for name in ("p/__init__.py", "p/data.txt", "p/below/x.py", "p/__pycache__/x.pyc", "p/old.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    names = [Path(stamp.path).relative_to(tmp_path / "p").as_posix() for stamp in stamps_of(tmp_path / "p")]
    assert names == ["__init__.py", "data.txt", "below/x.py"]
    assert MAX_FILES > 1000
