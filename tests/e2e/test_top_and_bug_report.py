"""The daemon watched, and a report of it that may be shown to anybody."""

import json
import stat
import tarfile

from tests.daemon import Home, a_home, running
from tests.pty_person import at_terminal


def parts(home: Home) -> dict[str, str]:
    file = home.directory / "report.tar.gz"
    done = home.isaacctl("bug-report", str(file))
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with tarfile.open(file) as tar:
        return {member.name.rpartition("/")[2]: tar.extractfile(member).read().decode() for member in tar}


def test_top_shows_once_without_a_terminal_and_starts_nothing():
    with a_home() as home:
        done = home.isaacctl("top")
        assert done.returncode == 3
        assert not home.socket.exists()
        with running(home=home) as daemon:
            done = home.isaacctl("top")
            assert done.returncode == 0
            assert f"pid {daemon.pid}" in done.stdout
            assert "\x1b" not in done.stdout


def test_at_a_terminal_it_is_live_until_q():
    with (
        running() as daemon,
        at_terminal(["-m", "isaacctl", "top", "--every", "0.3"], daemon.home.environ) as person,
    ):
        person.reads(f"pid {daemon.pid}")
        person.reads("a second)")
        person.types("q")
        assert person.leaves() == 0
        assert person.raw.endswith("\x1b[?25h\x1b[?1049l")


def test_top_gives_a_line_of_json_for_each_look():
    with running() as daemon:
        done = daemon.home.isaacctl("top", "--json", "--every", "0.2", "--count", "3")
        looks = [json.loads(line) for line in done.stdout.splitlines()]
        assert [look["status"]["pid"] for look in looks] == [daemon.pid] * 3


def test_a_report_has_everything_but_secrets():
    with a_home() as home:
        home.write_config("[log]\nlevel = 'debug'\n")
        keys = home.config.parent / "keys"
        keys.mkdir(mode=0o700)
        (keys / "openai").write_text("correct horse battery staple\n")
        (keys / "openai").chmod(0o600)
        home.environ["MINE_API_KEY"] = "hunter22hunter"
        with running(home=home) as daemon:
            home.isaacctl("notes", "add", "a very private note")
            with home.log.open("a") as log:
                log.write('{"event": "x", "what": "correct horse battery staple", "why": "hunter22hunter"}\n')
            found = parts(home)
            assert {"versions.json", "config.json", "doctor.json", "status.json", "plugins.json", "requests.json",
                    "log.jsonl"} == set(found)  # fmt: skip
            whole = "\n".join(found.values())
            for secret in ("correct horse", "hunter22", "private note", str(home.directory)):
                assert secret not in whole
            assert json.loads(found["status.json"])["pid"] == daemon.pid
            assert json.loads(found["plugins.json"])
            assert '"debug"' in found["config.json"]


def test_without_a_daemon_there_is_a_report_too():
    with a_home() as home:
        assert "there is no daemon to ask" in parts(home)["status.json"]
        done = home.isaacctl("bug-report", str(home.directory / "report.tar.gz"))
        assert done.returncode == 2
