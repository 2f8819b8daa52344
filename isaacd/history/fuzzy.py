"""Lines that are near to what somebody remembers of them: letters left out, and letters mistyped."""

from collections.abc import Sequence

_WORD_STARTS = frozenset(" /-_=.:,'\"|&;(")
# How much worse a line is for being old, compared with gaps between letters.
_AGE = 0.15
_MAX_SLIPS = 2
_MIN_CHARS_FOR_SLIPS = 4


def near(text: str, lines: Sequence[str], limit: int) -> list[int]:
    """Return the places of the lines that fit, the best first; `lines` are the latest first.

    Every word of the text has to be in the line, its letters in their order, perhaps with others in between. Where
    that gives nothing, a word may also have up to two mistakes.
    """
    words = text.lower().split()
    if not words:
        return list(range(min(limit, len(lines))))
    scored: list[tuple[float, int]] = []
    for place, line in enumerate(lines):
        score = _score(words, line.lower())
        if score is not None:
            scored.append((score + _AGE * place / max(1, len(lines)), place))
    if not scored:
        scored = _mistyped(words, lines)
    scored.sort()
    return [place for _, place in scored[:limit]]


def _score(words: Sequence[str], line: str) -> float | None:
    """Return how well a line fits, the less the better; None if it does not."""
    total = 0.0
    for word in words:
        at = line.find(word)
        if at >= 0:
            total -= 1.0 + (at == 0 or line[at - 1] in _WORD_STARTS)
            continue
        gaps = _gaps(word, line)
        if gaps is None:
            return None
        total += gaps
    return total / len(words) + min(len(line), 500) / 5000


def _gaps(word: str, line: str) -> float | None:
    """Return how far apart the letters of a word stand, those at the start of words counting as next to each other."""
    at = -1
    gaps = 0.0
    for letter in word:
        found = line.find(letter, at + 1)
        if found < 0:
            return None
        if at >= 0 and found > at + 1 and line[found - 1] not in _WORD_STARTS:
            gaps += min(4, found - at - 1)
        at = found
    # Letters all over a line are a coincidence.
    return gaps / len(word) if gaps <= 3 * len(word) else None


def _mistyped(words: Sequence[str], lines: Sequence[str]) -> list[tuple[float, int]]:
    slips: dict[tuple[str, str], int] = {}
    scored = []
    for place, line in enumerate(lines):
        parts = {part for part in line.lower().split()[:40] if len(part) <= 40}
        total = 0
        for word in words:
            best = _MAX_SLIPS + 1
            for part in parts:
                if abs(len(part) - len(word)) <= _MAX_SLIPS:
                    pair = (word, part)
                    if pair not in slips:
                        slips[pair] = distance(word, part)
                    best = min(best, slips[pair])
            total += best
            if best > _allowed(word):
                break
        else:
            scored.append((total + place / max(1, len(lines)), place))
    return scored


def _allowed(word: str) -> int:
    return 0 if len(word) < _MIN_CHARS_FOR_SLIPS else 1 if len(word) < 6 else _MAX_SLIPS


def distance(one: str, other: str) -> int:
    """Return how many letters are wrong, missing, superfluous, or have changed places with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, second in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != second))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == second:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
