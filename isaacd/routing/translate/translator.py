"""Says in the words of one system what was said in those of another, whole or not at all."""

import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple

from isaacd.routing.translate.row import SYSTEMS, Row, System, read_rows
from isaacd.routing.translate.words import Said, pieces, written

_PLACE = {"unix": 0, "cmd": 1, "powershell": 2}

_CALLED = {"unix": "Unix", "cmd": "cmd", "powershell": "PowerShell"}


class Translated(NamedTuple):
    """A line in other words, None with the reason if there are none."""

    line: str | None
    why: str


class _Lost(Exception):
    """A word has no counterpart."""


class Translator:
    """Translates lines; the table is read at the first look."""

    def knows(self, word: str, target: System = "unix") -> bool:
        """Say whether a first word is a command of another system that can be said in this one."""
        return word.lower() in self._index[target]

    def is_shared(self, word: str, target: System = "unix") -> bool:
        """Say whether a command has the same name in both systems: `ping` is what `Test-Connection` is here."""
        return word.lower() in self._own[target]

    def translate(
        self,
        line: str,
        target: System = "unix",
        exists: Callable[[str], bool] = lambda _: False,
        name: str = "",
    ) -> Translated | None:
        """Translate a line of plain commands; None if there is more in it.

        `name` is the command that makes the line one of another system, the first word unless it is said. Others of a
        pipeline that exist are left as they are. Any word without a counterpart refuses the whole line.
        """
        first = name or (line.split(None, 1)[0] if line.split() else "")
        lost = None
        for source in self._index[target].get(first.lower(), {}):
            cut = pieces(line, source)
            if cut is None:
                continue
            try:
                said = [self._one(words, source, target, exists, first) for words in cut]
            except _Lost as error:
                lost = lost or Translated(None, str(error))
                continue
            return Translated(" | ".join(said), f"{first} is a command of {_CALLED[source]}")
        return lost

    def _one(
        self, words: list[Said], source: System, target: System, exists: Callable[[str], bool], foreign: str
    ) -> str:
        name = words[0].text
        if target == "unix" and name != foreign and exists(name):
            kept = [written(word, target) for word in words]
            if None in kept:
                raise _Lost(f"{name}: its words cannot be written here")
            return " ".join(text for text in kept if text is not None)
        by_system = self._index[target].get(name.lower(), {})
        if source not in by_system:  # `dir | Measure-Object`: people mix them
            source = next(iter(by_system), source)
        rows = by_system.get(source)
        if not rows:
            raise _Lost(f"{name} has no counterpart here")
        if source == "cmd" and name.lower() == "copy" and any("+" in word.text for word in words[1:]):
            raise _Lost("copy joins files at a +, which cp does not")
        why = None
        for row in rows:
            try:
                return _Reading(row, words, source, target).said()
            except _Lost as error:
                why = why or error
        assert why is not None
        raise why

    @functools.cached_property
    def rows(self) -> list[Row]:
        """The table."""
        return read_rows()

    @functools.cached_property
    def _own(self) -> dict[System, frozenset[str]]:
        return {system: _first_words(self.rows, system) for system in SYSTEMS}

    @functools.cached_property
    def _index(self) -> dict[System, dict[str, dict[System, list[Row]]]]:
        """By target and first word: the systems that have it, and their rows."""
        index: dict[System, dict[str, dict[System, list[Row]]]] = {system: {} for system in SYSTEMS}
        for target in SYSTEMS:
            for row in self.rows:
                for source in SYSTEMS:
                    if source == target or not row.names(target):
                        continue
                    for name in row.names(source):
                        places = index[target].setdefault(name.split()[0].lower(), {})
                        listed = places.setdefault(source, [])
                        if row not in listed:
                            # Rows that want a flag, or more words, are asked first.
                            listed.append(row)
                            listed.sort(key=lambda row: (not row.needs, -_longest(row, source)))
        return index


def _first_words(rows: list[Row], system: System) -> frozenset[str]:
    return frozenset(name.split()[0].lower() for row in rows for name in row.names(system))


def _longest(row: Row, system: System) -> int:
    return max(len(name.split()) for name in row.names(system))


class _Reading:
    """One command, read by one row."""

    def __init__(self, row: Row, words: list[Said], source: System, target: System) -> None:
        self._row = row
        self._source = source
        self._target = target
        self._name = words[0].text
        self._words = words
        self._flags: list[str] = []
        self._operands: list[Said] = []
        self._placed: dict[int, Said] = {}
        # What is needed to say it in one system goes without saying in another.
        self._needed = not any(flag.lower() in self._known for flag in row.needs.split())

    def said(self) -> str:
        """Return the command in other words; raises _Lost for a word that has none."""
        index = self._named()
        while index < len(self._words):
            index = self._word(index)
        if not self._needed:
            raise _Lost(f"{self._name}: nothing here does just this")
        operands = self._in_place()
        least, most = self._row.operands
        if not least <= len(operands) <= most:
            wants = str(least) if least == most else f"{least} to {most}" if most < 99 else f"{least} or more"
            raise _Lost(f"{self._name} with {len(operands)} operands is not understood: it takes {wants}")
        if self._row.swap:
            operands.reverse()
        texts = [self._operand(word, place) for place, word in enumerate(operands)]
        return " ".join([self._row.names(self._target)[0], *self._flags, *texts])

    def _named(self) -> int:
        """Return where the words behind the name begin; a name may have several."""
        said = [word.text.lower() for word in self._words]
        for name in sorted(self._row.names(self._source), key=len, reverse=True):
            parts = name.lower().split()
            if said[: len(parts)] == parts:
                return len(parts)
        raise _Lost(f"{self._name}: nothing here does just this")

    def _word(self, index: int) -> int:
        word = self._words[index]
        if word.quoted or not self._is_flag(word.text):
            self._operands.append(word)
            return index + 1
        for flag, value in self._split(word.text):
            index += self._flag(flag, value, self._words[index + 1] if index + 1 < len(self._words) else None)
        return index + 1

    def _is_flag(self, text: str) -> bool:
        if self._source == "cmd":
            # `-d` is as good as `/d` for most programs of Windows.
            return text[:1] == "/" or (len(text) > 1 and text[0] == "-" and "/" not in text)
        return len(text) > 1 and text[0] == "-"

    def _split(self, text: str) -> Iterator[tuple[str, str | None]]:
        """Give the flags of one word: `-la` has two, and `/s/b` too."""
        if self._source == "cmd":
            for part in text.removeprefix("/").removeprefix("-").split("/") if text[0] == "/" else [text[1:]]:
                name, colon, value = part.partition(":")
                yield (
                    (f"/{name}:", value)
                    if colon and f"/{name.lower()}:" in self._known
                    else (f"/{part}", None)
                )
        elif self._source == "powershell":
            name, colon, value = text.partition(":")
            yield name, value if colon else None
        elif text in self._known or len(text) == 2:
            yield text, None
        elif text.startswith("--"):
            name, equals, value = text.partition("=")
            yield name, value if equals else None
        elif text[:2] in self._known and self._known[text[:2]][1]:
            yield text[:2], text[2:]
        else:
            for letter in text[1:]:
                yield f"-{letter}", None

    @functools.cached_property
    def _known(self) -> dict[str, tuple[str, bool]]:
        """What each flag of this system is in the other, and whether it takes a value."""
        known: dict[str, tuple[str, bool]] = {}
        for flags in self._row.flags:
            theirs = flags[_PLACE[self._target]].split(" ", 1)[0]
            for flag in flags[_PLACE[self._source]].split():
                if flag[0] not in "~@":
                    name = flag.removesuffix("=")
                    known[name if self._source == "unix" else name.lower()] = (theirs, flag.endswith("="))
        return known

    def _flag(self, flag: str, value: str | None, following: Said | None) -> int:
        """Take one flag; return how many further words it takes."""
        name = flag if self._source == "unix" else flag.lower()
        if name not in self._known and self._source == "powershell":
            longer = [known for known in self._known if known.startswith(name)]
            name = longer[0] if len(longer) == 1 and len(name) > 1 else name
        if name not in self._known:
            raise _Lost(f"{self._name}: {flag} is not understood, so nothing of it is run")
        theirs, takes = self._known[name]
        if self._row.needs and name in self._row.needs.lower().split():
            self._needed = True
        if not theirs:
            raise _Lost(f"{self._name}: {flag} has no counterpart here, so nothing of it is run")
        used = 0
        said = Said(value) if value is not None else None
        if takes and said is None:
            if following is None:
                raise _Lost(f"{self._name}: {flag} wants a value")
            said, used = following, 1
        if not takes and value is not None:
            raise _Lost(f"{self._name}: {flag} takes no value")
        self._write_flag(theirs, said)
        return used

    def _write_flag(self, theirs: str, value: Said | None) -> None:
        if theirs == "~":
            return
        if theirs.startswith("@"):
            assert value is not None
            self._placed[int(theirs[1:])] = value
            return
        if value is None or not theirs.endswith("="):
            if theirs not in self._flags:
                self._flags.append(theirs)
            return
        text = written(value, self._target)
        if text is None:
            raise _Lost(f"{self._name}: {value.text!r} cannot be written here")
        name = theirs.removesuffix("=")
        self._flags.append(f"{name}{text}" if name.endswith(":") else f"{name} {text}")

    def _in_place(self) -> list[Said]:
        """Return the operands in order; those that were given by name take their places."""
        rest = iter(self._operands)
        found: list[Said] = []
        for place in range(1, len(self._operands) + len(self._placed) + 1):
            word = self._placed.pop(place, None) or next(rest, None)
            if word is None:
                raise _Lost(f"{self._name}: an operand is missing")
            found.append(word)
        return found

    def _operand(self, word: Said, place: int) -> str:
        text = word.text
        if place >= self._row.text:
            text = self._path(text)
        quote = self._row.quote and self._target == "unix"
        said = written(Said(text, word.quoted), self._target, quote=quote)
        if said is None or (self._target == "unix" and said.startswith("-") and self._source != "unix"):
            raise _Lost(f"{self._name}: {text!r} cannot be written here")
        return said

    def _path(self, text: str) -> str:
        if "://" in text:
            return text
        if self._target == "unix":
            if text[1:2] == ":" or text.startswith("\\\\"):
                raise _Lost(f"{self._name}: {text!r} names a drive, and there are none here")
            return "*" if text == "*.*" else text.replace("\\", "/")
        return text.replace("/", "\\") if self._target == "cmd" else text
