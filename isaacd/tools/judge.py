"""How dangerous one call is: never less than its command declares, more where its arguments say so."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from isaacd.command import Command
from isaacd.safety.tier import Tier


class Judgement(msgspec.Struct, frozen=True):
    """The tier of one call, and the reasons for it."""

    tier: Tier
    reasons: tuple[str, ...] = ()


WHY = {
    Tier.READ: "it reads only, and nothing private",
    Tier.REVERSIBLE: "what it changes can be taken back",
    Tier.WORKING_TREE: "it changes files within the working tree",
    Tier.BEYOND: "it reaches beyond the working tree: other files, the network, or private data",
    Tier.DESTRUCTIVE: "it destroys something, cannot be taken back, or needs privileges",
}


def judge(declared: Tier, command: Command, args: Any, cwd: Path | None, home: Path | None) -> Judgement:
    """Judge a call of a command that declares a tier, with decoded `args`; their paths are absolute already.

    A path that is not an open one of the caller's working tree is BEYOND whatever the command declares: a model that
    may read a project may not read the keys beside it, nor those in the project's hidden files.
    """
    reasons = [
        reason
        for item in command.parameters
        for path in _paths_in(getattr(args, item.field))
        if (reason := _beyond(path, cwd, home)) is not None
    ]
    tier = declared.raise_to(Tier.BEYOND) if reasons else declared
    return Judgement(tier, (*reasons, WHY[declared]))


def _beyond(path: Path, cwd: Path | None, home: Path | None) -> str | None:
    """Say why a path is no business of a model's, once all links are followed; None if it may be."""
    if cwd is None:
        return f"{path} is named, and no working directory is known"
    try:
        tree, target = cwd.resolve(), (cwd / path).resolve()
        if home is not None and home.resolve().is_relative_to(tree):
            return f"{target} is named, and {tree} is no working tree but holds your whole home"
    except (OSError, RuntimeError, ValueError):  # a loop of links, or what cannot be a name
        return f"{path} cannot be resolved"
    if target.is_symlink():  # from Python 3.13 on, a loop is left as it is
        return f"{path} cannot be resolved"
    if not target.is_relative_to(tree):
        return f"{target} is outside of {tree}"
    hidden = next((part for part in target.relative_to(tree).parts if part.startswith(".")), None)
    return f"{target} is hidden by {hidden}" if hidden is not None else None


def _paths_in(value: Any) -> Iterator[Path]:
    """Find every path in a value, inside of lists and records too."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, dict):
        for pair in value.items():
            yield from _paths_in(pair)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _paths_in(item)
    elif isinstance(value, msgspec.Struct):
        yield from _paths_in([getattr(value, name) for name in value.__struct_fields__])
    elif dataclasses.is_dataclass(value):
        yield from _paths_in([getattr(value, field.name) for field in dataclasses.fields(value)])
