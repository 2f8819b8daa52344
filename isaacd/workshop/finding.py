"""What the checks find: where, what, and what to do about it."""

from pathlib import Path
from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding; `line` counts from 1 and is 0 where the file as a whole is meant.

    An `error` keeps the plugin from working, breaks a law, or harms others; a `warning` is what its users will miss.
    """

    file: Path
    line: int = 0
    rule: str
    message: str
    hint: str
    severity: Literal["error", "warning"] = "error"

    @property
    def place(self) -> str:
        """`FILE:LINE`, as editors read it."""
        return f"{self.file}:{self.line}" if self.line else str(self.file)
