"""The client's end of the spool: private, whole records, and never in the way."""

import os
import stat
import threading
from pathlib import Path

import pytest

from isaacctl.spool import NAME, append, record, remember, spool_folder
from isaacd.history.records import Reader


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state/isaac/spool"


def commands(folder: Path) -> list[str]:
    reader = Reader()
    found = [run.command for run in reader.feed((folder / NAME).read_bytes())]
    reader.end()
    assert reader.torn == 0
    return found


def made(command: str) -> bytes:
    return record(
        command, started_us=1, duration_us=2, exit_code=0, session="s", host="h", shell="sh", cwd="/"
    )


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_folder_and_file_are_private_whatever_the_umask(folder, umask):
    before = os.umask(umask)
    try:
        assert append(str(folder), made("ls"))
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600


def test_one_that_stood_open_is_closed(folder):
    folder.mkdir(parents=True, mode=0o755)
    (folder / NAME).touch(0o644)
    assert append(str(folder), made("ls"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600


def test_links_are_not_followed(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    folder.mkdir(parents=True)
    (folder / NAME).symlink_to(elsewhere)
    assert not append(str(folder), made("ls"))
    (folder / NAME).unlink()
    folder.rmdir()
    (tmp_path / "other").mkdir()
    folder.symlink_to(tmp_path / "other")
    assert not append(str(folder), made("ls"))
    assert not elsewhere.exists()
    assert not list((tmp_path / "other").iterdir())


def test_a_pipe_in_its_place_holds_nobody_up(folder):
    folder.mkdir(parents=True)
    os.mkfifo(folder / NAME)
    assert not append(str(folder), made("ls"))


def test_a_disk_that_is_full_is_told_and_does_no_harm(tmp_path):
    assert not append("/dev/full", made("ls"))
    assert not append("/proc/none/spool", made("ls"))


def test_writers_side_by_side_do_not_mix(folder):
    def write(name: str) -> None:
        for _ in range(50):
            append(str(folder), made(name * 3000))

    writers = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(commands(folder)) == sorted(name * 3000 for name in "abcd" * 50)


def test_what_is_remembered_says_where_it_ran(tmp_path):
    environ = {"XDG_STATE_HOME": str(tmp_path), "ISAAC_SESSION": "77.1"}
    known = {"started_us": 5, "duration_us": 6, "exit_code": 1, "cwd": "/srv", "environ": environ}
    assert remember("make", **known)
    assert not remember(" secret", **known)
    assert not remember("\n", **known)
    folder = Path(spool_folder(environ))
    (run,) = Reader().feed((folder / NAME).read_bytes())
    assert (run.command, run.session, run.cwd, run.exit_code) == ("make", "77.1", "/srv", 1)
    assert run.host == os.uname().nodename
