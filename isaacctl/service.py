"""`isaacctl service`: have systemd or launchd run the daemon, look at that, and undo it."""

import contextlib
import os
import subprocess
import sys

import click

from isaacctl.control import ANSWER_S, START_S, ask_over
from isaacctl.local import STOP_S, Command, Group, Line
from isaacctl.talk import EXIT_FAILED, EXIT_PERMISSION, BrokenOff, Refused, connect, system_socket
from isaacctl.unitfiles import LABEL, make_folders
from isaacctl.units import Installed, Systemd, uid_of, write_launchd

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
    if system and user is None:
        uid = uid_of(line.control.environ.get("SUDO_UID") or str(uid))
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
    elsewhere = line.control.environ.get("ISAACD_SOCKET")
    if elsewhere and not system:
        raise Refused(
            f"ISAACD_SOCKET is set to {elsewhere}, and systemd would listen elsewhere; unset it first",
            EXIT_FAILED,
        )
    done = manager.write(force=force)
    if not system:
        make_folders(line.control.environ)
        line.control.stop(timeout_s=STOP_S, force=False)
    path = system_socket(uid) if system else line.control.socket
    try:
        manager.must("daemon-reload")
        manager.must("enable", "--now", manager.socket_unit)
        _have_it_answer(manager, done, path, uid)
    except Refused:
        _undo(manager, done)
        raise
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
    manager, uid = _manager(line, system=system, user=user)
    manager.control("disable", "--now", manager.socket_unit)
    manager.control("stop", manager.service_unit)
    others = manager.others()
    gone = [] if others else manager.remove()
    if system:
        _clear_runtime(uid)
    manager.must("daemon-reload")
    manager.control("reset-failed", manager.service_unit, manager.socket_unit)
    if others:
        text = f"{manager.socket_unit} is taken away; the units stay for others: {', '.join(others)}"
        line.say(text, {"removed": gone, "others": others}, as_json=as_json)
        return
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
    files = manager.files()
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


def _have_it_answer(manager: Systemd, done: Installed, path: str, uid: int) -> None:
    """Make sure that the daemon starts behind its fence, or behind a lower one; raises Refused if it does not."""
    if _answers(path, uid):
        return
    if manager.has_no_namespaces():
        manager.write_fewer(done)
        done.remarks.append(
            "this system gives users no namespaces: the daemon runs with fewer fences, see `isaacctl service status`"
        )
        manager.must("daemon-reload")
        manager.control("reset-failed", manager.service_unit, manager.socket_unit)
        manager.must("restart", manager.socket_unit)
        if _answers(path, uid):
            return
    ended = manager.ended_with()
    raise Refused(
        "the daemon does not answer behind these units, so they were taken away again: "
        + (f"it ended with {ended}" if ended else "it did not end, and said nothing")
        + f"\n  why: journalctl --user -u {manager.service_unit}; then isaacctl service install",
        EXIT_FAILED,
    )


def _undo(manager: Systemd, done: Installed) -> None:
    """Leave all as it was before an installation that failed, so that isaacctl can start the daemon by itself."""
    is_new = all(text is None for text in done.before.values())
    if is_new:
        manager.control("disable", "--now", manager.socket_unit)
        manager.control("stop", manager.service_unit)
    manager.put_back(done)
    manager.control("daemon-reload")
    manager.control("reset-failed", manager.service_unit, manager.socket_unit)
    if not is_new:
        manager.control("restart", manager.socket_unit)


def _clear_runtime(uid: int) -> None:
    """Take away the folder of a user's socket. What is in it is hers, so only what has our name is touched."""
    path = os.path.dirname(system_socket(uid))
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        for name in ("isaacd.sock", "isaacd.sock.lock"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
        os.rmdir(path)
    except OSError:
        return  # somebody keeps something there
    finally:
        os.close(folder)


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
