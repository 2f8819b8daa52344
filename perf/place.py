"""A private place for daemons: a home of their own, sockets handed over ready, and the kernel's word on their cost."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from environment import clean_environ

FLOORS = Path(__file__).resolve().with_name("floors")
PING = b"\x94\x00\x00\xa4ping\x90"  # [0, 0, "ping", []]
ANSWER_S = 30.0


class Place:
    """A directory that serves as home, with the commands of the clean environment."""

    def __init__(self, python: Path, directory: Path) -> None:
        self.python = str(python)
        self.directory = directory
        self.plugins = directory / "data" / "isaac" / "plugins" / "isaac_plugins"
        self.plugins.mkdir(parents=True)
        self.trust(self.plugins)
        runtime = directory / "run"
        runtime.joinpath("isaacd").mkdir(parents=True, mode=0o700)
        runtime.chmod(0o700)
        self.socket = runtime / "isaacd" / "isaacd.sock"
        self.environ = clean_environ(
            HOME=str(directory),
            XDG_CONFIG_HOME=str(directory / "config"),
            XDG_DATA_HOME=str(directory / "data"),
            XDG_STATE_HOME=str(directory / "state"),
            XDG_CACHE_HOME=str(directory / "cache"),
            XDG_RUNTIME_DIR=str(runtime),
        )
        self._null = os.open(os.devnull, os.O_RDWR)
        self._quiet = [(os.POSIX_SPAWN_DUP2, self._null, number) for number in range(3)]

    def trust(self, *folders: Path) -> None:
        """Have the plugins in these folders, and no others, run inside the daemon."""
        listed = ", ".join(f'{{"origin": "{folder.resolve()}"}}' for folder in folders)
        file = self.plugins.with_name("trusted.json")
        file.write_text(f'{{"trusted": [{listed}]}}\n')
        file.chmod(0o600)

    def tell(self, name: str, data: object) -> None:
        """Keep what a picture is made of, as JSON; the suite stores it beside the results."""
        told = self.directory / "told"
        told.mkdir(exist_ok=True)
        told.joinpath(f"{name}.json").write_text(json.dumps(data), encoding="utf-8")

    def told(self) -> list[Path]:
        """Return the files of what was told."""
        return sorted(self.directory.joinpath("told").glob("*.json"))

    def script(self, name: str, *words: str) -> list[str]:
        """Return the command line of an installed script."""
        return [str(Path(self.python).with_name(name)), *words]

    def floor(self, name: str, *words: str) -> list[str]:
        """Return the command line of a floor."""
        return [self.python, str(FLOORS / f"{name}.py"), *words]

    def process_s(self, argv: Sequence[str], *, code: int = 0) -> float:
        """Run a whole process, its streams at /dev/null, and return its wall time."""
        start = time.perf_counter()
        pid = os.posix_spawn(argv[0], argv, self.environ, file_actions=self._quiet)
        _, status = os.waitpid(pid, 0)
        took_s = time.perf_counter() - start
        if os.waitstatus_to_exitcode(status) != code:
            raise RuntimeError(f"{' '.join(argv)} ended with status {status}; run it in {self.directory}")
        return took_s

    def spawn(self, argv: Sequence[str], inherited: Sequence[int] = ()) -> "subprocess.Popen[bytes]":
        """Start a server that keeps the descriptors `inherited`."""
        return subprocess.Popen(
            argv,
            env=self.environ,
            pass_fds=inherited,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._null,
        )

    @contextlib.contextmanager
    def daemon(self, *options: str) -> Iterator["Server"]:
        """Run isaacd with a socket that is listening before it starts, as isaacctl does it."""
        self.socket.unlink(missing_ok=True)
        lock = os.open(f"{self.socket.parent}/isaacd.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            with listening_on(self.socket) as listening:
                argv = self.script(
                    "isaacd", "--socket-fd", str(listening.fileno()), "--lock-fd", str(lock), *options
                )
                server = Server(self.spawn(argv, (listening.fileno(), lock)), self.socket)
        finally:
            os.close(lock)
        with server:
            yield server

    @contextlib.contextmanager
    def floor_server(self, name: str) -> Iterator["Server"]:
        """Run a floor that serves the listening socket whose number it is given."""
        path = self.directory / f"{name}.sock"
        path.unlink(missing_ok=True)
        with listening_on(path) as listening:
            argv = self.floor(name, str(listening.fileno()))
            server = Server(self.spawn(argv, (listening.fileno(),)), path)
        with server:
            yield server


class Server:
    """A process that serves one socket; it is stopped at the end."""

    def __init__(self, process: "subprocess.Popen[bytes]", path: Path) -> None:
        self._process = process
        self._path = path
        self.pid = process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def connect(self) -> socket.socket:
        """Return a connection; whoever waits longer than ANSWER_S for an answer gets TimeoutError."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(ANSWER_S)
        connection.connect(str(self._path))
        return connection

    def wait_until_ready(self) -> None:
        """Return when the first answer has come."""
        with self.connect() as connection:
            connection.sendall(PING)
            if not connection.recv(4096):
                raise RuntimeError(f"the server at {self._path} closed the connection")

    def wait_until_idle(self) -> None:
        """Return when it has answered and then used less than 1 ms of CPU in a quarter of a second."""
        self.wait_until_ready()
        deadline_s = time.monotonic() + ANSWER_S
        before_s = -1.0
        while (now_s := self.cpu_s()) - before_s > 0.001:
            if time.monotonic() > deadline_s:
                raise RuntimeError(f"the server at {self._path} does not come to rest")
            before_s = now_s
            time.sleep(0.25)

    def cpu_s(self) -> float:
        """Return the CPU time of all its threads, in the kernel's nanoseconds where it tells them."""
        tasks = Path(f"/proc/{self.pid}/task")
        try:
            return (
                sum(int(task.joinpath("schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9
            )
        except OSError:
            ticks = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
            return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self) -> dict[str, int]:
        """Return its resident memory (Rss), and its share of it (Pss: shared pages are divided)."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:]
        found = {line.partition(":")[0]: line.split()[1] for line in lines}
        return {name: int(found[name]) * 1024 for name in ("Rss", "Pss")}


def listening_on(path: Path) -> socket.socket:
    """Return a socket that listens at `path`, for its owner only."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    path.chmod(0o600)
    listening.listen(128)
    return listening
