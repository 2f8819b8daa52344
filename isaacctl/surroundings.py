"""What `isaacctl doctor` finds around the files: the daemon that answers, PATH, the service, the shell, the plugins."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from isaacctl import __version__
from isaacctl.local import Line, daemon_version
from isaacctl.talk import Refused
from isaacctl.unitfiles import FEWER_FILE
from isaacctl.units import Systemd

Said = tuple[str, str, str, str]
_ANSWER_S = 10.0
_MOST_PROGRAMS = 4
_START_FILES = {
    "bash": (".bashrc", ".bash_profile", ".profile"),
    "zsh": (".zshrc", ".zprofile", ".zshenv"),
    "fish": (".config/fish/config.fish",),
}
# What of the fence systemd tells as the unit has it.
_FENCE = (
    "NoNewPrivileges",
    "PrivateUsers",
    "PrivateDevices",
    "ProtectSystem",
    "ProtectHome",
    "ProtectProc",
    "ProtectClock",
    "ProtectKernelTunables",
    "ProtectControlGroups",
    "RestrictNamespaces",
    "RestrictSUIDSGID",
    "MemoryDenyWriteExecute",
)
_HOOK = re.compile(r"^[^#\n]*\bshell-init\b", re.MULTILINE)


def running_daemon(line: Line) -> Iterator[Said]:
    """Compare the daemon's version with this one."""
    daemon = daemon_version(line.control)
    if daemon is not None and daemon["version"] != __version__:
        yield (
            "warning",
            "the daemon",
            f"it is version {daemon['version']}, and this is {__version__}",
            "isaacctl restart",
        )


def programs(line: Line) -> Iterator[Said]:
    """Look for other copies of isaacctl on PATH."""
    found: dict[str, str] = {}
    for folder in line.control.environ.get("PATH", "").split(os.pathsep):
        file = os.path.join(folder, "isaacctl")
        if os.path.isabs(folder) and os.access(file, os.X_OK) and os.path.isfile(file):
            found.setdefault(os.path.realpath(file), file)
    if not found:
        yield ("note", "PATH", "isaacctl is not on it", "add the folder it is installed in to PATH")
    versions = {file: _version_of(file) for file in list(found.values())[:_MOST_PROGRAMS]}
    if len(set(versions.values())) > 1:
        told = ", ".join(f"{file} ({version})" for file, version in versions.items())
        yield (
            "warning",
            "PATH",
            f"it leads to several versions: {told}",
            "uninstall those that you do not want",
        )


def _version_of(file: str) -> str:
    try:
        done = subprocess.run(
            [file, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_ANSWER_S
        )
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return "does not answer"
    return done.stdout.removeprefix("isaacctl").strip()[:40] or "does not answer"


def the_service(line: Line) -> Iterator[Said]:
    """Look whether the service is installed, current, listening, and its fence in force."""
    control = line.control
    manager = Systemd(control.environ, system=control.is_of_the_system, uid=control.uid)
    refused = _unreachable(manager)
    units = [manager.folder / name for name in manager.names]
    there = [unit for unit in units if unit.exists()]
    if not there:
        yield (
            "note",
            "service",
            "systemd does not run the daemon",
            "isaacctl service install, if you want it to",
        )
        return
    if len(there) < len(units):
        yield ("error", "service", f"{there[0]} has no partner", "isaacctl service install")
        return
    if not control.is_of_the_system and not manager.is_current():
        yield ("warning", "service", "its units were written by another version", "isaacctl service install")
    if (manager.folder / f"{manager.names[1]}.d" / FEWER_FILE).exists():
        yield (
            "warning",
            "service",
            "this system gives users no namespaces, so the daemon runs with fewer fences",
            "sysctl kernel.unprivileged_userns_clone=1 (or user.max_user_namespaces), then isaacctl service install",
        )
    if refused:
        yield ("error", "service", refused, "isaacctl service status")
        return
    states = manager.states()
    if states[manager.socket_unit] != "active":
        yield (
            "error",
            "service",
            f"{manager.socket_unit} is {states[manager.socket_unit]}",
            "isaacctl service install",
        )
    yield from _weakened(manager)
    yield from _fence(manager.main_pid())


def _unreachable(manager: Systemd) -> str:
    """Say why the service manager does not answer, "" if it does; then it has told where its units are, too."""
    try:
        manager.check()
    except Refused as refused:
        return refused.message.partition("\n")[0]
    return ""


def _weakened(manager: Systemd) -> Iterator[Said]:
    """Compare what systemd will do with what our unit says; a drop-in of somebody's may say otherwise."""
    unit = (manager.folder / manager.names[1]).read_text(errors="replace")
    wanted = {
        name: value
        for name, _, value in (text.partition("=") for text in unit.splitlines())
        if name in _FENCE
    }
    shown = manager.control("show", f"--property={','.join(wanted)}", manager.service_unit).stdout
    found = dict(text.split("=", 1) for text in shown.splitlines() if "=" in text)
    other = [
        f"{name}={found[name]} instead of {value}"
        for name, value in wanted.items()
        if found.get(name, value) != value
    ]
    if other and not (manager.folder / f"{manager.names[1]}.d" / FEWER_FILE).exists():
        yield (
            "warning",
            "service",
            f"its fence has been made weaker: {', '.join(other)}",
            f"systemctl {'' if manager.is_of_the_system else '--user '}cat {manager.service_unit} shows which file says so",
        )


def _fence(pid: int) -> Iterator[Said]:
    """Look whether the kernel really holds the daemon back."""
    try:
        said = dict(
            line.split(":\t", 1)
            for line in Path(f"/proc/{pid}/status").read_text().splitlines()
            if ":\t" in line
        )
    except OSError:
        return  # it does not run now
    if said.get("NoNewPrivs") != "1" or said.get("Seccomp") != "2":
        yield (
            "error",
            "service",
            f"the fence of process {pid} is not in force",
            "isaacctl service install --force",
        )


def the_shell(line: Line) -> Iterator[Said]:
    """Look whether Isaac is a part of the shell."""
    environ = line.control.environ
    shell = os.path.basename(environ.get("SHELL", ""))
    if environ.get("ISAAC_SESSION") or shell not in _START_FILES:
        return
    home = environ.get("HOME", "")
    for name in _START_FILES[shell]:
        try:
            text = Path(home, name).read_text(errors="replace")
        except OSError:
            continue
        if _HOOK.search(text):
            yield ("note", "shell", f"this shell began before ~/{name} was read", f"exec {shell}")
            return
    file = _START_FILES[shell][0]
    command = (
        f"isaacctl shell-init {shell} | source"
        if shell == "fish"
        else f'eval "$(isaacctl shell-init {shell})"'
    )
    yield (
        "note",
        "shell",
        "Isaac is no part of your shell",
        f"put this into ~/{file}, if you want it: {command}",
    )


def the_plugins(line: Line) -> Iterator[Said]:
    """Ask the daemon, if one runs, what it finds about plugins."""
    try:
        found = line.control.ask("plugins.doctor", timeout_s=_ANSWER_S)
    except OSError:
        yield (
            "note",
            "plugins",
            "no daemon runs, so they were not looked at",
            "isaacctl start; isaacctl doctor",
        )
        return
    findings = found.get(b"findings") if isinstance(found, dict) else None
    for item in findings if isinstance(findings, list) else ():
        if isinstance(item, dict):
            severity, about, message, hint = (
                _text(item.get(name)) for name in (b"severity", b"about", b"message", b"hint")
            )
            yield (severity, about, message, hint)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


SURROUNDINGS: tuple[Callable[[Line], Iterator[Said]], ...] = (
    running_daemon,
    programs,
    the_service,
    the_shell,
    the_plugins,
)
