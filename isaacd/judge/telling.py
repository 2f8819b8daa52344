"""What the words of a command tell before any rule is asked: a call for help, and words that come by a pipe."""

from isaacd.shell.invocation import Invocation
from isaacd.shell.syntax import Word

# What these run gets arguments that are not in the line, through wrappers too.
MORE = frozenset(("xargs", "gxargs", "parallel"))
TELLS = ("--help", "--version")


def asks_for_help(words: tuple[Word, ...]) -> bool:
    """Say whether a command is only asked how it is used: `--help` or `--version` beside a word or two at most."""
    values = [word.value for word in words]
    if len(values) > 3 or not any(value in TELLS for value in values):
        return False
    return all(value is not None and (value in TELLS or value[:1].isalpha()) for value in values)


def piped_words(invocation: Invocation) -> tuple[Word, ...]:
    """Return the words that `echo` hands to a command by way of xargs, as far as they are seen."""
    source = invocation.receives
    if MORE.isdisjoint(invocation.via) or source is None or source.name not in ("echo", "printf"):
        return ()
    return tuple(
        word
        for word in source.words[1:]
        if not (word.value or "-").startswith("-") or word.value in ("--force", "-f")
    )
