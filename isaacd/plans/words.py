"""Words that a person gave one by one, as a line that means exactly them."""

import re
from collections.abc import Sequence

from isaacd.routing.names import KEYWORDS

_SAFE = re.compile(r"[\w@%+:,./-]+=?[\w@%+:,./=-]*", re.ASCII)


def line_of(words: Sequence[str]) -> str:
    """Return the line for what was given: a single word is one as it stands, several are a program and its arguments.

    Of several, nothing is expanded: each is quoted where any shell would make something else of it.
    """
    if len(words) == 1:
        return words[0]
    return " ".join(_quoted(word, is_first=place == 0) for place, word in enumerate(words))


def _quoted(word: str, *, is_first: bool) -> str:
    """Quote a word; the first one must be no assignment, keyword or path of a command either."""
    safe = _SAFE.fullmatch(word) is not None and not (is_first and ("=" in word or word in KEYWORDS))
    return word if safe else "'" + word.replace("'", "'\"'\"'") + "'"
