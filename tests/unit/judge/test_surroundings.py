"""Where a line would run counts: the folder, what is there, who asks, and the state of the repository."""

import pytest

from isaacd.judge.facts import Repository
from isaacd.judge.judge import Judge
from isaacd.judge.surroundings import Surroundings
from isaacd.judge.verdict import Reason, Verdict
from isaacd.safety.tier import Tier
from tests.fake_facts import FakeFacts

JUDGE = Judge()
TREE = "/home/u/project"
REPOSITORY = Repository(TREE, "main")


def tier(line: str, facts: FakeFacts | None = None, *, cwd: str = TREE, is_root: bool = False) -> str:
    around = Surroundings(cwd, "/home/u", is_root=is_root, facts=facts or FakeFacts())
    return JUDGE.judge(line, around).tier.label


@pytest.mark.parametrize(
    ("line", "clean", "dirty", "unknown"),
    [
        ("git reset --hard", "2.5", "4", "3"),
        ("git checkout .", "3", "4", "3"),
        ("git checkout -f main", "3", "4", "3"),
        ("git restore .", "3", "4", "3"),
        ("git status", "1", "1", "1"),
        ("rm -rf src", "2.5", "3", "3"),
    ],
)
def test_throwing_away_is_worse_where_something_is_not_committed(
    line: str, clean: str, dirty: str, unknown: str
) -> None:
    found = [tier(line, FakeFacts(repository=REPOSITORY, clean=state)) for state in (True, False, None)]
    assert found == [clean, dirty, unknown]


def test_another_repository_is_not_taken_for_this_one() -> None:
    facts = FakeFacts(repository=REPOSITORY, clean=True)
    assert tier("git -C /elsewhere reset --hard", facts) == "3"
    assert tier("git --git-dir=x reset --hard", facts) == "3"
    assert tier("cd /elsewhere && git reset --hard", facts) == "3"
    assert tier("git -C $X reset --hard", facts) == "3"


def test_a_new_file_is_less_than_one_that_is_there() -> None:
    missing, there = FakeFacts(others="missing"), FakeFacts(others="file")
    assert (tier("echo a > b", missing), tier("echo a > b", there)) == ("2", "2.5")
    assert (tier("cp a b", missing), tier("cp a b", there)) == ("2", "2.5")


def test_git_checkout_of_a_name_that_is_a_file_asks() -> None:
    assert tier("git checkout notes", FakeFacts({f"{TREE}/notes": "file"})) == "3"
    assert tier("git checkout notes", FakeFacts(others="missing")) == "2"


def test_a_link_is_followed_to_what_would_be_written() -> None:
    facts = FakeFacts(links={f"{TREE}/log": "/home/u/.ssh/authorized_keys"})
    assert tier("echo a >> log", facts) == "4"


@pytest.mark.parametrize(
    ("line", "cwd", "expected"),
    [
        ("rm -rf build", TREE, "3"),
        ("rm -rf build", "/tmp/x", "2.5"),
        ("rm -rf *", "/tmp/x", "4"),
        ("rm -rf /tmp/x", "/tmp/x/y", "4"),
        ("rm -rf /tmp", "/tmp/x", "3"),
        ("rm hosts", "/etc", "4"),
        ("rm -rf lib", "/", "4"),
        ("rm -rf lib", "/usr", "4"),
        ("rm a", "/home/u", "2.5"),
        ("rm .bashrc", "/home/u", "4"),
        ("rm -rf .ssh", "/home/u", "4"),
        ("rm -rf project", "/home/u", "3"),
        ("rm -rf ../x", TREE, "4"),
        ("rm -rf .", "/work", "4"),
        ("chmod -R 777 .", "/", "4"),
    ],
)
def test_the_same_words_mean_other_things_elsewhere(line: str, cwd: str, expected: str) -> None:
    assert tier(line, cwd=cwd) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cd /etc && rm hosts", "4"),
        ("cd /tmp && rm -rf build", "3"),
        ("cd build && rm a", "2.5"),
        ("cd $X && rm -rf a", "3"),
        ("cd - && rm a", "3"),
        ("cd && rm .bashrc", "4"),
        ("pushd / && rm -rf usr", "4"),
        ("cd .. && echo a > b", "3"),
    ],
)
def test_the_line_s_own_cd_counts_and_may_have_failed(line: str, expected: str) -> None:
    assert tier(line) == expected


def test_root_has_nothing_in_its_way() -> None:
    assert tier("cp a /etc/hosts") == "3"
    assert tier("cp a /etc/hosts", is_root=True) == "4"
    assert tier("cp a b", is_root=True) == "2.5"


def test_a_temporary_folder_of_one_s_own_counts() -> None:
    around = Surroundings(TREE, "/home/u", environ={"TMPDIR": "/scratch/u"})
    assert JUDGE.judge("rm -rf $TMPDIR/x", around).tier is Tier.WORKING_TREE
    assert JUDGE.judge("rm -rf $TMPDIR/../x", around).tier >= Tier.BEYOND


def test_on_another_machine_no_path_is_of_the_tree() -> None:
    assert tier("ssh host rm -r build") == "3"
    assert tier("ssh host rm -rf build") == "4"


@pytest.mark.parametrize("opinion", list(Tier))
@pytest.mark.parametrize("line", ["ls", "rm a", "git push", "rm -rf /"])
def test_an_opinion_raises_and_never_lowers(line: str, opinion: Tier) -> None:
    before = JUDGE.judge(line, Surroundings(TREE, "/home/u"))
    after = before.raised(opinion, "it looks odd")
    assert after.tier is max(before.tier, opinion)
    assert (after.phrase is None) == (after.tier is not Tier.DESTRUCTIVE)
    assert Reason(opinion, "it looks odd", rule="ai") in after.reasons


def test_nothing_at_all_is_no_danger() -> None:
    assert Verdict(Tier.READ).phrase is None


def test_the_phrase_can_be_typed_whatever_the_path_is_called() -> None:
    found = JUDGE.judge("rm -rf $'/etc/\\x1b[31mred\\n' ~/" + "x" * 200, Surroundings(TREE, "/home/u"))
    assert found.phrase is not None
    assert found.phrase.isprintable()
    assert len(found.phrase) <= 60


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("rm -rf ~", "4"),
        ("rm -rf ~/*", "4"),
        ("rm -rf ~/.ssh", "4"),
        ("echo x > ~/.bashrc", "4"),
        ("rm ~/notes", "3"),
        ("rm -rf /tmp/other", "2.5"),
    ],
)
def test_a_home_among_the_temporary_files_is_a_home_all_the_same(line: str, expected: str) -> None:
    around = Surroundings("/tmp/other-project", "/tmp/house")
    assert Judge().judge(line, around).tier.label == expected


@pytest.mark.parametrize("cwd", ["/srv/app", "/opt/app", "/var/www/site"])
def test_a_working_tree_where_servers_keep_theirs_is_a_tree(cwd: str) -> None:
    around = Surroundings(cwd, "/home/u")
    tiers = {
        line: Judge().judge(line, around).tier.label
        for line in ("rm x", "rm -rf /etc", f"rm -rf {cwd}", "rm ../x")
    }
    assert tiers == {"rm x": "2.5", "rm -rf /etc": "4", f"rm -rf {cwd}": "4", "rm ../x": "4"}
