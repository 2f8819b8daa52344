"""A real systemd, booted in namespaces over a copy-on-write view of this system, with a user who has a manager of her own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.daemon import eventually

USER = "ada"
UID = 61234
BOOT = Path(__file__).with_name("boot")
CHECKOUT = Path(__file__).parents[2]
RUN_S = 90.0


def why_not() -> str | None:
    """Say why none can be booted here; None if one can."""
    if os.geteuid() != 0:
        return "only root can boot a systemd in namespaces"
    for own in ("/tmp", "/var/tmp", "/run", "/dev"):
        if CHECKOUT.is_relative_to(own):
            return f"the booted system has a {own} of its own, in which this checkout is not"
    for program in (
        "/lib/systemd/systemd",
        "systemctl",
        "loginctl",
        "dbus-daemon",
        "unshare",
        "nsenter",
        "runuser",
    ):
        if shutil.which(program) is None:
            return f"{program} is missing; make test-system installs it where it can"
    tried = subprocess.run(
        ["unshare", "-f", "-p", "-m", "-C", "-u", "-i", "-n", "--mount-proc", "true"],
        capture_output=True,
        text=True,
    )
    return f"namespaces are not to be had: {tried.stderr.strip()}" if tried.returncode else None


class Booted:
    """One booted system; commands are run in it as root or as the user."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="isaac-boot-"))
        self._log = self._folder.with_suffix(".log")
        readable = {str(CHECKOUT), sys.base_prefix, str(Path(sys.executable).parent.parent)}
        command = "unshare -f -p -m -C -u -i -n --mount-proc --kill-child".split()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, str(BOOT), str(self._folder), *sorted(readable)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self.init = eventually(self._child, "the new init")
        eventually(self._is_up, "systemd to come up")
        eventually(
            lambda: self.user("systemctl", "--user", "show", "-p", "Version").returncode == 0, "ada's manager"
        )

    def _child(self) -> int:
        assert self._process.poll() is None, self.said
        found = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return int(found[0]) if found else 0

    @property
    def said(self) -> str:
        """What was printed while it booted."""
        return self._log.read_text()

    def _is_up(self) -> bool:
        assert self._process.poll() is None, self.said
        state = self.root("systemctl", "is-system-running").stdout.strip()
        return state in ("running", "degraded")

    def root(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        """Run a program as root."""
        return self._run(["env", "-i", f"PATH={os.environ['PATH']}", "LANG=C.UTF-8", *argv])

    def user(
        self, *argv: str, environ: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program as the user, as if she had logged in."""
        set_ = {
            "HOME": f"/home/{USER}",
            "USER": USER,
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": f"/run/user/{UID}",
            **(environ or {}),
        }
        words = [f"{name}={value}" for name, value in set_.items() if value]
        return self._run(["runuser", "-u", USER, "--", "env", "-i", *words, *argv])

    def isaacctl(self, *argv: str) -> str:
        """Run isaacctl as the user and return what it prints; it must succeed."""
        done = self.user("isaacctl", *argv)
        assert done.returncode == 0, (argv, done.stdout, done.stderr)
        return done.stdout

    def python(self, code: str, *argv: str) -> str:
        """Run Python as the user, with the checkout on its path; it must succeed."""
        done = self.user(sys.executable, "-c", code, *argv, environ={"PYTHONPATH": str(CHECKOUT)})
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout

    def main_pid(self, unit: str = "isaacd.service") -> int:
        """Return the process of a unit of the user."""
        return int(
            self.user("systemctl", "--user", "show", "-p", "MainPID", "--value", unit).stdout.strip() or 0
        )

    def signal_daemon(self, number: int) -> None:
        """Signal the daemon from outside."""
        self.root("kill", f"-{signal.Signals(number).name}", str(self.main_pid()))

    def _run(self, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["nsenter", "-t", str(self.init), *"-m -u -i -p -C -n".split(), *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=RUN_S,
            cwd="/",
        )

    def close(self) -> None:
        """End all of it; the copies are gone with the namespace."""
        self._process.kill()
        self._process.wait()
        self._log.unlink(missing_ok=True)
        self._folder.rmdir()
