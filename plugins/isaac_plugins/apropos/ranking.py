"""Which programs fit a purpose best."""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

_WORD = re.compile(r"[a-z0-9]+")
# Words that say nothing of a purpose.
_IDLE = frozenset(
    "a an and or the of for to in on at by from with into is are be it its as this that these how do i can my me what which "
    "want need show tell please command program tool tools utility using use".split()
)
# What people say, and what pages say.
_SAME = {
    "dir": "directory", "dirs": "directory", "folder": "directory", "folders": "directory", "delete": "remove",
    "erase": "remove", "zip": "compress", "unzip": "extract", "unpack": "extract", "pic": "image", "picture": "image",
    "photo": "image", "pid": "process", "task": "process", "ram": "memory", "net": "network", "lookup": "search",
    "locate": "find", "web": "http", "pwd": "password", "diff": "compare", "difference": "compare", "ip": "address",
}  # fmt: skip
_PART_CHARS = 4
_ENDINGS = ("ations", "ation", "ing", "ers", "er", "ies", "ed", "es", "s", "y", "e")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A program for a purpose: what it is, where that is from (`manual`, `knowledge`, `programs`), whether it is here.

    `example` is a line that does it, if Isaac knows one. `score` compares the rows of one answer, from 0 to 1.
    """

    name: str
    about: str
    source: str
    installed: bool
    example: str | None = None
    score: float


def stem(word: str) -> str:
    """Take the ending off a word, so that `compressing` and `compress` are one."""
    word = _SAME.get(word, word)
    for ending in _ENDINGS:
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word


def stems(text: str) -> list[str]:
    """Return the words of a text that say something, without their endings."""
    return [stem(word) for word in _WORD.findall(text.lower()) if word not in _IDLE]


def parts_of(purpose: str) -> list[str]:
    """Return beginnings of words, one of which every page has that could fit."""
    wanted = set(stems(purpose))
    likewise = {word for word, means in _SAME.items() if stem(means) in wanted}
    return sorted({word[:_PART_CHARS] for word in wanted | likewise})


def score(wanted: Sequence[str], name: str, about: str) -> float:
    """Return how well a program fits, from 0 to 1: how many of the words it has, and where."""
    if not wanted:
        return 0.0
    of_name = set(stems(name.replace("-", " ").replace("_", " "))) | {stem(name.lower())}
    said = stems(about)
    of_about = set(said)
    total = 0.0
    for word in wanted:
        if word in of_name:
            total += 1.0
        elif word in of_about:
            # What comes early in a summary is what it is about.
            total += 0.9 - 0.3 * min(1.0, said.index(word) / 10)
        elif len(word) > 3 and word in name.lower():
            total += 0.5
        elif len(word) > 3 and any(
            other.startswith(word) or word.startswith(other) for other in of_about if len(other) > 3
        ):
            total += 0.45
    found = total / len(wanted)
    # A short summary that has all words is about nothing else.
    return max(0.0, found - 0.004 * min(len(said), 25))


def best(
    purpose: str,
    pages: Iterable[tuple[str, str, str]],
    installed: frozenset[str],
    known: Mapping[str, tuple[str, str, float]],
    limit: int,
) -> list[Found]:
    """Rank pages (name, section, summary), programs, and what Isaac knows: by program an example, its text and its weight."""
    wanted = list(dict.fromkeys(stems(purpose)))
    rows: dict[str, Found] = {}
    for name, section, about in pages:
        points = score(wanted, name, about)
        if points <= 0.2:
            continue
        points -= 0.0 if section == "1" else 0.03
        points -= 0.0 if name in installed else 0.08
        found = Found(name=name, about=about, source="manual", installed=name in installed, score=points)
        if name not in rows or rows[name].score < points:
            rows[name] = found
    for name, (example, about, weight) in known.items():
        page = rows.get(name)
        points = (
            0.25 + 0.7 * weight + (0.25 * page.score if page else 0.0) - (0.0 if name in installed else 0.1)
        )
        rows[name] = Found(
            name=name,
            about=page.about if page else about,
            source="manual" if page else "knowledge",
            installed=name in installed,
            example=example,
            score=max(points, page.score if page else 0.0),
        )
    for name in installed:
        if name not in rows and len(wanted) == 1 and len(wanted[0]) > 2 and wanted[0] in name.lower():
            rows[name] = Found(
                name=name, about="", source="programs", installed=True, score=0.3 * len(wanted[0]) / len(name)
            )
    ranked = sorted(rows.values(), key=lambda row: (-row.score, len(row.name), row.name))[:limit]
    top = max((row.score for row in ranked), default=1.0)
    scale = max(1.0, top)
    return [msgspec.structs.replace(row, score=round(min(1.0, row.score / scale), 3)) for row in ranked]
