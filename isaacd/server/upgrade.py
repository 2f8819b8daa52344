"""A client of another build than the daemon's: which of the two is newer."""

import re

_NUMBERS = re.compile(r"\d{1,9}")
_LONGEST = 64


def is_newer(version: str, than: str) -> bool:
    """Tell whether a version is newer than another, by the numbers before any `+` or `-`; what is none is not."""
    return _numbers(version) > _numbers(than)


def _numbers(version: str) -> tuple[int, ...]:
    public = re.split(r"[+-]", version[:_LONGEST], maxsplit=1)[0]
    numbers = [int(number) for number in _NUMBERS.findall(public)]
    while numbers and not numbers[-1]:
        numbers.pop()  # 1.0 is 1
    return tuple(numbers)
