"""The rules as they come with the program: each file is read when a command that it knows is first judged."""

import functools
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from isaacd.judge.rule import Reading, Ready, RuleFile, Style, Variable, reading, ready
from isaacd.safety.tier import Tier

RULES = Path(__file__).with_name("rules")
PLACES = "places"


class PlaceRule(msgspec.Struct, frozen=True):
    """What it means to change something in one kind of place."""

    says: str
    tiers: dict[str, Tier]
    floor: frozenset[str]


class RuleBook:
    """Rules by command.

    Reading them all would take 50 ms and more, so a file is only searched for the names in it, which takes
    microseconds, and parsed when one of them comes up.
    """

    def __init__(self, folder: Path = RULES) -> None:
        self._folder = folder
        self._readings: dict[str, Reading | None] = {}
        self._parsed: dict[str, RuleFile] = {}

    def reading(self, name: str) -> Reading | None:
        """Return what is known of a command; None if nothing is."""
        try:
            return self._readings[name]
        except KeyError:
            found = self._readings[name] = self._read(name)
            return found

    @functools.cached_property
    def places(self) -> dict[str, PlaceRule]:
        """The table of places."""
        raw = tomllib.loads(self._texts[PLACES])
        return {
            kind: PlaceRule(
                row["says"],
                {name: Tier(value) for name, value in row.items() if name not in ("says", "floor")},
                frozenset(row.get("floor", ())),
            )
            for kind, row in raw.items()
        }

    @functools.cached_property
    def variables(self) -> dict[str, Variable]:
        """The variables that change what other commands do."""
        return {
            name: variable
            for file in self._texts
            if "\n[[variable]]" in self._texts[file]
            for variable in self.file(file).variable
            for name in variable.names.split()
        }

    @property
    def names(self) -> frozenset[str]:
        """Every command that a rule is about."""
        return frozenset(self._index)

    def files(self) -> Iterator[tuple[str, RuleFile]]:
        """Give every file of rules, parsed."""
        for file in sorted(self._texts):
            if file != PLACES:
                yield file, self.file(file)

    def file(self, file: str) -> RuleFile:
        """Return one file, parsed."""
        if file not in self._parsed:
            self._parsed[file] = msgspec.convert(tomllib.loads(self._texts[file]), RuleFile)
        return self._parsed[file]

    @functools.cached_property
    def _texts(self) -> dict[str, str]:
        return {path.stem: path.read_text("utf-8") for path in sorted(self._folder.glob("*.toml"))}

    @functools.cached_property
    def _index(self) -> dict[str, set[str]]:
        """In which files each command stands."""
        index: dict[str, set[str]] = {}
        for file, text in self._texts.items():
            for line in text.split("\n"):
                if line.startswith("commands = "):
                    for name in line[11:].strip().strip("\"'").split():
                        index.setdefault(name, set()).add(file)
        return index

    def _read(self, name: str) -> Reading | None:
        files = sorted(self._index.get(name, ()))
        if not files:
            return None
        rules: list[Ready] = []
        values: set[str] = set()
        style: Style = "gnu"
        ends_options = False
        for file in files:
            parsed = self.file(file)
            rules += [ready(rule, file) for rule in parsed.rule if name in rule.commands.split()]
            for tool in parsed.tool:
                if name in tool.commands.split():
                    values |= set(tool.values.split())
                    style = tool.style
                    ends_options = ends_options or tool.ends_options
        return reading(name, tuple(rules), frozenset(values), style, ends_options=ends_options)
