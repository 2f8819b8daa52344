"""What is known of tools for typos: usual commands, their subcommands and long options, and what other tools call them."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from isaacd.judge.book import RuleBook
from isaacd.routing.typo.lexicon import Lexicon, ranked

WORDS = Path(__file__).resolve().parents[1] / "words"
_EVERYWHERE = ("--help", "--version")


class Names(Protocol):
    """Further words from elsewhere, such as pages of manuals or a person's history; each answer is quick."""

    def commands(self) -> Mapping[str, float]:
        """Return names of commands, each with how unusual it is, from 0 to 1."""
        ...

    def subcommands(self, tool: str) -> frozenset[str]:
        """Return subcommands that were seen of a tool."""
        ...

    def often(self, line: str) -> float:
        """Return how often a person has typed such a line, from 0 (never) to 1."""
        ...


class NoNames:
    """Knows no further words."""

    def commands(self) -> Mapping[str, float]:
        """Return none."""
        return {}

    def subcommands(self, tool: str) -> frozenset[str]:
        """Return none."""
        return frozenset()

    def often(self, line: str) -> float:
        """Return never."""
        return 0.0


class Subcommands(NamedTuple):
    """The subcommands of a tool; if they are not `all` of them, an unknown word may be right."""

    words: Lexicon
    all: bool


class Tools:
    """Reads the files of words when they are first needed."""

    def __init__(self, book: RuleBook, names: Names | None = None, folder: Path = WORDS) -> None:
        self._book = book
        self.names = names or NoNames()
        self._folder = folder
        self._subcommands: dict[str, Subcommands | None] = {}
        self._flags: dict[str, Lexicon] = {}

    @functools.cached_property
    def commands(self) -> dict[str, float]:
        """The commands that are known, installed or not, with how unusual each is."""
        words = [word for line in _lines(self._folder / "commands.txt") for word in line.split()]
        known = dict.fromkeys(sorted(self._book.names), 0.9)
        known.update(self.names.commands())
        return {**known, **ranked(words, most=0.6)}

    def subcommands(self, path: str) -> Subcommands | None:
        """Return the subcommands of `git`, or `git stash`; None if it takes none that are known."""
        if path not in self._subcommands:
            self._subcommands[path] = self._find(path)
        return self._subcommands[path]

    def meant(self, path: str, word: str) -> str | None:
        """Return what a word that other tools use is called here."""
        return self._meant.get(path, {}).get(word)

    def flags(self, tool: str) -> Lexicon:
        """Return long options of a tool that are known; they are never all."""
        found = self._flags.get(tool)
        if found is None:
            reading = self._book.reading(tool)
            listed = dict.fromkeys(self._usual_flags.get(tool, ()), 0.2)
            one_dash = reading is not None and reading.style in ("words", "single")
            known = [
                flag
                for flag in sorted(reading.known if reading else ())
                if flag.startswith("--") or (one_dash and flag[:1] == "-" and len(flag) > 4)
            ]
            everywhere = dict.fromkeys(_EVERYWHERE, 0.0)
            found = self._flags[tool] = Lexicon({**dict.fromkeys(known, 0.3), **listed, **everywhere})
        return found

    def _find(self, path: str) -> Subcommands | None:
        listed = self._listed.get(path)
        if listed is None:
            return None
        words, whole = listed
        tool = path.partition(" ")[0]
        more = self._ruled(tool) | self.names.subcommands(tool) if tool == path else frozenset()
        unusual = dict.fromkeys(words, 0.2) | {word: 0.3 for word in sorted(more) if word not in words}
        return Subcommands(Lexicon(unusual), whole)

    def _ruled(self, tool: str) -> frozenset[str]:
        """Return the subcommands that a rule of the judge is about."""
        reading = self._book.reading(tool)
        paths = [path for rule in reading.rules for path in rule.paths] if reading else []
        return frozenset(path[0] for path in paths if path and path[0].replace("-", "").isalnum())

    @functools.cached_property
    def _listed(self) -> dict[str, tuple[tuple[str, ...], bool]]:
        found = {}
        for line in _lines(self._folder / "subcommands.txt"):
            head, _, words = line.partition(": ")
            tool = head.removesuffix(" +")
            found[tool] = (tuple(words.split()), tool == head)
        return found

    @functools.cached_property
    def _usual_flags(self) -> dict[str, list[str]]:
        lines = (line.partition(": ") for line in _lines(self._folder / "flags.txt"))
        return {tool: flags.split() for tool, _, flags in lines}

    @functools.cached_property
    def _meant(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for line in _lines(self._folder / "meant.txt"):
            tool, _, pairs = line.partition(": ")
            found[tool] = dict(pair.split("=", 1) for pair in pairs.split())
        return found


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text("utf-8").splitlines() if line and not line.startswith("#")]
