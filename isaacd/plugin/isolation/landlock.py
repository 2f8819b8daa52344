"""Landlock by its system calls: which files and ports this process may still reach, and whom it may signal.

The numbers and structures are those of linux/landlock.h (Linux 5.13 to 6.18, ABI 1 to 7).
"""

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH, _NET_PORT = 1, 2

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_TRUNCATE = 1 << 14
_FILE_RIGHTS = (1 << 0) | _WRITE_FILE | _READ_FILE | _TRUNCATE | (1 << 15)
# Remove and make files and directories. No devices, sockets or pipes, and no symbolic links: the daemon opens files in
# the same folder, and must not be led to others.
_CHANGE = _WRITE_FILE | (1 << 4) | (1 << 5) | (1 << 7) | (1 << 8) | (1 << 13) | _TRUNCATE
# ABI -> how many rights on files it knows: 13 at first, then REFER, TRUNCATE and (ABI 5) IOCTL_DEV.
_FS_BITS = {1: 13, 2: 14, 3: 15, 4: 15}
_FS_BITS_NOW = 16
_BIND_TCP, _CONNECT_TCP = 1, 2
_ABI_NET, _ABI_SCOPE = 4, 6
_SCOPES = 0b11  # abstract unix sockets, signals

# open(2) for Landlock: only the place, no right to its content. Not everywhere in `os`.
_O_PATH = getattr(os, "O_PATH", 0)


def abi() -> int:
    """Return the version of Landlock in this kernel, 0 if it has none or it is switched off."""
    try:
        return max(0, _call(_CREATE_RULESET, None, 0, _VERSION))
    except OSError:
        return 0


def restrict(
    read: Iterable[str], write: Iterable[str], *, network: bool, ports: Iterable[int] | None = None
) -> int:
    """Confine this thread, and whatever it starts, for good; return the ABI that is in force, 0 for none.

    `read` are files and folders to be read, `write` to be changed too; those that are not there are left out.
    Without `network` no TCP port can be bound or connected to (ABI 4 and later); with it, none can be bound and
    only `ports` be connected to, any if None. Programs cannot be run. Raises OSError when the kernel has Landlock
    and it fails. The thread must have `no_new_privs`.
    """
    version = abi()
    if not version:
        return 0
    ruleset = _ruleset(version, every_port=network and ports is None)
    try:
        bits = (1 << _FS_BITS.get(version, _FS_BITS_NOW)) - 1
        for path in read:
            _allow(ruleset, path, (_READ_FILE | _READ_DIR) & bits)
        for path in write:
            _allow(ruleset, path, (_READ_FILE | _READ_DIR | _CHANGE) & bits)
        if network and version >= _ABI_NET:
            for port in ports or ():
                _call(_ADD_RULE, ruleset, _NET_PORT, struct.pack("=QQ", _CONNECT_TCP, port), 0)
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return version


def _ruleset(version: int, *, every_port: bool) -> int:
    handled_fs = (1 << _FS_BITS.get(version, _FS_BITS_NOW)) - 1
    handled_net = 0
    if version >= _ABI_NET:
        handled_net = _BIND_TCP if every_port else _BIND_TCP | _CONNECT_TCP
    size = 24 if version >= _ABI_SCOPE else 16 if version >= _ABI_NET else 8
    scopes = [_SCOPES, 1, 0] if version >= _ABI_SCOPE else [0]
    for scoped in scopes:
        attributes = struct.pack("=QQQ", handled_fs, handled_net, scoped)[:size]
        try:
            return _call(_CREATE_RULESET, attributes, size, 0)
        except OSError as error:
            # Kernels with features carried back may claim an ABI and lack the scope of signals.
            if error.errno != errno.EINVAL or not scoped:
                raise
    raise AssertionError  # the last of `scopes` is 0


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, _O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no rule
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _FILE_RIGHTS
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def _call(number: int, *arguments: int | bytes | None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    converted = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    result = int(libc.syscall(ctypes.c_long(number), *converted))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
