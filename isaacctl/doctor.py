"""`isaacctl doctor`: everything that can be wrong on this machine, with or without a daemon, and what mends it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TypedDict

import click

from isaacctl.local import Command, Line
from isaacctl.surroundings import SURROUNDINGS
from isaacctl.talk import EXIT_DEFECT, EXIT_FAILED, Refused

_COLORS = {"error": "31", "warning": "33", "note": "2"}
_TIMEOUT_S = 120.0
_ABOVE = "see above"


class Finding(TypedDict):
    """One thing that is wrong, as `isaacd.checkup` says it; a `note` is only worth knowing."""

    severity: str
    about: str
    message: str
    hint: str


@click.command("doctor", cls=Command)
@click.pass_obj
def doctor(line: Line, as_json: bool) -> None:
    """Look for what is wrong on this machine, and say how to mend it. Exits with 1 if something is.

    It looks at folders and files and who can reach them, the socket and the lock, the configuration, stored keys, proxies
    and certificates, room on the disk, every database, the clock, Python and libraries, isolation, versions on your PATH, the service and its
    fence, and the shell; with a daemon that runs also at the plugins. It changes nothing and starts nothing.

    Examples:
        isaacctl doctor
        isaacctl doctor --json | jq -r '.findings[].hint'
    """
    report = examine(line)
    findings = report["findings"]
    assert isinstance(findings, list)
    is_ill = any(item["severity"] != "note" for item in findings)
    color = os.isatty(1) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    text = [_told(item, color=color) for item in findings]
    text.append(
        "there is something to mend" if is_ill else f"all is well ({report['looked_at']} things looked at)"
    )
    line.say("\n".join(text), {**report, "healthy": not is_ill}, as_json=as_json)
    if is_ill:
        raise click.exceptions.Exit(EXIT_FAILED)


def examine(line: Line) -> dict[str, object]:
    """Return all findings, the worst first, and how many things were looked at."""
    files = _files()
    findings: list[Finding] = list(files["findings"])
    for check in SURROUNDINGS:
        findings += _safely(check, line)
    findings = [item for item in findings if not _is_said(item, findings)]
    order = {"error": 0, "warning": 1}
    findings.sort(key=lambda item: order.get(item["severity"], 2))
    return {"looked_at": files["looked_at"] + len(SURROUNDINGS), "findings": findings}


class _Report(TypedDict):
    looked_at: int
    findings: list[Finding]


def _files() -> _Report:
    """Have a process with all of Isaac in it look; it is not ours, since it may not even begin."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "isaacd.checkup"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
        )
        report: _Report = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise Refused(f"looking at the files has not ended within {_TIMEOUT_S:g} s", EXIT_DEFECT) from None
    except ValueError:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [
            f"exit code {done.returncode}"
        ]
        broken: Finding = {
            "severity": "error",
            "about": "the installation",
            "message": f"Isaac cannot be imported: {last[0]}",
            "hint": "install it anew",
        }
        return {"looked_at": 1, "findings": [broken]}
    return report


def _safely(check: Callable[[Line], Iterator[tuple[str, str, str, str]]], line: Line) -> list[Finding]:
    found: list[Finding] = []
    try:
        for severity, about, message, hint in check(line):
            found.append({"severity": severity, "about": about, "message": message, "hint": hint})
    except Exception as problem:  # noqa: BLE001 - whatever is wrong here, the other checks may say what
        message = getattr(problem, "message", "") or f"{type(problem).__name__}: {problem}"
        found.append(
            {
                "severity": "error",
                "about": check.__name__.replace("_", " "),
                "message": message,
                "hint": _ABOVE,
            }
        )
    return found


def _is_said(item: Finding, findings: list[Finding]) -> bool:
    """Say whether a check could not look because of something that another one has found and can mend."""
    return item["hint"] == _ABOVE and any(
        other["hint"] != _ABOVE and other["severity"] == "error" and other["about"] in item["message"]
        for other in findings
    )


def _told(item: Finding, *, color: bool) -> str:
    severity = item["severity"]
    shown = f"\x1b[{_COLORS.get(severity, '')}m{severity}\x1b[0m" if color else severity
    return f"{shown}: {_plain(item['about'])}: {_plain(item['message'])}\n  {_plain(item['hint'])}"


def _plain(text: str) -> str:
    """Take out what would steer a terminal: names of files are text of strangers."""
    return "".join(
        char if char.isprintable() else " " if char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text
    )
