"""Programs in the person's own terminal: keys reach them, and only them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PRESSED_TOO_SOON = """
import os, signal
from isaacctl import terminal

begin = os.posix_spawnp

def late(*given, **named):
    os.kill(os.getpid(), signal.SIGINT)
    return begin(*given, **named)

os.posix_spawnp = late
print(terminal.run_program({argv}), signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


@pytest.mark.parametrize(
    ("argv", "code"), [(["sleep", "600"], 130), (["sh", "-c", "trap '' INT; exit 3"], None)]
)
def test_a_key_pressed_before_a_program_has_begun_reaches_it(argv: list[str], code: int | None) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRESSED_TOO_SOON.format(argv=argv)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.stderr == ""
    assert done.stdout in ([f"{code} True\n"] if code else ["3 True\n", "130 True\n"])


@pytest.mark.parametrize("module", ["isaacctl.search", "isaacctl.watch"])
def test_a_key_pressed_while_python_still_imports_shows_no_traceback(module: str, tmp_path: Path) -> None:
    (tmp_path / "re.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    environ = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-S", "-m", module, "{}"], env=environ, capture_output=True, text=True, timeout=90
    )
    assert (done.returncode, done.stdout, done.stderr) == (-2, "", "")
