"""What is known of a request's caller: terminal, working directory, variables and wishes by its word, the rest by the kernel's."""

import os
from collections.abc import Callable, Mapping

import msgspec


class TTY(msgspec.Struct, frozen=True, gc=False):
    """Which standard streams of the caller are terminals, and how large the terminal is.

    `ended` says that there is nothing on its standard input, as with /dev/null, so that it need not be asked for any.
    """

    stdin: bool = True
    stdout: bool = False
    stderr: bool = False
    columns: int = 80
    lines: int = 24
    ended: bool = False


# Plain values only: whatever an event nests, it can then be sent.
Sink = tuple[str | int | float | bool | None, ...]


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What any request may say about itself; unknown keys are ignored.

    `deadline_ms` counts from the arrival of the request. `stream` asks for events before the response.
    `sink` is `[method, *arguments]`: the method that each event notification calls, instead of `$/event`.
    `caller` names the program that asks, for budgets and reports, such as `isaacctl` or `nvim`.
    """

    deadline_ms: int | None = None
    cwd: str | None = None
    env: dict[str, str] | None = None
    tty: TTY | None = None
    trace: str | None = None
    caller: str | None = None
    idempotency_key: str | None = None
    stream: bool = False
    sink: Sink | None = None


NO_META = Meta()


class Terminal(msgspec.Struct, frozen=True):
    """Where the output of a command goes, as far as its looks depend on that."""

    stdout: bool = False
    stderr: bool = False
    columns: int = 80
    lines: int = 24
    color: bool = False

    @classmethod
    def of(cls, tty: TTY | None, environ: Mapping[str, str]) -> "Terminal":
        """Describe the caller's terminal by its own variables.

        NO_COLOR and FORCE_COLOR (no-color.org, force-color.org), CLICOLOR, CLICOLOR_FORCE (bixense.com/clicolors) and
        TERM=dumb are obeyed; NO_COLOR wins.
        """
        tty = tty or TTY()
        color = tty.stdout and environ.get("TERM", "dumb") != "dumb" and environ.get("CLICOLOR") != "0"
        if any(environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
            color = True
        if environ.get("NO_COLOR"):
            color = False
        columns = max(20, min(tty.columns or 80, 1000))
        return cls(tty.stdout, tty.stderr, columns, max(1, tty.lines), color)

    def style(self, text: str, *codes: int) -> str:
        """Wrap `text` in SGR codes (ECMA-48: 1 bold, 2 dim, 31 red ...), or leave it plain."""
        if not self.color or not text:
            return text
        return f"\x1b[{';'.join(map(str, codes))}m{text}\x1b[0m"


def _nobody() -> int | None:
    return None


class Origin(msgspec.Struct, frozen=True):
    """Where a request comes from, by the kernel's word: one connection: its number, and the process at its other end, as far as that is known."""

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
# Nobody waits for what is answered: it is kept in a file, as that of a task.
KEPT = Origin(-1)
