"""Errors as a person reads them, and as a program does."""

from isaacd.cli.render import plain, to_json
from isaacd.context import Terminal
from isaacd.errors import IsaacError


def error_text(error: IsaacError, terminal: Terminal) -> str:
    """Write an error for a person: what happened, and what to do."""
    text = f"{terminal.style('error:', 1, 31)} {plain(error.message)}\n"
    for line in (error.hint or "").splitlines():
        text += f"  {plain(line)}\n"
    return text


def error_json(error: IsaacError, terminal: Terminal) -> str:
    """Write an error as `{"error": {...}}`, with the code and name that it has on the wire."""
    failure: dict[str, object] = {"code": error.code, "name": error.name, "message": error.message}
    for name in ("hint", "detail", "retry_after_ms"):
        if getattr(error, name) is not None:
            failure[name] = getattr(error, name)
    return to_json({"error": failure}, terminal)
