"""Lines that look like other ones than they are ask before they run, whatever else they say."""

import pytest

from isaacd.judge.judge import Judge
from isaacd.judge.letters import MAX_READ_CHARS
from isaacd.judge.surroundings import Surroundings
from isaacd.safety.tier import Tier

JUDGE = Judge()
AROUND = Surroundings("/home/u/project", "/home/u")


@pytest.mark.parametrize(
    "line",
    [
        "ls\r",
        "ls\r\nls",
        "ls \x1b[2J",
        "ls \x07",
        "ls \x08\x08rm",
        "ls \x7f",
        "ls \x9b2J",
        "echo a\u200bb",
        "echo \u202egnp.exe",
        "echo \u2066x\u2069",
        "ls \u00a0x",
        "ls\u3000x",
        "echo \u2028 x",
        "echo \ufeffx",
        "echo \u00adx",
        "echo \u3164",
        "echo \U000e0041",
        "echo \udcff",
        "cat раssword",
        "ls /hоme",
        "cat ｐasswd",
        "x" * (MAX_READ_CHARS + 1),
        "echo " + "x" * MAX_READ_CHARS,
    ],
)
def test_what_is_not_seen_for_what_it_is_asks_and_the_character_is_named(line: str) -> None:
    found = JUDGE.judge(line, AROUND)
    assert found.tier >= Tier.BEYOND
    assert any(reason.rule == "letters" for reason in found.reasons)


@pytest.mark.parametrize(
    "line",
    [
        "ls",
        "ls\n\tls",
        "echo привет мир",
        "cat отчет_v2.txt",
        "echo Ελλάδα",
        "echo größe façade señor",
        "echo 日本語 한국어 עברית العربية ไทย",
        "echo 😀 → ✓ “quoted” – dash",
        "ls café naïve",
    ],
)
def test_the_languages_of_people_are_no_reason(line: str) -> None:
    assert JUDGE.judge(line, AROUND).tier is Tier.READ


def test_it_raises_a_tier_and_takes_none_away() -> None:
    assert JUDGE.judge("rm -rf ~ \u200b", AROUND).tier is Tier.DESTRUCTIVE


def test_every_line_of_several_counts_however_far_below() -> None:
    assert JUDGE.judge("ls" + "\n" * 100 + " " * 300 + "rm -rf ~", AROUND).tier is Tier.DESTRUCTIVE
    assert JUDGE.judge("repeat 3 rm -rf ~", AROUND).tier is Tier.DESTRUCTIVE
