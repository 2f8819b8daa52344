"""Work in a copy of this process: it sees everything as it is now, changes nothing here, and holds nobody up."""

import os
import select
import signal
import time
import warnings
from collections.abc import Callable
from contextlib import suppress

import anyio.to_thread

from isaacd.errors import InternalError

LIMIT_S = 30.0
_PIECE = 1 << 16


async def in_a_copy(work: Callable[[], bytes], limit_s: float = LIMIT_S) -> bytes:
    """Return what `work` returns there; it must not wait for any other thread. Raises InternalError if it fails."""
    reading, writing = os.pipe2(os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
    try:
        with warnings.catch_warnings():
            # There are other threads, and their locks are not ours to take: the copy takes none.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
    except OSError as error:
        os.close(reading)
        os.close(writing)
        raise InternalError(
            f"the process cannot be copied: {error.strerror}", hint="ask again later"
        ) from error
    if pid == 0:
        _be_the_copy(work, writing)
    os.close(writing)
    with anyio.CancelScope(shield=True):  # the copy has to be waited for
        data = await anyio.to_thread.run_sync(_read, pid, reading, limit_s)
    if data is None:
        raise InternalError("the copy of the process ended without an answer", hint="ask again")
    return data


def _be_the_copy(work: Callable[[], bytes], writing: int) -> None:
    """Do the work, hand it over and end: nothing of the daemon's goes on here, not even its end."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)  # it is the daemon's
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        view = memoryview(work())
        while view:
            view = view[os.write(writing, view) :]
        code = 0
    finally:
        os._exit(code)


def _read(pid: int, reading: int, limit_s: float) -> bytes | None:
    """Read to the end, and see the process off; None if it did not end well, or not in time."""
    pieces = []
    deadline = time.monotonic() + limit_s
    try:
        poll = select.poll()
        poll.register(reading, select.POLLIN)
        while True:
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                break
            piece = os.read(reading, _PIECE)
            if not piece:
                break
            pieces.append(piece)
    finally:
        os.close(reading)
    try:
        _, status = os.waitpid(pid, 0)
    except ChildProcessError:
        return None
    return b"".join(pieces) if status == 0 else None
