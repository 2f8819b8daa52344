"""A room by itself: `python perf/bench_startup.py [--quick]` is `perf/run startup [--quick]`."""

import importlib.util
import os
import sys
from pathlib import Path


def alone(file: str) -> None:
    """Become `perf/run` for the room of this file."""
    path = Path(file).resolve()
    run = str(path.with_name("run"))
    os.execv(sys.executable, [sys.executable, run, path.stem.removeprefix("bench_"), *sys.argv[1:]])


def has_isaac() -> bool:
    """Say whether this Python has Isaac, with all that it needs."""
    return all(importlib.util.find_spec(name) for name in ("isaacd", "msgspec", "anyio"))
