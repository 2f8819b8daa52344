"""Law: whoever follows the tutorial to the letter sees what it shows."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon import DEADLINE_S
from tests.tutorial import Type, Write, fits, steps_of

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs/tutorial/first-plugin.md"
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


@pytest.fixture
def newcomer() -> Iterator[Newcomer]:
    home = Path(tempfile.mkdtemp(prefix="isaac-", dir="/tmp"))
    made = Newcomer(home)
    try:
        yield made
    finally:
        made.type("isaacctl stop")
        shutil.rmtree(home, ignore_errors=True)


def test_every_block_of_the_tutorial_does_what_it_shows(newcomer: Newcomer) -> None:
    for step in steps_of(TUTORIAL.read_text()):
        if isinstance(step, Write):
            newcomer.write(step)
        else:
            newcomer.follow(step)


def test_what_is_shown_has_to_be_seen() -> None:
    assert fits(("a", "...", "b"), "a\nx\ny\nb\n")
    assert fits(("a", "...", "b"), "a\nb\n")
    assert fits(("sheep ...",), "sheep 15\n")
    assert not fits(("a", "b"), "a\nx\nb\n")
    assert not fits(("sheep 15",), "sheep 1\n")
    assert fits((), "")
    assert not fits((), "error\n")
