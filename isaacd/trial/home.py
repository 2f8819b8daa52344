"""A temporary home with a daemon in it, which nobody else's plugins, answers or settings reach."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from isaacd.errors import PluginFailed
from isaacd.installing.daemon import Answer, call
from isaacd.paths import Paths

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 20.0
# What says where files are, and what to do; a trial must not depend on it.
_FOREIGN = ("XDG_", "ISAAC_", "ISAACD_", "PYTEST_", "PYTHONPATH", "PYTHONHOME")


class Home:
    """The directories, the environment in which everything of a trial runs, and the daemon."""

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        self.directory = directory
        kept = {name: value for name, value in environ.items() if not name.startswith(_FOREIGN)}
        self.environ = {
            **kept,
            "HOME": str(directory),
            "XDG_RUNTIME_DIR": str(directory),
            "ISAACD_SOCKET": str(directory / "isaacd/isaacd.sock"),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", os.defpath)]),
        }
        self.paths = Paths.from_environ(self.environ, os.geteuid())
        self.plugins = self.paths.data_dir / "plugins"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the daemon and wait until it answers; raises PluginFailed if it does not."""
        output = self.directory / "isaacd.out"
        with output.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "isaacd"],
                env=self.environ,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            if self.call("ping", {}) is not None:
                return
            time.sleep(0.02)
        said = output.read_text(errors="replace").strip().splitlines()[-10:]
        raise PluginFailed("the daemon of the trial does not answer", hint="\n".join(said) or None)

    def call(self, method: str, params: Mapping[str, object]) -> Answer | None:
        """Call a command of the daemon; None if it is gone, or hangs."""
        return call(self.paths.socket, method, params)

    def stop(self) -> str | None:
        """Have the daemon leave; returns what was wrong with that, or None."""
        process = self._process
        if process is None:
            return None
        gone = process.poll()
        if gone is not None:
            return f"the daemon has ended by itself ({gone})"
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return f"the daemon has not left within {STOP_TIMEOUT_S:g} s of being asked to"
        return None if code == 0 else f"the daemon has left with {code}"

    def kill(self) -> None:
        """End the daemon, and whatever it started, if it still runs."""
        process = self._process
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def temporary_home(environ: Mapping[str, str]) -> Iterator[Home]:
    """Make a home under a path that is short enough for a socket; nothing of it is left at the end."""
    directory = Path(tempfile.mkdtemp(prefix="isaac-", dir="/tmp"))
    try:
        home = Home(directory, environ)
        try:
            yield home
        finally:
            home.kill()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
