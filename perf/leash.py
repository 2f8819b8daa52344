"""Ends what a measurement has started, however the measurement ends: by itself, by Ctrl-C, or by a signal."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

# Exit codes beside 0 and 1 (a target is missed, a row is worse), and argparse's 2: a room failed and the others are there;
# nothing could be measured, or nothing written.
FAILED, UNABLE, INTERRUPTED = 3, 4, 130
_PR_SET_CHILD_SUBREAPER = 36
_ASK_S = 5.0
# A path of a socket has 108 bytes at most; what a room puts below its scratch folder has 66.
_MOST_FOLDER = 40


@contextlib.contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """Give a folder that is removed at the end, by SIGTERM and SIGHUP too; its path is short enough for sockets."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    usual = tempfile.gettempdir()
    folder = usual if len(os.fsencode(usual)) < _MOST_FOLDER else "/tmp"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder, ignore_cleanup_errors=True) as made:
        yield Path(made)


def run(words: Sequence[str]) -> int:
    """Run a program, and return its exit code; nothing that it has started goes on when this returns.

    Daemons whose starters have ended become children of this process (Linux), so that they are found. On Ctrl-C, and by
    what scratch() makes the same, the program is interrupted, and INTERRUPTED is returned.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        process = subprocess.Popen(words)
        process.returncode = 0  # it is waited for here, and Popen need not
        return _ended(process.pid)
    except KeyboardInterrupt:
        with contextlib.suppress(KeyboardInterrupt):
            _interrupt()
        return INTERRUPTED
    finally:
        end_children()


def end_children() -> None:
    """Kill every child, and what becomes a child by that."""
    while children := list(_children()):
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _ended(wanted: int) -> int:
    """Wait for a child; others that end meanwhile are let go, as nobody else asks for them."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == wanted:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _interrupt() -> None:
    """Ask the children to end, which a terminal has done already, and give them a while."""
    children = set(_children())
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
    until_s = time.monotonic() + _ASK_S
    while children and time.monotonic() < until_s:
        for pid in list(children):
            with contextlib.suppress(ChildProcessError):
                if not os.waitpid(pid, os.WNOHANG)[0]:
                    continue
            children.discard(pid)
        time.sleep(0.02)


def _children() -> Iterator[int]:
    """Find the children of this process; without /proc there are none to be found."""
    own = str(os.getpid())
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            if file.read_text().rpartition(")")[2].split()[1] == own:
                yield int(file.parent.name)


def _interrupted(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
