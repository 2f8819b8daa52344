"""What a line does below a link that it has made itself, it does where the link leads."""

import pytest

from isaacd.judge.judge import Judge
from isaacd.judge.surroundings import Surroundings
from isaacd.safety.tier import Tier

HERE = Surroundings("/home/u/project", "/home/u")
JUDGE = Judge()


def tier(line: str) -> Tier:
    return JUDGE.judge(line, HERE).tier


@pytest.mark.parametrize(
    "makes",
    [
        "ln -s / x",
        "ln -sfn / x",
        "ln -s -T / x",
        "ln -s / a; ln -s a x",
        "cp -s / x",
        "mount --bind / x",
        "ln -s ../../.. x",
    ],
)
def test_a_folder_behind_a_link_counts(makes: str) -> None:
    for deletes in ("rm -rf x/", "rm -rf x/*", "cd x && rm -rf *", "find x/ -delete"):
        assert tier(f"{makes}; {deletes}") is Tier.DESTRUCTIVE, (makes, deletes)


def test_a_file_behind_a_link_counts_for_what_writes() -> None:
    assert tier("ln -s ~/.ssh/authorized_keys k; echo y > k") is Tier.DESTRUCTIVE
    assert tier("ln -s /dev/sda k; dd if=/dev/zero of=k") is Tier.DESTRUCTIVE


def test_a_link_itself_can_be_deleted_as_any_file() -> None:
    assert tier("ln -s / x; rm x") < Tier.BEYOND
    assert tier("ln -s build b; ls b/") < Tier.BEYOND


def test_links_in_a_folder_have_the_name_of_what_they_lead_to() -> None:
    assert tier("ln -s /etc; rm -rf etc/") is Tier.DESTRUCTIVE
    assert tier("ln -s /etc -t d; rm -rf d/etc/") is Tier.DESTRUCTIVE
