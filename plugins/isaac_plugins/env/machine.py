"""The system, as its files describe it."""

import os
from pathlib import Path

from isaac_plugins.env.cards import System

_MANY = 1 << 16


def system(root: Path = Path("/")) -> System:
    """Describe the system whose files lie below `root`."""
    said = os.uname()
    return System(
        name=said.sysname,
        distribution=_distribution(root),
        kernel=said.release,
        machine=said.machine,
        host=said.nodename,
        cpus=os.cpu_count() or 1,
        memory_mib=_memory_mib(root),
        inside=inside(root),
        init=_first_line(root / "proc/1/comm"),
    )


def inside(root: Path) -> str | None:
    """Say what kind of container or guest this is; None if there is no sign of one."""
    version = (_text(root / "proc/version") or "").lower()
    if "microsoft" in version or (root / "proc/sys/fs/binfmt_misc/WSLInterop").exists():
        return "wsl"
    if (root / "var/run/secrets/kubernetes.io").exists():
        return "kubernetes"
    if (root / "run/.containerenv").exists():
        return "podman"
    if (root / ".dockerenv").exists():
        return "docker"
    told = _text(root / "run/systemd/container")
    if told and told.strip():
        return told.strip()[:40]
    groups = _text(root / "proc/1/cgroup") or ""
    for mark, name in (
        ("docker", "docker"),
        ("kubepods", "kubernetes"),
        ("libpod", "podman"),
        ("/lxc/", "lxc"),
    ):
        if mark in groups:
            return name
    return None


def _distribution(root: Path) -> str | None:
    for place in ("etc/os-release", "usr/lib/os-release"):
        for line in (_text(root / place) or "").splitlines():
            name, _, value = line.partition("=")
            if name == "PRETTY_NAME" and value:
                return value.strip().strip("\"'")[:100]
    return None


def _memory_mib(root: Path) -> int | None:
    for line in (_text(root / "proc/meminfo") or "").splitlines():
        name, _, value = line.partition(":")
        words = value.split()
        if name == "MemTotal" and words and words[0].isdigit():
            return int(words[0]) // 1024
    return None


def _first_line(file: Path) -> str | None:
    text = _text(file)
    return text.splitlines()[0][:40] if text and text.strip() else None


def _text(file: Path) -> str | None:
    try:
        with file.open("rb") as opened:
            return opened.read(_MANY).decode("utf-8", "replace")
    except OSError:
        return None
