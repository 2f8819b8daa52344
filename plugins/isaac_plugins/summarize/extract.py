"""The sentences of a text that say most, by how much each has in common with all others (TextRank; Mihalcea and Tarau, 2004)."""

import math
import re
from collections import Counter
from collections.abc import Sequence

MAX_SENTENCES = 300
_DAMPING = 0.85
_ROUNDS = 30
_LEAST_WORDS = 4
_MOST_CHARS = 500
_FENCE = re.compile(r"^(?:```|~~~)")
_END = re.compile(
    r"(?<=[.!?\u3002\uff01\uff1f])[\"'\u201d\u2019)\]]{0,2}\s+(?=[\"'\u201c\u2018(\[]?[\w`*])|(?<=[\u3002\uff01\uff1f])"
)
_SHORT = re.compile(
    r"(?:\b(?:[A-Z]|e\.g|i\.e|etc|cf|vs|Dr|Mr|Mrs|Ms|Prof|St|No|Fig|al|approx|z\.B|bzw|d\.h|usw|Nr)\.)$"
)
_WORD = re.compile(r"[^\W\d_]{3,}|\d{2,}")
_MARKS = re.compile(r"^(?:[-*+]|\d+[.)])\s+|[*_`]{1,3}|!?\[([^\]]{0,300})\]\([^)]{0,500}\)")
# Words that hold sentences together, in the languages that are met most; others are told by how usual they are in the text.
_STOP = frozenset(
    "the and for that with this from are was were has have had not but you your they their them its his her she him who which what when where "
    "will would can could should may might than then there these those into over such also any all our out about been being more most other some "
    "only own same very just does did how each few both here why under again once der die das und ist nicht mit von den dem des ein eine einer "
    "auf f\u00fcr als auch sich wird werden bei aus nach wie oder aber les des une est pas pour dans que qui sur avec par plus sont los las una que por con "
    "para como del est\u00e1 son".split()
)


def sentences_of(text: str) -> list[str]:
    """Split a text into sentences; code, tables and headings are left out, the marks of Markdown taken off."""
    found: list[str] = []
    for paragraph in _paragraphs(text):
        held = ""
        for piece in _END.split(paragraph):
            piece = f"{held} {piece}".strip() if held else piece.strip()
            if _SHORT.search(piece):
                held = piece
                continue
            held = ""
            if piece:
                found.append(piece)
        if held:
            found.append(held)
    return found


def extract(text: str, count: int, about: str | None = None) -> list[str]:
    """Return the sentences that say most, in the order of the text; of a text without sentences, its first lines."""
    sentences = [item for item in sentences_of(text) if len(item) <= _MOST_CHARS]
    full = [item for item in dict.fromkeys(sentences) if len(_WORD.findall(item)) >= _LEAST_WORDS]
    if len(full) <= count:
        return full or [line.strip()[:_MOST_CHARS] for line in text.splitlines() if line.strip()][:count]
    words = [_words(item) for item in full]
    usual = Counter(word for item in words for word in item)
    # What stands in every third sentence tells nothing.
    common = {word for word, times in usual.items() if times > max(8, len(full) / 3)}
    words = [item - common for item in words]
    places = list(range(len(full)))
    if len(places) > MAX_SENTENCES:
        places = sorted(places, key=lambda place: -_weight(words[place], usual))[:MAX_SENTENCES]
        places.sort()
    scores = _ranked([words[place] for place in places])
    wanted = _words(about) if about else set()
    worth = {
        place: score * (1.25 if place == 0 else 1.0) * (1.0 + len(words[place] & wanted))
        for place, score in zip(places, scores, strict=True)
    }
    chosen: list[int] = []
    for place in sorted(worth, key=lambda item: -worth[item]):
        # Nothing is said twice.
        if all(_likeness(words[place], words[other]) < 0.6 for other in chosen):
            chosen.append(place)
        if len(chosen) == count:
            break
    return [full[place] for place in sorted(chosen)]


def _paragraphs(text: str) -> list[str]:
    found: list[str] = []
    held: list[str] = []
    in_code = False
    for line in [*text.splitlines(), ""]:
        bare = line.strip()
        if _FENCE.match(bare):
            in_code = not in_code
            bare = ""
        ends = not bare or in_code or bare.startswith(("#", "|", "<!--", "---", "===", "- ", "* ", "+ "))
        if ends and held:
            found.append(" ".join(held))
            held = []
        if bare and not in_code and not bare.startswith(("#", "|", "<!--", "---", "===")):
            held.append(_MARKS.sub(lambda match: match[1] or "", bare))
    return found


def _words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.lower()) if word not in _STOP}


def _weight(words: set[str], usual: Counter[str]) -> float:
    return sum(usual[word] for word in words) / (len(words) + 3)


def _likeness(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))


def _ranked(words: Sequence[set[str]]) -> list[float]:
    """Score sentences by the walk of somebody who goes from one to another that has words in common with it."""
    count = len(words)
    links: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    sums = [0.0] * count
    for one in range(count):
        for other in range(one + 1, count):
            shared = len(words[one] & words[other])
            if shared:
                like = shared / (math.log(len(words[one]) + 1) + math.log(len(words[other]) + 1))
                links[one].append((other, like))
                links[other].append((one, like))
                sums[one] += like
                sums[other] += like
    scores = [1.0] * count
    for _ in range(_ROUNDS):
        scores = [
            1 - _DAMPING + _DAMPING * sum(scores[other] * like / sums[other] for other, like in links[place])
            for place in range(count)
        ]
    return scores
