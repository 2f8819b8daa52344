"""The daemon's log, seen from outside: where it is, opening it for a new daemon, its last lines."""

import os

from isaacctl.talk import EXIT_PERMISSION, EXIT_TRY_LATER, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

TAIL_LINES = 10
TAIL_BYTES = 8192


def state_folder(environ: "Mapping[str, str]") -> str:
    """Return the folder of what Isaac keeps between its runs."""
    state = environ.get("XDG_STATE_HOME", "")
    if not state.startswith("/"):
        home = environ.get("HOME", "")
        state = (home if home.startswith("/") else _home()) + "/.local/state"
    return f"{state}/isaac"


def _home() -> str:
    """Return the home that the system knows, as the daemon takes it where HOME says nothing of use."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/nonexistent"


def log_paths(socket: str, environ: "Mapping[str, str]") -> tuple[str, str]:
    """Return where the log goes, and where it goes if that cannot be written."""
    return f"{state_folder(environ)}/isaacd.log", os.path.dirname(socket) + "/isaacd.log"


def newest_log(socket: str, environ: "Mapping[str, str]") -> str:
    """Return the log that was written last, or the usual place if there is none yet."""
    usual, beside = log_paths(socket, environ)
    ages = {}
    for path in (beside, usual):
        try:
            found = os.stat(path)
        except OSError:
            continue
        if found.st_mode & 0o170000 == 0o100000:  # nobody waits for a pipe
            ages[path] = found.st_mtime
    return max(ages, key=lambda path: ages[path]) if ages else usual


def open_log(socket: str, environ: "Mapping[str, str]") -> tuple[str, int]:
    """Open the log for appending, beside the socket if the usual place cannot be written."""
    # Without O_NONBLOCK, a pipe that lies there would be waited at until somebody reads from it.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    usual, beside = log_paths(socket, environ)
    try:
        make_directory(os.path.dirname(usual))
        return usual, os.open(usual, flags, 0o600)
    except OSError:
        pass
    try:
        return beside, os.open(beside, flags, 0o600)
    except OSError as error:
        raise cannot(f"open the log {beside}", error) from None


def make_directory(directory: str) -> None:
    """Make a directory and its parents with mode 0700, whatever the umask."""
    parent = os.path.dirname(directory)
    if parent and parent != directory and not os.path.isdir(parent):
        make_directory(parent)
    try:
        os.mkdir(directory, 0o700)
    except FileExistsError:
        return
    if os.lstat(directory).st_mode & 0o700 != 0o700:  # an unusual umask; nobody else could enter it so far
        os.chmod(directory, 0o700)


def tail(log: str, *, since: int = 0, lines: int = TAIL_LINES) -> list[str]:
    """Return the last lines of the log, none older than the byte `since`."""
    try:
        with open(os.open(log, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            size = file.seek(0, os.SEEK_END)
            since = since if since <= size else 0  # it was rotated meanwhile
            begin = max(since, size - TAIL_BYTES)
            file.seek(begin)
            found = file.read(TAIL_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    if begin > since and found:
        del found[0]  # cut in the middle
    return found[-lines:]


def cannot(what: str, error: OSError) -> Refused:
    """Say what the system refused."""
    import errno

    refused = isinstance(error, PermissionError) or error.errno == errno.EROFS
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    hint = "\n  make room there, or set ISAACD_SOCKET to a path on another disk" if full else ""
    return Refused(
        f"cannot {what}: {error.strerror or error}{hint}", EXIT_PERMISSION if refused else EXIT_TRY_LATER
    )
