"""Notes outlive the daemon that kept them, however it ends."""

import signal
import stat

import msgspec

from tests.daemon import a_home, running


def test_a_note_that_was_said_to_be_kept_is_there_after_kill_9() -> None:
    with a_home() as home:
        with running(home=home) as daemon:
            assert home.isaacctl("notes", "add", "remember this", "--tag", "safe").returncode == 0
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()
        with running(home=home):
            found = home.isaacctl("notes", "search", "rememb", "--json")
            assert [item["note"]["tags"] for item in msgspec.json.decode(found.stdout)] == [["safe"]]
        files = [file for file in home.data.rglob("*") if file.is_file() and "sqlite" in file.name]
        assert files
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_damaged_file_is_moved_aside_and_notes_go_on() -> None:
    with a_home() as home:
        with running(home=home):
            home.isaacctl("notes", "add", "one")
        (file,) = home.data.rglob("*.sqlite")
        file.write_bytes(b"nonsense" * 1000)
        with running(home=home):
            assert home.isaacctl("notes", "add", "two").returncode == 0
            assert "two" in home.isaacctl("notes", "list").stdout
        assert any("damaged" in item.name for item in file.parent.iterdir())
