"""The units are valid, and any starter that hands over a socket will do."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemon import Caller, a_home, eventually

pytestmark = pytest.mark.system
SYSTEMD = Path(__file__).parents[2] / "systemd"


def _needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is missing; make test-system installs it where it can")


def _connected(path: Path) -> socket.socket | None:
    """Connect; a socket has its name a moment before it listens."""
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.connect(str(path))
    except OSError:
        sock.close()
        return None
    return sock


@pytest.mark.parametrize("kind", ["user", "system"])
def test_systemd_finds_nothing_wrong_with_the_units(kind: str, tmp_path: Path) -> None:
    _needs("systemd-analyze")
    files = []
    for unit in sorted((SYSTEMD / kind).iterdir()):
        file = tmp_path / unit.name
        file.write_text(unit.read_text().replace("@ISAACD@", f"{sys.executable} -P -m isaacd"))
        files.append(str(file))
    done = subprocess.run(
        ["systemd-analyze", *(["--user"] if kind == "user" else []), "verify", "--man=no", *files],
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    ours = [line for line in done.stderr.splitlines() if "isaacd" in line]
    assert (ours, done.returncode) == ([], 0), done.stderr


def test_a_socket_that_is_handed_over_is_served() -> None:
    _needs("systemd-socket-activate")
    with a_home() as home:
        home.socket.parent.mkdir(mode=0o700)
        starter = subprocess.Popen(
            [
                *("systemd-socket-activate", "-l", str(home.socket), "--fdname=isaacd"),
                *[f"-E{name}={value}" for name, value in home.environ.items()],
                *(sys.executable, "-P", "-m", "isaacd"),
            ],
            env=home.environ,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with Caller(eventually(lambda: _connected(home.socket), "the socket to listen")) as caller:
                assert caller.call("ping")["pid"] == starter.pid
        finally:
            starter.send_signal(signal.SIGTERM)
            assert starter.wait(90) == 0
