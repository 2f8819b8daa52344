"""What this process may use, and that it does not outlive the daemon: limits of the kernel, rights given up."""

import contextlib
import ctypes
import os
import resource
import signal
import struct

_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_SET_NO_NEW_PRIVS = 1, 15, 38
_NAME_BYTES = 15
# linux/capability.h, version 3: a header (version, pid), and twice effective, permitted, inheritable.
_CAPABILITY_VERSION = 0x20080522
# Memory that is mapped but not its own, such as libraries, and the room that allocators set aside.
_MAPPED_BEYOND_DATA_BYTES = 1024 * 1024 * 1024
_CPU_WARNING_S = 2
# A user's processes are counted together, so this only keeps threads from becoming a flood.
_TASKS = 4096


class Orphaned(Exception):
    """The daemon was gone before this process could tie itself to it."""


def die_with(parent: int) -> bool:
    """Have the kernel kill this process when `parent` ends; False where it cannot. Raises Orphaned if it has ended."""
    tied = _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise Orphaned
    return tied


def limit(*, memory_bytes: int, cpu_s: int, file_bytes: int, files: int) -> None:
    """Set hard limits for this process: memory of its own, seconds of CPU in its life, size and number of files.

    No core dumps: they would hold what the plugin was sent.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_DATA, memory_bytes)
    _limit(resource.RLIMIT_AS, memory_bytes + _MAPPED_BEYOND_DATA_BYTES)
    _limit(resource.RLIMIT_CPU, cpu_s, cpu_s + _CPU_WARNING_S)
    _limit(resource.RLIMIT_FSIZE, file_bytes)
    _limit(resource.RLIMIT_NOFILE, files)
    _limit(resource.RLIMIT_NPROC, _TASKS)


def give_up_rights() -> bool:
    """Never gain rights by running something, and give up those of root; False where that cannot be said."""
    _drop_capabilities()
    return _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def name_process(name: str) -> None:
    """Give this process a name that `ps` and `top` show."""
    buffer = ctypes.create_string_buffer(name.encode()[:_NAME_BYTES])
    _prctl(_PR_SET_NAME, ctypes.addressof(buffer))


def _limit(kind: int, soft: int, hard: int | None = None) -> None:
    most = resource.getrlimit(kind)[1]
    hard = soft if hard is None else hard
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    # Some systems know a limit and do not let it be set, such as RLIMIT_AS on macOS.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (soft, hard))


def _prctl(option: int, value: int) -> bool:
    if not hasattr(os, "uname") or os.uname().sysname != "Linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    return bool(libc.prctl(option, ctypes.c_ulong(value), zero, zero, zero) == 0)


def _drop_capabilities() -> None:
    if not hasattr(os, "uname") or os.uname().sysname != "Linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.capset(struct.pack("=Ii", _CAPABILITY_VERSION, 0), bytes(24))
