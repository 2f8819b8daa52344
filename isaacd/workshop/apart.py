"""A module of ours that imports an author's code, run in a process of its own; its answer comes in a file."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from isaacd.errors import PluginFailed


def run_apart(
    module: str, arguments: Sequence[str], answer: Path, environ: Mapping[str, str], timeout_s: float
) -> bytes:
    """Run `python -m module ARGUMENTS ANSWER` and return what it has written into the file `answer`.

    Raises PluginFailed if there is nothing: the code takes longer than `timeout_s`, or ends its process.
    """
    command = [sys.executable, "-P", "-B", "-m", module, *arguments, str(answer)]
    try:
        done = subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PluginFailed(
            f"importing it has taken more than {timeout_s:g} s",
            hint="do slow things in a function marked with @plugin.setup, or in the command that needs them",
        ) from None
    if answer.is_file():
        return answer.read_bytes()
    how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
    raise PluginFailed(f"importing it ends the process ({how})", hint="a plugin must not end the daemon")
