"""Whatever is put around a line, its tier never falls; and the judge has an answer for any text."""

import random
import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isaacd.judge.arguments import read
from isaacd.judge.book import RuleBook
from isaacd.judge.checks import CHECKS
from isaacd.judge.judge import Judge
from isaacd.judge.surroundings import Surroundings
from isaacd.safety.tier import Tier
from isaacd.shell.syntax import Text, Word

AROUND = Surroundings("/home/u/project", "/home/u")
BOOK = RuleBook()
JUDGE = Judge(BOOK)
EXAMPLES = sorted(
    {
        line
        for _, parsed in BOOK.files()
        for rule in parsed.rule
        for line in rule.examples
        if not line.endswith("&")
    }
)

lines = st.sampled_from(EXAMPLES)


def tier(line: str) -> Tier:
    return JUDGE.judge(line, AROUND).tier


def quoted(line: str) -> str:
    return shlex.quote(line)


WRAPPINGS = {
    "sudo sh -c": lambda line: f"sudo sh -c {quoted(line)}",
    "bash -c": lambda line: f"bash -c {quoted(line)}",
    "eval": lambda line: f"eval {quoted(line)}",
    "subshell": lambda line: f"({line})",
    "group": lambda line: f"{{ {line}; }}",
    "substitution": lambda line: f'echo "$({line})"',
    "before": lambda line: f"{line}; true",
    "after": lambda line: f"true; {line}",
    "and": lambda line: f"true && {line}",
    "or": lambda line: f"false || {line}",
    "loop": lambda line: f"for i in 1 2; do {line}; done",
    "if": lambda line: f"if true; then {line}; fi",
    "function": lambda line: f"f() {{ {line}; }}; f",
    "background": lambda line: f"{line} &",
    "input": lambda line: f"echo {quoted(line)} | sh",
    "env sh -c": lambda line: f"env A=b sh -c {quoted(line)}",
    "ssh": lambda line: f"ssh host {quoted(line)}",
    "blanks": lambda line: f"   {line}   ",
    "comment": lambda line: f"{line} # fine",
}


@pytest.mark.parametrize("name", WRAPPINGS)
@settings(max_examples=60, deadline=None)
@given(line=lines)
def test_wrapping_a_line_never_lowers_its_tier(name: str, line: str) -> None:
    assert tier(WRAPPINGS[name](line)) >= tier(line)


@settings(max_examples=150, deadline=None)
@given(
    line=st.sampled_from(
        [line for line in EXAMPLES if not any(char in line for char in "<>|;&(){}$`=\n'\"*\\")]
    )
)
def test_wrapping_a_simple_command_never_lowers_its_tier(line: str) -> None:
    for wrapper in (
        "sudo",
        "env",
        "env A=b",
        "nohup",
        "nice -n 5",
        "command",
        "time",
        "timeout 5",
        "xargs",
        "setsid",
    ):
        assert tier(f"{wrapper} {line}") >= tier(line), wrapper


@settings(max_examples=150, deadline=None)
@given(
    parts=st.lists(lines, min_size=1, max_size=4),
    joiner=st.sampled_from([" ; ", " && ", " || ", " | ", "\n"]),
)
def test_a_list_is_at_least_as_dangerous_as_each_part(parts: list[str], joiner: str) -> None:
    whole = tier(joiner.join(parts))
    assert all(whole >= tier(part) for part in parts)


@settings(max_examples=150, deadline=None)
@given(
    line=st.sampled_from(
        [line for line in EXAMPLES if line.replace(" ", "").replace("-", "").replace("/", "").isalnum()]
    ),
    seed=st.integers(0, 1000),
)
def test_quotes_and_blanks_change_nothing(line: str, seed: int) -> None:
    chance = random.Random(seed)
    ways = (lambda word: f"'{word}'", lambda word: f'"{word}"', lambda word: f"$'{word}'", lambda word: word)
    words = line.split()
    typed = chance.choice(["  ", "\t", " "]).join(chance.choice(ways)(word) for word in words)
    assert tier(typed) == tier(line)


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=80))
def test_any_text_gets_an_answer(text: str) -> None:
    found = JUDGE.judge(text, AROUND)
    assert isinstance(found.tier, Tier)
    assert (found.phrase is not None) == (found.tier is Tier.DESTRUCTIVE)


WORDS = st.sampled_from(
    'rm -rf / ~ * git push --force reset --hard sudo env xargs find . -delete -exec {} ; | && > >> < ( ) $X "$Y" \' " ` $( ) '
    "curl sh bash -c eval for in do done if then fi /dev/sda ~/.ssh a b -- docker run kubectl delete \\ \n & <<E E".split(
        " "
    )
)


@settings(max_examples=300, deadline=None)
@given(words=st.lists(WORDS, max_size=20))
def test_any_heap_of_words_gets_an_answer(words: list[str]) -> None:
    JUDGE.judge(" ".join(words), AROUND)


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.text(max_size=60), max_size=4), check=st.sampled_from(sorted(CHECKS)))
def test_checks_have_an_answer_for_any_text(texts: list[str], check: str) -> None:
    reading = BOOK.reading("sed")
    assert reading is not None
    CHECKS[check](read([Word(text, (Text(text),)) for text in texts], reading))


@pytest.mark.parametrize("piece", ["a ", "-a ", "--force ", "/x ", "~/x ", "'s/a/b/;' ", "* ", "$X "])
@pytest.mark.parametrize("command", ["rm -rf", "git push", "sed", "find", "docker run", "dd", "psql -c"])
def test_a_very_long_command_is_judged(command: str, piece: str) -> None:
    assert JUDGE.judge(f"{command} {piece * 2000}", AROUND).reasons


@pytest.mark.parametrize("line", [line for line in EXAMPLES if tier(line) is Tier.DESTRUCTIVE][::4])
def test_a_destructive_example_stays_so_behind_another_command(line: str) -> None:
    assert tier(f"ls; {line}") is Tier.DESTRUCTIVE
