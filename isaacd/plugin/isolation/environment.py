"""The environment that isolated code gets: names that cannot hold a secret, and places of its own."""

from collections.abc import Mapping
from pathlib import Path

# What a plugin may know of its caller: where, in which language, and what its terminal can do.
_CALLERS = frozenset(
    "CLICOLOR CLICOLOR_FORCE COLUMNS EDITOR FORCE_COLOR HOME LANG LANGUAGE LINES LOGNAME NO_COLOR PATH PWD SHELL TERM"
    " TZ USER VISUAL".split()
)
_OWN = frozenset("LANG LANGUAGE TZ".split())
_LOCALE = "LC_"


def callers(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what isolated code may see of the environment of the one who calls it."""
    return {name: value for name, value in environ.items() if name in _CALLERS or name.startswith(_LOCALE)}


def own(environ: Mapping[str, str], home: Path, temporary: Path) -> dict[str, str]:
    """Return the environment of the process itself: `~` and temporary files are in folders of its own."""
    kept = {name: value for name, value in environ.items() if name in _OWN or name.startswith(_LOCALE)}
    return {**kept, "HOME": str(home), "TMPDIR": str(temporary), "PATH": "/usr/bin:/bin"}
