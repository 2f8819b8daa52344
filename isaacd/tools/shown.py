"""What a person is shown of a call, so that it looks like what it is."""

import re

from isaacd.safety.visible import escape, one_line

# C0 but tab and newline, DEL, C1, what cannot be sent (halves of surrogate pairs), and what is not seen but read:
# marks that order text against its order or have no width (Unicode TR 36, 3.2; TR 55), and the tag characters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
# More than that nobody reads before agreeing to it.
MAX_ASKED_CHARS = 4000
MAX_LINE_CHARS = 300


def visible(text: str) -> str:
    """Replace what steers a terminal or hides from a reader by its escape; newlines and tabs stay."""
    return _UNSEEN.sub(lambda match: escape(match[0]), text)


def line_of(name: str, arguments: dict[str, str]) -> str:
    """Write a call on one line: `knowledge.search(question="tar", limit=3)`; `arguments` are JSON texts by name."""
    return one_line(f"{name}({', '.join(f'{key}={value}' for key, value in arguments.items())})")


def short(line: str, limit: int = MAX_LINE_CHARS) -> str:
    """Cut a line in its middle, and say how much is missing."""
    if len(line) <= limit:
        return line
    half = (limit - 40) // 2
    return f"{line[:half]} ...{len(line) - 2 * half} characters more... {line[-half:]}"
