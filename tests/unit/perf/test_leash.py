"""Whatever ends a measurement, nothing that it has started goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PERF = Path(__file__).resolve().parents[3] / "perf"
# Starts a process that leaves its starter's session, as a daemon does, and tells its number.
DAEMON = """
import subprocess, sys
daemon = subprocess.Popen(["sleep", "600"], start_new_session=True)
print(daemon.pid, flush=True)
"""
WAITS = DAEMON + "import signal; signal.pause()"
HELD = """
import sys
import leash
with leash.scratch("isaac-test-") as folder:
    print(folder, flush=True)
    code = leash.run([sys.executable, "-c", sys.argv[1]])
sys.exit(code)
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")


def start(program: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HELD, program],
        env=os.environ | {"PYTHONPATH": str(PERF)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def told(process: "subprocess.Popen[str]") -> tuple[Path, int]:
    assert process.stdout is not None
    return Path(process.stdout.readline().strip()), int(process.stdout.readline())


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("program", "code"),
    [(DAEMON, 0), (DAEMON + "sys.exit(7)", 7), (DAEMON + "import os; os.kill(os.getpid(), 9)", 137)],
)
def test_a_daemon_whose_starter_has_ended_is_ended(program: str, code: int) -> None:
    with start(program) as process:
        folder, daemon = told(process)
        assert process.wait() == code
    assert not is_there(daemon)
    assert not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_of_it(number: signal.Signals) -> None:
    with start(WAITS) as process:
        folder, daemon = told(process)
        process.send_signal(number)
        assert process.wait() == 130
    assert not is_there(daemon)
    assert not folder.exists()
