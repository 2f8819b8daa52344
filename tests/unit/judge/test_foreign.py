"""Git runs what the settings of a repository name, even to tell its status: another one is not read unasked unless it names nothing."""

from pathlib import Path

import pytest

from isaacd.judge.disk import DiskFacts
from isaacd.judge.judge import Judge
from isaacd.judge.surroundings import Surroundings
from isaacd.safety.tier import Tier
from tests.fake_facts import FakeFacts

JUDGE = Judge()
READS = (
    "git -C {} status",
    "git --git-dir={}/.git log",
    "git -C{} diff",
    "git --git-dir {}/.git --work-tree {} status",
)


def tier(line: str, facts: FakeFacts | DiskFacts, cwd: str = "/home/u/project") -> Tier:
    return JUDGE.judge(line, Surroundings(cwd, "/home/u", facts=facts)).tier


def configured(folder: Path, text: str) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git/config").write_text(text)
    return folder


@pytest.mark.parametrize("line", READS)
def test_a_repository_of_which_nothing_is_known_is_asked_about(line: str) -> None:
    assert tier(line.replace("{}", "/srv/other"), FakeFacts()) is Tier.BEYOND


@pytest.mark.parametrize("line", READS)
def test_one_within_the_tree_is_the_persons_own(line: str) -> None:
    assert tier(line.replace("{}", "vendor/lib"), FakeFacts()) is Tier.READ


@pytest.mark.parametrize("line", ["git -C ~/x status", "git -C $X status", "git -C .. log"])
def test_what_leads_out_or_is_not_seen_is_asked_about(line: str) -> None:
    assert tier(line, FakeFacts()) is Tier.BEYOND


@pytest.mark.parametrize(
    "text",
    [
        "[core]\n\tfsmonitor = ./x\n",
        "[core] fsmonitor = ./x\n",
        "[CORE]\n FSMonitor=./x",
        "[core]\n\tpager = rm\n",
        '[diff "a"]\n\ttextconv = x\n',
        "[diff]\n\texternal = x\n",
        '[filter "a"]\n\tclean = x\n',
        "[include]\n\tpath = ../y\n",
        '[includeIf "gitdir:/"]\n\tpath = y\n',
        "[alias]\n\tst = !x\n",
        "[core]\n\tfsmon\\\nitor = x\n",
    ],
)
def test_settings_that_name_programs_are_asked_about_wherever_they_are(tmp_path: Path, text: str) -> None:
    other = configured(tmp_path / "other", text)
    configured(tmp_path / "here", "")
    for line in (*READS, "cd {} && git status"):
        assert tier(line.replace("{}", str(other)), DiskFacts(), str(tmp_path / "here")) >= Tier.BEYOND


def test_settings_that_name_none_are_read_unasked(tmp_path: Path) -> None:
    text = (
        "[core]\n\tfsmonitor = true\n\tbare = false\n[user]\n\tname = A\n[alias]\n\tst = status\n"
        '[filter "lfs"]\n\tclean = git-lfs clean -- %f\n[remote "origin"]\n\turl = https://example.org/a\n'
    )
    other = configured(tmp_path / "other", text)
    for line in (*READS, "cd {} && git status"):
        assert tier(line.replace("{}", str(other)), DiskFacts(), str(tmp_path)) is Tier.READ


def test_a_linked_working_tree_has_the_settings_of_the_first(tmp_path: Path) -> None:
    first = configured(tmp_path / "first", "[core]\n\tfsmonitor = ./x\n")
    own = first / ".git/worktrees/second"
    own.mkdir(parents=True)
    (own / "commondir").write_text("../..\n")
    second = tmp_path / "second"
    second.mkdir()
    (second / ".git").write_text(f"gitdir: {own}\n")
    assert tier(f"git -C {second} status", DiskFacts(), str(first)) is Tier.BEYOND


@pytest.mark.parametrize("text", ["\0", "[", "[core", "=\n=", "[a]\n" * 9000, '[a "' + "x" * 9000])
def test_broken_settings_are_read_without_a_fault(tmp_path: Path, text: str) -> None:
    other = configured(tmp_path / "other", text)
    assert tier(f"git -C {other} status", DiskFacts(), "/home/u/project") in (Tier.READ, Tier.BEYOND)


def test_the_repository_where_a_person_is_asks_nothing_however_the_folder_is_written(tmp_path: Path) -> None:
    here = configured(tmp_path / "here", "[core]\n\tfsmonitor = ./x\n")
    for cwd in (str(here), f"{here}/", f"{here}/."):
        assert tier("git status", DiskFacts(), cwd) is Tier.READ
