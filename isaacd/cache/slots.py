"""Slot keys: one explanation for many command lines that differ in nothing but names and addresses."""

import re
from collections.abc import Sequence

import msgspec

from isaacd.cache.literals import Part, file_parts, host_parts

MAX_COMMAND_CHARS = 500
_PIECES = re.compile(r"[A-Za-z]{3,}|[0-9]{2,}")
_WORDS = re.compile(r"[A-Za-z0-9_]+")
_DIGITS = re.compile(r"[0-9]+")
# All addresses of one kind have these in common (isaacd.cache.literals).
_FIXED = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.(?=[0-9]+\Z)")
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
# What these do to a file, or with a machine, is the same whatever its name. Any other program may look at the name, as
# compilers, package managers and interpreters do, or do harm, which asks for a judgement; and those are never shared.
_READERS = frozenset(
    """
    bat cat cmp diff du emacs file gedit head less libreoffice ls md5sum more nano nl sha1sum sha256sum sort stat tac tail
    touch uniq vi view vim wc xdg-open
    """.split()
)
_CALLERS = frozenset("arping ftp mtr nc ncat nmap ping set setg ssh telnet tracepath traceroute".split())
_COPIERS = frozenset({"scp", "sftp"})
_JUDGING = re.compile(
    r"\b(?:safe(?:ly)?|unsafe|danger(?:ous|ously)?|careful(?:ly)?|caution|warning|risk[sy]?|risky|destroy\w*|destructive|irreversibl[ey]"
    r"|delete[sd]?|overwrit\w*|wipe[sd]?|malicious|harm\w*|legal|illegal|permission|don't|never|do not)\b",
    re.IGNORECASE,
)
# An answer that guesses what a name stands for.
_GUESSING = re.compile(
    r"\b(?:probabl[ey]|presumabl[ey]|perhaps|maybe|might|could be|may be|likely|seem\w*|appear\w*|apparent\w*|suggest\w*|impl(?:y|ies)"
    r"|guess\w*|assum\w*|judging|named?|called|known as|stands? for|short for|refers? to|related to|about|famous|popular|well-known"
    r"|typical\w*|usual\w*|common\w*|convention\w*|default\w*)\b",
    re.IGNORECASE,
)
# Words that every answer has, and that are no hint at a name which begins like them.
_FILLERS = frozenset(
    "all and any are but can did each for from had has how its line may more not now off one out see set".split()
) | frozenset("that the them then this two use via was who will with you your".split())


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

    Only one simple command of a known program counts, without any syntax of the shell. Its name, its options and every
    word that is not plainly a private address or a document stay. A literal that occurs twice gets the same slot.
    """
    asked = explained(question)
    if asked is None or _SHELL_SYNTAX.search(asked.line) or not asked.line.isascii():
        return None
    words = asked.line.split()
    literals: list[str] = []
    pattern = [words[0]]
    for word in words[1:]:
        parts = [Part(word)] if word.startswith("-") else _parts(words[0], word)
        pattern.append("".join(_slot(part, literals) for part in parts))
    if not literals or _overlap(literals):
        return None
    return Slotted(f"{asked.before}{' '.join(pattern)}{asked.after}", tuple(literals))


def _parts(program: str, word: str) -> list[Part]:
    if program in _READERS:
        return file_parts(word)
    if program in _CALLERS:
        return host_parts(word)
    if program not in _COPIERS:
        return [Part(word)]
    host, colon, path = word.partition(":")
    return [*host_parts(host), Part(colon), *file_parts(path)] if colon else file_parts(word)


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
    answer judges or guesses instead of explaining.
    """
    if _OPEN in answer or _CLOSE in answer or _JUDGING.search(answer) or _GUESSING.search(answer):
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
        if (
            literal.lower() in rest.lower()
            or _has_neighbour(literal, rest)
            or any(_hints(piece, words) for piece in _pieces(literal))
        ):
            return None
    return template


def restore(template: str, literals: Sequence[str]) -> str:
    """Put literals in place of the slots of an answer."""
    return _SLOT.sub(lambda match: literals[int(match[1])], template)


def fits(answer_words: str, literals: Sequence[str]) -> bool:
    """Say whether these literals can stand in a template: none of them may hint at what the template itself says."""
    words = [word.lower() for word in _WORDS.findall(_SLOT.sub(" ", answer_words))]
    return not any(_hints(piece, words) for literal in literals for piece in _pieces(literal))


def _has_neighbour(literal: str, text: str) -> bool:
    """Say whether the text speaks of another address of the literal's network."""
    fixed = _FIXED.match(literal)
    return fixed is not None and re.search(re.escape(fixed[0]) + r"(?!0(?:/|\b))[0-9]", text) is not None


def _bounded(literal: str) -> str:
    """Return a pattern for the literal where nothing longer is meant.

    A name that could be a word of prose counts only where something marks it as a name: quotes, a slash, a dot.
    """
    body = re.escape(literal)
    if literal.isalpha():
        return rf"(?<![A-Za-z0-9_-])(?:(?<=[/.@:'\"`]){body}(?![A-Za-z0-9_-])|{body}(?=[/@'\"`]|\.[A-Za-z]))"
    return rf"(?<![A-Za-z0-9_.-]){body}(?![A-Za-z0-9_-]|\.[0-9])|(?<=/\.|['\"`\s(]\.){body}(?![A-Za-z0-9_-])"


def _pieces(literal: str) -> list[str]:
    """Return what an answer could mention of a literal; not what its kind fixes, which is the network of an address."""
    fixed = _FIXED.match(literal)
    if fixed is not None:
        return [literal[fixed.end() :]]
    return [piece.lower() for piece in _PIECES.findall(literal)]


def _hints(piece: str, words: Sequence[str]) -> bool:
    """Say whether any word is the piece or begins like it: `invoice` hints at `invoices2019`."""
    if piece.isdigit():
        return any(piece in _DIGITS.findall(word) for word in words)
    stem = piece[:4]
    return any(
        word.startswith(stem) or (len(word) > 2 and word not in _FILLERS and piece.startswith(word))
        for word in words
    )
