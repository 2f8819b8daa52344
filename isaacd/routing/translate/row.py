"""The shape of a translation, and the table of them."""

from pathlib import Path
from typing import Literal

import msgspec

ROWS = Path(__file__).with_name("rows.toml")
System = Literal["unix", "cmd", "powershell"]
SYSTEMS: tuple[System, ...] = ("unix", "cmd", "powershell")


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One command in three systems; the head of rows.toml says what each key means."""

    unix: list[str]
    cmd: list[str]
    powershell: list[str]
    flags: list[tuple[str, str, str]] = []
    operands: tuple[int, int] = (0, 99)
    text: int = 0
    needs: str = ""
    # Both operands change places.
    swap: bool = False
    # Patterns are for the command, not for the shell.
    quote: bool = False
    examples: dict[str, str] = {}
    back: dict[str, str] = {}

    def names(self, system: System) -> list[str]:
        """Return what it is called in a system."""
        return {"unix": self.unix, "cmd": self.cmd, "powershell": self.powershell}[system]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rows, as they stand in the file."""

    row: list[Row]


def read_rows(path: Path = ROWS) -> list[Row]:
    """Read the table."""
    import tomllib

    return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Table, strict=False).row
