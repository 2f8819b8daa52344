r"""The spool: commands that were run, one record each, until the daemon takes them into its history.

A record is one line of bytes, appended by one write, so that shells side by side never mix theirs:

    RS 1 TAB started TAB duration TAB exit TAB session TAB host TAB shell TAB cwd TAB command LF

RS is the byte 1e. `started` is in microseconds since 1970, `duration` in microseconds, `exit` the exit code; each may be
empty. In all texts a backslash, TAB, LF, RS and NUL are written `\\`, `\t`, `\n`, `\e` and `\0`; all other bytes are as
they are. A shell whose writes have a limit sends the part behind RS in pieces, which the reader puts together:

    RS + TAB id TAB number TAB piece LF    (numbers from 0)
    RS = TAB id TAB number TAB last piece LF
"""

import os

from isaacctl.logfile import make_directory, state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "commands"
MAX_COMMAND_BYTES = 1024 * 1024
_ESCAPES = ((b"\\", b"\\\\"), (b"\t", b"\\t"), (b"\n", b"\\n"), (b"\x1e", b"\\e"), (b"\0", b"\\0"))


def spool_folder(environ: "Mapping[str, str]") -> str:
    """Return the folder of the spool, whether it exists or not."""
    return state_folder(environ) + "/spool"


def open_spool(folder: str) -> int:
    """Open the spool for appending; folder and file are made if they are missing, open to nobody else.

    Raises OSError, also if the folder or the file is a symbolic link, or not this user's.
    """
    make_directory(folder)
    where = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(where)
        if found.st_uid != os.geteuid():
            raise PermissionError(f"{folder} belongs to another user")
        if found.st_mode & 0o077:
            os.fchmod(where, 0o700)
        # Without O_NONBLOCK a named pipe in its place would hold the shell up.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        spool = os.open(NAME, flags, 0o600, dir_fd=where)
    finally:
        os.close(where)
    found = os.fstat(spool)
    if found.st_mode & 0o170777 != 0o100600:
        if found.st_mode & 0o170000 != 0o100000:
            os.close(spool)
            raise PermissionError(f"{folder}/{NAME} is no file")
        os.fchmod(spool, 0o600)
    return spool


def record(
    command: str,
    *,
    started_us: int | None,
    duration_us: int | None,
    exit_code: int | None,
    session: str,
    host: str,
    shell: str,
    cwd: str,
) -> bytes:
    """Return one record; texts may hold any bytes that `os.fsdecode` makes text of."""
    numbers = [b"" if item is None else b"%d" % item for item in (started_us, duration_us, exit_code)]
    return b"\t".join((b"\x1e1", *numbers, *map(_escaped, (session, host, shell, cwd, command)))) + b"\n"


def append(folder: str, data: bytes) -> bool:
    """Append one record and say whether it is kept; never raises, since no command may fail for its history."""
    try:
        spool = open_spool(folder)
        try:
            return os.write(spool, data) == len(data)
        finally:
            os.close(spool)
    except OSError:
        return False


def remember(
    command: str,
    *,
    started_us: int,
    duration_us: int,
    exit_code: int,
    cwd: str,
    environ: "Mapping[str, str]",
    shell: str = "isaac",
) -> bool:
    """Put a command that this program has run into the spool, unless it begins with a blank or is none.

    The session is that of the shell around it (ISAAC_SESSION, which `isaacctl shell-init` sets).
    """
    if not command.strip() or command[0] == " " or len(command) > MAX_COMMAND_BYTES:
        return False
    data = record(
        command,
        started_us=started_us,
        duration_us=duration_us,
        exit_code=exit_code,
        session=environ.get("ISAAC_SESSION", ""),
        host=os.uname().nodename,
        shell=shell,
        cwd=cwd,
    )
    return append(spool_folder(environ), data)


def _escaped(text: str) -> bytes:
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # halves of surrogate pairs that stand for no byte
        data = text.encode("utf-8", "replace")
    for byte, stands in _ESCAPES:
        data = data.replace(byte, stands)
    return data
