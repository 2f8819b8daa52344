"""Law: a plugin's author is told of a mistake by the type checker, and of nothing else."""

import re
import sys
from pathlib import Path
from subprocess import run

AUTHOR = Path(__file__).with_name("plugin_author.py")
ROOT = AUTHOR.parents[2]


def test_mypy_finds_the_marked_mistakes_and_no_other(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), "--follow-imports=silent"]
    argv += ["--hide-error-context", "--no-error-summary", "--no-pretty", str(AUTHOR)]
    found = run(argv, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert found.stderr == ""
    complaints: dict[int, set[str]] = {}
    for line in found.stdout.splitlines():
        told = re.search(r"plugin_author\.py:(\d+): error: .*\[([a-z-]+)\]$", line)
        if told is not None:
            complaints.setdefault(int(told[1]), set()).add(told[2])
        else:
            assert ": note: " in line, line
    expected: dict[int, set[str]] = {}
    for number, line in enumerate(AUTHOR.read_text().splitlines(), 1):
        marked = line.partition("# ERROR: ")[2]
        if marked:
            expected[number] = set(marked.split(", "))
    assert complaints == expected
