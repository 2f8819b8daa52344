"""The rules of `fix`: every example is a test, and each rule says why."""

from pathlib import Path

import pytest

from isaac_plugins.fix.mending import Mend, mends
from isaac_plugins.fix.rules import Example, Rule, all_rules, packages, seen_in, written
from isaac_plugins.fix.situation import FACTS, Situation

RULES = all_rules()
EXAMPLES = [(rule, example) for rule in RULES for example in rule.examples]


def situation(example: Example, folder: Path) -> Situation:
    for name in example.files:
        path, _, text = name.partition("=")
        place = folder / path.rstrip("*/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            place.mkdir()
        else:
            place.write_text(text)
            place.chmod(0o755 if path.endswith("*") else 0o644)
    return Situation(
        line=example.line,
        output=example.output or None,
        exit=example.exit,
        cwd=folder,
        environ={"HOME": str(folder)},
        programs=frozenset(example.programs),
    )


def no_page(_name: str) -> None:
    return None


@pytest.mark.parametrize(
    ("rule", "example"), EXAMPLES, ids=lambda item: item.name if isinstance(item, Rule) else item.line[:30]
)
def test_every_example_is_mended_as_it_says(rule: Rule, example: Example, tmp_path: Path) -> None:
    found = mends(situation(example, tmp_path), no_page)
    if example.fix:
        assert next(item.line for item in found if item.line) == example.fix
        assert found[0].why
    elif example.fix is None:
        assert rule.name in [item.rule for item in found]


def test_there_are_many_rules_and_each_is_tried_and_explained():
    assert len(RULES) >= 140
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.examples, rule.name
        assert len(rule.why) > 15, rule.name
        assert 0 < rule.confidence <= 1, rule.name
        known = [name for name in rule.when if ":" in name or name in FACTS]
        assert known == rule.when, rule.name
        # Something has to tell that the command failed in this way.
        assert rule.output or rule.when or rule.words or rule.commands != "*", rule.name


def test_no_rule_destroys_unasked():
    for rule in RULES:
        for line in rule.fix:
            assert not line.startswith(("rm -rf", "git push --force", "git reset --hard", "dd ")), rule.name
            assert "--no-verify" not in line, rule.name
            assert "-f" not in line.split()[:1], rule.name


@pytest.mark.parametrize(
    ("output", "patterns", "taken"),
    [
        ("fatal: 'x' is bad", ["fatal: '{name}' is bad"], {"name": "x"}),
        ("fatal: ‘x’ is bad", ["fatal: '{name}' is bad"], {"name": "x"}),
        ("a\n   b", ["a b"], {}),
        ("file: no", ["{rest...}: no"], {"rest": "file"}),
        ("FATAL: X", ["fatal: x"], {}),
        ("nothing", ["something"], None),
    ],
)
def test_a_pattern_takes_words_whatever_quotes_stand_around_them(output, patterns, taken):
    assert seen_in(output, patterns) == taken


def test_a_template_with_something_unknown_gives_nothing():
    assert written("rm {file}", {"line": "x"}) is None
    assert written("awk '{print $1}' {file}", {"file": "a", "print": "never"}) == "awk '{print $1}' a"


def test_long_outputs_take_no_long_time():
    for output in ("a" * 60_000, "x: " * 20_000, "'" * 60_000, "error: pathspec " * 4000):
        mends(situation(Example(line="git push", output=output), Path("/nonexistent")), no_page)


def best(line: str, folder: Path, **given: object) -> Mend | None:
    found = mends(situation(Example(line=line, **given), folder), no_page)  # type: ignore[arg-type]
    return found[0] if found else None


def test_what_a_program_proposes_itself_is_taken(tmp_path):
    output = (
        "git: 'brnach' is not a git command. See 'git --help'.\n\nThe most similar command is\n\tbranch\n"
    )
    found = best("git brnach -a", tmp_path, output=output)
    assert found is not None
    assert (found.line, found.rule) == ("git branch -a", "proposed")
    found = best(
        "cargo biuld",
        tmp_path,
        output="error: no such command: `biuld`\n\nhelp: a command with a similar name exists: `build`\n\tDid you mean `build`?",
    )
    assert found is not None
    assert found.line == "cargo build"


def test_a_name_that_is_nearly_right_is_found_in_the_folder(tmp_path):
    found = best(
        "cat notse.txt", tmp_path, output="cat: notse.txt: No such file or directory", files=["notes.txt"]
    )
    assert found is not None
    assert (found.line, found.why) == ("cat notes.txt", "notse.txt is not there, but notes.txt is")
    assert best("cat Notes.TXT", tmp_path, exit=1, files=[]) is not None


def test_a_package_is_named_for_a_program_that_is_missing(tmp_path):
    found = best("rg TODO", tmp_path, exit=127, programs=["apt"])
    assert found is not None
    assert found.line == "sudo apt install ripgrep"
    found = best("jq .", tmp_path, output="zsh: command not found: jq", programs=["brew"])
    assert found is not None
    assert found.line == "brew install jq"


def test_every_package_is_named_as_its_managers_call_it():
    for names in packages()["programs"].values():
        assert all(word.count(":") <= 1 for word in names.split())


def test_a_failure_that_nobody_knows_has_no_mend(tmp_path):
    assert best("frobnicate", tmp_path, output="error 0x80") is None
