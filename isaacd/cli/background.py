"""Command lines that run without their caller: what they write is kept, and nobody can be asked."""

from collections.abc import Callable

from isaacd.cli.output import ERASE_LINE
from isaacd.cli.run import CommandLine
from isaacd.context import KEPT, TTY, Context, Meta, Services, Unattended
from isaacd.errors import InvalidParams
from isaacd.jobs.cards import Work
from isaacd.jobs.ports import Show, Write

# Nothing that is kept in a file should be coloured, whatever the terminal of the caller was like.
_LOOKS = frozenset({"FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES"})


class Background:
    """Carries out tasks that are command lines of isaacctl (the port Executor of isaacd.jobs)."""

    def __init__(self, command_line: Callable[[], CommandLine], services: Services) -> None:
        self._command_line = command_line
        self._services = services

    async def run(self, work: Work, write: Write, show: Show) -> int:
        """Run the line to its end and return its exit code."""
        env = {name: value for name, value in {**work.env, **work.secrets}.items() if name not in _LOOKS}
        tty = TTY(stdin=work.input is None, stdout=False, stderr=True)
        meta = Meta(cwd=work.cwd, env=env, tty=tty, caller=work.caller)
        context = Context(self._services, meta, _Kept(work.input, write, show), origin=KEPT)
        outcome = await self._command_line().run(context, list(work.argv))
        if outcome.exec:
            raise InvalidParams(
                "this command hands a program to your terminal, and a task has none",
                hint="run it in a terminal",
            )
        await write(1, _bytes(outcome.out))
        await write(2, _bytes(outcome.err))
        return outcome.exit


class _Kept(Unattended):
    """Events of a command that go to the task's output; its input is what was piped in when it was made."""

    def __init__(self, piped: bytes | None, write: Write, show: Show) -> None:
        self._piped = None if piped is None else memoryview(piped)
        self._write = write
        self._show = show

    async def emit(self, kind: str, data: object) -> None:
        """Keep what is written; the line of progress is only the newest one."""
        if not isinstance(data, str | bytes):
            return
        if kind == "err" and isinstance(data, str) and data.startswith(ERASE_LINE):
            self._show(data.removeprefix(ERASE_LINE))
        elif kind in ("out", "err"):
            await self._write(1 if kind == "out" else 2, _bytes(data))

    async def read(self, max_bytes: int) -> bytes | None:
        """Return the next bytes of the kept input."""
        if self._piped is None:
            return None
        chunk, self._piped = self._piped[:max_bytes], self._piped[max_bytes:]
        return bytes(chunk)


def _bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
