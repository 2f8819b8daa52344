"""The trial's own command line; `isaacctl plugin test` hands over to it."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from isaacd.errors import Cancelled, IsaacError
from isaacd.trial.steps import Step, Tried
from isaacd.trial.trial import run_trial
from isaacd.workshop.project import open_project
from isaacd.workshop.report import Report


def main(argv: Sequence[str] | None = None) -> int:
    """Try the project at the path that is given, and return the exit code: 1 if something failed."""
    parser = argparse.ArgumentParser(prog="isaacctl plugin test", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--trusted", action="store_true")
    parser.add_argument("path", type=Path)
    options = parser.parse_args(argv)
    report = Report(json=options.json, environ=os.environ)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # so that the daemon and the home are cleared away
    try:
        found = run_trial(
            open_project(options.path),
            os.environ,
            trusted=options.trusted,
            tell=lambda step: report.say(_line(step)),
            say=report.say,
        )
    except IsaacError as error:
        return report.failed(error)
    except KeyboardInterrupt:
        return report.failed(Cancelled("stopped"))
    report.result(found, _sum(found))
    return 0 if found.passed else 1


def _line(step: Step) -> str:
    line = f"{step.state:<8}{step.name:<9}{step.message}".rstrip()
    return f"{line}\n{'':17}{step.hint}" if step.hint and step.state != "passed" else line


def _sum(found: Tried) -> str:
    return f"{', '.join(found.plugins)}: {'passed' if found.passed else 'failed'}"


if __name__ == "__main__":
    sys.exit(main())
