"""A command with slots: what is known is put in, quoted so that it can never become more than one word."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

# What may stand in a slot, by kind. `path` and `any` may hold everything printable, because they are quoted.
_CHARSETS = {
    "path": r"[^\x00-\x1f\x7f]{1,4096}",
    "any": r"[^\x00-\x1f\x7f]{1,4096}",
    "wild": r"[\w.*?/~@%+=:,\[\]-]{1,4096}",
    "word": r"[\w][\w.@%+:/=-]{0,254}",
    "host": r"[A-Za-z0-9][A-Za-z0-9.:-]{0,252}",
    "user": r"[a-z_A-Z][\w.-]{0,31}\$?",
    "number": r"[0-9]{1,18}",
    "size": r"[0-9]{1,12}[a-zA-Z]{0,2}",
    "mode": r"[0-7]{3,4}|[ugoa]*[-+=][rwxXst]+(?:,[ugoa]*[-+=][rwxXst]+)*",
    "var": r"[A-Za-z_][A-Za-z0-9_]{0,63}",
    "url": r"[a-z]+://[^\s\x00-\x1f\x7f'\"<>]{1,2000}",
    "ref": r"[\w][\w./~^@{}-]{0,200}",
    "moment": r"[\w:/.+ -]{1,40}",
    "words": r"[\w./=:,@%+ -]{1,400}",
}
_KINDS = {
    "path": "dir file dest mountpoint device archive script patch",
    "any": "pattern text glob message query command key value delimiter char suffix prefix old new",
    "wild": "files",
    "word": "name service package process container image pod chart session tag remote database table module "
    "method encoding shell zone fstype interface email version ext job",
    "host": "host ip domain",
    "user": "user group",
    "number": "days minutes hours seconds count number line column depth port pid percent width height month year",
    "size": "size",
    "mode": "mode",
    "var": "var signal",
    "url": "url",
    "ref": "branch commit",
    "moment": "date time start duration",
}
SLOTS = {slot: kind for kind, slots in _KINDS.items() for slot in slots.split()}
"""Every kind of slot that a command may have, with the kind of value it takes."""

_SLOT = re.compile(r"(?<!\{)\{([a-z]+)([2-9]?)(?:=((?:'[^']*')|[^{}']*))?\}")
_VARIABLE = re.compile(r"(~|\$\{?[A-Za-z_][A-Za-z0-9_]*\}?)(/.*)?\Z", re.DOTALL)
_QUOTED_TEXT = re.compile(r"[\w .,:;@%+=/~-]{1,400}")
_SED = {"old": re.compile(r"([\\/|.*\[\]^$])"), "new": re.compile(r"([\\/|&])")}


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a value; `quote` is the quotation mark around it, `sed` whether that is a script of sed."""

    name: str
    base: str
    default: str | None
    quote: str
    sed: bool


@dataclass(frozen=True, slots=True)
class Filled:
    """A command ready to be shown: what still has to be replaced by hand, and what was only assumed."""

    command: str
    missing: tuple[str, ...]
    assumed: tuple[str, ...]
    used: int


@lru_cache(maxsize=4096)
def parse(template: str) -> tuple[str | Slot, ...]:
    """Cut a template into literal text and slots."""
    pieces: list[str | Slot] = []
    position = 0
    for match in _SLOT.finditer(template):
        if match[1] not in SLOTS:
            continue
        before = template[position : match.start()]
        if before:
            pieces.append(before)
        default = match[3]
        quote = _open_quote(template[: match.start()])
        sed = bool(quote) and "sed " in template[: match.start()]
        pieces.append(Slot(match[1] + match[2], match[1], default, quote, sed))
        position = match.end()
    if position < len(template):
        pieces.append(template[position:])
    return tuple(pieces)


def names(template: str) -> list[str]:
    """List the slots of a template, each once."""
    return list(dict.fromkeys(piece.name for piece in parse(template) if isinstance(piece, Slot)))


def fill(template: str, values: Mapping[str, str]) -> Filled:
    """Put values into the slots; a value that does not fit its slot is left out and the default stays."""
    out: list[str] = []
    missing: dict[str, None] = {}
    assumed: dict[str, None] = {}
    used: dict[str, None] = {}
    for piece in parse(template):
        if isinstance(piece, str):
            out.append(piece)
            continue
        value = values.get(piece.name)
        text = None if value is None else put(piece, value, _starts_word(out))
        if text is not None:
            used[piece.name] = None
        elif piece.default is None:
            text = piece.name.upper()
            missing[text] = None
        else:
            text = _default(piece)
            assumed[text] = None
        out.append(text)
    return Filled("".join(out), tuple(missing), tuple(assumed), len(used))


def put(slot: Slot, value: str, starts_word: bool) -> str | None:
    """Quote a value for its place; None if it must not stand there."""
    kind = SLOTS[slot.base]
    if (
        kind == "any"
        and slot.base == "command"
        and slot.default is not None
        and not slot.default.startswith("'")
    ):
        kind = "words"
    if not re.fullmatch(_CHARSETS[kind], value) or not value.strip():
        return None
    if value[0] == "-" and (kind == "path" or kind == "wild"):
        value = "./" + value
    if value[0] == "-" and kind != "mode":
        return None
    if slot.quote:
        return _inside_quotes(slot, value)
    if kind in ("wild", "words"):
        return value
    return _word(value) if kind == "path" and starts_word else shlex.quote(value)


def _inside_quotes(slot: Slot, value: str) -> str | None:
    if slot.sed and slot.base in _SED and slot.quote == "'":
        return _SED[slot.base].sub(r"\\\1", value).replace("'", "'\\''")
    return value if _QUOTED_TEXT.fullmatch(value) and not (slot.sed and "/" in value) else None


def _word(value: str) -> str:
    """Quote a path, but let a leading ~ or $NAME keep its meaning."""
    match = _VARIABLE.fullmatch(value)
    if match is None:
        return shlex.quote(value)
    head = match[1] if match[1] == "~" else f'"{match[1]}"'
    tail = match[2] or ""
    if tail in ("", "/"):
        return head + tail
    return f"{head}/{shlex.quote(tail[1:])}"


def _default(slot: Slot) -> str:
    default = slot.default or ""
    if slot.quote:
        return default.strip("'")
    if default.startswith("'"):
        return shlex.quote(default.strip("'"))
    if slot.base in ("command", "files"):
        return default
    return _word(default)


def _starts_word(out: Sequence[str]) -> bool:
    return not out or out[-1][-1:] in (" ", "(", "<", ">", "")


def _open_quote(text: str) -> str:
    """Tell which quotation mark is open at the end of a text."""
    quote = ""
    escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
    return quote
