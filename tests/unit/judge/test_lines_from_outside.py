"""Lines that were written without a look at the rules: what destroys is never run unasked, what reads is never refused.

A line stands on a line of its file; ⏎ is a line end in it.
"""

from pathlib import Path

import pytest

from isaacd.judge.judge import Judge
from isaacd.judge.surroundings import Surroundings
from isaacd.safety.tier import Tier

FOLDER = Path(__file__).parent / "outside"
MEMBER = Surroundings("/home/u/project", "/home/u")
ROOT = Surroundings("/home/u/project", "/home/u", is_root=True)
JUDGE = Judge()


def lines(name: str) -> list[str]:
    return [line.replace("⏎", "\n") for line in (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()]


def tier(line: str, around: Surroundings = MEMBER) -> Tier:
    return JUDGE.judge(line, around).tier


@pytest.mark.parametrize("around", [MEMBER, ROOT], ids=["member", "root"])
def test_a_catastrophe_is_refused_however_it_is_hidden(around: Surroundings) -> None:
    assert [line for line in lines("refused") if tier(line, around) is not Tier.DESTRUCTIVE] == []


@pytest.mark.parametrize("around", [MEMBER, ROOT], ids=["member", "root"])
def test_what_changes_reaches_out_or_hides_is_never_run_unasked(around: Surroundings) -> None:
    assert [line for line in lines("asked") if tier(line, around).runs_unasked] == []


@pytest.mark.parametrize("around", [MEMBER, ROOT], ids=["member", "root"])
def test_nothing_that_reads_is_refused_and_one_in_ten_asks_at_most(around: Surroundings) -> None:
    reading = lines("reading")
    tiers = {line: tier(line, around) for line in reading}
    assert [line for line, found in tiers.items() if found is Tier.DESTRUCTIVE] == []
    assert sum(not found.runs_unasked for found in tiers.values()) <= len(reading) // 10


def test_what_only_looks_grave_is_not_refused() -> None:
    assert [line for line in lines("confirmed") if tier(line) is Tier.DESTRUCTIVE] == []


def test_being_root_never_lowers_a_tier() -> None:
    every = [*lines("refused"), *lines("asked"), *lines("reading")]
    assert [line for line in every if tier(line, ROOT) < tier(line)] == []


@pytest.mark.parametrize(
    "name", ["gtimeout 5", "gxargs", "catchsegv", "rr", "ifne", "torify", "tsocks", "lldb --"]
)
def test_a_wrapper_never_hides_what_it_runs(name: str) -> None:
    assert tier(f"{name} rm -rf /") is Tier.DESTRUCTIVE


@pytest.mark.parametrize("image", ["disk.img", "build/disk.img"])
def test_a_file_system_in_a_plain_file_of_the_tree_asks_and_one_on_a_disk_is_refused(
    image: str, tmp_path: Path
) -> None:
    from isaacd.judge.disk import DiskFacts

    file = tmp_path / image
    file.parent.mkdir(exist_ok=True)
    file.touch()
    here = Surroundings(str(tmp_path), "/home/u", facts=DiskFacts())
    assert tier(f"mkfs.ext4 {image}", here) < Tier.BEYOND
    assert tier("mkfs.ext4 missing.img", here) is Tier.DESTRUCTIVE
    assert tier("mkfs.ext4 /dev/sda", here) is Tier.DESTRUCTIVE
    assert tier(f"mkfs.ext4 {image} /dev/sda", here) is Tier.DESTRUCTIVE
