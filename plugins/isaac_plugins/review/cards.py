"""What a review gives."""

from typing import Literal

import msgspec

from isaacd.api import Ending

Severity = Literal["error", "warning", "note"]
ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}


class Finding(msgspec.Struct, frozen=True):
    """One thing that was found: where (line 0 is the whole file), how bad, what, and by which check or model."""

    path: str
    line: int
    severity: Severity
    message: str
    source: str


class Review(Ending, frozen=True, kw_only=True):
    """All findings, by file and line; `summary` is what a model says of the whole. `files` counts what was looked at."""

    findings: list[Finding]
    files: int
    added: int
    removed: int
    checked_by: list[str]
    summary: str | None = None
    exit_code: int = 0
