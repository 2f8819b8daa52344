"""A runtime directory without room, or that cannot be written: one daemon, or a message that says what is wrong."""

import subprocess
import sys

import pytest

from tests.daemon import DEADLINE_S, Home, a_home
from tests.e2e.test_daemon_life import _can_remount

pytestmark = pytest.mark.skipif(not _can_remount(), reason="unshare -rm does not work here")

# In a mount namespace of its own: nothing of it is seen outside, and it ends with the shell.
FULL = 'mount -t tmpfs -o size=64k,mode=700 none "$0" && { head -c 100000 /dev/zero > "$0/filling" 2>/dev/null; "$@"; }'
NO_NAMES = 'mount -t tmpfs -o size=64k,nr_inodes=2,mode=700 none "$0" && { : > "$0/filling"; "$@"; }'
READ_ONLY = 'mount -t tmpfs -o size=64k,mode=700 none "$0" && mount -o remount,ro none "$0" && "$@"'


def within(home: Home, script: str, *lines: str) -> subprocess.CompletedProcess[str]:
    """Run command lines of isaacctl one after the other, where the runtime directory is as the script makes it."""
    runtime = home.directory / "run"
    runtime.mkdir(mode=0o700)
    program = "; ".join(f'"{sys.executable}" -m isaacctl {line}' for line in lines)
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, str(runtime), "sh", "-c", program],
        env={**home.environ, "XDG_RUNTIME_DIR": str(runtime)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )


def test_a_full_one_is_no_obstacle_nor_a_reason_for_a_second_daemon() -> None:
    with a_home() as home:
        done = within(home, FULL, "greet", "status --json", "greet", "status --json", "stop")
        lines = done.stdout.splitlines()
        assert lines.count("hello world") == 2, done.stderr
        pids = {line for line in done.stdout.replace(",", "\n").splitlines() if '"pid"' in line}
        assert len(pids) == 1
        assert done.stderr == ""


@pytest.mark.parametrize("script", [NO_NAMES, READ_ONLY], ids=["no inodes", "read-only"])
def test_one_in_which_nothing_can_be_made_is_told(script: str) -> None:
    with a_home() as home:
        done = within(home, script, "greet")
        assert done.returncode != 0
        assert str(home.directory / "run") in done.stderr
        assert "Traceback" not in done.stderr
