"""One thing that is wrong."""

import shlex
from pathlib import Path
from typing import Literal

import msgspec

Severity = Literal["error", "warning"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong: `about` names a file or a part, `hint` says how to mend it, as a command where there is one."""

    severity: Severity
    about: str
    message: str
    hint: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found, and how many things were looked at."""

    looked_at: int
    findings: tuple[Finding, ...]


def error(about: str | Path, message: str, hint: str) -> Finding:
    """Say that something does not work, or is not safe."""
    return Finding(severity="error", about=str(about), message=message, hint=hint)


def warning(about: str | Path, message: str, hint: str) -> Finding:
    """Say that something works, but not as it could."""
    return Finding(severity="warning", about=str(about), message=message, hint=hint)


def quoted(path: Path) -> str:
    """Return a path as a shell takes it."""
    return shlex.quote(str(path))
