"""A fence around a process: what it is to be kept from, put up by the process itself, and what of it holds here."""

import os
import sys

import msgspec

from isaacd.plugin.isolation import landlock, seccomp
from isaacd.plugin.isolation.limits import die_with, give_up_rights, limit

MIB = 1024 * 1024


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What an isolated process may use; `cpu_s` counts over its whole life, `file_bytes` for each file."""

    memory_bytes: int = 512 * MIB
    cpu_s: int = 600
    file_bytes: int = 64 * MIB
    files: int = 128


class Fence(msgspec.Struct, frozen=True, kw_only=True):
    """What an isolated process may reach: files to read, folders to change, and the network or not.

    `ports` are all that it may connect to by TCP; None means any, if there is `network`.
    """

    read: tuple[str, ...]
    write: tuple[str, ...] = ()
    network: bool = False
    ports: tuple[int, ...] | None = None
    limits: Limits = Limits()


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """What holds: the ABI of Landlock (0: none), the filter of system calls, no new rights, the death with the daemon."""

    landlock: int = 0
    seccomp: bool = False
    no_new_privs: bool = False
    tied: bool = False


def put_up(fence: Fence, parent: int) -> InForce:
    """Confine this process, before it has any thread; return what holds.

    Raises Orphaned if the daemon `parent` is gone, OSError if Landlock is there and cannot be used.
    """
    tied = die_with(parent)
    allowed = fence.limits
    limit(
        memory_bytes=allowed.memory_bytes,
        cpu_s=allowed.cpu_s,
        file_bytes=allowed.file_bytes,
        files=allowed.files,
    )
    no_new_privs = give_up_rights()
    if sys.platform != "linux" or not no_new_privs:
        return InForce(no_new_privs=no_new_privs, tied=tied)
    version = landlock.restrict(fence.read, fence.write, network=fence.network, ports=fence.ports)
    filtered = seccomp.restrict(network=fence.network, pid=os.getpid(), may_truncate=version >= 3)
    return InForce(landlock=version, seccomp=filtered, no_new_privs=no_new_privs, tied=tied)


def expected() -> InForce:
    """Say what will hold for a process on this machine, as far as can be known before there is one."""
    if sys.platform != "linux":
        return InForce()
    return InForce(landlock=landlock.abi(), seccomp=seccomp.known_machine(), no_new_privs=True, tied=True)


def told(fence: Fence, held: InForce) -> str:
    """Describe for a person what holds, and what does not."""
    if sys.platform != "linux":
        return "not available on this system, so it is not run: isaacctl plugins trust NAME, if you trust it"
    allowed = fence.limits
    parts = ["process"]
    if held.landlock:
        parts.append(f"files: landlock abi {held.landlock}, writes only its own folders")
    else:
        parts.append("files: NOT restricted (this kernel has no Landlock)")
    parts.append(_network(fence, held))
    if held.seccomp:
        parts.append("programs and signals: none (seccomp)")
    else:
        parts.append("programs, signals, local sockets: NOT restricted (no filter of system calls here)")
    parts.append(
        f"limits: memory {allowed.memory_bytes // MIB} MiB, cpu {allowed.cpu_s} s,"
        f" file {allowed.file_bytes // MIB} MiB"
    )
    if not held.tied:
        parts.append("ends with the daemon: not by the kernel")
    return "; ".join(parts)


def _network(fence: Fence, held: InForce) -> str:
    tcp = held.landlock >= 4
    if not fence.network:
        if held.seccomp:
            return "network: none"
        return "network: no TCP, UDP NOT restricted" if tcp else "network: NOT restricted"
    if fence.ports is None:
        return "network: as declared, any address"
    ports = ", ".join(map(str, fence.ports))
    if tcp:
        return f"network: as declared, TCP to ports {ports}"
    return f"network: as declared; ports {ports} NOT enforced (needs Landlock abi 4)"
