"""Imported first by programs that need Isaac: where this Python has none, they run in an environment that has it."""

import sys
from pathlib import Path

import leash
from alone import has_isaac
from environment import InstallError, make_environment


def go(program: Path) -> int:
    """Run a program, with the arguments of this one, in an environment of its own; the exit code is the program's."""
    print(
        "Isaac is not installed for this Python: its wheel goes to an environment for this run",
        file=sys.stderr,
    )
    try:
        with leash.scratch("isaac-perf-") as scratch:
            found = make_environment(scratch)
            return leash.run([str(found.clean), str(program), *sys.argv[1:]])
    except InstallError as error:
        print(error, file=sys.stderr)
        return leash.UNABLE
    except KeyboardInterrupt:
        return leash.INTERRUPTED


if not has_isaac():
    sys.exit(go(Path(sys.argv[0]).resolve()))
