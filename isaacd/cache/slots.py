"""Slot keys: one explanation for many command lines that differ in nothing but names and addresses."""

import re
from collections.abc import Sequence

import msgspec

from isaacd.cache.literals import Part, parts_of

MAX_COMMAND_CHARS = 500
_PIECES = re.compile(r"[A-Za-z]{3,}|[0-9]{2,}")
_WORDS = re.compile(r"[A-Za-z0-9_]+")
_DIGITS = re.compile(r"[0-9]+")
# All literals of one kind have these in common (isaacd.cache.literals).
_FIXED = re.compile(r"(?:10|172|192\.168)\.(?=[0-9.]+\Z)")
# Slots are written between two characters for private use, which no answer may contain by itself.
_OPEN, _CLOSE = "\ue000", "\ue001"
_SLOT = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")

_EXPLAIN = re.compile(
    r"(?P<before>\s*(?:please )?explain(?: (?:this|the))?(?: (?:shell|bash|msfconsole))?(?: (?:command|line|command line))?"
    r"(?:\s*:\s*|\s+(?=`)))(?P<tick>`?)(?P<line>[^\n`]+)(?P=tick)(?P<after>\s*[.?]?\s*)\Z",
    re.IGNORECASE,
)
# Quotes, expansions, patterns, several commands: what such a line means depends on more than its words.
_SHELL_SYNTAX = re.compile(r"[\"'\\$`*?\[\]{}()!#;&|<>=,%^]")
# Explaining these is close to judging them; a judgement is never shared between lines.
_GRAVE = frozenset(
    """
    chattr chgrp chmod chown dd doas eval exec fdisk find format halt iptables kill killall mkfs mount nft parted passwd
    pkill poweroff reboot rm rmdir rsync sfdisk shred shutdown su sudo systemctl tee truncate umount unlink useradd
    userdel usermod wipefs xargs
    """.split()
)
_JUDGING = re.compile(
    r"\b(?:safe(?:ly)?|unsafe|danger(?:ous|ously)?|careful(?:ly)?|caution|warning|risk[sy]?|risky|destroy\w*|destructive|irreversibl[ey]"
    r"|delete[sd]?|overwrit\w*|wipe[sd]?|malicious|harm\w*|legal|illegal|permission|don't|never|do not)\b",
    re.IGNORECASE,
)


class Explained(msgspec.Struct, frozen=True):
    """A question that asks for nothing but the explanation of one command line."""

    before: str
    line: str
    after: str


class Slotted(msgspec.Struct, frozen=True):
    """A question's pattern, and the literals that it has slots for."""

    pattern: str
    literals: tuple[str, ...]


def explained(question: str) -> Explained | None:
    """Return the command line that a question wants explained; None if it asks for anything else or more."""
    if len(question) > MAX_COMMAND_CHARS:
        return None
    match = _EXPLAIN.match(question)
    if match is None:
        return None
    before, after = " ".join(match["before"].split()).lower(), match["after"].strip()
    return Explained(before + match["tick"], match["line"].strip(), match["tick"] + after)


def slotted(question: str) -> Slotted | None:
    """Put slots in place of the literals of a command line to be explained; None if the question has none.

    Only one simple command counts, without any syntax of the shell. The command's name, its options and every word
    that is not plainly an address or a path stay. A literal that occurs twice gets the same slot.
    """
    asked = explained(question)
    if asked is None or _SHELL_SYNTAX.search(asked.line) or not asked.line.isascii():
        return None
    words = asked.line.split()
    if words[0].rpartition("/")[2] in _GRAVE or "/" in words[0]:
        return None
    literals: list[str] = []
    pattern = [words[0]]
    for word in words[1:]:
        parts = [Part(word)] if word.startswith("-") else parts_of(word)
        pattern.append("".join(_slot(part, literals) for part in parts))
    if not literals or _overlap(literals):
        return None
    return Slotted(f"{asked.before}{' '.join(pattern)}{asked.after}", tuple(literals))


def _slot(part: Part, literals: list[str]) -> str:
    if part.kind is None:
        return part.text
    if part.text not in literals:
        literals.append(part.text)
    return f"{_OPEN}{literals.index(part.text)} {part.kind}{_CLOSE}"


def _overlap(literals: Sequence[str]) -> bool:
    """Say whether one literal could be taken for a piece of another."""
    lower = [item.lower() for item in literals]
    return any(one != other and one in other for one in lower for other in lower) or len(set(lower)) < len(
        lower
    )


def abstract(answer: str, literals: Sequence[str]) -> str | None:
    """Put slots in place of the literals in an answer; None if the answer may depend on their values.

    That is so if a literal does not occur, occurs as a piece of something else, or occurs as plain prose although it
    may be a word of the language; if a piece of a literal, or a word that begins like it, is left over; and if the
    answer judges instead of explaining.
    """
    if _OPEN in answer or _CLOSE in answer or _JUDGING.search(answer):
        return None
    # In one pass, so that no literal is found in the slot of another.
    found: set[int] = set()

    def slot(match: re.Match[str]) -> str:
        number = literals.index(match[0])
        found.add(number)
        return f"{_OPEN}{number}{_CLOSE}"

    longest_first = sorted(literals, key=len, reverse=True)
    template = re.sub("|".join(map(_bounded, longest_first)), slot, answer)
    if len(found) < len(literals):
        return None
    rest = _SLOT.sub(" ", template)
    words = [word.lower() for word in _WORDS.findall(rest)]
    for literal in literals:
        if literal.lower() in rest.lower() or any(_hints(piece, words) for piece in _pieces(literal)):
            return None
    return template


def restore(template: str, literals: Sequence[str]) -> str:
    """Put literals in place of the slots of an answer."""
    return _SLOT.sub(lambda match: literals[int(match[1])], template)


def fits(answer_words: str, literals: Sequence[str]) -> bool:
    """Say whether these literals can stand in a template: none of them may hint at what the template itself says."""
    words = [word.lower() for word in _WORDS.findall(_SLOT.sub(" ", answer_words))]
    return not any(_hints(piece, words) for literal in literals for piece in _pieces(literal))


def _bounded(literal: str) -> str:
    """Return a pattern for the literal where nothing longer is meant.

    A name that could be a word of prose counts only where something marks it as a name: quotes, a slash, a dot.
    """
    body = re.escape(literal)
    if literal.isalpha():
        return rf"(?<![A-Za-z0-9_-])(?:(?<=[/.@:'\"`]){body}(?![A-Za-z0-9_-])|{body}(?=[/@'\"`]|\.[A-Za-z]))"
    return rf"(?<![A-Za-z0-9_.-]){body}(?![A-Za-z0-9_-]|\.[0-9])|(?<=/\.|['\"`\s(]\.){body}(?![A-Za-z0-9_-])"


def _pieces(literal: str) -> list[str]:
    """Return what an answer could mention of a literal; not what its kind fixes, such as the block of an address."""
    fixed = _FIXED.match(literal)
    return [piece.lower() for piece in _PIECES.findall(literal[fixed.end() :] if fixed else literal)]


def _hints(piece: str, words: Sequence[str]) -> bool:
    """Say whether any word is the piece or begins like it: `invoice` hints at `invoices2019`."""
    if piece.isdigit():
        return any(piece in _DIGITS.findall(word) for word in words)
    stem = piece[:4]
    return any(word.startswith(stem) or (len(word) > 3 and piece.startswith(word)) for word in words)
