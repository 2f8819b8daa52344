"""Variables that name a pager or an editor as everybody has one: those change nothing of what a line does."""

import re

from isaacd.shell.influence import LINE_VARIABLES
from isaacd.shell.syntax import Assignment

# Programs that show or edit the text that they are given, and do nothing else unless they are told to.
_USUAL = frozenset(
    "cat less more most bat batcat delta true : vi vim nvim nano micro code subl gedit hx".split()
)
_FLAGS = re.compile(
    r"-[A-Za-z]{1,8}|--(?:wait|color-only|plain|paging=never|style=plain|quit-if-one-screen|no-init)"
)


def is_usual(assignment: Assignment) -> bool:
    """Say whether an assignment only names a usual program, and gives it no orders."""
    if assignment.name not in LINE_VARIABLES or len(assignment.words) > 1:
        return False
    value = assignment.words[0].value if assignment.words else ""
    if value is None:
        return False
    words = value.split()
    return not words or (words[0] in _USUAL and all(_FLAGS.fullmatch(word) for word in words[1:]))
