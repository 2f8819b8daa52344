"""What one sparse request costs in system calls: wait, read, write."""

import shutil
import signal
import subprocess

import pytest

from tests.daemon import eventually, running

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

INLINE = """
from isaacd.api import Context, Plugin

plugin = Plugin("inline", summary="One inline command.")

@plugin.command
def inline(context: Context, number: int) -> int:
    \"\"\"Return the number.\"\"\"
    return number
"""
REQUESTS = 100
# Wait, read, write; and a look at the file of a plugin that its user may have changed.
PER_REQUEST = {"ping": 3, "inline": 4}
# What strace's coming and going itself interrupts and starts again.
SLACK = 10
QUIET_TICKS = 20


@pytest.mark.parametrize("method", ["ping", "inline"])
def test_an_inline_request_costs_three_system_calls(method: str) -> None:
    with running(plugins={"inline": INLINE}) as daemon, daemon.caller() as caller:
        daemon.logged("ready")
        caller.call("inline", 0)
        # Answered after what the daemon puts off until it is ready, such as to describe every plugin in an index.
        caller.call("plugins")
        eventually(lambda: daemon.quiet_ticks() >= QUIET_TICKS, "the daemon to have nothing to do")
        table = daemon.home.directory / "strace"
        command = ["strace", "-f", "-c", "-o", str(table), "-p", str(daemon.pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr is not None
            line = strace.stderr.readline()
            if "attached" not in line:
                pytest.skip(f"strace cannot attach: {line.strip()}")
            for number in range(REQUESTS):
                caller.call(method, *([number] if method == "inline" else []))
            strace.send_signal(signal.SIGINT)
            strace.wait(20)
        total = next(line.split() for line in table.read_text().splitlines() if line.endswith("total"))
        assert int(total[3]) <= REQUESTS * PER_REQUEST[method] + SLACK, table.read_text()
