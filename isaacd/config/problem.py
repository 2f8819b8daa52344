"""Where a value comes from, and what can be wrong with it."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from isaacd.errors import ConfigInvalid


class Origin(msgspec.Struct, frozen=True):
    """Where a value comes from; `name` is the file or the variable, `line` counts from 1."""

    kind: Literal["default", "file", "environment", "set"] = "default"
    name: str = ""
    line: int | None = None

    def __str__(self) -> str:
        if self.kind == "file":
            return self.name if self.line is None else f"{self.name}:{self.line}"
        words = {"default": "default", "environment": "environment", "set": "--set"}[self.kind]
        return f"{words} {self.name}".rstrip()


class Problem(msgspec.Struct, frozen=True):
    """Something wrong at one place; neither field ever holds a value that somebody wrote."""

    origin: Origin
    key: str
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        question = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{self.origin}: {self.message}{question}"

    def detail(self) -> dict[str, object]:
        """Describe it for a program."""
        return {
            "where": str(self.origin),
            "line": self.origin.line,
            "key": self.key,
            "message": self.message,
            "suggestion": self.suggestion,
        }


def refuse(problems: Iterable[Problem]) -> ConfigInvalid:
    """Make the one error that tells all problems, in the order of their lines."""
    found: Sequence[Problem] = sorted(
        problems, key=lambda item: (item.origin.kind != "file", item.origin.line or 0)
    )
    in_file = any(item.origin.kind == "file" for item in found)
    return ConfigInvalid(
        "\n".join(map(str, found)),
        hint="`isaacctl config edit` opens the file" if in_file else None,
        detail={"problems": [item.detail() for item in found]},
    )
