"""`isaacctl service`: have systemd or launchd run the daemon, look at that, and undo it."""

import os
import subprocess
import sys

import click

from isaacctl.control import ANSWER_S, START_S, ask_over
from isaacctl.local import STOP_S, Command, Group, Line
from isaacctl.talk import EXIT_FAILED, EXIT_PERMISSION, BrokenOff, Refused, connect, system_socket
from isaacctl.units import LABEL, Systemd, make_folders, uid_of, write_launchd

EXIT_NOT_INSTALLED = 3
_ABOUT = """Have systemd (or launchd, on macOS) run the daemon.

\b
Examples:
    isaacctl service install
    isaacctl service status
    isaacctl service uninstall
"""


class ServiceGroup(Group):
    """The commands below `service`."""

    command_class = Command


@click.group(
    "service", cls=ServiceGroup, help=_ABOUT, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option("as_json", "--json", is_flag=True, help="Answer in JSON.")
@click.pass_obj
def service(line: Line, as_json: bool) -> None:
    """Note how to answer."""
    line.as_json = line.as_json or as_json


def _whose(command: click.Command) -> click.Command:
    command.params[:0] = [
        click.Option(
            ["system", "--system/--user"],
            default=False,
            help="The system's manager, for a host with many users, or your own (the default).",
        ),
        click.Option(
            ["user", "--for"],
            metavar="USER",
            help="With --system: the user, by name or number (default: you).",
        ),
    ]
    return command


def _manager(line: Line, *, system: bool, user: str | None) -> tuple[Systemd, int]:
    if user is not None and not system:
        raise click.UsageError("--for needs --system: your own manager is only yours")
    uid = line.control.uid if user is None else uid_of(user)
    if system and line.control.uid != 0:
        raise Refused("--system changes files of the system: run it as root", EXIT_PERMISSION)
    manager = Systemd(line.control.environ, system=system, uid=uid)
    manager.check()
    return manager, uid


@_whose
@service.command()
@click.option("--force", is_flag=True, help="Replace units of that name that somebody else wrote.")
@click.pass_obj
def install(line: Line, system: bool, user: str | None, force: bool, as_json: bool) -> None:
    """Write the units, and let the socket start the daemon from now on.

    The daemon is started by the first request, after a crash at once, and keeps its connections over a restart. A
    daemon that runs already is stopped first; its requests may end.

    Examples:
        isaacctl service install
        sudo isaacctl service install --system --for ada
    """
    if sys.platform == "darwin":
        _install_launchd(line, as_json=as_json)
        return
    manager, uid = _manager(line, system=system, user=user)
    done = manager.write(force=force)
    if not system:
        make_folders(line.control.environ)
        line.control.stop(timeout_s=STOP_S, force=False)
    manager.must("daemon-reload")
    manager.must("enable", "--now", manager.socket_unit)
    path = system_socket(uid) if system else line.control.socket
    if not _answers(path, uid) and not system:
        done.files.append(manager.write_fewer())
        done.remarks.append(
            "this system gives users no namespaces: the daemon runs with fewer fences, see `isaacctl service status`"
        )
        manager.must("daemon-reload")
        manager.control("reset-failed", manager.service_unit, manager.socket_unit)
        manager.must("restart", manager.socket_unit)
        if not _answers(path, uid):
            raise Refused(
                f"the units are installed, but the daemon does not answer; see: systemctl --user status {manager.service_unit}",
                EXIT_FAILED,
            )
    text = [f"installed: {file}" for file in done.files]
    text += done.remarks
    text.append(f"{manager.socket_unit} is listening at {path}")
    line.say(
        "\n".join(text),
        {"installed": done.files, "remarks": done.remarks, "unit": manager.socket_unit, "socket": path},
        as_json=as_json,
    )


@_whose
@service.command()
@click.pass_obj
def uninstall(line: Line, system: bool, user: str | None, as_json: bool) -> None:
    """Stop the service and take away what was installed, and nothing else.

    Afterwards the daemon is started by isaacctl when it is needed, as before.

    Examples:
        isaacctl service uninstall
    """
    if sys.platform == "darwin":
        _uninstall_launchd(line, as_json=as_json)
        return
    manager, _ = _manager(line, system=system, user=user)
    manager.control("disable", "--now", manager.socket_unit)
    manager.control("stop", manager.service_unit)
    gone = manager.remove()
    manager.must("daemon-reload")
    manager.control("reset-failed", manager.service_unit, manager.socket_unit)
    text = "\n".join(f"removed: {file}" for file in gone) or "nothing was installed"
    line.say(text, {"removed": gone}, as_json=as_json)


@_whose
@service.command("status")
@click.pass_obj
def service_status(line: Line, system: bool, user: str | None, as_json: bool) -> None:
    """Say whether the service is installed, and how it does. Exits with 3 if it is not.

    Examples:
        isaacctl service status
        isaacctl service status --json
    """
    manager, _ = _manager(line, system=system, user=user)
    files = [str(manager.folder / name) for name in manager.names if (manager.folder / name).exists()]
    states = manager.states()
    text = [f"{unit}: {state}" for unit, state in states.items()]
    pid = manager.main_pid()
    if pid:
        text.append(f"process: {pid}")
    text += [f"file: {file}" for file in files] or ["not installed; to install it: isaacctl service install"]
    data: dict[str, object] = {"installed": bool(files), "units": states, "files": files, "pid": pid or None}
    line.say("\n".join(text), data, as_json=as_json)
    if not files:
        raise click.exceptions.Exit(EXIT_NOT_INSTALLED)


def _answers(path: str, uid: int) -> bool:
    """Say whether the daemon behind the socket answers, once it was started."""
    if os.getuid() not in (uid, 0) or (os.getuid() == 0 and uid != 0):
        return True  # the socket of another user; only that one is let in
    try:
        sock = connect(path, uid)
    except (OSError, Refused):
        return False
    try:
        ask_over(sock, "ping", (), START_S + ANSWER_S)
    except (OSError, BrokenOff, Refused):
        return False
    finally:
        sock.close()
    return True


def _install_launchd(line: Line, *, as_json: bool) -> None:
    line.control.stop(timeout_s=STOP_S, force=False)
    file = write_launchd(line.control.environ)
    domain = f"gui/{line.control.uid}"
    _launchctl("bootout", f"{domain}/{LABEL}", may_fail=True)
    _launchctl("bootstrap", domain, file)
    line.say(f"installed: {file}", {"installed": [file]}, as_json=as_json)


def _uninstall_launchd(line: Line, *, as_json: bool) -> None:
    _launchctl("bootout", f"gui/{line.control.uid}/{LABEL}", may_fail=True)
    file = os.path.join(line.control.environ.get("HOME", ""), "Library/LaunchAgents", f"{LABEL}.plist")
    gone = []
    try:
        os.unlink(file)
        gone.append(file)
    except FileNotFoundError:
        pass
    text = "\n".join(f"removed: {name}" for name in gone) or "nothing was installed"
    line.say(text, {"removed": gone}, as_json=as_json)


def _launchctl(*words: str, may_fail: bool = False) -> None:
    done = subprocess.run(["launchctl", *words], capture_output=True, text=True, errors="replace")
    if done.returncode != 0 and not may_fail:
        raise Refused(f"launchctl {words[0]} failed: {done.stderr.strip() or done.returncode}", EXIT_FAILED)
