"""Archives: whole or not there, private, and nothing in them taken on trust."""

import gzip
import io
import os
import sqlite3
import stat
import tarfile
import threading
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isaacd.backup.archive import is_archive, make_archive, opened
from isaacd.backup.inventory import MARKER
from isaacd.backup.restore import restore
from isaacd.errors import InvalidParams, NotFound, StorageUnavailable, UnsupportedVersion
from tests.kept_house import KEY, KeptHouse


@pytest.fixture
def house(tmp_path: Path) -> KeptHouse:
    house = KeptHouse(tmp_path / "home")
    house.base.mkdir()
    house.furnish()
    return house


def make(house: KeptHouse, file: Path, *, with_keys: bool = False) -> list[str]:
    manifest = make_archive(house.paths, file, with_keys=with_keys, now=1000.0)
    return [entry.path for entry in manifest.files]


def change(file: Path, name: str, new: bytes) -> None:
    """Write an archive anew with another content of one member."""
    with tarfile.open(file) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar]
    with tarfile.open(file, "w:gz") as tar:
        for member, data in members:
            content = new if member.name == name else data
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def manifest_of(file: Path) -> dict:
    with tarfile.open(file) as tar:
        return msgspec.json.decode(tar.extractfile("manifest.json").read())


@pytest.fixture
def archive(house, tmp_path) -> tuple[Path, bytes]:
    make(house, tmp_path / "b")
    return tmp_path / "b", gzip.decompress((tmp_path / "b").read_bytes())


def test_a_backup_holds_what_is_owned_and_neither_keys_nor_logs(house, tmp_path):
    assert make(house, tmp_path / "b") == [
        "config/config.toml",
        "config/roles/pirate.md",
        "data/plugin-data/notes/data.sqlite",
        "data/plugins/isaac_plugins/mine.py",
    ]


def test_keys_are_in_it_only_if_asked(house, tmp_path):
    assert "config/keys/openai" in make(house, tmp_path / "with", with_keys=True)
    make(house, tmp_path / "without")
    with tarfile.open(tmp_path / "without") as tar:
        assert not any(KEY.encode() in tar.extractfile(member).read() for member in tar)


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_a_backup_is_private_whatever_the_umask(house, tmp_path, umask):
    before = os.umask(umask)
    try:
        make(house, tmp_path / "b")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "home"]


def test_what_is_acknowledged_while_somebody_writes_is_in_it(house, tmp_path):
    with closing(house.database("notes")) as writer:  # open, with a log that was not checkpointed
        writer.execute("INSERT INTO notes (text, created_at, changed_at) VALUES ('second', 2, 2)")
        stop = threading.Event()

        def scribble() -> None:
            with closing(house.database("notes")) as other:
                while not stop.is_set():
                    other.execute("INSERT INTO notes (text, created_at, changed_at) VALUES ('more', 3, 3)")

        thread = threading.Thread(target=scribble)
        thread.start()
        try:
            make(house, tmp_path / "b")
        finally:
            stop.set()
            thread.join()
    other = KeptHouse(tmp_path / "other")
    restore(other.paths, tmp_path / "b")
    assert other.notes()[:2] == ["the first", "second"]


def test_a_backup_replaces_a_former_one_and_nothing_else(house, tmp_path):
    file = tmp_path / "b"
    make(house, file)
    make(house, file)
    assert is_archive(file)
    file.write_text("a letter")
    with pytest.raises(InvalidParams, match="is no backup"):
        make(house, file)
    assert file.read_text() == "a letter"


def test_a_damaged_database_is_told_and_the_former_backup_stays(house, tmp_path):
    file = tmp_path / "b"
    make(house, file)
    before = file.read_bytes()
    house.kind("notes").file.write_bytes(b"SQLite format 3\0" + b"garbage" * 900)
    with pytest.raises(StorageUnavailable, match=r"data\.sqlite cannot be copied"):
        make(house, file)
    assert file.read_bytes() == before


def test_a_configuration_that_is_a_link_is_kept_as_what_it_says(house, tmp_path):
    elsewhere = tmp_path / "dotfiles.toml"
    house.paths.config_file.rename(elsewhere)
    house.paths.config_file.symlink_to(elsewhere)
    assert "config/config.toml" in make(house, tmp_path / "b")


def test_links_elsewhere_are_left_out_and_told(house, tmp_path):
    (house.paths.data_dir / "link").symlink_to("/etc/passwd")
    manifest = make_archive(house.paths, tmp_path / "b", with_keys=False, now=1.0)
    assert manifest.skipped == ("data/link",)


@pytest.mark.parametrize("cut", [0, 1, 10, 100, -1, -40])
def test_a_cut_archive_changes_nothing(house, tmp_path, cut):
    file = tmp_path / "b"
    make(house, file)
    file.write_bytes(file.read_bytes()[:cut])
    before = house.seen()
    with pytest.raises(InvalidParams):
        restore(house.paths, file)
    assert house.seen() == before


def test_a_changed_file_in_it_is_found(house, tmp_path):
    file = tmp_path / "b"
    make(house, file)
    change(file, "config/roles/pirate.md", b"Talk like a banker!!")
    with pytest.raises(InvalidParams, match=r"pirate\.md is not as it was"):
        restore(house.paths, file)


@pytest.mark.parametrize(
    "name", ["../evil", "config/../../evil", "/etc/evil", "config", "cache/x", "config//x"]
)
def test_no_name_leads_out_of_our_folders(house, tmp_path, name):
    file = tmp_path / "b"
    make(house, file)
    said = manifest_of(file)
    said["files"][0]["path"] = name
    change(file, "manifest.json", msgspec.json.encode(said))
    with pytest.raises(InvalidParams, match="leads elsewhere"), opened(file):
        pass


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("config/" + "a" * 300, "File name too long"),
        ("config/" + "a/" * 3000 + "b", "File name too long"),
        ("state/tokens.sqlite", "no backup holds"),
        ("state/tokens.sqlite-wal", "no backup holds"),
        ("state/kept/before-x.isaac", "no backup holds"),
        ("state/restore.json", "no backup holds"),
        ("state/isaacd.log", "no backup holds"),
        ("config/keys/openai", "no backup holds"),
        ("data/.restore/0", "no backup holds"),
        ("data/ledger.sqlite.lock", "no backup holds"),
        ("config/roles/pirate.md/x", "below what is no folder"),
        ("config/empty", "a folder is there"),
        ("config/config.toml/x", "a file is where its folder would be"),
    ],
)
def test_a_name_that_could_not_be_put_in_its_place_is_refused_before_anything_changes(
    house, tmp_path, name, why
):
    file = tmp_path / "b"
    make(house, file)
    (house.paths.config_dir / "empty").mkdir()
    before = house.seen()
    said = manifest_of(file)
    place = next(number for number, item in enumerate(said["files"]) if item["path"] == "config/config.toml")
    said["files"][place]["path"] = name
    change(file, "manifest.json", msgspec.json.encode(said))
    with pytest.raises(InvalidParams, match=why):
        restore(house.paths, file)
    assert house.seen() == before
    assert not (house.paths.state_dir / MARKER).exists()


def test_more_than_the_disk_can_hold_is_refused_before_it_is_unpacked(house, tmp_path):
    file = tmp_path / "b"
    make(house, file)
    said = manifest_of(file)
    said["files"][0]["bytes"] = 2**62
    change(file, "manifest.json", msgspec.json.encode(said))
    with pytest.raises(StorageUnavailable, match="MiB free"):
        restore(house.paths, file)


@pytest.mark.parametrize("said", [b"[" * 100_000, b'{"isaac": "\xff"}', b'{"format": 1}', b"{"])
def test_a_manifest_that_is_none_is_told(house, tmp_path, said):
    file = tmp_path / "b"
    make(house, file)
    change(file, "manifest.json", said)
    with pytest.raises(InvalidParams, match="no backup of Isaac"):
        restore(house.paths, file)


@given(st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_changed_in_what_was_compressed_is_told(archive, data):
    """Bytes are changed below the checksum of gzip, which would find them first."""
    plain = bytearray(archive[1])
    for _ in range(data.draw(st.integers(1, 4))):
        plain[data.draw(st.integers(0, len(plain) - 1))] = data.draw(st.integers(0, 255))
    archive[0].write_bytes(gzip.compress(plain, 1))
    try:
        with opened(archive[0]) as (_, tar):
            while tar.next() is not None:
                pass
    except (InvalidParams, UnsupportedVersion):
        pass


@pytest.mark.parametrize(
    ("key", "value"), [("isaac", "99.0"), ("format", 2)]
)  # fmt: skip
def test_a_newer_archive_is_refused(house, tmp_path, key, value):
    file = tmp_path / "b"
    make(house, file)
    change(file, "manifest.json", msgspec.json.encode({**manifest_of(file), key: value}))
    with pytest.raises(UnsupportedVersion, match="newer Isaac"):
        restore(house.paths, file)


def test_a_newer_database_is_refused(house, tmp_path):
    house.database("history").execute("PRAGMA user_version = 99")
    make(house, tmp_path / "b")
    with pytest.raises(UnsupportedVersion, match="the history of commands"):
        restore(house.paths, tmp_path / "b")


def test_no_file_is_told(house, tmp_path):
    with pytest.raises(NotFound):
        restore(house.paths, tmp_path / "none")


def test_what_a_killed_backup_left_is_taken_away(house, tmp_path):
    (tmp_path / ".isaac-work-99999999").mkdir()
    (tmp_path / ".b.partial-99999999").write_text("half")
    make(house, tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "home"]


def test_a_snapshot_is_one_file_without_a_log(house, tmp_path):
    make(house, tmp_path / "b")
    with tarfile.open(tmp_path / "b") as tar:
        member = tar.extractfile("data/plugin-data/notes/data.sqlite")
        assert member is not None
        (tmp_path / "data.sqlite").write_bytes(member.read())
    with closing(sqlite3.connect(tmp_path / "data.sqlite")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
