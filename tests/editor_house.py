"""What editors/ is tried with: a daemon that asks a provider on this machine and has slow commands, and a way to start one."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.answering import Answering
from tests.daemon import Daemon, Home, a_home, running

EDITORS = Path(__file__).parents[1] / "editors"
SLOW = """
import anyio
from collections.abc import AsyncIterator
from isaacd.api import Context, Plugin

plugin = Plugin("slow", summary="Commands that take their time.")
begun, ended = [], []

@plugin.command
async def wait(context: Context) -> AsyncIterator[str]:
    \"\"\"Say one word, and wait until cancelled.\"\"\"
    begun.append("wait")
    try:
        yield "waiting"
        await anyio.sleep_forever()
    finally:
        ended.append("wait")

@plugin.command
def started(context: Context) -> int:
    \"\"\"Say how many waits have begun.\"\"\"
    return len(begun)

@plugin.command
def count(context: Context) -> int:
    \"\"\"Say how many waits have ended.\"\"\"
    return len(ended)
"""


@contextlib.contextmanager
def daemon_with_a_provider() -> Iterator[Daemon]:
    """Run a daemon whose provider answers every prompt with `re: ` and the prompt."""
    with Answering() as answering:
        config = (
            '[ai.providers.local]\nkind = "openai-compatible"\n'
            f'base_url = "{answering.provider.base_url}"\nmodel = "m"\n'
        )
        with running(plugins={"slow": SLOW}, config=config) as daemon:
            yield daemon


@contextlib.contextmanager
def home_without_a_daemon() -> Iterator[Home]:
    """Give a home with `isaacctl` on PATH in which nothing runs yet; what was started there is stopped at the end."""
    with a_home() as home:
        tools = home.directory / "bin"
        tools.mkdir()
        for name in ("isaacctl", "isaacd"):
            script = tools / name
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {name} "$@"\n')
            script.chmod(0o755)
        home.environ["PATH"] = f"{tools}{os.pathsep}{home.environ['PATH']}"
        try:
            yield home
        finally:
            home.isaacctl("stop")
