"""A service manager as far as a daemon sees it: it listens, hands over, is told, keeps descriptors and starts anew."""

import array
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from tests.daemon import UNHURRIED

MAX_BYTES = 64 * 1024


class ServiceManager:
    """Holds a socket and what a daemon stores; `lines` is everything that it was told."""

    def __init__(self, home: Path, environ: dict[str, str], path: Path) -> None:
        self.lines: list[str] = []
        self.stored: dict[str, int] = {}
        self._environ = environ
        self._told = threading.Condition()
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._listening.bind(str(path))
        path.chmod(0o600)
        self._listening.listen(64)
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._address = home / "notify"
        self._notified.bind(str(self._address))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, watchdog_s: float | None = None) -> None:
        """Start a daemon with the socket and all that is stored, and wait until it is ready."""
        names = ["isaacd", *self.stored]
        descriptors = [self._listening.fileno(), *self.stored.values()]
        environ = {
            **UNHURRIED,
            **self._environ,
            "NOTIFY_SOCKET": str(self._address),
            "LISTEN_FDS": str(len(descriptors)),
            "LISTEN_FDNAMES": ":".join(names),
        }
        if watchdog_s is not None:
            environ["WATCHDOG_USEC"] = str(int(watchdog_s * 1_000_000))
        # What a manager does between fork and exec: descriptors from 3 on, and the number of the process.
        code = (
            "import os, sys\n"
            "fds = [int(word) for word in sys.argv[1].split(',')]\n"
            "high = [os.dup(fd) for fd in fds]\n"
            "import fcntl\n"
            "high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 900) for fd in high]\n"
            "for place, fd in enumerate(high): os.dup2(fd, 3 + place, inheritable=True)\n"
            "os.environ['LISTEN_PID'] = str(os.getpid())\n"
            "os.closerange(3 + len(high), 1024)\n"
            "os.execv(sys.executable, [sys.executable, '-P', '-m', 'isaacd', *sys.argv[2:]])\n"
        )
        before = self.count("READY=1")
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, ",".join(map(str, descriptors))],
            env=environ,
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
        )
        self.wait_for("READY=1", before + 1)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal the daemon and wait for its end."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(90)

    def restart(self) -> None:
        """Stop it and start it anew, with what it has stored meanwhile."""
        assert self.stop() == 0
        self.start()

    def count(self, line: str) -> int:
        """Say how often something was told."""
        return sum(item.startswith(line) for item in self.lines)

    def wait_for(self, line: str, times: int = 1) -> None:
        """Wait until something was told so often."""
        with self._told:
            assert self._told.wait_for(lambda: self.count(line) >= times, 90), (line, self.lines)

    def tell(self, line: str) -> None:
        """Tell oneself something, which comes behind all that was told before."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(line.encode(), str(self._address))

    def close(self) -> None:
        """End everything."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._notified.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._notified.close()
        self._listening.close()
        for descriptor in self.stored.values():
            os.close(descriptor)

    def _read(self) -> None:
        while True:
            try:
                data, ancillary, _, _ = self._notified.recvmsg(MAX_BYTES, socket.CMSG_SPACE(64))
            except OSError:
                return
            if not data and not ancillary:
                return
            descriptors = [
                item
                for level, kind, content in ancillary
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
                for item in array.array("i", content[: len(content) // 4 * 4])
            ]
            lines = data.decode().splitlines()
            with self._told:
                self._take(lines, descriptors)
                self.lines += lines
                self._told.notify_all()

    def _take(self, lines: list[str], descriptors: list[int]) -> None:
        name = next((line.removeprefix("FDNAME=") for line in lines if line.startswith("FDNAME=")), "stored")
        if "FDSTORE=1" in lines:
            for descriptor in descriptors:
                self.stored[name] = descriptor
            return
        if "FDSTOREREMOVE=1" in lines and name in self.stored:
            os.close(self.stored.pop(name))
        for descriptor in descriptors:
            os.close(descriptor)
