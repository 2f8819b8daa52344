"""The workshop's own command line; `isaacctl plugin` hands over to it."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from isaacd.errors import Cancelled, IsaacError
from isaacd.workshop.bundled import bundled_names
from isaacd.workshop.checking import Checked, check
from isaacd.workshop.packing import Packed, pack
from isaacd.workshop.project import open_project
from isaacd.workshop.report import Report, count
from isaacd.workshop.template import begin

Run = Callable[[argparse.Namespace, Report], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(argv)
    report = Report(json=options.json, environ=os.environ)
    run: Run = options.run
    try:
        return run(options, report)
    except IsaacError as error:
        return report.failed(error)
    except KeyboardInterrupt:
        return report.failed(Cancelled("stopped"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="isaacctl plugin", description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(name: str, run: Run) -> argparse.ArgumentParser:
        made = commands.add_parser(name)
        made.add_argument("--json", action="store_true")
        made.set_defaults(run=run)
        return made

    new = command("new", _new)
    new.add_argument("name")
    new.add_argument("--dir", type=Path, required=True)
    checked = command("check", _check)
    checked.add_argument("path", type=Path)
    checked.add_argument("--strict", action="store_true")
    packed = command("pack", _pack)
    packed.add_argument("path", type=Path)
    packed.add_argument("--out", type=Path)
    packed.add_argument("--own", action="store_true")
    return parser


def _new(options: argparse.Namespace, report: Report) -> int:
    files = begin(options.name, options.dir, bundled_names())
    folder = options.dir.absolute()
    shown = "\n".join(f"  {file.relative_to(folder)}" for file in files)
    then = f"  cd {folder}\n  isaacctl plugin test\n  isaacctl plugins install .\n  isaacctl {options.name}"
    report.result(
        {"folder": str(folder), "files": [str(file) for file in files]}, f"{folder}\n{shown}\n\nNow:\n{then}"
    )
    return 0


def _check(options: argparse.Namespace, report: Report) -> int:
    found = check(open_project(options.path), bundled_names(), os.environ)
    report.result(found, checked_text(found))
    return 1 if found.errors or (options.strict and found.findings) else 0


def checked_text(found: Checked) -> str:
    """Write what the check found: each finding with its place, then the sum."""
    lines = []
    for item in found.findings:
        lines += [f"{item.place}: {item.severity}: {item.message} [{item.rule}]", f"    {item.hint}"]
    lines += [
        f"{name}: not loaded, because {module} is not here; `isaacctl plugin test` loads it with what it needs"
        for name, module in found.not_loaded.items()
    ]
    errors, warnings = found.errors, len(found.findings) - found.errors
    names = ", ".join(found.plugins)
    if not found.findings:
        lines.append(f"{names}: nothing to complain about in {count(found.files, 'file')}")
        return "\n".join(lines)
    return "\n".join([*lines, f"{names}: {count(errors, 'error')}, {count(warnings, 'warning')}"])


def _pack(options: argparse.Namespace, report: Report) -> int:
    project = open_project(options.path)
    made = pack(project, options.out or project.root / "dist", os.environ, own=options.own)
    report.result(made, _packed_text(made))
    return 0


def _packed_text(made: Packed) -> str:
    return (
        f"{made.wheel}\n"
        f"{made.distribution} {made.version}: {count(made.files, 'file')}, {made.size_bytes} bytes, made by {made.by}\n"
        f"sha256 {made.sha256}"
    )


if __name__ == "__main__":
    sys.exit(main())
