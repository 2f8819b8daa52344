"""Imports that a process did not survive are known to the next one, and to the client."""

import stat
from pathlib import Path

import pytest

from isaacctl.importing import told
from isaacd.errors import PluginFailed
from isaacd.plugin.importing import FILE_NAME, MOST_DEATHS, Importing
from isaacd.plugin.places import Found
from isaacd.plugin.stamps import Stamps, stamps_of


def found_at(file: Path) -> tuple[Found, Stamps]:
    file.write_text("")
    found = Found(
        name=file.stem,
        origin=file,
        module=f"isaac_plugins.{file.stem}",
        attribute="plugin",
        source="user",
        path=(file.parent,),
    )
    return found, stamps_of(file)


def next_daemon(folder: Path) -> Importing:
    made = Importing(folder / FILE_NAME)
    made.read()
    return made


def test_what_ended_leaves_nothing_behind(tmp_path: Path) -> None:
    found, stamps = found_at(tmp_path / "mine.py")
    importing = next_daemon(tmp_path)
    importing.begin(found, stamps)
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    importing.end(found)
    assert [item.name for item in tmp_path.iterdir()] == ["mine.py"]


def test_one_death_may_be_chance_and_two_are_none(tmp_path: Path) -> None:
    found, stamps = found_at(tmp_path / "mine.py")
    for _ in range(MOST_DEATHS):
        importing = next_daemon(tmp_path)
        importing.refuse_deadly(found, stamps)
        importing.begin(found, stamps)
    for _ in range(2):
        with pytest.raises(PluginFailed, match="did not survive"):
            next_daemon(tmp_path).refuse_deadly(found, stamps)
    found.origin.write_text("mended = True")
    next_daemon(tmp_path).refuse_deadly(found, stamps_of(found.origin))


def test_who_leaves_in_order_accuses_nobody(tmp_path: Path) -> None:
    found, stamps = found_at(tmp_path / "mine.py")
    for _ in range(MOST_DEATHS + 1):
        importing = next_daemon(tmp_path)
        importing.begin(found, stamps)
        importing.close()
    next_daemon(tmp_path).refuse_deadly(found, stamps)


@pytest.mark.parametrize("content", [b"", b"{", b"[3]", b"null", b"\xff"])
def test_a_file_that_is_none_accuses_nobody_and_is_written_over(tmp_path: Path, content: bytes) -> None:
    found, stamps = found_at(tmp_path / "mine.py")
    (tmp_path / FILE_NAME).write_bytes(content)
    importing = next_daemon(tmp_path)
    importing.refuse_deadly(found, stamps)
    assert told(str(tmp_path / "isaacd.sock")) == ""
    importing.begin(found, stamps)
    assert "the plugin mine," in told(str(tmp_path / "isaacd.sock"))


def test_where_nothing_can_be_written_nothing_is_raised(tmp_path: Path) -> None:
    found, stamps = found_at(tmp_path / "mine.py")
    importing = Importing(tmp_path / "no" / "where")
    importing.read()
    importing.begin(found, stamps)
    importing.end(found)
    importing.close()


def test_the_client_names_what_is_under_way_and_nothing_else(tmp_path: Path) -> None:
    socket = str(tmp_path / "isaacd.sock")
    one, two = found_at(tmp_path / "one.py"), found_at(tmp_path / "two.py")
    assert told(socket) == ""
    next_daemon(tmp_path).begin(*one)
    importing = next_daemon(tmp_path)
    importing.begin(*two)
    assert told(socket) == ": it imports the plugin two, and gets to nothing else"
    importing.begin(*one)
    assert "the plugins two, one," in told(socket) or "the plugins one, two," in told(socket)
