"""Who holds a reservation, and whether that process is still there."""

import os
import subprocess
import sys
from pathlib import Path

from isaacd.ledger.owner import is_gone, this_process


def test_this_process_is_there() -> None:
    assert not is_gone(this_process())
    assert this_process() == this_process()


def test_a_process_that_ended_is_gone() -> None:
    code = "from isaacd.ledger.owner import this_process; print(this_process())"
    owner = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert owner.startswith(tuple("123456789"))
    assert is_gone(owner)


def test_a_later_process_with_the_same_number_is_another() -> None:
    number, started, boot = this_process().split(":")
    assert is_gone(f"{number}:{int(started or 0) + 1}:{boot}")
    assert is_gone(f"{number}:{started}:another-boot")


def test_nobody_is_never_gone() -> None:
    assert not is_gone("")


def test_without_proc_the_number_alone_counts(tmp_path: Path) -> None:
    owner = this_process(tmp_path)
    assert owner == f"{os.getpid()}::"
    assert not is_gone(owner, tmp_path)
