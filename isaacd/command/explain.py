"""What is wrong with the arguments of a call, said in the caller's own names."""

from collections.abc import Sequence

from isaacd.errors import InvalidParams

_UNKNOWN = "Object contains unknown field `"
_MISSING = "Object missing required field `"
# difflib is quadratic, and what a caller sends can be long.
_LONGEST_WORD = 60


def nearest(word: str, known: Sequence[str]) -> str | None:
    """Return the one of the known words that a mistyped one may have been meant for."""
    if not word or len(word) > _LONGEST_WORD:
        return None
    from difflib import get_close_matches

    near = get_close_matches(word.lower().replace("-", "_"), known, 1)
    return near[0] if near else None


def unknown_argument(command: str, name: str, known: Sequence[str]) -> InvalidParams:
    """Say that a command has no such argument, and which one may have been meant."""
    near = nearest(name, known)
    takes = ", ".join(f"`{item}`" for item in known) or "no arguments"
    hint = f"did you mean `{near}`?" if near else f"it takes {takes}"
    return InvalidParams(f"{command}: unknown argument `{name[:_LONGEST_WORD]}`", hint=hint)


def missing_argument(command: str, names: Sequence[str]) -> InvalidParams:
    """Say what must be given."""
    word = "argument" if len(names) == 1 else "arguments"
    shown = ", ".join(f"`{name}`" for name in names)
    return InvalidParams(f"{command}: missing {word} {shown}", detail={"missing": list(names)})


def wrong_value(complaint: str) -> tuple[str, str]:
    """Split msgspec's complaint about a value into what is wrong and where inside of the value."""
    what, _, where = complaint.partition(" - at `")
    where = where.rstrip("`").removeprefix("$")
    return what[:1].lower() + what[1:], where


def explain(command: str, known: Sequence[str], complaint: str, *, wrapped: bool = False) -> InvalidParams:
    """Turn msgspec's complaint about named arguments into a sentence about one of them.

    `wrapped` says that they came as the only element of an array, which the complaint then mentions.
    """
    what, where = wrong_value(complaint)
    if wrapped:
        where = where.removeprefix("[0]")
    path = where.removeprefix(".")
    if not path and complaint.startswith(_UNKNOWN):
        return unknown_argument(command, complaint.removeprefix(_UNKNOWN).partition("`")[0], known)
    if not path and complaint.startswith(_MISSING):
        return missing_argument(command, [complaint.removeprefix(_MISSING).partition("`")[0]])
    return InvalidParams(f"{command}: {path}: {what}" if path else f"{command}: {what}")
