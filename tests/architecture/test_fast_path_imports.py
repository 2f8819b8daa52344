"""The command line's fast path starts in the time of a bare interpreter, because it imports next to nothing."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.client_runs import REPOSITORY, Home, home
from tests.fake_daemon import serving

# Every interpreter has these before any program runs, unless it was told not to (-S).
OF_EVERY_INTERPRETER = {
    "_collections_abc",
    "_stat",
    "errno",
    "genericpath",
    "os",
    "os.path",
    "posixpath",
    "stat",
}
OURS = {"isaacctl", "isaacctl.__main__", "isaacctl.talk", "_socket"}

# Runs the command line and writes, at the moment it leaves, which modules that took.
DRIVER = f"""
import sys
sys.path.insert(0, {str(REPOSITORY)!r})
before = set(sys.modules)
import os
leave = os._exit
def tell(code):
    os.write(2, "\\n".join(sorted(set(sys.modules) - before)).encode())
    leave(code)
os._exit = tell
from isaacctl.__main__ import main
main()
"""


@pytest.fixture
def user() -> Iterator[Home]:
    with home() as made:
        made.environ = {name: value for name, value in made.environ.items() if not name.startswith("COV")}
        yield made


def imported(user: Home, *argv: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", DRIVER, *argv],
        env=user.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90, check=True,
    )  # fmt: skip
    assert done.stdout == "hello\n"
    return set(done.stderr.split())


@pytest.mark.parametrize("argv", [["status"], ["--help"], ["ask", "what is open?"]])
def test_a_command_imports_exactly_these_modules(user, argv):
    def script(peer, message):
        peer.event("out", "hel")
        peer.result({"exit": 0, "out": "lo\n"})

    with serving(user.directory, script):
        found = imported(user, *argv)
    assert found - OF_EVERY_INTERPRETER == OURS
