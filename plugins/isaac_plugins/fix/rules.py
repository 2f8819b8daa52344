"""The rules of `fix`: read from TOML, each with a reason and with examples that are tests."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

_CAPTURE = re.compile(r"\{([a-z_]+)(\.\.\.)?\}")
_BLANKS = re.compile(r"\s+")
_MOST_PLACES = 50
_AROUND_CHARS = 500


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A failed line that a rule mends: `files` are there (a folder ends with a slash), `programs` are installed."""

    line: str
    fix: str | None = None
    output: str = ""
    exit: int | None = None
    files: list[str] = []
    programs: list[str] = []


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way in which commands fail, and what works instead.

    It holds for `commands` (names, or `*`) whose words have all of `words` and none of `without`, where the output has one
    of `output`, the exit code is one of `exit`, and all facts of `when` are so. In `output`, `{name}` takes a word and
    `{name...}` the rest of a line. `fix` are lines with what was taken put in; `swap` replaces one word by another.
    `blind` is the confidence where the output is not known.
    """

    name: str
    why: str
    commands: str = "*"
    words: str = ""
    without: str = ""
    output: list[str] = []
    exit: list[int] = []
    when: list[str] = []
    fix: list[str] = []
    swap: tuple[str, str] | None = None
    confidence: float = 0.9
    blind: float = 0.0
    examples: list[Example] = []


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rule: list[Rule] = []


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """Read every rule that comes with the plugin."""
    folder = Path(__file__).with_name("rules")
    files = [
        msgspec.convert(tomllib.loads(file.read_text("utf-8")), _File)
        for file in sorted(folder.glob("*.toml"))
    ]
    return tuple(rule for file in files for rule in file.rule)


@lru_cache(maxsize=1)
def packages() -> Mapping[str, Mapping[str, str]]:
    """Read what the packages are called that bring a program, or a module of Python."""
    with Path(__file__).with_name("packages.toml").open("rb") as file:
        return tomllib.load(file)


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    parts, at = [], 0
    for match in _CAPTURE.finditer(text):
        parts.append(_literal(text[at : match.start()]))
        kind = r"[^\n]{1,400}" if match[2] else r"[^\s'\"`\u2018\u2019]{1,300}"
        parts.append(f"(?P<{match[1]}>{kind})")
        at = match.end()
    parts.append(_literal(text[at:]))
    return re.compile("".join(parts), re.IGNORECASE)


@lru_cache(maxsize=512)
def _longest(text: str) -> str:
    """Return the longest word of a pattern that stands in every output that it fits."""
    words = re.split(r"[\s'\"`\u2018\u2019]+", _CAPTURE.sub(" ", text).lower())
    return max(words, key=len)


def _literal(text: str) -> str:
    # Any quotes stand for any others, and any blanks for any others.
    escaped = re.escape(text).replace(r"\ ", " ").replace("\\\n", " ").replace("\\\t", " ")
    escaped = _BLANKS.sub(lambda _: r"\s{1,8}", escaped)
    return re.sub("['\u2018\u2019`]", lambda _: "['\u2018\u2019`\"]", escaped)


def seen_in(output: str, patterns: Sequence[str]) -> dict[str, str] | None:
    """Return what the first pattern that is in an output takes from it; None if none is."""
    small = output.lower()
    for text in patterns:
        # Most patterns are ruled out by their longest word, which is found at once.
        match = _found(text, output, small)
        if match is not None:
            return {name: value.rstrip(".,:;)").strip() for name, value in match.groupdict().items()}
    return None


def _found(text: str, output: str, small: str) -> re.Match[str] | None:
    """Look for a pattern around the places where its longest word is, so that long outputs take no long time."""
    word = _longest(text)
    at = small.find(word)
    for _ in range(_MOST_PLACES):
        if at < 0:
            return None
        match = _pattern(text).search(output, max(0, at - _AROUND_CHARS), at + 3 * _AROUND_CHARS)
        if match is not None:
            return match
        at = small.find(word, at + len(word))
    return None


def written(template: str, values: Mapping[str, str]) -> str | None:
    """Put values into a template; None if one of them is not known."""
    found = [match[1] for match in _CAPTURE.finditer(template)]
    if any(name not in values for name in found):
        return None
    return _CAPTURE.sub(lambda match: values[match[1]], template)
