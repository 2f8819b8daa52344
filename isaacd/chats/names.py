"""Names of conversations: which are allowed, and one made of the first question."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from isaacd.errors import InvalidParams, NotFound

MAX_NAME_CHARS = 80
_WORD = re.compile(r"[^\W_]+")
_WORDS = 5
_MADE_CHARS = 40


def check_name(name: str) -> str:
    """Return the name without blanks around it; raises InvalidParams if no conversation can be called so."""
    name = name.strip()
    if not name or len(name) > MAX_NAME_CHARS or not name.isprintable() or name.startswith("-"):
        raise InvalidParams(
            f"{name[:MAX_NAME_CHARS]!r} is no name for a conversation",
            hint=f"take 1 to {MAX_NAME_CHARS} characters that can be seen, the first of them not a -",
        )
    return name


def made_of(text: str) -> str:
    """Make a name of the first words of a question: `Find big files!` becomes find-big-files."""
    made = "-".join(word.lower() for word in _WORD.findall(text[:500])[:_WORDS])[:_MADE_CHARS].strip("-")
    return made if made and made.isprintable() else "chat"


def free(name: str, taken: Iterable[str]) -> str:
    """Return the name, with a number if it is taken: `trip` becomes trip-2."""
    used = set(taken)
    found, number = name, 1
    while found in used:
        number += 1
        found = f"{name[: MAX_NAME_CHARS - 1 - len(str(number))]}-{number}"
    return found


def unknown(name: str, names: Iterable[str]) -> NotFound:
    """Say that there is no such conversation, and which one may have been meant."""
    near = get_close_matches(name, list(names), 2)
    hint = f"did you mean {' or '.join(near)}?" if near else "see: isaacctl chat list"
    return NotFound(f"no conversation is called {name[:MAX_NAME_CHARS]!r}", hint=hint)


def check_free(name: str, taken: Iterable[str]) -> str:
    """Return the name as `check_name` does; raises InvalidParams if another conversation has it."""
    name = check_name(name)
    if name in taken:
        raise InvalidParams(f"a conversation called {name!r} is there already", hint="take another name")
    return name
