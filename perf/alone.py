"""A room by itself: `python perf/bench_startup.py [--quick]` is `perf/run startup [--quick]`."""

import os
import sys
from pathlib import Path


def alone(file: str) -> None:
    """Become `perf/run` for the room of this file."""
    path = Path(file).resolve()
    run = str(path.with_name("run"))
    os.execv(sys.executable, [sys.executable, run, path.stem.removeprefix("bench_"), *sys.argv[1:]])
