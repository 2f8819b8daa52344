"""Laws of files that a person named: only regular ones are read, and nothing else keeps anybody waiting."""

import os
import stat
from pathlib import Path

import pytest

from isaacd.errors import InvalidParams
from isaacd.regular import open_regular, read_regular


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


@pytest.mark.parametrize("made", [pipe, lambda folder: folder, lambda _: Path("/dev/zero")])
def test_what_is_no_file_is_refused_at_once_and_leaves_nothing_open(tmp_path: Path, made) -> None:
    path = made(tmp_path)
    lowest = os.dup(0)
    os.close(lowest)
    with pytest.raises(InvalidParams) as refused:
        open_regular(path, hint="pipe it in", folder_hint="one by one")
    assert str(path) in refused.value.message
    assert refused.value.hint == ("one by one" if path.is_dir() else "pipe it in")
    again = os.dup(0)
    os.close(again)
    assert again == lowest


@pytest.mark.parametrize("name", ["missing", "a\0b"])
def test_what_cannot_be_opened_is_told_under_the_name_that_was_given(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidParams, match=r"^cannot read @it: "):
        read_regular(tmp_path / name, 10, name="@it")


def test_a_file_is_read_one_byte_beyond_the_limit_so_that_more_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link", 3) == b"0123"
    assert read_regular(tmp_path / "file", 10) == b"0123456789"
    descriptor = open_regular(tmp_path / "file")
    assert stat.S_ISREG(os.fstat(descriptor).st_mode)
    os.close(descriptor)
