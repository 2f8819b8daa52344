"""Secrets found in text that is to be shown to a model or kept for ever: where they are, and the text without them."""

import math
import re
from collections import Counter

import msgspec

from isaacd.redact import REDACTED

MAX_LINE_CHARS = 20_000
_NAMED = (
    r"(?i:(?:api[_-]?key|access[_-]?key|secret(?:[_-]?(?:key|token))?|auth[_-]?token|token|passw(?:or)?d|passphrase|credentials?"
    r"|client[_-]?secret|private[_-]?key|encryption[_-]?key))"
)
# Every pattern has a group 1, which is the secret.
_KINDS = (
    ("the private key of a pair", re.compile(r"(-----BEGIN (?:[A-Z]{1,20} ){0,4}PRIVATE KEY-----)")),
    ("a key of AWS", re.compile(r"(?<![A-Z0-9])((?:AKIA|ASIA)[A-Z0-9]{16})(?![A-Z0-9])")),
    ("a token of GitHub", re.compile(r"(?<!\w)((?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}))")),
    ("a token of GitLab", re.compile(r"(?<![\w-])(glpat-[\w-]{20,})")),
    ("a token of Slack", re.compile(r"(?<![\w-])(xox[abeoprs]-[\w-]{10,})")),
    ("a key of an AI service", re.compile(r"(?<![\w-])((?:sk|xai|gsk|pplx|nvapi)-[\w-]{20,}|sk_(?:live|test)_[\w]{16,}|hf_[A-Za-z0-9]{20,})")),
    ("a key of Google", re.compile(r"(?<!\w)(AIza[\w-]{35})")),
    ("a JSON Web Token", re.compile(r"(?<![\w-])(eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,2000})")),
    ("a password in an address", re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'$<{]{1,64}:([^\s/@\"'$<{]{3,128})@")),
    ("a value that is named as a secret", re.compile(rf"(?<![A-Za-z]){_NAMED}[\"']?\s{{0,4}}(?:=|:|=>|:=)\s{{0,4}}[\"']([^\"'\s]{{8,512}})[\"']")),
    ("a value that is named as a secret", re.compile(rf"^\s{{0,40}}(?:export\s+)?[A-Z0-9_]{{0,60}}{_NAMED}[A-Z0-9_]{{0,30}}=([^\s\"'$<]{{8,512}})\s*$")),
    ("a value that is named as a secret", re.compile(rf"^\s{{0,40}}[\w.-]{{0,40}}{_NAMED}:\s{{1,4}}([^\s\"'$<{{]{{8,512}})\s*$")),
)  # fmt: skip
_END = re.compile(r"-----END (?:[A-Z]{1,20} ){0,4}PRIVATE KEY-----")
# What stands where a secret would stand in examples, templates and code.
_HARMLESS = re.compile(
    r"(?i)^(?:x{3,}|\*+|\.+|<.*>|\$.*|\{\{?.*|%.*|your.*|my.*|the.*|change.?me.*|example.*|dummy.*|test.*|fake.*|sample.*|redacted.*|"
    r"placeholder.*|none|null|true|false|undefined|password|secret|token|.*\(.*\).*|[\w.]+\.[\w.]+\[.*|self\..*|os\..*|process\..*|env\..*)$"
)
# Words with dots, hyphens or slashes between them: names of modules, keys and paths.
_NAME_LIKE = re.compile(r"[A-Za-z_]+(?:[./:_-][A-Za-z_]+)+\Z")


class FoundSecret(msgspec.Struct, frozen=True):
    """A place that holds a secret: the line, counted from 1, and what it seems to be."""

    line: int
    kind: str


class Cleaned(msgspec.Struct, frozen=True):
    """A text without its secrets, and where they were."""

    text: str
    secrets: tuple[FoundSecret, ...]


def without_secrets(text: str) -> Cleaned:
    """Take what is certainly or probably a secret out of a text; takes time linear in its length.

    What has neither a telling name nor a telling form cannot be found. Lines are kept in number and order.
    """
    lines = text.split("\n")
    found: list[FoundSecret] = []
    inside_key = False
    for place, line in enumerate(lines):
        mark = line[:1] if line[:1] in ("+", "-", " ") else ""
        if inside_key:
            inside_key = _END.search(line) is None
            lines[place] = f"{mark}{REDACTED}"
            continue
        rest = line[len(mark) : MAX_LINE_CHARS]
        kinds = []
        for kind, pattern in _KINDS:
            cleaned, is_hit = _cleaned(rest, kind, pattern)
            if is_hit:
                kinds.append(kind)
                rest = cleaned
        if len(line) > MAX_LINE_CHARS:
            rest = f"{rest} ...cut, {len(line)} characters in all"
        lines[place] = mark + rest
        found += [FoundSecret(place + 1, kind) for kind in dict.fromkeys(kinds)]
        inside_key = "the private key of a pair" in kinds and _END.search(line) is None
    return Cleaned("\n".join(lines), tuple(found))


def _cleaned(line: str, kind: str, pattern: re.Pattern[str]) -> tuple[str, bool]:
    out, at = [], 0
    for match in pattern.finditer(line):
        value = match[1]
        if REDACTED in value or (kind.startswith("a value") and not _is_secret(value)):
            continue
        if kind.startswith("a password") and _HARMLESS.match(value):
            continue
        out += [line[at : match.start(1)], REDACTED]
        at = match.end(1)
    return ("".join([*out, line[at:]]), True) if out else (line, False)


def _is_secret(value: str) -> bool:
    """Tell whether a value could be one: no placeholder, no expression, no plain word."""
    if (
        _HARMLESS.match(value)
        or _NAME_LIKE.match(value)
        or (value.isalpha() and value.islower() and len(value) < 20)
    ):
        return False
    return _entropy(value) >= 2.5


def _entropy(value: str) -> float:
    """Return Shannon's entropy in bits a character."""
    counts = Counter(value)
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
