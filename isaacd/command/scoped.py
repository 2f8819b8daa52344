"""What a token has to be good for to call a command with these arguments."""

from collections.abc import Collection
from pathlib import Path

from isaacd.command.command import Command
from isaacd.tokens.scope import ADMIN, Scope

# Arguments that are data, or the name of a file that holds it: which of the two shows only in the value.
_FILES_AS_TEXT = {"ask": "schema"}


def needed(command: Command, given: Collection[str], texts: Collection[str] = ()) -> Scope:
    """Return the scope that a call needs; `given` are the names of its arguments, `texts` of those that are text.

    A question that names a file of this machine is more than a question: the daemon would read whatever is named.
    """
    if command.scope == ADMIN or _FILES_AS_TEXT.get(command.name) in texts:
        return ADMIN
    names_a_file = any(
        item.inner is Path and (item.name in given or item.field in given) for item in command.parameters
    )
    return ADMIN if names_a_file else command.scope
