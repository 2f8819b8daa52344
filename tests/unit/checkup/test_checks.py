"""Each ill that is planted on a machine is found, with what mends it; a healthy machine has none."""

import fcntl
import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from isaacd.checkup.checks import CHECKS, examine
from isaacd.checkup.finding import Finding
from isaacd.checkup.machine import Machine
from isaacd.checkup.system import clock, isolation, libraries, missing
from tests.kept_house import KeptHouse

NOW = 1_800_000_000.0


class Ward:
    """A machine that was healthy when it came in."""

    def __init__(self, base: Path) -> None:
        self.house = KeptHouse(base)
        self.free = 10 * 1024**3
        self.now = NOW
        self.house.furnish()
        for path in base.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        self.paths = self.house.paths

    def examine(self) -> list[Finding]:
        machine = Machine(
            paths=self.paths,
            environ=self.house.environ,
            uid=os.geteuid(),
            now=self.now,
            free_bytes=lambda _: self.free,
        )
        return [item for check in CHECKS if check is not isolation for item in check(machine)]

    def only(self) -> Finding:
        (found,) = self.examine()
        return found


@pytest.fixture
def ward(tmp_path: Path) -> Ward:
    base = tmp_path / "w"
    base.mkdir(mode=0o700)
    return Ward(base)


def test_a_healthy_machine_has_no_findings(ward):
    assert ward.examine() == []


def test_a_machine_without_anything_of_isaac_is_healthy(tmp_path):
    house = KeptHouse(tmp_path)
    machine = Machine(
        paths=house.paths, environ=house.environ, uid=os.geteuid(), now=NOW, free_bytes=lambda _: 2**40
    )
    assert [item for item in examine(machine).findings if item.about != "isolation"] == []


def test_a_folder_that_others_can_enter(ward):
    ward.paths.data_dir.chmod(0o755)
    found = ward.only()
    assert (found.severity, found.hint) == ("error", f"chmod 700 {ward.paths.data_dir}")


def test_what_is_told_to_be_done_mends_it(ward):
    ward.paths.data_dir.chmod(0o755)
    ward.paths.config_file.chmod(0o664)
    for found in ward.examine():
        if found.hint.startswith("chmod"):
            assert os.system(found.hint) == 0
    assert ward.examine() == []


def test_a_file_that_others_can_change(ward):
    ward.house.write("data/plugins/isaac_plugins/mine.py", "x", mode=0o666)
    found = ward.only()
    assert found.message == "others may change it (mode 0666)"


def test_many_such_files_are_not_told_one_by_one(ward):
    for number in range(20):
        ward.house.write(f"data/f{number}", "x", mode=0o666)
    assert len(ward.examine()) == 6


def test_a_folder_above_in_which_everybody_can_replace_ours(ward):
    ward.house.base.chmod(0o777)
    assert ward.only().message == "everybody can replace what is in it"


def test_a_folder_that_is_a_file(ward):
    ward.paths.cache_dir.parent.mkdir(parents=True, exist_ok=True)
    ward.paths.cache_dir.write_text("")
    assert ward.only().message == "it is no folder"


@pytest.mark.parametrize(("free", "severity"), [(1024**2, "error"), (100 * 1024**2, "warning")])
def test_a_full_disk(ward, free, severity):
    ward.free = free
    assert ward.only().severity == severity


def test_a_socket_nobody_listens_at(ward):
    ward.paths.runtime_dir.mkdir(mode=0o700, parents=True)
    with closing(socket.socket(socket.AF_UNIX)) as sock:
        os.chdir(ward.paths.runtime_dir)  # the path of a test may be longer than sockets allow
        sock.bind(ward.paths.socket.name)
    ward.paths.socket.chmod(0o600)
    os.chdir("/")
    assert "nobody listens there" in ward.only().message


def test_a_lock_without_a_socket(ward):
    ward.paths.runtime_dir.mkdir(mode=0o700, parents=True)
    descriptor = os.open(ward.paths.lock, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        found = ward.only()
    finally:
        os.close(descriptor)
    assert found.hint == "isaacctl restart --force"


def test_something_else_in_the_place_of_the_socket(ward):
    ward.paths.runtime_dir.mkdir(mode=0o700, parents=True)
    ward.paths.socket.write_text("")
    assert "no socket" in ward.only().message


def test_a_mistake_in_the_configuration(ward):
    ward.house.write("config/config.toml", "[ai]\nmodell = 'x'\n")
    assert "modell" in ward.only().message


@pytest.mark.parametrize("mode", [0o644, 0o640])
def test_a_key_that_others_can_read(ward, mode):
    (ward.paths.config_dir / "keys/openai").chmod(mode)
    found = ward.only()
    assert found.hint.startswith(f"chmod 600 {ward.paths.config_dir}/keys/openai")


@pytest.mark.parametrize(
    ("text", "severity", "said"),
    [
        ('listen = "0.0.0.0:4141"', "error", "other machines could reach 0.0.0.0"),
        ('listen = "0.0.0.0:4141"\nallow_remote = true', "warning", "other machines can reach http.listen"),
        ('listen = "127.0.0.1:99999"', "error", "99999 is no port"),
        ('origins = ["null"]', "warning", "http.origins"),
    ],
)
def test_a_port_of_http_that_others_reach(ward, text, severity, said):
    ward.house.write("config/config.toml", f"[http]\n{text}\n")
    found = ward.only()
    assert (found.severity, said in found.message) == (severity, True)


def test_a_key_file_of_the_configuration_that_is_missing(ward):
    ward.house.write("config/config.toml", "[ai.providers.mine]\nkind = 'openai'\napi_key_file = '~/none'\n")
    assert "ai.providers.mine.api_key_file names it" in ward.only().message


def test_a_damaged_database(ward):
    file = ward.house.kind("notes").file
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    file.write_bytes(data)
    found = ward.only()
    assert "damaged" in found.message or "cannot read" in found.message
    assert "isaacctl restore" in found.hint


def test_what_was_moved_aside(ward):
    ward.house.write("data/history.sqlite.damaged-20260101T000000Z", "x")
    assert "a new one was begun" in ward.only().message


def test_a_database_of_a_newer_isaac(ward):
    with closing(ward.house.database("history")) as database:
        database.execute("PRAGMA user_version = 99")
    for file in ward.house.base.rglob("*.sqlite"):
        file.chmod(0o600)
    assert ward.only().message == "it was written by a newer Isaac (version 99)"


def test_an_interrupted_restoration(ward):
    ward.house.write("state/restore.json", "{}")
    assert ward.only().hint == "isaacctl restart finishes it"


def test_a_clock_that_went_back(ward):
    os.utime(ward.paths.log_file, (NOW + 3600, NOW + 3600))
    assert "60 minutes in the future" in ward.only().message
    ward.now = 5.0
    assert ward.only().message == "it says that it is before 2025"


def test_an_index_that_is_a_folder(ward):
    (ward.paths.cache_dir / "plugins.index").mkdir(mode=0o700, parents=True)
    ward.paths.cache_dir.chmod(0o700)
    assert ward.only().about.endswith("plugins.index")


def test_libraries_that_are_missing_or_too_old():
    found = list(missing(["msgspec>=99", "no-such-thing>=1", "other>=1; extra == 'dev'", "aiohttp>=3.0"]))
    assert [item.about for item in found] == ["msgspec", "no-such-thing"]


def test_a_check_that_fails_hides_no_other(ward):
    ward.paths.data_dir.chmod(0o755)

    def broken(_: Path) -> int:
        raise RuntimeError("no disk")

    machine = Machine(
        paths=ward.paths, environ=ward.house.environ, uid=os.geteuid(), now=NOW, free_bytes=broken
    )
    messages = [item.message for item in examine(machine).findings]
    assert any("could not be looked at: RuntimeError: no disk" in item for item in messages)
    assert any("reach into it" in item for item in messages)


def test_this_installation_is_complete(ward):
    machine = Machine(paths=ward.paths, environ={}, uid=os.geteuid(), now=NOW, free_bytes=lambda _: 2**40)
    assert list(libraries(machine)) == []
    assert list(clock(machine)) == []


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("HTTPS_PROXY", "socks5://proxy:1080", "only http and https"),
        ("all_proxy", "http://secret@:1", "names no proxy"),
        ("http_proxy", "proxy:99999", "names no proxy"),
        ("SSL_CERT_FILE", "/nonexistent/ca.pem", "no certificate can be read"),
        ("SSL_CERT_FILE", "/dev/null", "no certificate can be read"),
        ("SSL_CERT_DIR", "/nonexistent", "is no folder"),
    ],
)
def test_variables_that_lead_nowhere(ward, variable, value, told):
    ward.house.environ[variable] = value
    found = ward.only()
    assert (found.about, found.severity) == (variable, "error")
    assert told in found.message
    assert "secret" not in found.message


def test_proxies_as_people_write_them_are_well(ward):
    ward.house.environ |= {"HTTPS_PROXY": "proxy:3128", "ALL_PROXY": "https://u:p@[::1]:1", "NO_PROXY": "*"}
    assert ward.examine() == []


def test_a_service_that_is_reached_in_the_clear(ward):
    ward.house.write(
        "config/config.toml", '[ai.providers.x]\nkind = "openai"\nbase_url = "http://ai.example.org/v1"\n'
    )
    assert "in the clear" in ward.only().message


def test_a_file_of_the_daemons_that_is_open_or_a_link(ward):
    ward.paths.log_file.chmod(0o644)
    assert ward.only().hint.startswith("chmod 600 ")
    ward.paths.log_file.unlink()
    ward.paths.log_file.symlink_to("/dev/null")
    assert ward.only().message == "it is a symbolic link, and is not written through"
