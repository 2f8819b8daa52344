"""A client of another build than the daemon's: which of the two is newer, and how the daemon becomes the newer one."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import isaacd

# The service manager restarts what ends with it (Restart=on-failure), and has the socket and the connections.
EXIT_RESTART = 75
_NUMBERS = re.compile(r"\d{1,9}")
_VERSION = re.compile(r'^__version__ = "([^"\n]{1,64})"$', re.MULTILINE)
_LONGEST = 64


def is_newer(version: str, than: str) -> bool:
    """Tell whether a version is newer than another, by the numbers before any `+` or `-`; what is none is not."""
    return _numbers(version) > _numbers(than)


def installed_version(package: Path | None = None) -> str:
    """Return the version that would start now in this one's place, "" if that cannot be known."""
    file = Path(isaacd.__file__) if package is None else package / "__init__.py"
    try:
        found = _VERSION.search(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return found[1] if found else ""


def become(sets: Sequence[str], *, socket_fd: int, lock_fd: int) -> None:
    """Run what is installed now in this process, with the listening socket and the lock; raises OSError if it cannot.

    Nobody can come in between: the lock stays held, and who connects meanwhile waits in the socket's queue.
    """
    for descriptor in (socket_fd, lock_fd):
        os.set_inheritable(descriptor, True)
    handed = ("--socket-fd", str(socket_fd), "--lock-fd", str(lock_fd))
    changed = [word for item in sets for word in ("--set", item)]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(  # noqa: S606 - no shell is meant
        sys.executable, [sys.executable, "-P", "-m", "isaacd", "--on-demand", *changed, *handed]
    )


def _numbers(version: str) -> tuple[int, ...]:
    public = re.split(r"[+-]", version[:_LONGEST], maxsplit=1)[0]
    numbers = [int(number) for number in _NUMBERS.findall(public)]
    while numbers and not numbers[-1]:
        numbers.pop()  # 1.0 is 1
    return tuple(numbers)
