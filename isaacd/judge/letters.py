"""Characters that make a line look like another one than it is."""

import re
from collections.abc import Iterator

from isaacd.judge.verdict import Reason
from isaacd.safety.tier import Tier
from isaacd.safety.visible import is_visible

# More than that nobody reads before agreeing to it.
MAX_READ_CHARS = 4000
_SHOWN = 5
_RUN = re.compile(r"[^\W\d_]+")
# Alphabets in which letters look like Latin ones: Greek, Cyrillic, Armenian, Georgian, Cherokee, Lisu, and the letters
# of mathematics and of full width, which are Latin ones drawn otherwise.
_LOOKALIKE = re.compile(
    "[\u0370-\u03ff\u0400-\u052f\u0531-\u058f\u10a0-\u10ff\u13a0-\u13ff\u1c80-\u1c8f\u1f00-\u1fff\ua4d0-\ua4ff"
    "\ua640-\ua69f\uab70-\uabbf\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff]"
)
_LATIN = re.compile("[A-Za-z]")


def deceptive(line: str) -> Iterator[Reason]:
    """Give reasons why a person may not see what a line says."""
    if len(line) > MAX_READ_CHARS:
        yield Reason(Tier.BEYOND, f"it has {len(line):,} characters, more than anybody reads", rule="letters")
    if line.isascii() and line.isprintable():
        return
    unseen = dict.fromkeys(char for char in line if char not in "\t\n" and not is_visible(char))
    if unseen:
        named = ", ".join(f"U+{ord(char):04X}" for char in list(unseen)[:_SHOWN])
        more = "" if len(unseen) <= _SHOWN else f" and {len(unseen) - _SHOWN} more"
        text = f"it holds characters that are not seen for what they are: {named}{more}"
        yield Reason(Tier.BEYOND, text, rule="letters")
    if line.isascii():
        return
    for run in _RUN.finditer(line):
        word = run[0]
        if not word.isascii() and _LATIN.search(word) and _LOOKALIKE.search(word):
            text = f"{word[:40]} mixes letters of alphabets that look alike"
            yield Reason(Tier.BEYOND, text, word[:40], "letters")
            return
