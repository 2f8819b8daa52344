"""A manual page as what a command line asks of it: what the program is for, and what each of its words means."""

import re
from collections.abc import Iterable

import msgspec

from isaacd.manual.roff import Piece, pieces

MAX_ABOUT_CHARS = 180
_SPLIT = re.compile(r"\s*(?:,|\||\bor\b|;)\s+(?=[-+<[])|,(?=[-+])|\s+/\s+(?=-)|\s+(?=--[a-z])")
_OPTION = re.compile(r"(?P<name>[-+]{1,2}(?:[A-Za-z0-9?@#%$*!:,_][\w.+?-]*|(?=$|\s)))(?P<rest>.*)", re.DOTALL)
_OPTIONAL = re.compile(r"-{1,2}\[no-?\](?P<name>[a-z][\w-]*)(?P<rest>.*)", re.DOTALL)
_SENTENCE = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\betc)(?<!\bcf)(?<=\S)(?<!\s\.)\.(?=\s|$)")
_HALF = re.compile(r"[;:](?=\s)")
_NOT_ITEMS = (
    "example",
    "see also",
    "author",
    "bugs",
    "copyright",
    "history",
    "exit",
    "files",
    "notes",
    "report",
)
_LEAD = re.compile(r"^[A-Z][A-Z0-9 ]{2,30}$")


class Item(msgspec.Struct, frozen=True):
    """What the page says of one option or word: all its names, its value as the page calls it, and a sentence.

    `value` is empty if it takes none; `is_optional` says that the value may be left out.
    """

    names: tuple[str, ...]
    value: str
    about: str
    is_optional: bool = False


class Page(msgspec.Struct, frozen=True):
    """One page: `options` by each of their names, other `words` (`bs=N`, old letters) by their first word.

    `commands` are the words of sections that are about commands.
    """

    name: str
    summary: str
    options: dict[str, Item]
    words: dict[str, Item]
    commands: dict[str, Item]


def read_page(name: str, text: str) -> Page:
    """Read a page out of its source."""
    options: dict[str, Item] = {}
    words: dict[str, Item] = {}
    commands: dict[str, Item] = {}
    summary = ""
    for section, tag, about in _entries(pieces(text)):
        low = section.lower()
        if not tag:
            if low in ("name", "bezeichnung") and not summary:
                summary = _summary(name, about)
            continue
        if low.startswith(_NOT_ITEMS) and not tag.startswith("-"):
            continue
        for item in _items(tag, _sentence(about)):
            where = options if item.names[0].startswith(("-", "+")) else words
            for own in item.names:
                known = where.get(own)
                if known is None or (not known.about and item.about):
                    where[own] = item
                if where is words and "command" in low:
                    commands.setdefault(own, item)
    return Page(name, summary, options, words, commands)


def _entries(found: Iterable[Piece]) -> Iterable[tuple[str, str, str]]:
    """Give (section, tag, text) of each paragraph; a tag is what stands above or before its paragraph."""
    section = tag = ""
    tags: list[str] = []
    text: list[str] = []
    closed = False
    for piece in found:
        if piece.kind == "section":
            yield section, tag, " ".join(text)
            section, tag, tags, text, closed = piece.text, "", [], [], False
        elif piece.kind == "tag":
            if tag and not text and tag.startswith(("-", "+")) == piece.text.startswith(("-", "+")):
                # Several tags above one paragraph.
                tag = f"{tag}, {piece.text}"
            else:
                yield section, tag, " ".join(text)
                tag, text = piece.text, []
            closed = False
        elif piece.kind == "indent":
            above = " ".join(text).strip()
            # Converters write the tag as a paragraph, and what it means indented below it.
            if above and (not tag or closed) and _is_tag(above):
                tag, text = above, []
            elif closed and tags and _is_tag(tags[-1]):
                yield section, tag, " ".join(text[:-1])
                tag, text = tags[-1], []
            closed = False
        elif piece.kind == "break":
            if text:
                closed = True
        else:
            if closed:
                yield section, tag, " ".join(text)
                tag = ""
                text = []
                closed = False
            text.append(piece.text)
    yield section, tag, " ".join(text)


def _is_tag(text: str) -> bool:
    return len(text) <= 200 and (text.startswith(("-", "+")) or len(text.split()) <= 6)


def _items(tag: str, about: str) -> Iterable[Item]:
    tag = " ".join(tag.split())
    if tag.startswith(("-", "+")):
        names: list[str] = []
        bare: set[str] = set()
        value = ""
        optional = False
        for part in _SPLIT.split(tag):
            match = _OPTION.match(part) or _OPTIONAL.match(part)
            if match is None:
                continue
            own = match["name"].rstrip(".,:;")
            own = own if own.startswith(("-", "+")) else f"--{own}"
            names.append(own)
            if match.re is _OPTIONAL:
                names.append(f"--no-{own[2:]}")
            rest = match["rest"].strip()
            if not rest:
                bare.add(own)
            else:
                optional = optional or (rest.startswith("[") and rest.endswith("]")) or own in bare
                value = value or _value(rest)
        if names:
            yield Item(tuple(dict.fromkeys(names)), value, about, optional)
        return
    first = tag.split(None, 1)
    if not first or len(tag) > 120:
        return
    for part in re.split(r",\s+|\s+\|\s+", tag)[:6]:
        word, _, rest = part.partition(" ")
        head, equals, value = word.partition("=")
        word = word.strip("'\"")
        if re.fullmatch(r"[\w][\w.@:+-]*", head.strip("'\"")):
            yield Item((f"{head}=" if equals else word,), value if equals else rest.strip()[:40], about)


def _value(rest: str) -> str:
    """Return what a tag calls the value of an option: `FILE` of `=FILE`, `[=FILE]` and ` <file>`."""
    bare = rest.strip("[]=<> ")
    # In `[address:]port` only a part of the value may be left out.
    return (bare.replace("]", "") if rest.startswith("[") else bare.split("]")[0])[:40] or "VALUE"


def _summary(name: str, text: str) -> str:
    """Return what the section NAME says behind its dash."""
    text = " ".join(text.split())
    for dash in (" - ", " \u2013 ", " -- ", " \u2014 ", "- "):
        _, found, after = text.partition(dash)
        if found:
            return after.strip()[:MAX_ABOUT_CHARS]
    return text[:MAX_ABOUT_CHARS] if text != name else ""


def _sentence(text: str) -> str:
    """Return the first sentence of a paragraph, or the first part of one that is very long."""
    text = " ".join(text.split())
    end = _SENTENCE.search(text, 12)
    if end is not None and end.start() <= MAX_ABOUT_CHARS:
        return text[: end.start()]
    if len(text) <= MAX_ABOUT_CHARS:
        return text.rstrip(".;: ")
    end = _HALF.search(text, 12)
    if end is not None and end.start() <= MAX_ABOUT_CHARS:
        return text[: end.start()]
    return text[:MAX_ABOUT_CHARS].rsplit(" ", 1)[0] + " ..."
