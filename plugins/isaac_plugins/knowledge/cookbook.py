"""The cookbook: everyday tasks with their commands, read from the text files next to this module.

An entry is a block of lines: the task in one or more wordings (parted by ` | ` or on lines of their own), the
command after `$ `, one line on what it does, and perhaps a warning after `! ` and keywords after `+ `. In wordings and
commands, `{size}` or `{size=100M}` is a slot; see template.py for the kinds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One task of the cookbook."""

    tasks: tuple[str, ...]
    command: str
    description: str
    warning: str = ""
    keywords: str = ""
    area: str = ""

    @property
    def text(self) -> str:
        """Give the description together with the warning."""
        return f"{self.description} Careful: {self.warning}" if self.warning else self.description


def folder() -> Path:
    """Tell where the cookbook's files lie."""
    return Path(__file__).with_name("cookbook")


def read(place: Path) -> list[Entry]:
    """Read all areas of a cookbook."""
    return [
        entry for file in sorted(place.glob("*.txt")) for entry in parse(file.read_text("utf-8"), file.stem)
    ]


def read_tools(place: Path) -> dict[str, str]:
    """Read what the common tools are for, each in a line."""
    lines = (place / "tools.tsv").read_text("utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines)


def parse(text: str, area: str) -> Iterator[Entry]:
    """Read the entries of one area."""
    for block in text.split("\n\n"):
        lines = [line for line in block.strip().split("\n") if line and not line.startswith("# ")]
        if lines:
            yield _entry(lines, area)


def _entry(lines: list[str], area: str) -> Entry:
    tasks: list[str] = []
    command = description = warning = keywords = ""
    for line in lines:
        if not command and line.startswith("$ "):
            command = line[2:]
        elif not command:
            tasks += line.split(" | ")
        elif line.startswith("! "):
            warning = line[2:]
        elif line.startswith("+ "):
            keywords = line[2:]
        else:
            description = line
    if not (tasks and command and description):
        raise ValueError(f"cookbook area {area}: incomplete entry {lines[0]!r}")
    return Entry(tuple(tasks), command, description, warning, keywords, area)
