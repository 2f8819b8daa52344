"""A person's own rules: theirs may raise and lower, those of a project may only raise."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from isaacd.config.file import read_file
from isaacd.config.lines import key_lines
from isaacd.config.problem import Origin, Problem
from isaacd.safety.tier import Tier

_KEYS = frozenset(("command", "options", "tier", "reason"))
_TIERS = {tier.label: tier for tier in Tier}


class Override(msgspec.Struct, frozen=True):
    """One rule of a person: `words` are the command and its subcommand, `options` any of which must be there."""

    words: tuple[str, ...]
    tier: Tier
    reason: str
    where: str
    options: tuple[str, ...] = ()
    only_raises: bool = False


class Overrides(msgspec.Struct, frozen=True):
    """All of a person's rules in one place; with `problems` a file could not be used, and caution takes its place."""

    rules: tuple[Override, ...] = ()
    problems: tuple[Problem, ...] = ()

    def __or__(self, other: "Overrides") -> "Overrides":
        return Overrides((*self.rules, *other.rules), (*self.problems, *other.problems))

    def of(self, name: str) -> list[Override]:
        """Return the rules about a command."""
        return [rule for rule in self.rules if rule.words[0] == name]


NO_OVERRIDES = Overrides()


def read_overrides(path: Path, *, only_raises: bool, home: str = "", uid: int | None = None) -> Overrides:
    """Read a `safety.toml`; never raises. A file with anything wrong in it counts as a whole for nothing."""
    file = read_file(path, home=home, uid=uid)
    if file.problems:
        return Overrides(problems=file.problems)
    if file.text is None:
        return NO_OVERRIDES
    try:
        document = tomllib.loads(file.text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", None) or _line_in(str(error))
        return Overrides(
            problems=(Problem(Origin("file", file.name, line), "", f"this is not TOML: {error}"),)
        )
    lines = key_lines(file.text)
    rules: list[Override] = []
    problems = [
        _problem(file.name, lines.get((key,)), f"there is no key {key!r} here, only [[rule]]")
        for key in document.keys() - {"rule"}
    ]
    raw = document.get("rule", [])
    if not isinstance(raw, list):
        problems.append(_problem(file.name, lines.get(("rule",)), "write [[rule]], with two brackets"))
        raw = []
    for number, item in enumerate(raw):
        line = lines.get(("rule", number))
        wrong = list(_wrong(item))
        problems += [_problem(file.name, lines.get(("rule", number, key), line), text) for key, text in wrong]
        if not wrong:
            rules.append(_override(item, f"{file.name}:{line}", only_raises=only_raises))
    problems.sort(key=lambda problem: problem.origin.line or 0)
    return Overrides(() if problems else tuple(rules), tuple(problems))


def _wrong(item: object) -> Iterable[tuple[str, str]]:
    """Give what is wrong with a rule, each with the key it is about."""
    if not isinstance(item, dict):
        yield "", "a rule is a table: [[rule]]"
        return
    for key in item.keys() - _KEYS:
        yield key, f"there is no key {key!r}; a rule has command, options, tier and reason"
    command = item.get("command")
    if not isinstance(command, str) or not command.split():
        yield "command", 'command is missing: the words of a command, such as "git push"'
    tier = item.get("tier")
    if str(tier) not in _TIERS or isinstance(tier, bool):
        yield "tier", "tier must be one of 1, 2, 2.5, 3, 4"
    if not isinstance(item.get("options", ""), str):
        yield "options", 'options are words in one text, such as "-f --force"'
    if not isinstance(item.get("reason", ""), str):
        yield "reason", "reason must be text"


def _override(item: dict[str, object], where: str, *, only_raises: bool) -> Override:
    words = tuple(str(item["command"]).split())
    options = tuple(str(item.get("options", "")).split())
    reason = str(item.get("reason", "")) or f"your own rule says so ({where})"
    return Override(words, _TIERS[str(item["tier"])], reason, where, options, only_raises)


def _problem(name: str, line: int | None, message: str) -> Problem:
    return Problem(Origin("file", name, line), "", message)


def _line_in(message: str) -> int | None:
    """Find the line in a message of tomllib, which before Python 3.14 tells it nowhere else."""
    after = message.partition("(at line ")[2]
    number = after.partition(",")[0]
    return int(number) if number.isdigit() else None
