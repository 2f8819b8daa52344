"""`make unit` tries what fails beside others once more, and forgives nothing that fails alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ACCIDENT = """
from pathlib import Path

def test_accident():
    before = Path(__file__).with_name("accident")
    ran = before.exists()
    before.touch()
    assert ran

def test_fine():
    pass
"""


def run(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text(text)
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name in [name for name in environ if name.startswith(("PYTEST_CURRENT", "PYTEST_XDIST_WORKER"))]:
        del environ[name]
    command = [sys.executable, "-m", "tests.twice", "-q", "-n", "1", str(folder)]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def test_what_passes_alone_is_named_and_passes(tmp_path):
    done = run(tmp_path, ACCIDENT)
    assert done.returncode == 0, done.stdout
    (named,) = [line for line in done.stdout.splitlines() if line.startswith("UNSTEADY")]
    assert "test_it.py::test_accident" in named


@pytest.mark.parametrize(
    "text",
    [
        ACCIDENT + "\ndef test_wrong():\n    assert not 1\n",
        "\n".join(ACCIDENT.replace("accident", f"accident_{n}") for n in range(6)),
        "import nothing_of_this_name\n",
        "",
    ],
    ids=["one fails alone too", "too many to be an accident", "cannot be collected", "no test at all"],
)
def test_what_is_wrong_fails(tmp_path, text):
    assert run(tmp_path, text).returncode != 0
