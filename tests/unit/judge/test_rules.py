"""Every rule file is whole, and every example in it gets the tier that it says."""

import msgspec
import pytest

from isaacd.judge.book import RULES, RuleBook
from isaacd.judge.checks import CHECKS
from isaacd.judge.judge import Judge
from isaacd.judge.matching import KINDS
from isaacd.judge.rule import RuleFile
from isaacd.judge.surroundings import Surroundings

AROUND = Surroundings("/home/u/project", "/home/u")
FILES = sorted(path.stem for path in RULES.glob("*.toml") if path.stem != "places")
BOOK = RuleBook()
JUDGE = Judge(BOOK)


@pytest.mark.parametrize("file", FILES)
def test_every_example_gets_the_tier_it_says(file: str) -> None:
    parsed = BOOK.file(file)
    wrong = {
        line: (tier.label, JUDGE.judge(line, AROUND).tier.label)
        for item in (*parsed.rule, *parsed.variable)
        for line, tier in item.examples.items()
        if JUDGE.judge(line, AROUND).tier is not tier
    }
    assert wrong == {}


@pytest.mark.parametrize("file", FILES)
def test_every_rule_has_a_reason_in_words_and_an_example_of_a_command_it_is_about(file: str) -> None:
    for rule in BOOK.file(file).rule:
        assert rule.reason
        assert rule.reason[0].islower()
        assert not rule.reason.endswith(".")
        names = rule.commands.split()
        assert names, rule
        assert any(name in line for line in rule.examples for name in names), rule


@pytest.mark.parametrize("file", FILES)
def test_rules_use_only_words_that_the_language_has(file: str) -> None:
    for rule in BOOK.file(file).rule:
        assert not rule.check or rule.check in CHECKS
        for token in (*rule.options.split(), *rule.and_options.split(), *rule.without.split()):
            assert token.startswith("-"), (rule.commands, token)
        for operand in rule.operands.split():
            assert operand[0] != "@" or operand == "@after-dashes" or operand in KINDS
        for path in rule.subcommands:
            assert path.split(), rule.commands
            assert all("*" not in word[:-1] for word in path.split())
        assert rule.destroys == "" or rule.tier.label == "4", rule.commands


def test_what_is_refused_names_what_it_destroys_or_the_command() -> None:
    for _, parsed in BOOK.files():
        for rule in parsed.rule:
            for line, tier in rule.examples.items():
                if tier.label == "4":
                    phrase = JUDGE.judge(line, AROUND).phrase
                    assert phrase is not None
                    assert len(phrase) <= 60
                    assert phrase.isascii()
                    assert phrase.isprintable()


def test_at_least_300_commands_are_known() -> None:
    assert len(BOOK.names) >= 300


def test_the_search_for_names_finds_every_command_of_every_file() -> None:
    named = {name for _, parsed in BOOK.files() for rule in parsed.rule for name in rule.commands.split()}
    named |= {name for _, parsed in BOOK.files() for tool in parsed.tool for name in tool.commands.split()}
    assert named == BOOK.names
    assert all(BOOK.reading(name) is not None for name in named)


def test_a_tool_that_is_described_has_rules() -> None:
    for name in BOOK.names:
        reading = BOOK.reading(name)
        assert reading is not None
        assert reading.rules, name


def test_every_kind_of_place_has_a_tier_for_every_effect() -> None:
    effects = {"create", "append", "write", "move", "delete", "delete-tree", "wipe", "change", "change-tree"}
    for kind, row in BOOK.places.items():
        assert row.tiers.keys() == effects, kind
        assert row.floor <= effects
        assert row.tiers["delete"] <= row.tiers["delete-tree"] <= row.tiers["wipe"], kind
        assert row.tiers["create"] <= row.tiers["append"] <= row.tiers["write"], kind


def test_a_rule_with_an_unknown_key_is_no_rule() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(
            {"title": "x", "rule": [{"commands": "a", "reason": "b", "examples": {}, "teir": "1"}]}, RuleFile
        )


def test_only_the_file_that_knows_a_command_is_read() -> None:
    book = RuleBook()
    assert book.reading("no-such-command") is None
    assert list(book._parsed) == []
    book.reading("kubectl")
    assert list(book._parsed) == ["kubernetes"]
