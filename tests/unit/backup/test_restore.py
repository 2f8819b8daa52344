"""Bringing back: what was there is kept, and a kill at any step leaves the old state or leads to the new one."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from isaacd.backup.archive import make_archive
from isaacd.backup.inventory import KEPT, MARKER
from isaacd.backup.restore import COPIES, finish, restore
from isaacd.errors import StorageUnavailable
from tests.kept_house import KEY, KeptHouse

# Ends itself, as `kill -9` would, before the operation on files with that number.
_KILLED = """
import os, sys
from pathlib import Path
from isaacd.backup import restore
from isaacd.paths import Paths
left = int(sys.argv[2])
def count(event, arguments):
    global left
    if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "sqlite3.connect", "shutil.move"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), 9)
sys.addaudithook(count)
restore.restore(Paths.from_environ(os.environ, 0), Path(sys.argv[1]))
"""


@pytest.fixture
def house(tmp_path: Path) -> KeptHouse:
    house = KeptHouse(tmp_path / "home")
    house.base.mkdir()
    house.furnish()
    return house


def keep(house: KeptHouse, file: Path) -> Path:
    make_archive(house.paths, file, with_keys=False, now=1000.0)
    return file


def alter(house: KeptHouse) -> None:
    house.note("the second")
    house.write("config/config.toml", "[ai]\nmodel = 'other'\n")
    house.write("config/roles/new.md", "New.\n")
    house.write("data/plugins/isaac_plugins/mine.py", "plugin = 2\n")


def kept(house: KeptHouse) -> list[Path]:
    return sorted((house.paths.state_dir / KEPT).glob("*.isaac"))


def test_the_state_of_then_is_back_and_that_of_now_is_kept(house, tmp_path):
    before = house.seen()
    file = keep(house, tmp_path / "b")
    alter(house)
    between = house.seen()
    done = restore(house.paths, file)
    assert house.seen() == before
    restore(house.paths, Path(done.kept))
    assert house.seen() == between


def test_keys_logs_and_the_spool_stay_as_they_are(house, tmp_path):
    file = keep(house, tmp_path / "b")
    house.write("state/spool/commands", "ls\npwd\n")
    restore(house.paths, file)
    assert (house.paths.config_dir / "keys/openai").read_text() == KEY
    assert (house.paths.state_dir / "spool/commands").read_text() == "ls\npwd\n"
    assert (house.paths.state_dir / "isaacd.log").exists()


def test_a_damaged_database_of_now_is_no_obstacle_and_is_kept_byte_by_byte(house, tmp_path):
    file = keep(house, tmp_path / "b")
    garbage = b"SQLite format 3\0" + b"garbage" * 900
    house.kind("notes").file.write_bytes(garbage)
    done = restore(house.paths, file)
    assert house.notes() == ["the first"]
    restore(house.paths, Path(done.kept))
    assert house.kind("notes").file.read_bytes() == garbage


def test_an_old_write_ahead_log_does_not_meet_the_new_database(house, tmp_path):
    file = keep(house, tmp_path / "b")
    writer = house.database("notes")
    writer.execute("INSERT INTO notes (text, created_at, changed_at) VALUES ('in the log', 2, 2)")
    restore(house.paths, file)
    writer.close()
    assert house.notes() == ["the first"]


def test_only_the_newest_copies_stay(house, tmp_path):
    file = keep(house, tmp_path / "b")
    for number in range(COPIES + 2):
        restore(house.paths, file, now=1000.0 + number)
    assert len(kept(house)) == COPIES
    assert kept(house)[-1].name.startswith("before-restore-19700101T00164")


def test_nothing_to_finish_is_nothing_done(house):
    before = house.seen()
    assert not finish(house.paths)
    assert house.seen() == before


def killed_at(house: KeptHouse, file: Path, step: int) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(file), str(step)],
        env={**os.environ, **house.environ},
        capture_output=True,
        timeout=90,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
    return done.returncode != 0


@pytest.mark.parametrize("first", range(4))
def test_a_kill_at_any_step_loses_neither_state(tmp_path, first):
    seen = set()
    for step in range(first * 5, 5000, 20):
        house = KeptHouse(tmp_path / f"home-{step}")
        house.base.mkdir()
        house.furnish()
        then = house.seen()
        file = keep(house, tmp_path / f"b-{step}")
        alter(house)
        now = house.seen()
        was_killed = killed_at(house, file, step)
        begun = (house.paths.state_dir / MARKER).exists()
        assert finish(house.paths) == begun
        after = house.seen()
        assert after in (then, now)
        if after == then:
            restore(house.paths, kept(house)[-1])
            assert house.seen() == now
        else:
            restore(house.paths, file)
            assert house.seen() == then
        seen.add(after == then)
        assert not list(house.base.rglob(".restore"))
        if not was_killed:
            break
    assert True in seen


def test_a_full_disk_changes_nothing(house, tmp_path):
    house.write("data/plugins/big.bin", os.urandom(150_000).hex())
    file = keep(house, tmp_path / "b")
    alter(house)
    before = house.seen()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(StorageUnavailable):
            restore(house.paths, file)
        with pytest.raises(StorageUnavailable):
            keep(house, tmp_path / "c")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert house.seen() == before
    assert not (tmp_path / "c").exists()
    restore(house.paths, file)
    assert house.notes() == ["the first"]


def test_a_restoration_that_cannot_be_finished_is_told_and_can_be_tried_again(house):
    marker = house.write("state/restore.json", '{"moves": [], "remove": ["data/plugins"], "kept": ""}')
    with pytest.raises(StorageUnavailable, match="cannot be finished"):
        finish(house.paths)  # it names a folder
    assert marker.exists()
    marker.write_text("{ half")
    with pytest.raises(StorageUnavailable, match="cannot be finished"):
        finish(house.paths)
    marker.write_text('{"moves": [], "remove": [], "kept": ""}')
    assert finish(house.paths)
    assert not marker.exists()
