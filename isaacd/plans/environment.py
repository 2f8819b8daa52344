"""What a caller's variables make of a line, before its first word is read."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping

from isaacd.judge.verdict import Reason
from isaacd.plans.shells import Family
from isaacd.safety.tier import Tier
from isaacd.shell.find import Commands

_FUNCTION = "BASH_FUNC_"
_LOADED = ("LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES")


def influences(
    told: Mapping[str, str], family: Family, found: Commands, is_of_the_system: Callable[[str], bool]
) -> Iterator[Reason]:
    """Give reasons why a line may not mean what it says: functions that a shell inherits, and what is loaded first."""
    if family == "bash":
        start = told.get("BASH_ENV", "")
        if start and not is_of_the_system(start):
            yield _reason(
                "bash runs the file that BASH_ENV names first, and that can change every word", "BASH_ENV"
            )
        functions = {name[len(_FUNCTION) :].partition("%")[0] for name in told if name.startswith(_FUNCTION)}
        if functions:
            for name in dict.fromkeys(item.name for item in found.invocations):
                if name is not None and name in functions:
                    yield _reason(
                        f"{name} is a function that your shell inherits, and that is not seen", name
                    )
        if "xtrace" in told.get("SHELLOPTS", "") and any(mark in told.get("PS4", "") for mark in ("$(", "`")):
            yield _reason("bash runs the command in PS4 before each one of the line", "PS4")
    for variable in _LOADED:
        libraries = told.get(variable, "").replace(":", " ").split()
        if any(not is_of_the_system(library) for library in libraries):
            yield _reason(f"{variable} loads code of its own into every program", variable)


def is_of_the_system(path: str) -> bool:
    """Say whether only root can change a file; a name without a folder is looked for in those of the system."""
    if "/" not in path:
        return True
    try:
        found = os.stat(path)  # noqa: PTH116 - a string that may be no path
    except (OSError, ValueError):
        return False
    return found.st_uid == 0 and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _reason(text: str, place: str) -> Reason:
    return Reason(Tier.BEYOND, text, place, "environment")
