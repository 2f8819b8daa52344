"""`python -m isaacd.checkup`: print what is wrong as JSON, for `isaacctl doctor`."""

import os
import sys

import msgspec

from isaacd.checkup.checks import examine
from isaacd.checkup.finding import Report, error
from isaacd.checkup.machine import Machine
from isaacd.errors import IsaacError


def main() -> int:
    """Look at this machine."""
    try:
        report = examine(Machine.here(os.environ))
    except IsaacError as problem:
        report = Report(
            looked_at=1, findings=(error("the environment", problem.message, problem.hint or ""),)
        )
    sys.stdout.buffer.write(msgspec.json.encode(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
