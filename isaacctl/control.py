"""Start and stop the daemon and ask it about itself, for the commands that need none to run."""

import _signal  # type: ignore[import-not-found] # a builtin; `signal` would import enum
import os
import time

from isaacctl.failure import explain, peer_pid
from isaacctl.launch import explain_death, lock_path, start, take_lock, unit_folders
from isaacctl.talk import (
    CHUNK_BYTES,
    EXIT_TRY_LATER,
    BrokenOff,
    Refused,
    Unpacker,
    connect,
    pack,
    socket_path,
    system_socket,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Mapping, Sequence

    from isaacctl.spawn import Started
    from isaacctl.talk import Packable, Unpacked

ANSWER_S = 5.0
START_S = 15.0
KILL_S = 5.0


class Control:
    """The daemon of one user, running or not."""

    def __init__(self, environ: "Mapping[str, str]", uid: int) -> None:
        self.environ = environ
        self.uid = uid
        self.socket = socket_path(environ, uid)
        other = system_socket(uid)
        if not environ.get("ISAACD_SOCKET") and not os.path.exists(self.socket) and os.path.exists(other):
            self.socket = other
        self.lock = lock_path(self.socket, environ)

    def ask(
        self, method: str, params: "Sequence[Packable]" = (), *, timeout_s: float = ANSWER_S
    ) -> "Unpacked":
        """Call a method of the running daemon.

        Raises FileNotFoundError or ConnectionRefusedError if there is none, Refused if it does not answer or refuses.
        """
        sock = connect(self.socket, self.uid)
        try:
            return ask_over(sock, method, params, timeout_s)
        finally:
            sock.close()

    def start(self, arguments: "Sequence[str]" = ()) -> tuple[int | None, bool]:
        """Make sure that a daemon runs and answers: its pid, and whether it was started now."""
        sock, started = start(self.socket, self.environ, self.uid, arguments=arguments, deadline_s=START_S)
        try:
            answer = ask_over(sock, "ping", (), START_S)
            pid = answer.get(b"pid") if isinstance(answer, dict) else None
            return (pid if isinstance(pid, int) else None), started is not None
        except (OSError, BrokenOff):
            raise self._explain_death(started) from None
        finally:
            sock.close()

    def stop(self, *, timeout_s: float, force: bool) -> str:
        """Stop the daemon and wait for its end: "absent", "stopped" or "killed"."""
        pid = self.pid()
        try:
            self.ask("daemon.stop", timeout_s=min(ANSWER_S, timeout_s))
        except (FileNotFoundError, ConnectionRefusedError):
            if self.has_ended():
                return "absent"
        except (OSError, BrokenOff):
            pass  # it may have been faster than its answer
        except Refused:
            if not force:
                raise
        if self._wait_for_end(pid, timeout_s):
            return "stopped"
        if not force:
            raise Refused(
                f"isaacd (pid {pid}) has not stopped within {timeout_s:g} s; to end it by force: isaacctl stop --force",
                EXIT_TRY_LATER,
            )
        if pid is None:
            raise Refused(f"somebody holds {self.lock}, but it is not known which process", EXIT_TRY_LATER)
        try:
            os.kill(pid, _signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has just ended
        if not self._wait_for_end(pid, KILL_S):
            raise Refused(f"isaacd (pid {pid}) does not even end when killed", EXIT_TRY_LATER)
        return "killed"

    def pid(self) -> int | None:
        """Return the daemon's process: the one that listens, or else the one that the lock file names."""
        candidates: list[int | None] = []
        try:
            sock = connect(self.socket, self.uid)
            candidates.append(peer_pid(sock))
            sock.close()
        except OSError:
            pass
        try:
            with open(os.open(self.lock, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                candidates.append(int(file.read(20)))
        except (OSError, ValueError, TypeError):  # of a pipe nothing comes
            pass
        # Numbers are used again; never take a stranger for the daemon.
        return next((pid for pid in candidates if pid and _is_daemon(pid, self.uid)), None)

    @property
    def is_of_the_system(self) -> bool:
        """Whether the daemon is the one that the system's manager runs for this user."""
        return self.socket == system_socket(self.uid)

    def is_managed(self) -> bool:
        """Say whether the units of a service are there."""
        return self.is_of_the_system or any(
            os.path.exists(f"{folder}/isaacd.service") for folder in unit_folders(self.environ)
        )

    def has_ended(self) -> bool:
        """Say whether nobody holds the lock."""
        if not os.path.exists(self.lock):
            return True
        lock = take_lock(self.lock)
        if lock is None:
            return False
        os.close(lock)
        return True

    def _wait_for_end(self, pid: int | None, timeout_s: float) -> bool:
        """Wait until the process is gone, or, where it is not known, until nobody holds the lock."""
        deadline = time.monotonic() + timeout_s
        # Who is known by its number is waited for to its very end: until then it may still write to its files.
        known = pid if os.path.exists("/proc/self") else None
        while _is_daemon(known, self.uid) if known is not None else not self.has_ended():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _explain_death(self, started: "Started | None") -> Refused:
        return explain_death(self.socket, self.environ, started)


def ask_over(
    sock: "_socket.socket", method: str, params: "Sequence[Packable]", timeout_s: float
) -> "Unpacked":
    """Call a method over a connection on which nothing else is under way.

    Raises Refused if there is no answer in time or the daemon refuses, BrokenOff or OSError if the connection ends.
    """
    sock.settimeout(timeout_s)
    unpacker = Unpacker()
    try:
        sock.sendall(pack([0, 1, method, list(params)]))
        while True:
            message = unpacker.next_array()
            if message is None:
                data = sock.recv(CHUNK_BYTES)
                if not data:
                    raise BrokenOff
                unpacker.feed(data)
            elif message[:2] == [1, 1]:
                break
    except TimeoutError:
        pid = peer_pid(sock)
        raise Refused(
            f"isaacd (pid {pid}) does not answer; try: isaacctl restart --force", EXIT_TRY_LATER
        ) from None
    if message[2] is not None:
        raise Refused(*explain(message[2], peer_pid(sock)))
    return message[3]


def _is_daemon(pid: int, uid: int) -> bool:
    try:
        if os.stat(f"/proc/{pid}").st_uid != uid:
            return False
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"isaacd" in file.read()
    except OSError:
        return not os.path.exists("/proc/self")
