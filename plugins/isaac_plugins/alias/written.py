"""Aliases as shells write them down: `alias -p` of bash, `alias -L` of zsh, `alias` of fish."""

import shlex
from collections.abc import Iterator

# Those of zsh that stand anywhere in a line, or for endings of files.
_OTHER_KINDS = ("-g", "-s")


def read_aliases(text: str) -> Iterator[tuple[str, str | None]]:
    """Give the names with what they stand for; None where a line cannot be understood."""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _read(line.strip())
        if found is not None:
            yield found


def _read(line: str) -> tuple[str, str | None] | None:
    try:
        words = shlex.split(line)
    except ValueError:
        return line.split("=")[0].removeprefix("alias ")[:60], None
    if words[:1] == ["alias"]:
        del words[0]
    if words and words[0] in _OTHER_KINDS:
        return words[1].partition("=")[0] if len(words) > 1 else words[0], None
    while words and words[0] in ("--", "-L", "-p"):
        del words[0]
    if not words:
        return None
    name, equals, value = words[0].partition("=")
    if equals and len(words) == 1:
        return name, value
    if not equals and len(words) > 1:
        return name, " ".join(words[1:])
    return name, None
