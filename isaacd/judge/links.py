"""Links and mounts that a line makes itself: what is done below one is done where it leads."""

import posixpath
from collections.abc import Iterator, Sequence

from isaacd.shell.syntax import Word

MAX_LINKS = 32


class Links:
    """Where the links lead that were made so far; the paths are absolute."""

    def __init__(self) -> None:
        self._targets: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._targets)

    def add(self, target: str, name: str) -> None:
        """Take a link; one that is made in a folder has the last part of its target as name as well."""
        if len(self._targets) >= MAX_LINKS:
            return
        target = next(self.behind(target, itself=True), target)
        self._targets[name] = target
        inside = posixpath.join(name, posixpath.basename(target))
        if inside != target:
            self._targets.setdefault(inside, target)

    def behind(self, path: str, *, itself: bool) -> Iterator[str]:
        """Give where a path leads; that of a link itself only if it is followed."""
        for name, target in self._targets.items():
            if path == name and itself:
                yield target
            elif path.startswith(f"{name}/"):
                yield posixpath.normpath(posixpath.join(target, path[len(name) + 1 :]))


def linked(words: Sequence[Word]) -> tuple[list[Word], Word | None]:
    """Return what `ln -s`, `cp -s` and `mount --bind` lead to, and the name; None if that is made of the target's own."""
    name = (words[0].value or "").rpartition("/")[2]
    options = {word.value or "" for word in words[1:] if word.beginning.startswith("-")}
    letters = {letter for option in options if option[:2] != "--" for letter in option[1:]}
    if name == "cp" and "s" not in letters and "--symbolic-link" not in options:
        return [], None
    if (
        name == "mount"
        and not options & {"--bind", "--rbind", "-B", "-R"}
        and "bind" not in " ".join(word.value or "" for word in words)
    ):
        return [], None
    operands, folder = [], None
    rest = iter(words[1:])
    for word in rest:
        value = word.value or ""
        if value in ("-t", "--target-directory"):
            folder = next(rest, None)
        elif value.startswith("--target-directory="):
            return [], None
        elif value in ("-S", "--suffix", "-o", "--options"):
            next(rest, None)
        elif not word.beginning.startswith("-"):
            operands.append(word)
    if folder is not None:
        return operands, folder
    return (operands[:-1], operands[-1]) if len(operands) > 1 else (operands, None)
