"""What a person says about routing: names of their own, rules of their own, and whether mistakes are corrected."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

Dialect = Literal["unix", "powershell", "cmd"]


class OwnRule(msgspec.Struct, frozen=True):
    """A rule of a person or a plugin about whole lines: `pattern`, in which one `*` stands for anything.

    Then the line runs as `run`, whose `*` is what stood there, or is refused with the sentence `refuse`, or is a
    question (`ask`).
    """

    name: str
    pattern: str
    run: str | None = None
    ask: bool = False
    refuse: str | None = None


# A plugin's rule: gets a line, and returns another to go on with, or None.
Rewrite = Callable[[str], str | None]


class Settings(msgspec.Struct, frozen=True):
    """The wishes of one caller."""

    aliases: Mapping[str, str] = {}
    rules: Sequence[OwnRule] = ()
    rewrites: Mapping[str, Rewrite] = {}
    translate: bool = True
    autocorrect: bool = False
    dialect: Dialect = "unix"
    # Aliases and functions of the caller's own shell, as far as it told them.
    shell_names: frozenset[str] = frozenset()
