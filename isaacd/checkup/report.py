"""`python -m isaacd.checkup.report FILE`: write a bug report of what comes as JSON on standard input."""

import os
import sys
from pathlib import Path

import msgspec

from isaacd.checkup.bundle import bundle
from isaacd.checkup.machine import Machine
from isaacd.cli.exits import exit_code
from isaacd.errors import IsaacError


def main(argv: list[str]) -> int:
    """Write it and print the names of what is in it."""
    told = msgspec.json.decode(sys.stdin.buffer.read(), type=dict[str, object])
    try:
        names: object = bundle(Machine.here(os.environ), told, Path(argv[0]))
    except IsaacError as error:
        sys.stdout.buffer.write(msgspec.json.encode({"error": error.message, "hint": error.hint}))
        return exit_code(error)
    sys.stdout.buffer.write(msgspec.json.encode({"names": names}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
