"""Somebody who does what a page of documentation says."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.daemon import DEADLINE_S
from tests.examples import Type, Write, fits

ROOT = Path(__file__).parents[1]
# A handler takes its time, so this may be typed again; it changes nothing.
PATIENT = ("isaacctl tally best",)


class Newcomer:
    """Somebody with an empty home, who does what a page says."""

    def __init__(self, home: Path) -> None:
        self.home = home
        tools = home / "bin"
        tools.mkdir()
        for name in ("isaacctl", "isaacd"):
            script = tools / name
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {name} "$@"\n')
            script.chmod(0o755)
        self.environ = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}",
        }

    def type(self, line: str) -> str:
        done = subprocess.run(
            ["bash", "-c", line],
            env=self.environ,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE_S,
        )
        return done.stdout

    def write(self, step: Write) -> None:
        path = self.home / step.place.removeprefix("~/")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if step.add else "w") as file:
            file.write(f"\n\n{step.text}" if step.add else step.text)

    def follow(self, step: Type) -> None:
        seen = self.type(step.line)
        end = time.monotonic() + DEADLINE_S
        while step.line in PATIENT and not fits(step.shown, seen) and time.monotonic() < end:
            seen = self.type(step.line)
        assert fits(step.shown, seen), f"$ {step.line}\n{seen}\ninstead of\n" + "\n".join(step.shown)

    def run(self, commands: list[str], cwd: Path, environ: dict[str, str]) -> list[tuple[int, str]]:
        """Run commands in one bash, so that each finds what those before have set; give the code and the output of each."""
        results = self.home / "results"
        shutil.rmtree(results, ignore_errors=True)
        results.mkdir()
        script = "".join(
            f"{{ {command}\n}} < /dev/null > {results}/{number} 2>&1\necho $? > {results}/{number}.code\n"
            for number, command in enumerate(commands)
        )
        with subprocess.Popen(
            ["bash", "-c", script],
            env=self.environ | environ,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as bash:
            try:
                bash.wait(DEADLINE_S)
            except subprocess.TimeoutExpired:
                os.killpg(bash.pid, signal.SIGKILL)
        return [_result(results, number) for number in range(len(commands))]


def _result(results: Path, number: int) -> tuple[int, str]:
    """Return code and output of a command; one that has not ended has -1."""
    try:
        code = int((results / f"{number}.code").read_text())
        return code, (results / str(number)).read_text(errors="replace")
    except FileNotFoundError:
        return -1, "it has not ended; mark it, if it is not meant to"
