"""Who holds a reservation: a process, told from a later one with the same number."""

import os
from contextlib import suppress
from pathlib import Path

# Before the name of a process that has not sent yet what it holds money for: if it ends, that money is free.
PLEDGE = "not sent by "
_PROC = Path("/proc")
_START_TIME = 19  # of the fields of /proc/PID/stat after the name in brackets: number 22 in proc(5)


def this_process(proc: Path = _PROC) -> str:
    """Return a name for this process that no other one on this machine has ever had."""
    return f"{os.getpid()}:{_started(proc, os.getpid())}:{_boot(proc)}"


def is_gone(owner: str, proc: Path = _PROC) -> bool:
    """Tell whether the process with this name has ended; where /proc is missing, only its number counts."""
    number, _, rest = owner.partition(":")
    started, _, boot = rest.partition(":")
    if not number.isdigit():
        return False
    if boot != _boot(proc):
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return _started(proc, int(number)) != started


def _started(proc: Path, number: int) -> str:
    """Return when a process was started, in the kernel's ticks since boot."""
    with suppress(OSError, IndexError):
        return (proc / str(number) / "stat").read_text().rpartition(")")[2].split()[_START_TIME]
    return ""


def _boot(proc: Path) -> str:
    with suppress(OSError):
        return (proc / "sys/kernel/random/boot_id").read_text().strip()
    return ""
