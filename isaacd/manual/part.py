"""One word of a line, or a part of one, with what it means."""

from typing import Literal

import msgspec

Kind = Literal[
    "command",
    "subcommand",
    "option",
    "value",
    "operand",
    "operator",
    "keyword",
    "redirect",
    "assignment",
    "function",
    "text",
]


class Part(msgspec.Struct, frozen=True):
    """One word of a line, or a part of one, with what it means; `about` is empty if nobody here knows.

    `source` names the page that says so, or `shell`. `depth` counts the commands and substitutions around it.
    """

    text: str
    kind: Kind
    about: str = ""
    source: str = ""
    depth: int = 0


class Explained(msgspec.Struct, frozen=True):
    """A line in parts, in the order in which they stand; `unknown` are those that nobody here knows."""

    parts: tuple[Part, ...]
    faults: tuple[str, ...] = ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """The words that nobody here knows."""
        return tuple(dict.fromkeys(part.text for part in self.parts if not part.about))

    @property
    def commands(self) -> tuple[str, ...]:
        """The names of the commands in it."""
        return tuple(dict.fromkeys(part.text for part in self.parts if part.kind == "command"))
