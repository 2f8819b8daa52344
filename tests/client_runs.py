"""Running the command line as a person does: a process of its own, in a home of its own."""

import ast
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parent.parent
LIMIT_S = 90.0


class Home:
    """A user's directories, short enough for a socket's path, and the command line in them."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.processes: list[subprocess.Popen[bytes]] = []
        self.program: tuple[str, ...] = ("-m", "isaacctl")
        self.runtime = base / "run"
        self.runtime.mkdir(mode=0o700)
        self.directory = self.runtime / "isaacd"
        self.socket = self.directory / "isaacd.sock"
        self.lock = self.directory / "isaacd.lock"
        self.log = base / ".local/state/isaac/isaacd.log"
        self.environ = {
            "HOME": str(base),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            **{name: value for name, value in os.environ.items() if name.startswith("COV")},
        }

    def with_fake_isaacd(self, mode: str = "") -> "Home":
        """Let the client start the stand-in instead of the daemon; `mode` says how that behaves."""
        site = self.base / "site"
        if not site.exists():
            site.mkdir()
            (site / "isaacctl").symlink_to(REPOSITORY / "isaacctl")
            (site / "isaacd").symlink_to(REPOSITORY / "tests/launchable/isaacd")
        self.environ["PYTHONPATH"] = str(site)
        self.environ["FAKE_ISAACD"] = mode
        return self

    def command(self, *argv: str | bytes) -> list[str | bytes]:
        return [sys.executable, *self.program, *argv]

    def run(self, *argv: str | bytes, **options: Any) -> "subprocess.CompletedProcess[Any]":
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        defaults = {"env": self.environ, "cwd": self.base, "capture_output": True, "text": True}
        return subprocess.run(self.command(*argv), timeout=LIMIT_S, check=False, **{**defaults, **options})

    def begin(self, *argv: str | bytes, **options: Any) -> "subprocess.Popen[bytes]":
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        process = subprocess.Popen(self.command(*argv), cwd=self.base, env=self.environ, **options)
        self.processes.append(process)
        return process

    def facts(self, *argv: str) -> dict[str, Any]:
        """Return what the stand-in says about itself."""
        done = self.run(*(argv or ("facts",)))
        assert done.returncode == 0, done
        found: dict[str, Any] = ast.literal_eval(done.stdout)
        return found

    @property
    def starts(self) -> list[int]:
        """The pids of all stand-ins that were started, in order."""
        with suppress(FileNotFoundError):
            return [int(line) for line in (self.base / "starts").read_text().split()]
        return []

    def end_clients(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()

    def end_daemon(self) -> None:
        with suppress(FileNotFoundError, ValueError):
            pids = {int(self.lock.read_text()), *self.starts}
            for pid in pids:
                if b"isaacd" in _command_line(pid):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)


@contextmanager
def home() -> Iterator[Home]:
    base = Path(tempfile.mkdtemp(prefix="isaac-", dir="/tmp"))
    made = Home(base)
    try:
        yield made
    finally:
        made.end_clients()
        made.end_daemon()
        for directory in base.rglob("*"):
            if directory.is_dir() and not directory.is_symlink():
                directory.chmod(0o700)
        shutil.rmtree(base)


def eventually(condition: Callable[[], bool], limit_s: float = LIMIT_S) -> bool:
    """Wait for something that another process does."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _command_line(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
