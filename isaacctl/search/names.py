"""Which files are meant: by name, kind, size and age."""

import os
import re
from collections.abc import Callable, Sequence

from isaacctl.search.ignore import Unmatchable, translate
from isaacctl.search.kinds import KINDS

_GLOB = re.compile(r"[*?\[]")


class UnknownKind(Exception):
    """A kind of file that nobody knows; the message says which may have been meant."""

    def __init__(self, kind: str) -> None:
        from difflib import get_close_matches

        near = get_close_matches(kind.lower(), KINDS, 2)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(KINDS)}"
        super().__init__(f"there is no kind of file {kind[:40]!r}\n  {hint}")


def is_smart(pattern: str, case: str) -> bool:
    """Tell whether capital letters do not matter: unless the pattern has one, or it is said."""
    return case == "ignore" or (case == "smart" and not any(char.isupper() for char in pattern))


def name_test(pattern: str, *, how: str, case: str) -> Callable[[str], object]:
    """Return what says whether a name is meant: `how` is glob, regex, fixed, or smart (a glob if it looks like one).

    An accent may be a character of its own in a name, as macOS writes it, or not, as people type it: that is one name.
    """
    from unicodedata import normalize

    test = _exact_test(normalize("NFC", pattern), how=how, case=case)
    return lambda name: test(name) or (not name.isascii() and test(normalize("NFC", name)))


def _exact_test(pattern: str, *, how: str, case: str) -> Callable[[str], object]:
    flags = re.IGNORECASE if is_smart(pattern, case) else 0
    if how == "regex":
        return re.compile(pattern, flags).search
    if how == "glob" or (how == "smart" and _GLOB.search(pattern)):
        return globbed([pattern], flags)
    return re.compile(re.escape(pattern), flags).search


def globbed(patterns: Sequence[str], flags: int = 0) -> Callable[[str], object]:
    """Return what says whether a name or path fits one of some globs; raises re.error for what is none.

    A person's `?` is a letter, and not a byte as in the files that git reads.
    """
    try:
        both = "|".join(f"(?:{translate(item, whole=True)})" for item in patterns)
    except Unmatchable:
        raise re.error(f"{patterns[0]!r} is no pattern: a bracket is not closed") from None
    return re.compile(both, flags | re.DOTALL).match


def file_test(
    wanted: Sequence[str], unwanted: Sequence[str], globs: Sequence[str]
) -> Callable[[str, str], bool] | None:
    """Return what says whether a file (name, path) is of a wanted kind and fits the globs; None if all are."""
    if not (wanted or unwanted or globs):
        return None
    for kind in (*wanted, *unwanted):
        if kind not in KINDS:
            raise UnknownKind(kind)
    kinds = globbed([glob for kind in wanted for glob in KINDS[kind].split()]) if wanted else None
    others = globbed([glob for kind in unwanted for glob in KINDS[kind].split()]) if unwanted else None
    yes = [item for item in globs if not item.startswith("!")]
    no = [item[1:] for item in globs if item.startswith("!")]
    keep, drop = (globbed(yes) if yes else None), (globbed(no) if no else None)

    def test(name: str, path: str) -> bool:
        if (kinds is not None and not kinds(name)) or (others is not None and others(name)):
            return False
        if drop is not None and (drop(name) or drop(path)):
            return False
        return keep is None or bool(keep(name) or keep(path))

    return test


def seen_file_test(options: dict[str, object]) -> Callable[[os.stat_result], bool] | None:
    """Return what says whether a file's size and age are meant; None if all are."""
    limits = [options.get(name) for name in ("larger", "smaller", "newer", "older")]
    if all(limit is None for limit in limits):
        return None
    larger, smaller, newer, older = (None if limit is None else float(str(limit)) for limit in limits)

    def test(found: os.stat_result) -> bool:
        if larger is not None and found.st_size < larger:
            return False
        if smaller is not None and found.st_size > smaller:
            return False
        if newer is not None and found.st_mtime < newer:
            return False
        return older is None or found.st_mtime <= older

    return test
