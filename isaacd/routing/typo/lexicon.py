"""Words that may have been meant, and which of them are near to one that was typed."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from isaacd.routing.typo.distance import DOUBLED, MAX_CHARS, MISSING, NEIGHBOUR, distance

_LETTERS = {letter: 1 << place for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz0123456789-_.")}
_LIMITS = (0.0, 0.0, 1.05, 1.15, 1.3, 1.6, 1.75, 1.9, 1.9, 2.0)
REMEMBERED = 512
# Words with the fewest letters that the typed one has not; comparing all would cost what nobody gains.
MAX_CLOSE = 60
# How much likeness a usual word is worth.
WEIGHT = 0.7


class Near(NamedTuple):
    """A word near to the typed one: `cost` is what the slips cost, `score` also counts how unusual the word is."""

    score: float
    word: str
    cost: float


def limit_for(word: str) -> float:
    """Return how much the slips in a word may cost; short words are near to everything."""
    return _LIMITS[len(word)] if len(word) < len(_LIMITS) else 2.2


class Lexicon:
    """Words with how unusual each is, from 0 (the most usual) to 1; safe to share, as nothing in it changes."""

    def __init__(self, words: Mapping[str, float]) -> None:
        self._unusual = words
        self._by_length: dict[int, list[tuple[int, str]]] = {}
        for word in words:
            if len(word) <= MAX_CHARS:
                self._by_length.setdefault(len(word), []).append((_letters(word), word))
        self._found: dict[str, tuple[Near, ...]] = {}

    def __contains__(self, word: str) -> bool:
        return word in self._unusual

    def __len__(self) -> int:
        return len(self._unusual)

    def unusual(self, word: str) -> float:
        """Return how unusual a word is, from 0 to 1."""
        return self._unusual.get(word, 1.0)

    def near(self, word: str) -> tuple[Near, ...]:
        """Return up to five words that may have been meant, the likeliest first."""
        found = self._found.get(word)
        if found is None:
            if len(self._found) >= REMEMBERED:
                self._found.clear()
            found = self._found[word] = tuple(self._near(word))
        return found

    def beginning(self, word: str) -> list[str]:
        """Return the words that begin with this one."""
        return [other for other in self._unusual if other.startswith(word)]

    def _near(self, word: str) -> list[Near]:
        limit = limit_for(word)
        if not limit or len(word) > MAX_CHARS:
            return []
        letters = _letters(word)
        reach = int(limit / DOUBLED)
        close = []
        for length in range(max(1, len(word) - reach), len(word) + reach + 1):
            apart = abs(len(word) - length)
            # Each letter more or less is one in the set or none, each other slip two.
            most = apart + 2 * (limit - DOUBLED * apart) / NEIGHBOUR
            bucket = self._by_length.get(length, ())
            for other, candidate in [pair for pair in bucket if (pair[0] ^ letters).bit_count() <= most]:
                extra, missing = (letters & ~other).bit_count(), (other & ~letters).bit_count()
                # The least that letters which are in one word only can cost.
                least = NEIGHBOUR * min(extra, missing) + MISSING * abs(extra - missing)
                if least <= limit:
                    close.append((least, candidate))
        close.sort()
        found = []
        for least, candidate in close[:MAX_CLOSE]:
            if least > limit:
                break
            cost = distance(word, candidate, limit)
            if 0 < cost <= limit:
                found.append(Near(cost + WEIGHT * self._unusual[candidate], candidate, cost))
                # What is so much worse than another cannot become the best by being usual.
                limit = min(limit, cost + WEIGHT + 0.5)
        found.sort()
        return found[:5]


def _letters(word: str) -> int:
    letters = 0
    for letter in word.lower():
        letters |= _LETTERS.get(letter, 1 << 40)
    return letters


def ranked(words: Iterable[str], *, least: float = 0.0, most: float = 1.0) -> dict[str, float]:
    """Rate words that come in order, the most usual first."""
    listed = list(dict.fromkeys(words))
    step = (most - least) / max(1, len(listed))
    return {word: least + place * step for place, word in enumerate(listed)}
