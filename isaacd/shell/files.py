"""Files that a line writes itself, and runs then: `echo 'rm x' > f; sh f`; and those that others run later."""

import posixpath
from collections.abc import Iterable, Iterator

from isaacd.shell.indirect.found import SHELLS, operands, written_through
from isaacd.shell.invocation import Invocation
from isaacd.shell.syntax import Assignment, Word
from isaacd.shell.written import written

MAX_FILES = 32
_READS_FILE = SHELLS | {"source", "."}
_STARTS = frozenset(
    ".bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc .zshenv .zprofile .zlogin .zlogout .kshrc "
    ".xinitrc .xprofile .xsession .mkshrc config.fish".split()
)


class Files:
    """The text of each file that the line has written so far, as far as it is seen."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._texts)

    def run_by(self, invocation: Invocation) -> str | None:
        """Return the text that a command runs, if it is one that the line has written."""
        words = invocation.words
        if "/" in (words[0].value or ""):
            return self._texts.get(_path(words[0]))
        if invocation.name not in _READS_FILE:
            return None
        read = [*words[1:]]
        read += [
            item.target for item in invocation.redirects if item.operator == "<" and item.target is not None
        ]
        source = invocation.receives
        if source is not None and source.name == "cat":
            read += source.words[1:]
        return next((self._texts[path] for word in read if (path := _path(word)) in self._texts), None)

    def handed(self, assignments: Iterable[Assignment]) -> Iterator[str]:
        """Give the text of each file that a shell or a program is told to read first, as `BASH_ENV=FILE` does."""
        for item in assignments:
            path = _path(item.words[0]) if len(item.words) == 1 else None
            if path in self._texts:
                yield self._texts[path]

    def note(self, invocation: Invocation) -> str | None:
        """Take what a command writes into files; return what of it is run at the start of each session, or by git."""
        written_to = [*_written_to(invocation)]
        if not written_to:
            return None
        given = written_through(invocation.receives) if invocation.receives is not None else None
        inputs = tuple(item for item in invocation.redirects if item.operator in ("<<", "<<<"))
        text = written(invocation.words, inputs, given)
        later = None
        for path, adds in written_to:
            before = self._texts.pop(path, "" if not adds else None)
            if text is None or len(self._texts) >= MAX_FILES:
                continue
            self._texts[path] = (before or "") + text if adds else text
            if posixpath.basename(path) in _STARTS or ".git/hooks/" in path:
                later = text
        return later


def _written_to(invocation: Invocation) -> Iterator[tuple[str, bool]]:
    """Give each file that a command writes, and whether it adds to it."""
    for redirect in invocation.redirects:
        if redirect.writes and redirect.target is not None and redirect.descriptor in (None, 1):
            yield _path(redirect.target), redirect.operator in (">>", "&>>")
    if invocation.name == "tee":
        rest = invocation.words[1:]
        adds = any(word.value in ("-a", "--append") for word in rest)
        yield from ((_path(word), adds) for word in rest[operands(rest, frozenset()) :])


def _path(word: Word) -> str:
    value = word.value
    return posixpath.normpath(value) if value else word.raw
