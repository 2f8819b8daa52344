"""What a program of the workshop tells: for people in lines, for programs in JSON."""

import sys
from collections.abc import Mapping

from isaacd.cli.exits import exit_code
from isaacd.cli.failure import error_json, error_text
from isaacd.cli.render import plain, to_json
from isaacd.context import TTY, Terminal
from isaacd.errors import IsaacError


class Report:
    """Where results go: standard output for what was asked for, standard error for what happens meanwhile."""

    def __init__(self, *, json: bool, environ: Mapping[str, str]) -> None:
        shape = TTY(stdout=sys.stdout.isatty(), stderr=sys.stderr.isatty())
        self._json = json
        self._terminal = Terminal.of(shape, environ)

    def result(self, value: object, text: str) -> None:
        """Tell a result: `value` for programs, `text` for people."""
        out = to_json(value, self._terminal) if self._json else plain(text)
        sys.stdout.write(out if out.endswith("\n") or not out else out + "\n")
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """Tell what happens; on standard error, so that it is never mixed with a result."""
        sys.stderr.write(plain(text) + "\n")
        sys.stderr.flush()

    def failed(self, error: IsaacError) -> int:
        """Tell an error and return the exit code for it."""
        if self._json:
            sys.stdout.write(error_json(error, self._terminal))
        else:
            sys.stderr.write(error_text(error, self._terminal))
        return exit_code(error)


def count(number: int, word: str) -> str:
    """Write a number of things."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
