"""The editor that a person has chosen."""

import os
import shlex
from collections.abc import Mapping

from isaacd.errors import InvalidParams, NotFound

_USUAL = ("editor", "nano", "vim", "vi")


def editor_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words that start $VISUAL, $EDITOR or the first usual editor there is.

    Raises InvalidParams if the variable is no command line, NotFound if there is no editor.
    """
    wanted = environ.get("VISUAL") or environ.get("EDITOR") or ""
    try:
        words = shlex.split(wanted)
    except ValueError as error:
        raise InvalidParams(
            f"VISUAL or EDITOR is no command line: {error}", hint="export EDITOR=vi"
        ) from None
    from shutil import which  # brings bz2 and lzma, 2 ms that a daemon's start can do without

    search = environ.get("PATH", os.defpath)
    known = words or [name for name in _USUAL if which(name, path=search)][:1]
    if not known:
        raise NotFound("there is no editor", hint="export EDITOR=...")
    return tuple(known)
