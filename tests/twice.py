"""`make unit`, `make test-system`: every test, and the few that fail once more, alone.

A test of processes, signals and disks that holds may still miss a deadline on a machine that stands still for a minute.
One that fails alone too has failed, and so have many at once; one that passes alone is named, to be mended.
Arguments are pytest's. Exits as pytest does.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

AT_MOST = 5
_PASSED, _FAILED = 0, 1


def run(arguments: list[str]) -> int:
    """Run pytest, and what failed there once more; return the exit status."""
    with tempfile.TemporaryDirectory() as cache:
        pytest = [sys.executable, "-m", "pytest", *arguments, "-o", f"cache_dir={cache}"]
        status = subprocess.run(pytest, check=False).returncode
        failed = _failed(Path(cache)) if status == _FAILED else []
        if not failed:
            return status
        if len(failed) > AT_MOST:
            print(f"{len(failed)} tests failed: too many to be an accident of this machine", flush=True)
            return status
        print(f"once more, alone: {' '.join(failed)}", flush=True)
        again = [*pytest, "-n", "0", "--last-failed", "--last-failed-no-failures", "none"]
        status = subprocess.run(again, check=False).returncode
    if status == _PASSED:
        for name in failed:
            print(f"UNSTEADY: {name} failed, and passed alone; it wants mending", flush=True)
    return status


def _failed(cache: Path) -> list[str]:
    """Return the names of the tests that the last run left as failed, as pytest has written them."""
    try:
        return sorted(json.loads((cache / "v/cache/lastfailed").read_bytes()))
    except (OSError, ValueError):
        return []


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
