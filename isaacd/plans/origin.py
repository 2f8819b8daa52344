"""Where a request comes from, by the kernel's word."""

import os
from collections.abc import Callable

import msgspec


def _nobody() -> int | None:
    return None


class Origin(msgspec.Struct, frozen=True):
    """One connection: its number, and the process at its other end, as far as that is known."""

    number: int = 0
    pid: Callable[[], int | None] = _nobody

    def owner(self, *, is_command_line: bool) -> str:
        """Return whose plans those of this request are.

        They are those of the connection. Of a command line, which has a connection for each command, they are those of
        the session of processes, that is of one terminal.
        """
        if is_command_line:
            pid = self.pid()
            try:
                if pid is not None:
                    return f"session {os.getsid(pid)}"
            except OSError:
                pass  # it has ended already, and nobody waits for an answer
        return f"connection {self.number}"


NOWHERE = Origin()
