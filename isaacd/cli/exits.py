"""Exit codes: what a script learns from a command that failed (after sysexits.h where it has a word for it)."""

from isaacd.errors import (
    Cancelled,
    ConfigInvalid,
    DeadlineExceeded,
    InvalidParams,
    IsaacError,
    MethodNotFound,
    PermissionDenied,
)

OK = 0
FAILED = 1
USAGE = 2
_OF_CLASS: tuple[tuple[type[IsaacError], int], ...] = (
    (Cancelled, 130),
    (DeadlineExceeded, 124),
    (ConfigInvalid, 78),
    (PermissionDenied, 77),
    (InvalidParams, USAGE),
    (MethodNotFound, USAGE),
)
_OF_BLAME = {"caller": FAILED, "provider": 69, "plugin": 70, "daemon": 70}
_TRY_AGAIN = 75


def exit_code(error: IsaacError | type[IsaacError]) -> int:
    """Return the exit code for an error or its class: by the class where scripts decide by it, else by blame."""
    kind = error if isinstance(error, type) else type(error)
    for known, code in _OF_CLASS:
        if issubclass(kind, known):
            return code
    if kind.blame == "daemon" and kind.retryable:
        return _TRY_AGAIN
    return _OF_BLAME[kind.blame]
