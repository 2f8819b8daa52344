"""A filter of system calls for what Landlock leaves open: sockets, programs, signals, and the modes of files.

It is a classic BPF program (seccomp(2), linux/seccomp.h, linux/filter.h) of one test after the other. Every call that
is not named is allowed: this is a fence around what a plugin could do to others, not around what Python needs.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterator

_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_REFUSE = 0x00050000  # with an errno
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_PR_SET_PDEATHSIG = 1
_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_STREAM, _SOCKET_TYPE = 1, 0xF
_CLONE_THREAD = 0x00010000
_TRUNCATING, _TRUNCATE = os.O_ACCMODE | os.O_TRUNC, os.O_TRUNC
_X32 = 0x40000000

# Machine -> its audit number and the column of _CALLS.
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

# What no plugin needs, and what reaches beyond itself, as (x86_64, aarch64); -1: there is no such call.
_CALLS: dict[str, tuple[tuple[int, int], ...]] = {
    "other processes": (
        *((101, 117), (310, 270), (311, 271), (438, 438), (424, 424), (312, 272), (440, 440)),
        *((200, 130), (129, 138), (297, 240), (203, 122), (141, 140), (251, 30)),
        *((142, 118), (144, 119), (314, 274), (256, 238)),
    ),
    "programs": ((59, 221), (322, 281), (57, -1), (58, -1)),
    # io_uring would get around this filter; memfd and System V memory around the limit of memory.
    "ways around": (
        *((425, 425), (426, 426), (427, 427), (321, 280), (298, 241), (323, 282), (278, 75)),
        *((319, 279), (447, 447), (29, 194), (64, 190), (68, 186), (240, 180), (160, 164), (126, 91)),
    ),
    "keys": ((250, 219), (248, 217), (249, 218)),
    "mounts and namespaces": (
        *((165, 40), (166, 39), (155, 41), (161, 51), (428, 428), (429, 429), (430, 430), (431, 431)),
        *((432, 432), (433, 433), (442, 442), (467, 467), (272, 97), (308, 268), (303, 264), (304, 265)),
    ),
    "the machine": (
        *((175, 105), (313, 273), (176, 106), (246, 104), (320, 294), (169, 142), (167, 224), (168, 225)),
        *((170, 161), (171, 162), (164, 170), (227, 112), (305, 266), (159, 171), (163, 89), (179, 60)),
        *((443, 443), (172, -1), (173, -1), (103, 116), (154, -1), (212, 18), (133, -1), (259, 33)),
    ),
    # Landlock does not look at these, so a file that may only be read could be locked away from its owner.
    "modes, owners and attributes": (
        *((90, -1), (91, 52), (268, 53), (452, 452), (92, -1), (93, 55), (94, -1), (260, 54)),
        *((188, 5), (189, 6), (190, 7), (197, 14), (198, 15), (199, 16), (463, 463), (466, 466), (469, 469)),
        *((132, -1), (235, -1), (261, -1)),
    ),
    # The names of files that change anywhere.
    "watching": ((253, -1), (294, 26), (300, 262)),
}
# Its structure cannot be looked into, so the C library is told that it is not there: openat2, clone3.
_ABSENT = ((437, 437), (435, 435))
_NETWORK = ((42, 203), (49, 200), (50, 201))  # connect, bind, listen
_SOCKET, _SOCKETPAIR, _CLONE, _KILL_CALL = (41, 198), (53, 199), (56, 220), (62, 129)
_TGKILL, _PRCTL, _PRLIMIT = (234, 131), (157, 167), (302, 261)
_FCNTL, _IOCTL = (72, 25), (16, 29)
# Who is sent a signal when a descriptor has something, and which: a kill(2) that the kernel does. F_NOTIFY watches
# a folder in the same way, and TIOCSTI types into a terminal.
_FCNTL_SIGNALS = (8, 10, 15, 1026)  # F_SETOWN, F_SETSIG, F_SETOWN_EX, F_NOTIFY
_IOCTL_SIGNALS = (0x8901, 0x8902, 0x5412)  # FIOSETOWN, SIOCSPGRP, TIOCSTI
_UTIMENSAT, _OPEN, _OPENAT, _TRUNCATE_CALL = (280, 88), (2, -1), (257, 56), (76, 45)


def known_machine() -> bool:
    """Tell whether there is a filter for this kind of machine."""
    return hasattr(os, "uname") and os.uname().sysname == "Linux" and os.uname().machine in _MACHINES


def restrict(*, network: bool, pid: int, may_truncate: bool) -> bool:
    """Put the filter in force for this thread and all that come of it, for good; False if that is not possible.

    Without `network` there are no sockets but pairs within the process; with it, those of the Internet. `pid` is
    this process, the only one that can be signalled. `may_truncate` says that Landlock guards truncate(2).
    """
    if not known_machine():
        return False
    program = b"".join(_program(os.uname().machine, network=network, pid=pid, may_truncate=may_truncate))
    buffer = ctypes.create_string_buffer(program, len(program))

    class _Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    filled = _Program(len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(filled), 0, 0) == 0)


def _program(machine: str, *, network: bool, pid: int, may_truncate: bool) -> Iterator[bytes]:
    audit, column = _MACHINES[machine]
    yield _step(_LOAD, _ARCHITECTURE)
    yield _step(_EQUAL, audit, 1, 0)
    yield _step(_RETURN, _KILL)
    yield _step(_LOAD, _NUMBER)
    if machine == "x86_64":
        yield from _refused_if(_AT_LEAST, _X32)
    refused = [call[column] for calls in _CALLS.values() for call in calls]
    refused += [] if network else [call[column] for call in _NETWORK]
    refused += [] if may_truncate else [_TRUNCATE_CALL[column]]
    for number in sorted({number for number in refused if number >= 0}):
        yield from _refused_if(_EQUAL, number)
    for call in _ABSENT:
        yield from _refused_if(_EQUAL, call[column], errno.ENOSYS)
    families = (_AF_INET, _AF_INET6) if network else ()
    yield from _only(_SOCKET[column], [(0, 0xFFFFFFFF, family) for family in families])
    yield from _only(_SOCKETPAIR[column], [(1, _SOCKET_TYPE, _STREAM)])
    yield from _only(_CLONE[column], [(0, _CLONE_THREAD, _CLONE_THREAD)])
    for call in (_KILL_CALL, _TGKILL):
        yield from _only(call[column], [(0, 0xFFFFFFFF, pid)])
    # Its own death with the daemon's is not to be undone, nor its limits.
    yield from _never(_PRCTL[column], 0, 0xFFFFFFFF, _PR_SET_PDEATHSIG)
    yield from _never(_FCNTL[column], 1, 0xFFFFFFFF, *_FCNTL_SIGNALS)
    yield from _never(_IOCTL[column], 1, 0xFFFFFFFF, *_IOCTL_SIGNALS)
    yield from _no_pointer(_PRLIMIT[column], 2)
    yield from _no_pointer(_UTIMENSAT[column], 1)
    # Opening for reading and yet truncating: Landlock sees that from ABI 3 on only.
    for call, argument in ((_OPEN, 1), (_OPENAT, 2)):
        if call[column] >= 0:
            yield from _never(call[column], argument, _TRUNCATING, _TRUNCATE)
    yield _step(_RETURN, _ALLOW)


def _refused_if(test: int, value: int, number: int = errno.EPERM) -> list[bytes]:
    return [_step(test, value, 0, 1), _step(_RETURN, _REFUSE | number)]


def _only(call: int, allowed: list[tuple[int, int, int]]) -> list[bytes]:
    """Refuse a call unless (argument, mask, value) of one of `allowed` fits; go on with the number loaded."""
    body = []
    for argument, mask, value in allowed:
        body += [_load(argument), _step(_AND, mask), _step(_EQUAL, value, 0, 1), _step(_RETURN, _ALLOW)]
    body.append(_step(_RETURN, _REFUSE | errno.EPERM))
    return [_step(_EQUAL, call, 0, len(body)), *body]


def _never(call: int, argument: int, mask: int, *values: int) -> list[bytes]:
    refused = [step for value in values for step in _refused_if(_EQUAL, value)]
    body = [_load(argument), _step(_AND, mask), *refused, _step(_RETURN, _ALLOW)]
    return [_step(_EQUAL, call, 0, len(body)), *body]


def _no_pointer(call: int, argument: int) -> list[bytes]:
    """Refuse a call whose argument, a pointer, is not NULL; both halves count."""
    body = [
        *(_load(argument), _step(_EQUAL, 0, 0, 3)),
        *(_load(argument, high=True), _step(_EQUAL, 0, 0, 1), _step(_RETURN, _ALLOW)),
        _step(_RETURN, _REFUSE | errno.EPERM),
    ]
    return [_step(_EQUAL, call, 0, len(body)), *body]


def _load(argument: int, *, high: bool = False) -> bytes:
    # Both machines are little-endian: the low half of a 64-bit argument comes first.
    return _step(_LOAD, _ARGUMENTS + 8 * argument + 4 * high)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
