"""Why a plugin cannot be imported, for whoever writes it: what went wrong, in which line, and what to do about it."""

import os
from pathlib import Path

from isaacd.errors import IsaacError

_BRING_ALONG = (
    "what a plugin needs comes along if it is installed as a project, with `dependencies` in its pyproject.toml:"
    " isaacctl plugins install FOLDER"
)


def why_not(error: BaseException, root: Path) -> tuple[str, str | None]:
    """Return a sentence and a hint, if there is one; `root` is the plugin's file or folder."""
    hint = None
    if isinstance(error, IsaacError):
        reason, hint = error.message, error.hint
    else:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("isaac"):
        hint = _BRING_ALONG
    place = _place(error, root)
    return (reason if place is None or ", line " in reason else f"{reason} ({place})"), hint


def _place(error: BaseException, root: Path) -> str | None:
    """Say where in the plugin's own files it happened: the last line of those on the way to it."""
    base, found = str(root), None
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file == base or file.startswith(base + os.sep):
            found = f"{os.path.relpath(file, os.path.dirname(base))}, line {trace.tb_lineno}"  # noqa: PTH120
        trace = trace.tb_next
    return found
