"""The way from a program to the daemon: connect, or start one."""

import os
import socket
import threading
from collections.abc import Mapping

from isaacctl.client.trouble import DaemonUnavailable
from isaacctl.control import ask_over
from isaacctl.launch import explain_death, start
from isaacctl.talk import BrokenOff, Refused, connect, socket_path


def open_connection(
    environ: Mapping[str, str], *, start_daemon: bool, connect_timeout_s: float
) -> socket.socket:
    """Return a connected socket; raises DaemonUnavailable."""
    uid = os.getuid()
    try:
        path = socket_path(environ, uid)
        try:
            connected = connect(path, uid)
        except (FileNotFoundError, ConnectionRefusedError):
            if not start_daemon:
                raise DaemonUnavailable(f"isaacd is not running: nothing listens at {path}") from None
            connected, started = start(path, environ, uid, deadline_s=connect_timeout_s)
            if started is not None:
                try:
                    ask_over(connected, "ping", (), connect_timeout_s)
                except (OSError, BrokenOff):
                    raise explain_death(path, environ, started) from None
                _collect_later(started.pid)
        except BlockingIOError:
            connected, _ = start(path, environ, uid, deadline_s=connect_timeout_s)
    except Refused as refused:
        raise DaemonUnavailable(refused.message) from None
    return socket.socket(fileno=connected.detach())


def _collect_later(pid: int) -> None:
    """Wait for the daemon's end in the background, so that it is no zombie if this program outlives it."""

    def wait() -> None:
        try:
            os.waitpid(pid, 0)
        except ChildProcessError:
            pass  # somebody else collected it

    threading.Thread(target=wait, name="isaacd-end", daemon=True).start()
