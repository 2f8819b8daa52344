"""A person at a terminal of their own: starts a program on a pseudo-terminal, types, and reads what is shown."""

import contextlib
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from fcntl import ioctl
from pathlib import Path

LIMIT_S = 90.0
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])|\x07|\r")


class Person:
    """Sits before one program; `screen` is all that it has shown, without escape sequences."""

    def __init__(self, pid: int, terminal: int) -> None:
        self.pid = pid
        self._terminal = terminal
        self.raw = ""
        self._seen = 0
        self._bytes = b""
        self.exit: int | None = None

    @property
    def screen(self) -> str:
        return _ESCAPES.sub("", self.raw)

    def reads(self, text: str) -> str:
        """Wait until `text` is shown after what was read before; return what stood before it."""
        end = time.monotonic() + LIMIT_S
        while (at := self.screen.find(text, self._seen)) < 0:
            assert self._more(end), f"the program ended without showing {text!r}: {self.screen!r}"
            assert time.monotonic() < end, f"waited for {text!r}: {self.screen!r}"
        before = self.screen[self._seen : at]
        self._seen = at + len(text)
        return before

    def insists(self, text: str, shown: str) -> None:
        """Type `text` until it is answered with `shown`, which is then read.

        Right behind a stop, a terminal may lose what is typed, whatever was stopped.
        """
        end = time.monotonic() + LIMIT_S
        while self.screen.find(shown, self._seen) < 0:
            assert time.monotonic() < end, f"waited for {shown!r}: {self.screen!r}"
            self.types(text)
            patience = time.monotonic() + 3
            while self.screen.find(shown, self._seen) < 0 and time.monotonic() < patience:
                self._more(patience)
        self.reads(shown)

    def types(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def presses(self, key: str) -> None:
        """Type a key that sends a signal once the program waits for something.

        Between reading a key and waiting for the next one, readline does not see a signal until another key comes.
        """
        end = time.monotonic() + LIMIT_S
        while Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
            assert time.monotonic() < end, "the program does not come to rest"
        self.types(key)

    def leaves(self) -> int:
        """Wait for the end of the program and return its exit code."""
        end = time.monotonic() + LIMIT_S
        while self._more(end):
            assert time.monotonic() < end, f"the program does not end: {self.screen!r}"
        _, status = os.waitpid(self.pid, 0)
        self.exit = os.waitstatus_to_exitcode(status)
        return self.exit

    def _more(self, end: float) -> bool:
        if not select.select([self._terminal], [], [], max(0.0, end - time.monotonic()))[0]:
            return True
        try:
            data = os.read(self._terminal, 65536)
        except OSError:
            return False  # the other side is closed
        self._bytes += data
        self.raw = self._bytes.decode(errors="replace")
        return bool(data)


@contextlib.contextmanager
def at_terminal(
    argv: Sequence[str], environ: Mapping[str, str], *, cwd: str | None = None, stdin: int | None = None
) -> Iterator[Person]:
    """Run `python argv...` on a terminal of 80 by 24; with `stdin` its standard input is that instead."""
    pid, terminal = pty.fork()
    if pid == 0:
        with contextlib.suppress(OSError):
            if cwd is not None:
                os.chdir(cwd)
            if stdin is not None:
                os.dup2(stdin, 0)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execve(sys.executable, [sys.executable, *argv], {"TERM": "xterm", **environ})
        os._exit(127)
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    person = Person(pid, terminal)
    try:
        yield person
    finally:
        if person.exit is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(terminal)
