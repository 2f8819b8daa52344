"""Finds what would work instead of a failed line: by rules, by what the output itself proposes, and by what is nearby."""

import re
import shlex
from collections.abc import Callable, Iterator
from difflib import get_close_matches

import msgspec

from isaac_plugins.fix.rules import Rule, all_rules, packages, seen_in, written
from isaac_plugins.fix.seeing import seen
from isaac_plugins.fix.situation import Situation, fact
from isaacd.api import Page

_PROPOSED = re.compile(
    r"(?:(?:the )?most similar (?:command|choice)s? (?:is|are)|did you mean(?: one of (?:these|this))?|perhaps you meant|maybe you meant"
    r"|a similar (?:command|name|subcommand) exists|similar commands?(?: are)?|tip: a similar [a-z]+ exists)"
    r"\s{0,4}[:?]?\s{0,6}(?P<words>[^\n]{1,120}(?:\n[ \t]+[^\n]{1,80}){0,6})",
    re.IGNORECASE,
)
_OPTION = re.compile(
    r"(?:unrecognized|unknown|invalid|illegal|unexpected|no such) (?:option|argument|flag|switch)s?:?\s{0,3}(?:--\s)?['\u2018`\"]?(?P<option>-{0,2}[\w?][\w-]{0,40})"
    r"|(?:flag provided but not defined): (?P<other>-{1,2}[\w-]{1,40})",
    re.IGNORECASE,
)
_MISSING_FILE = re.compile(
    r"['\u2018`\"]?(?P<path>[^\s'\u2018\u2019`\":]{1,300})['\u2019`\"]?:? (?:No such file or directory|does not exist|not found)"
    r"|No such file or directory:? ['\u2018`\"]?(?P<after>[^\s'\u2018\u2019`\"]{1,300})",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z0-9][\w./:@+-]{0,60}")
_MANAGERS = {
    "apt": "{sudo}apt install {package}",
    "apt-get": "{sudo}apt-get install {package}",
    "dnf": "{sudo}dnf install {package}",
    "pacman": "{sudo}pacman -S {package}",
    "zypper": "{sudo}zypper install {package}",
    "apk": "{sudo}apk add {package}",
    "brew": "brew install {package}",
}


class Mend(msgspec.Struct, frozen=True):
    """A line that would work instead, or only the reason (`line` empty): why, how sure, and by which rule."""

    line: str
    why: str
    confidence: float
    rule: str


def mends(around: Situation, page: Callable[[str], Page | None]) -> list[Mend]:
    """Return all that is known for a failure, the surest first; `page` finds pages of the manual. Blocks."""
    found = [
        *_by_rules(around),
        *_proposed(around),
        *_options(around, page),
        *_files(around),
        *_package(around),
        *(Mend(item.line, item.why, item.confidence, "seen") for item in seen(around)),
    ]
    best: dict[str, Mend] = {}
    for item in sorted(found, key=lambda item: -item.confidence):
        if item.line != around.line.strip() or item.rule in ("again", ""):
            best.setdefault(item.line, item)
    return list(best.values())


def _by_rules(around: Situation) -> Iterator[Mend]:
    names = {around.name, *around.words[1:2]} if around.line else set()
    for rule in all_rules():
        taken = _holds(rule, around, names)
        if taken is None:
            continue
        values, sure = taken
        why = written(rule.why, values) or rule.why
        lines = [line for line in (written(item, values) for item in rule.fix) if line]
        if rule.swap is not None:
            wrong, right = (written(item, values) for item in rule.swap)
            swapped = _swapped(around, wrong, right) if wrong is not None and right is not None else None
            lines += [swapped] if swapped else []
        for place, line in enumerate(lines):
            yield Mend(
                " ".join(line.split()) if "\n" not in line else line,
                why,
                round(sure - 0.05 * place, 2),
                rule.name,
            )
        if not lines and (around.output is not None or not rule.output):
            yield Mend("", why, round(sure * 0.5, 2), rule.name)


def _holds(rule: Rule, around: Situation, names: set[str]) -> tuple[dict[str, str], float] | None:
    """Return what a rule takes from a failure and how sure it is; None if it is about another."""
    commands = rule.commands.split()
    if rule.commands != "*" and around.line and around.name not in commands:
        return None
    words = around.words
    if any(word not in words for word in rule.words.split()) or any(
        word in words for word in rule.without.split()
    ):
        return None
    if rule.exit and around.exit is not None and around.exit not in rule.exit:
        return None
    sure = rule.confidence
    taken: dict[str, str] = {}
    if rule.output and around.output is not None:
        seen = seen_in(around.output, rule.output)
        if seen is None:
            return None
        taken = seen
    elif rule.output:
        # Without the output, only a rule that says so may guess; an exit code of 0 is no failure to guess about.
        if not rule.blind or not around.line or (rule.exit and around.exit is None):
            return None
        sure = rule.blind
    elif rule.exit and around.exit is None and around.output is None and not rule.when:
        return None
    for name in rule.when:
        told = fact(name, around)
        if told is None:
            return None
        taken |= told
    return {**around.values(), **taken}, sure


def _swapped(around: Situation, wrong: str, right: str) -> str | None:
    """Replace one word of the line by another."""
    words = around.raw_words
    places = [place for place, word in enumerate(words) if word.strip("'\"") == wrong]
    if not places:
        return None
    return " ".join(right if place == places[0] else word for place, word in enumerate(words))


def _proposed(around: Situation) -> Iterator[Mend]:
    """Take what a program itself proposes for the word that it does not know."""
    match = _PROPOSED.search(around.output or "")
    if match is None or not around.line:
        return
    proposed = [word.rstrip(".,?!:") for word in _WORD.findall(match["words"])][:8]
    words = [word.strip("'\"") for word in around.raw_words[around.begins :]]
    for place, right in enumerate(proposed):
        near = get_close_matches(right, [word for word in words if len(word) > 1], 1, 0.5)
        if near and near[0] != right:
            swapped = _swapped(around, near[0], right)
            if swapped:
                yield Mend(swapped, f"{around.name} itself proposes {right}", 0.95 - 0.05 * place, "proposed")


def _options(around: Situation, page: Callable[[str], Page | None]) -> Iterator[Mend]:
    """Look in the manual for options that look like one that is unknown."""
    match = _OPTION.search(around.output or "")
    if match is None or not around.words:
        return
    said = match["option"] or match["other"]
    typed = next(
        (word for word in around.words[1:] if word.partition("=")[0].lstrip("-") == said.lstrip("-")), None
    )
    if typed is None:
        return
    pages = [page(f"{around.name}-{word}") for word in around.words[1:2]] + [page(around.name)]
    known = dict.fromkeys(
        option for item in pages if item is not None for option in item.options if option.startswith("--")
    )
    name, equals, value = typed.partition("=")
    wanted = name if name.startswith("--") else f"-{name}"
    if wanted in known and wanted != name:
        near = [wanted]
    else:
        near = get_close_matches(wanted, known, 2, 0.7) if len(wanted) > 3 else []
    for place, right in enumerate(near):
        swapped = _swapped(around, typed, f"{right}{equals}{value}")
        if swapped:
            yield Mend(
                swapped,
                f"{around.name} has no option {name}; its manual has {right}",
                0.9 - 0.1 * place,
                "option",
            )


def _files(around: Situation) -> Iterator[Mend]:
    """Look for names that are there and look like one that is not."""
    said = None
    if around.output is not None:
        # Words of many thousand letters are no names of files.
        short = (line[:1000] for line in around.output.split("\n") if "o such file" in line or "not" in line)
        match = next(filter(None, map(_MISSING_FILE.search, short)), None)
        if match is None:
            return
        said = (match["path"] or match["after"] or "").rstrip(".,:;")
    for word in around.operands:
        if around.kind(word) != "missing" or "://" in word or (said and said.rstrip("/") != word.rstrip("/")):
            continue
        for place, near in enumerate(around.near(word, folders=around.name == "cd")):
            swapped = _swapped(around, word, shlex.quote(near))
            if swapped:
                sure = (0.9 if said else 0.75) - 0.15 * place
                yield Mend(swapped, f"{word} is not there, but {near} is", round(sure, 2), "file")


def _package(around: Situation) -> Iterator[Mend]:
    """Say which package brings a program that is missing."""
    seen = seen_in(
        around.output or "",
        ["command not found: {program}", "{program}: command not found", "{program}: not found"],
    )
    name = (seen or {}).get("program", "").rpartition("/")[2] or (around.name if around.exit == 127 else "")
    known = packages().get("programs", {}).get(name)
    if not name or known is None or name in around.programs:
        return
    manager = next((item for item in _MANAGERS if item in around.programs), None)
    if manager is None:
        yield Mend("", f"{name} is not installed; a package that brings it is called {known}", 0.5, "package")
        return
    names = dict(item.split(":", 1) for item in known.split() if ":" in item)
    package = names.get("apt" if manager == "apt-get" else manager) or known.split()[0].rpartition(":")[2]
    line = written(_MANAGERS[manager], {**around.values(), "package": package})
    if line:
        yield Mend(line, f"{name} is not installed; the package {package} brings it", 0.85, "package")
