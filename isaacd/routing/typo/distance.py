"""How far what was typed is from what may have been meant, on a keyboard.

This is the optimal string alignment distance (Damerau 1964, Boytsov 2011) with a price for each slip, over what is
left when the common beginning and end are taken off: 2 us for a usual pair. rapidfuzz has no prices for keys, and
costs an import of compiled code at the first typo; the letters a candidate cannot have in common are sorted out before
(see `lexicon`), so there are few pairs to compare.
"""

_ROWS = ("`1234567890-=", "qwertyuiop[]\\", "asdfghjkl;'", "zxcvbnm,./")
_OFFSETS = (0.0, 1.5, 1.75, 2.25)
MAX_CHARS = 40

NEIGHBOUR, TWINS, CASE = 0.75, 0.4, 0.25
OTHER_KEY, SWAPPED, EXTRA, MISSING, DOUBLED = 1.1, 0.7, 0.95, 0.85, 0.5
FIRST = 0.15


def _neighbours() -> frozenset[str]:
    """Return the pairs of keys that touch each other."""
    places = {
        key: (row, column + offset)
        for row, (keys, offset) in enumerate(zip(_ROWS, _OFFSETS, strict=True))
        for column, key in enumerate(keys)
    }
    return frozenset(
        one + other
        for one, (row, column) in places.items()
        for other, (row2, column2) in places.items()
        if one != other and abs(row - row2) <= 1 and abs(column - column2) <= 1.0
    )


NEIGHBOURS = _neighbours()
_LOOK_ALIKE = frozenset(("-_", "_-", "0o", "o0", "1l", "l1"))


def substitution(typed: str, meant: str) -> float:
    """Return the price of one key for another."""
    if typed.lower() == meant.lower():
        return CASE
    pair = typed.lower() + meant.lower()
    return TWINS if pair in _LOOK_ALIKE else NEIGHBOUR if pair in NEIGHBOURS else OTHER_KEY


def distance(typed: str, meant: str, limit: float) -> float:
    """Return the price of all slips between two words; anything above `limit` only says that it is more."""
    if typed == meant:
        return 0.0
    start, end, end2 = 0, len(typed), len(meant)
    shortest = min(end, end2)
    if abs(end - end2) * DOUBLED > limit or max(end, end2) > MAX_CHARS:
        return limit + 1
    while start < shortest and typed[start] == meant[start]:
        start += 1
    while end > start and end2 > start and typed[end - 1] == meant[end2 - 1]:
        end -= 1
        end2 -= 1
    first = FIRST if start == 0 else 0.0
    one, other = typed[start:end], meant[start:end2]
    before_one, before_other = typed[start - 1 : start], meant[start - 1 : start]
    after_one, after_other = typed[end : end + 1], meant[end2 : end2 + 1]
    if not other:
        return first + _run(one, before_one, after_one, EXTRA)
    if not one:
        return first + _run(other, before_other, after_other, MISSING)
    return first + _aligned(one, other, before_one, before_other, limit)


def _run(letters: str, before: str, after: str, price: float) -> float:
    """Return the price of letters that are too many, or missing; one like its neighbour was only held too long."""
    total = 0.0
    for letter in letters:
        total += DOUBLED if letter in (before, after) else price
        before = letter
    return total


_USUAL = "abcdefghijklmnopqrstuvwxyz0123456789-_."
_PRICES = {one + other: substitution(one, other) for one in _USUAL for other in _USUAL if one != other}


def _aligned(typed: str, meant: str, before_typed: str, before_meant: str, limit: float) -> float:
    width = len(meant)
    missing = [0.0]
    above2: list[float] = []
    above = [0.0]
    last = before_meant
    for letter in meant:
        price = DOUBLED if letter == last else MISSING
        missing.append(price)
        above.append(above[-1] + price)
        last = letter
    previous = before_typed
    for row, key in enumerate(typed):
        extra = DOUBLED if key == previous else EXTRA
        cell = above[0] + extra
        line = [cell]
        last = ""
        for column, letter in enumerate(meant, 1):
            best = above[column - 1]
            if key != letter:
                price = _PRICES.get(key + letter, 0.0)
                best += price or substitution(key, letter)
                if row and key == last and previous == letter:
                    best = min(best, above2[column - 2] + SWAPPED)
            # Plain comparisons: this is the innermost loop of all.
            if above[column] + extra < best:
                best = above[column] + extra
            if cell + missing[column] < best:
                best = cell + missing[column]
            cell = best
            line.append(cell)
            last = letter
        if min(line) > limit and min(above) > limit:
            return limit + 1
        above2, above, previous = above, line, key
    return above[width]
